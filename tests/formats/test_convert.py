"""Conversion: layouts, units, axes, rates, people; one file or many; every pair of formats."""

import dataclasses
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodyverb import formats, skeletons
from bodyverb.core import FormatError, InputError, OutputError, PoseSequence, Recording
from bodyverb.formats import Given, Notes, Wanted, convert, fit, named, recording_of
from bodyverb.formats._fit import moved

FORMATS = formats.all_formats()


def solid(
    *, people: int = 1, frames: int = 6, layout: str = "kinect25", rate_hz: float = 30.0, **fields: Any
) -> PoseSequence:
    rng = np.random.default_rng(people)
    joints = len(skeletons.get(layout))
    place = rng.uniform(0.5, 3, (people, frames, joints, 3)).round(3).astype(np.float32)
    return PoseSequence.from_arrays(
        place, skeleton=skeletons.get(layout), rate_hz=rate_hz, **{"axes": "kinect", **fields}
    )


def flat(*, people: int = 1, frames: int = 6, layout: str = "coco17", **fields: Any) -> PoseSequence:
    rng = np.random.default_rng(people)
    place = rng.uniform(1, 300, (people, frames, len(skeletons.get(layout)), 2)).round(2)
    return PoseSequence.from_arrays(
        place, skeleton=skeletons.get(layout), rate_hz=30, image_size=(640, 480), **fields
    )


def saved(path: Path, to: str, *items: tuple[str, PoseSequence]) -> Path:
    write = named(to, writing=True).write
    assert write is not None
    return write(path, [(name, recording_of(poses)) for name, poses in items])


def loaded(path: Path, said: Given | None = None) -> list[tuple[str, Recording]]:
    one = formats._guess.of_file(path)
    assert one.read is not None
    return list(one.read(path, said or Given()))


def kinds(report: formats.Report) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, text, _ in report.notes.rows():
        found.setdefault(kind, []).append(text)
    return found


def test_layouts_go_by_joint_name_and_the_loss_is_named(tmp_path: Path) -> None:
    source = saved(tmp_path / "a.skeleton", "ntu", ("a", solid()))
    report = convert(source, tmp_path / "a.csv", wanted=Wanted(layout="coco17"))
    ((_, back),) = loaded(tmp_path / "a.csv", Given(axes="kinect"))
    (track,) = back.tracks
    assert track.skeleton.name == "coco17"
    mine = solid().position[0, :, skeletons.get("kinect25").index("left_knee")]
    np.testing.assert_array_equal(track.position[0, :, track.skeleton.index("left_knee")], mine)
    notes = kinds(report)
    assert "layout kinect25 to coco17" in notes["changed"]
    assert any(text.startswith("nose = ") for text in notes["approximate"])
    assert any("left_eye" in text for text in notes["lost"])
    assert any("joints that coco17 lacks" in text for text in notes["lost"])


def test_what_the_format_asks_for_is_done_unasked(tmp_path: Path) -> None:
    """cv mm of another layout become kinect25, m, kinect axes."""
    poses = solid(layout="coco17", unit="mm", axes="cv")
    source = saved(tmp_path / "a.poses.h5", "poses", ("a", poses))
    report = convert(source, tmp_path / "a.skeleton")
    ((_, back),) = loaded(tmp_path / "a.skeleton")
    (track,) = back.tracks
    assert (track.skeleton.name, track.unit, track.axes) == ("kinect25", "m", "kinect")
    expected = poses.position[0, :, 13] * np.float32([-1, -1, 1]) / 1000
    np.testing.assert_allclose(track.position[0, :, track.skeleton.index("left_knee")], expected, rtol=1e-6)
    assert {"unit mm to m", "axes cv to kinect"} <= set(kinds(report)["changed"])


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(st.floats(-1e4, 1e4, width=32), min_size=14 * 3, max_size=14 * 3),
    axes=st.sampled_from(["cv", "kinect", "y-up", "z-up"]),
    other=st.sampled_from(["cv", "kinect", "y-up", "z-up"]),
)
def test_units_and_axes_are_exact(values: list[float], axes: Any, other: Any) -> None:
    place = np.array(values, np.float32).reshape(1, 1, 14, 3)
    poses = PoseSequence.from_arrays(place, skeleton=skeletons.get("lsp14"), rate_hz=1, unit="m", axes=axes)
    there = moved(poses, "mm", axes)
    np.testing.assert_array_equal(there.position, (place.astype(np.float64) * 1000).astype(np.float32))
    turned = moved(poses, "m", other)
    np.testing.assert_array_equal(moved(turned, "m", axes).position, place)
    cross = np.cross(place[..., 0, :], place[..., 1, :])
    mirrored = np.cross(turned.position[..., 0, :], turned.position[..., 1, :])
    back = poses.replace(position=np.broadcast_to(cross[..., None, :], place.shape).astype(np.float32))
    np.testing.assert_allclose(moved(back, "m", other).position[..., 0, :], mirrored, rtol=1e-3, atol=50)


def test_known_directions_of_axes() -> None:
    up = {"cv": (0, -1, 0), "kinect": (0, 1, 0), "y-up": (0, 1, 0), "z-up": (0, 0, 1)}
    for axes, mine in up.items():
        poses = solid(axes=axes, frames=1)
        poses = poses.replace(position=np.broadcast_to(np.float32(mine), poses.position.shape))
        for other, theirs in up.items():
            np.testing.assert_array_equal(moved(poses, "m", other).position[0, 0, 0], theirs)


def test_people_beyond_what_a_format_holds(tmp_path: Path) -> None:
    poses = solid(people=3)
    place = np.array(poses.position)
    place[1, 2:] = np.nan
    poses = PoseSequence.from_arrays(
        place, skeleton=poses.skeleton, rate_hz=30, axes="kinect", person_ids=("7", "8", "9")
    )
    source = saved(tmp_path / "a.poses.h5", "poses", ("a", poses))
    with pytest.raises(InputError, match="at most 2 people for pku, got 3 .*--people longest"):
        convert(source, tmp_path / "a.txt")
    report = convert(source, tmp_path / "a.txt", wanted=Wanted(people=("longest",)))
    assert "1 people: 8" in kinds(report)["lost"] and report.people == 2
    report = convert(source, tmp_path / "b.txt", wanted=Wanted(people=("8", "9")))
    ((_, back),) = loaded(tmp_path / "b.txt")
    assert [int(track.present.any(axis=2).sum()) for track in back.tracks] == [2, 6]
    with pytest.raises(InputError, match="Expected people of 7, 8, 9, got 1"):
        convert(source, tmp_path / "c.txt", wanted=Wanted(people=("1",)))


def test_times_that_a_format_cannot_hold(tmp_path: Path) -> None:
    times = np.array([0, 0.1, 0.3, 0.4, 0.5])
    poses = solid(frames=5).replace(timestamps_s=times, rate="measured")
    source = saved(tmp_path / "a.poses.h5", "poses", ("a", poses))
    lost = kinds(convert(source, tmp_path / "a.txt"))["lost"]
    assert any(text.startswith("uneven times (about 8 Hz become frames at 30 Hz)") for text in lost)
    slow = saved(tmp_path / "b.poses.h5", "poses", ("b", solid(frames=5, rate_hz=10)))
    lost = kinds(convert(slow, tmp_path / "b.txt"))["lost"]
    assert "the rate, 10 Hz: the format means 30 Hz; --fps 30 resamples" in lost
    report = convert(slow, tmp_path / "c.txt", wanted=Wanted(rate_hz=30))
    assert report.frames == 13 and kinds(report)["lost"] == ["states"]
    ((_, back),) = loaded(tmp_path / "c.txt")
    mine, theirs = solid(frames=5).position[0].astype(np.float64), back.tracks[0].position[0]
    np.testing.assert_array_equal(theirs[::3], mine.astype(np.float32))
    np.testing.assert_allclose(theirs[1], mine[0] + (mine[1] - mine[0]) / 3, atol=1e-6)


def test_resampling_does_not_bridge_what_is_not_there() -> None:
    poses = flat(frames=4)
    place = np.array(poses.position)
    place[0, 1, 3] = np.nan
    poses = PoseSequence.from_arrays(place, skeleton=poses.skeleton, timestamps_s=[0, 0.1, 0.2, 2.0])
    made = fit(recording_of(poses), FORMATS["csv"], Wanted(rate_hz=20), Notes())
    (track,) = made.tracks
    assert made.timestamps_s.size == 41 and track.rate == "nominal"
    np.testing.assert_allclose(track.timestamps_s, [0, 0.05, 0.1, 0.15, 0.2, 2.0])
    assert track.present[0, :, 3].tolist() == [True, False, False, False, True, True]
    assert track.state[0, :, 0].tolist() == [2, 1, 2, 1, 2, 2]


def test_what_a_file_does_not_say_is_asked_for(tmp_path: Path) -> None:
    source = saved(tmp_path / "a.pkl", "pyskl", ("one", flat()), ("two", flat(people=2)))
    with pytest.raises(InputError, match="coco17, h36m17, pa17; .* give it as --layout"):
        convert(source, tmp_path / "x", write_as="csv")
    with pytest.raises(InputError, match="give it as --from-layout"):
        convert(source, tmp_path / "x", write_as="csv", given=Given(wanted="lsp14"))
    report = convert(source, tmp_path / "x", write_as="csv", given=Given(wanted="coco17"))
    assert (
        report.files == 2
        and "the rate, which the file does not say; give --from-fps" in kinds(report)["guessed"]
    )
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["one.poses.csv", "two.poses.csv"]
    said = Given(layout="coco17", wanted_rate_hz=25)
    report = convert(source, tmp_path / "y", write_as="csv", given=said, wanted=Wanted(layout="lsp14"))
    assert "guessed" not in kinds(report)
    ((_, back),) = loaded(tmp_path / "y" / "one.poses.csv")
    assert back.tracks[0].skeleton.name == "lsp14" and back.timestamps_s[1] == 0.04
    solid_file = saved(tmp_path / "b.pkl", "pyskl", ("one", solid()))
    said = Given(layout="kinect25")
    with pytest.raises(InputError, match="say the unit of the file with --from-unit"):
        convert(solid_file, tmp_path / "b.skeleton", given=said)
    convert(solid_file, tmp_path / "b.skeleton", given=dataclasses.replace(said, unit="m"))


@pytest.mark.parametrize(
    ("poses", "to", "said"),
    [
        (flat(), "ntu", "2D poses have no depth: lift them first"),
        (solid(), "coco", "project them first"),
        (solid(space="world", axes="y-up"), "ntu", "choose another --to"),
    ],
)
def test_frames_that_cannot_be_reached(tmp_path: Path, poses: PoseSequence, to: str, said: str) -> None:
    source = saved(tmp_path / "a.poses.h5", "poses", ("a", poses))
    with pytest.raises(InputError, match=said):
        convert(source, tmp_path / "out", write_as=to)
    assert not (tmp_path / "out").exists()


def test_wishes_that_a_format_cannot_meet(tmp_path: Path) -> None:
    source = saved(tmp_path / "a.skeleton", "ntu", ("a", solid()))
    for wanted, said in (
        (Wanted(layout="coco17"), "Expected layout kinect25 for pku, got coco17; leave out --layout"),
        (Wanted(unit="mm"), "leave out --unit and --axes"),
    ):
        with pytest.raises(InputError, match=said):
            convert(source, tmp_path / "a.txt", wanted=wanted)
    with pytest.raises(InputError, match="Expected one of camera, ir, color for ntu, got 'depth'"):
        convert(source, tmp_path / "a.csv", given=Given(space="depth"))
    with pytest.raises(InputError, match="Expected no --space for pku"):
        convert(saved(tmp_path / "b.txt", "pku", ("b", solid())), tmp_path / "b.csv", given=Given(space="ir"))


def test_several_recordings_in_one_file_or_a_folder(tmp_path: Path) -> None:
    both = ("S001C001P001R001A001", solid()), ("S001C001P001R001A002", solid(people=2))
    source = saved(tmp_path / "a.h5", "ntu-h5", *both)
    report = convert(source, tmp_path / "files", write_as="ntu")
    assert (report.recordings, report.files, report.people, report.frames) == (2, 2, 3, 12)
    with pytest.raises(InputError, match="Expected a folder for several recordings.*leave out .skeleton"):
        convert(source, tmp_path / "x.skeleton")
    report = convert(tmp_path / "files", tmp_path / "b.h5")
    for (name, mine), (other, theirs) in zip(loaded(source), loaded(tmp_path / "b.h5"), strict=True):
        assert name == other and formats.poses_of(mine).equals(formats.poses_of(theirs))
    (tmp_path / "files" / "readme.txt").write_text("hello")
    report = convert(tmp_path / "files", tmp_path / "c.h5")
    assert "1 files of other kinds, left out: readme.txt" in kinds(report)["lost"]
    one = saved(tmp_path / "d.skeleton", "ntu", ("d", solid()))
    assert convert(one, f"{tmp_path}/e/", write_as="pku").files == 1
    assert [path.name for path in (tmp_path / "e").iterdir()] == ["d.txt"]


def test_archives(tmp_path: Path) -> None:
    names = [saved(tmp_path / f"{name}.skeleton", "ntu", (name, solid())) for name in ("a", "b")]
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as whole:
        for path in names:
            whole.write(path, f"in/../in/{path.name}")
        whole.writestr("__MACOSX/._a.skeleton", b"junk")
        whole.writestr("readme.md", b"words")
    with tarfile.open(tmp_path / "z.tar.xz", "w:xz") as tar:
        for path in names:
            tar.add(path, f"deep/{path.name}")
    for archive in ("z.zip", "z.tar.xz"):
        report = convert(tmp_path / archive, tmp_path / f"{archive}.h5")
        assert [name for name, _ in loaded(report.out)] == ["a", "b"]
    convert(tmp_path / "z.tar.xz" / "deep" / "b.skeleton", tmp_path / "b.skeleton2", write_as="ntu")
    assert (tmp_path / "b.skeleton2").read_bytes() == names[1].read_bytes()
    with pytest.raises(InputError, match="got none of that name: .*z.zip/nope.skeleton"):
        convert(tmp_path / "z.zip" / "nope.skeleton", tmp_path / "x.csv")
    (tmp_path / "cut.tar.xz").write_bytes((tmp_path / "z.tar.xz").read_bytes()[:200])
    with pytest.raises(FormatError, match="sound archive"):
        convert(tmp_path / "cut.tar.xz", tmp_path / "x.csv", read_as="ntu")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as whole:
        whole.writestr("bad.skeleton", b"3\n1\nnonsense")
    with pytest.raises(FormatError, match=r"bad\.zip/bad\.skeleton"):
        convert(tmp_path / "bad.zip", tmp_path / "x.csv")
    assert not list(tmp_path.glob("x*"))


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    source = saved(tmp_path / "a.skeleton", "ntu", ("a", solid()))
    convert(source, tmp_path / "a.csv")
    before = (tmp_path / "a.csv").read_bytes()
    with pytest.raises(OutputError, match="give --overwrite"):
        convert(source, tmp_path / "a.csv")
    convert(source, tmp_path / "a.csv", overwrite=True)
    assert (tmp_path / "a.csv").read_bytes() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="got 'letter.txt' in it"):
        convert(source, tmp_path / "mine", write_as="csv", overwrite=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    (tmp_path / "b.csv").mkdir()
    (tmp_path / "b.csv" / "x").write_text("")
    with pytest.raises(OutputError, match="the other"):
        convert(source, tmp_path / "b.csv", overwrite=True)


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    saved(tmp_path / "in" / "a.skeleton", "ntu", ("a", solid()))
    (tmp_path / "in" / "b.skeleton").write_text("1\n1\n")
    for out, to in (("x.pkl", "pyskl"), ("x", "csv"), ("x.h5", "ntu-h5")):
        with pytest.raises(FormatError, match=r"b\.skeleton"):
            convert(tmp_path / "in", tmp_path / out, write_as=to)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_names_that_say_nothing(tmp_path: Path) -> None:
    source = saved(tmp_path / "a.skeleton", "ntu", ("a", solid()))
    for out, said in (
        ("a.json", "which fits .*coco, .*; give one as --to"),
        ("a.xyz", "give --to"),
    ):
        with pytest.raises(InputError, match=said):
            convert(source, tmp_path / out)
    with pytest.raises(InputError, match="that can be written.*correct --to"):
        convert(source, tmp_path / "a", write_as="nonsense")
    with pytest.raises(InputError, match="got nothing there"):
        convert(tmp_path / "none", tmp_path / "a.csv")
    (tmp_path / "odd.bin").write_bytes(b"\x00" * 99)
    with pytest.raises(InputError, match="give its format as --from"):
        convert(tmp_path / "odd.bin", tmp_path / "a.csv")
    source.rename(tmp_path / "data.abc")
    assert convert(tmp_path / "data.abc", tmp_path / "a.csv", read_as="ntu").source == "ntu"


def test_content_decides_among_formats_of_a_suffix(tmp_path: Path) -> None:
    merl = saved(tmp_path / "a.pkl", "merl", ("a", flat(box=np.tile([1.0, 2, 300, 400], (1, 6, 1)))))
    assert formats._guess.of_file(merl).name == "merl"
    both = [{"frame_dir": "c", "label": 1, "total_frames": 2, "keypoint": np.zeros((1, 2, 17, 2))}]
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(both))
    assert formats._guess.of_file(tmp_path / "b.pkl").name == "pyskl"
    (tmp_path / "c.json").write_text(json.dumps([{"image_id": 1, "category_id": 1, "keypoints": [1, 2, 3]}]))
    assert formats._guess.of_file(tmp_path / "c.json").name == "coco-results"


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    start=st.sampled_from(
        [b"", b"{", b"[", b"[[[", b"\x80\x04", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"MATLAB 5.0"]
    ),
    rest=st.binary(max_size=300),
)
def test_looking_at_junk_never_fails(tmp_path: Path, start: bytes, rest: bytes) -> None:
    for end in {end for one in FORMATS.values() for end in one.suffixes if not one.folder}:
        path = tmp_path / f"junk{end}"
        path.write_bytes(start + rest)
        try:
            formats._guess.of_file(path)
        except InputError as error:
            assert "--from" in str(error)
        path.unlink()


def test_a_label_and_splits_survive_between_pickles(tmp_path: Path) -> None:
    from bodyverb.formats import pyskl

    records = tuple(pyskl.record_of(flat(), id=name, label=at) for at, name in enumerate("ab"))
    file = pyskl.PysklFile(records=records, splits={"train": ("a",), "test": ("b", "a")})
    pyskl.write(tmp_path / "a.pkl", file)
    convert(tmp_path / "a.pkl", tmp_path / "b.pkl", write_as="pyskl", given=Given(layout="coco17"))
    back = pyskl.read(tmp_path / "b.pkl", layout="coco17")
    assert [record.label for record in back.records] == [0, 1]
    assert {name: set(ids) for name, ids in (back.splits or {}).items()} == {
        "train": {"a"},
        "test": {"a", "b"},
    }
    np.testing.assert_array_equal(back.records[0].keypoint, records[0].keypoint)


def _mat(path: Path, **values: Any) -> Path:
    from scipy.io import savemat

    savemat(path, values)
    return path


def _penn(folder: Path) -> Path:
    xy = np.random.default_rng(0).uniform(5, 200, (2, 4, 13))
    facts = {"action": "squat", "pose": "left", "train": 1, "dimensions": [270, 480, 4]}
    boxes = np.tile([1.0, 2, 200, 250], (4, 1))
    return _mat(folder / "0001.mat", x=xy[0], y=xy[1], visibility=np.ones((4, 13)), bbox=boxes, **facts)


def _utd(folder: Path) -> Path:
    return _mat(folder / "a1_s1_t1_skeleton.mat", d_skel=np.random.default_rng(0).uniform(1, 2, (20, 3, 5)))


def _ucla(folder: Path) -> Path:
    place = np.random.default_rng(0).uniform(1, 2, (5, 20, 3)).tolist()
    path = folder / "a01_s01_e00_v01.json"
    path.write_text(json.dumps({"file_name": path.stem, "skeletons": place, "label": 1}))
    return path


def _hemlets(folder: Path) -> Path:
    from bodyverb.formats import hemlets_h5

    rng = np.random.default_rng(0)
    arrays = {"joints": (2, 18, 3), "joints3d_cam": (2, 32, 3), "trans": (2, 3), "camid": (2, 3)}
    file = hemlets_h5.HemletsFile(
        path=folder / "a", **{name: rng.uniform(1, 200, shape) for name, shape in arrays.items()}
    )
    return hemlets_h5.write(folder / "test.h5", file, np.zeros((2, 256, 256, 3), np.uint8))


def _acclaim(folder: Path) -> Path:
    bones = ("lfemur", "rfemur", "upperback", "lowerneck", "lhumerus", "rhumerus")
    data = "".join(
        f"begin\n id {at}\n name {bone}\n direction 0 1 0\n length 2\n axis 0 0 0 XYZ\n dof rx\nend\n"
        for at, bone in enumerate(bones, 1)
    )
    (folder / "a.asf").write_text(
        ":units\n length 0.45\n angle deg\n:root\n order TX TY TZ RX RY RZ\n orientation 0 0 0\n"
        f":bonedata\n{data}:hierarchy\nbegin\n root {' '.join(bones)}\nend\n"
    )
    rows = "".join(f"{at}\nroot 0 17 0 0 0 0\n" + "".join(f"{b} {at}\n" for b in bones) for at in (1, 2, 3))
    (folder / "a.amc").write_text(f":FULLY-SPECIFIED\n:DEGREES\n{rows}")
    return folder / "a.amc"


SAMPLES: dict[str, Callable[[Path], Path]] = {
    "penn": _penn, "utd": _utd, "nw-ucla": _ucla, "hemlets": _hemlets, "asf-amc": _acclaim,
}  # fmt: skip
"""Files of formats that are only read."""


def sample(name: str, folder: Path) -> Path | None:
    """A small file of a format, or None where no test makes one."""
    if name in SAMPLES:
        return SAMPLES[name](folder)
    one = FORMATS[name]
    if one.write is None:
        return None
    layout = one.layouts[0] if one.layouts else "coco17"
    frame = one.frames[0] if one.frames else None
    if frame is None or frame.dims == 2:
        poses = flat(layout=layout, box=np.tile([1.0, 2, 300, 400], (1, 6, 1)))
    else:
        poses = solid(layout=layout, unit=frame.unit, axes=frame.axes, space=frame.space)
    return saved(folder / f"clip{one.suffixes[0]}", name, ("clip", poses))


@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if one.read])
def test_every_pair_runs_or_refuses_in_a_line(name: str, tmp_path: Path) -> None:
    source = sample(name, tmp_path)
    if source is None:
        pytest.skip("no small file of it is made here")
    made = []
    said = Given(layout=None, wanted="coco17", unit="m", rate_hz=30)
    for to, target in FORMATS.items():
        if target.write is None:
            continue
        out = tmp_path / "out" / to / f"clip{target.suffixes[0]}"
        try:
            report = convert(source, out, read_as=name, write_as=to, given=said)
        except InputError as error:
            assert str(error).startswith("Expected ") and "\n" not in str(error) and len(str(error)) < 500
            assert not out.exists()
        else:
            assert report.recordings == 1 and report.frames >= 2 and out.exists()
            made.append(to)
    assert "poses" in made and "csv" in made, "any poses can be written in the package's own form"
