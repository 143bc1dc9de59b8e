"""PYSKL pickles: read, written, and what the file does not say."""

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import pyskl

rng = np.random.default_rng(0)


def record(
    people: int = 2, frames: int = 4, joints: int = 17, space: int = 2, **changes: Any
) -> dict[str, Any]:
    """One record of the file, the second person absent in the last frame."""
    keypoint = rng.uniform(1, 300, (people, frames, joints, space)).astype("f2")
    score = rng.uniform(0.1, 1, (people, frames, joints)).astype("f2")
    keypoint[-1, -1], score[-1, -1] = 0, 0
    fields = {
        "frame_dir": "S001C001P001R001A011",
        "label": 10,
        "img_shape": (1080, 1920),
        "original_shape": (1080, 1920),
        "total_frames": frames,
        "keypoint": keypoint,
    }
    return fields | ({"keypoint_score": score} if space == 2 else {}) | changes


def saved(folder: Any, content: Any, protocol: int = 4) -> Any:
    path = folder / "data.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def test_two_dimensions_with_scores(tmp_path):
    one = record()
    path = saved(tmp_path, {"split": {"xsub_train": [one["frame_dir"]]}, "annotations": [one]})
    file = pyskl.read(path, layout="coco17", rate_hz=25)
    assert file.splits == {"xsub_train": ("S001C001P001R001A011",)}
    assert file.records[0].keypoint.dtype == np.float16
    poses = file.poses(file.records[0])
    assert (poses.unit, poses.space, poses.axes, poses.rate) == ("px", "image", "cv", "nominal")
    assert poses.image_size == (1920, 1080)
    assert poses.timestamps_s[1] == 0.04
    np.testing.assert_array_equal(poses.position[0], one["keypoint"][0].astype("f4"))
    assert np.isnan(poses.position[1, -1]).all() and (poses.state[1, -1] == 0).all()
    np.testing.assert_array_equal(poses.score, one["keypoint_score"].astype("f4"))


def test_three_dimensions_of_a_bare_list(tmp_path):
    one = record(joints=25, space=3)
    file = pyskl.read(saved(tmp_path, [one]), layout="kinect25", unit="m")
    poses = file.poses(file.records[0])
    assert file.splits is None
    assert (poses.unit, poses.space, poses.axes, poses.rate) == ("m", "camera", "kinect", "unknown")
    assert np.isnan(poses.position[1, -1]).all()


def test_nothing_is_guessed(tmp_path):
    path = saved(tmp_path, [record()])
    with pytest.raises(InputError, match=r"coco17, h36m17, pa17.*--layout"):
        pyskl.read(path)
    with pytest.raises(FormatError, match="25 joints of layout 'kinect25', got 17"):
        pyskl.read(path, layout="kinect25")
    with pytest.raises(FormatError, match="known layout, got 99"):
        pyskl.read(saved(tmp_path, [record(joints=99)]))
    assert pyskl.read(saved(tmp_path, [record(joints=13)])).skeleton.name == "penn13"


def test_scores_of_zero_and_above_one(tmp_path):
    one = record(1, 1)
    one["keypoint"][0, 0, :3] = [[0, 0], [5, 6], [7, 8]]
    one["keypoint_score"][0, 0, :3] = [0, 0, 1.25]
    file = pyskl.read(saved(tmp_path, [one]), layout="coco17")
    poses = file.poses(file.records[0])
    assert poses.state[0, 0, :3].tolist() == [0, 1, 2]
    assert poses.score[0, 0, 2] == 1
    assert poses.extras["stored_score"][0, 0, 2] == 1.25


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol(tmp_path, protocol):
    one = record()
    file = pyskl.read(saved(tmp_path, [one], protocol), layout="coco17")
    np.testing.assert_array_equal(file.records[0].keypoint, one["keypoint"])


def same(mine: pyskl.PysklRecord, theirs: pyskl.PysklRecord) -> bool:
    """Equal in every field, arrays in kind and bytes."""
    for name in pyskl.PysklRecord.__dataclass_fields__:
        a, b = getattr(mine, name), getattr(theirs, name)
        if isinstance(b, np.ndarray):
            if (a.dtype, a.shape, a.tobytes()) != (b.dtype, b.shape, b.tobytes()):
                return False
        elif type(a) is not type(b) or a != b:
            return False
    return True


@settings(max_examples=30, deadline=None)
@given(
    people=st.integers(0, 3),
    frames=st.integers(0, 5),
    space=st.sampled_from([2, 3]),
    dtype=st.sampled_from(["f2", "f4", ">f4", "f8", "i2"]),
    label=st.none() | st.integers(0, 400) | st.lists(st.integers(0, 9), min_size=1),
    name=st.text(min_size=1),
    splits=st.none() | st.dictionaries(st.text(), st.lists(st.text())),
    extras=st.dictionaries(st.text("abc", min_size=1), st.floats(allow_nan=False) | st.text() | st.none()),
)
def test_what_is_written_reads_back(
    tmp_path_factory, people, frames, space, dtype, label, name, splits, extras
):
    path = tmp_path_factory.mktemp("pyskl") / "a.pkl"
    keypoint = rng.uniform(-300, 300, (people, frames, 13, space)).astype(dtype)
    fields = {"frame_dir": name, "label": label, "total_frames": frames, "keypoint": keypoint} | extras
    path.write_bytes(pickle.dumps([fields]))
    first = pyskl.read(path)
    file = pyskl.PysklFile(records=first.records * 2, splits=splits)
    again = pyskl.read(pyskl.write(path, file))
    assert again.splits == (None if splits is None else {key: tuple(ids) for key, ids in splits.items()})
    assert all(same(mine, theirs) for mine, theirs in zip(again.records, file.records, strict=True))
    assert again.poses(again.records[0]).equals(first.poses(first.records[0]))


def test_python_reads_what_is_written(tmp_path):
    one = record() | {
        "frame_inds": np.arange(3, dtype="i2"),
        "valid": {0.5: 3},
        "big": 2**70,
        "n": np.float32(2),
    }
    file = pyskl.read(saved(tmp_path, {"split": {"a": ["x"]}, "annotations": [one]}), layout="coco17")
    content = pyskl.write(tmp_path / "b.pkl", file).read_bytes()
    assert b"numpy._core" not in content
    theirs = pickle.loads(content)
    assert theirs["split"] == {"a": ["x"]}
    mine = theirs["annotations"][0]
    assert mine.keys() == one.keys()
    for key, value in one.items():
        assert type(mine[key]) is type(value)
        np.testing.assert_array_equal(mine[key], value)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_poses_become_records_and_come_back(tmp_path, dtype):
    position = rng.uniform(1, 99, (2, 3, 17, 2)).astype(dtype)
    position[0, 1] = np.nan
    poses = PoseSequence.from_arrays(
        position,
        skeleton=pyskl.read(saved(tmp_path, [record()]), layout="coco17").skeleton,
        rate_hz=30,
        score=np.where(np.isnan(position[..., 0]), 0, rng.uniform(0.1, 1, position.shape[:3])).astype(dtype),
        image_size=(640, 480),
        source="x",
    )
    path = pyskl.write(
        tmp_path / "out.pkl", pyskl.PysklFile(records=(pyskl.record_of(poses, id="x", label=3, dtype=dtype),))
    )
    again = pyskl.read(path, layout="coco17", rate_hz=30)
    assert again.records[0].keypoint.dtype == dtype
    assert again.records[0].label == 3
    assert again.poses(again.records[0]).equals(poses)


def kinetics(folder: Any, **changes: Any) -> Any:
    """A clip of the Kinetics variant and its separate file."""
    rows = rng.uniform(1, 99, (4, 17, 3)).astype("f2")
    one = {
        "frame_dir": "abc", "label": 3, "img_shape": (320, 426), "original_shape": (320, 426),
        "total_frames": 5, "frame_inds": np.array([1, 1, 3, 4], "i2"), "valid": {0.5: 3},
        "box_score": np.array([0.9, 0.8, 0.7, 0.6], "f2"), "raw_file": "data/kp/part.pkl",
    } | changes  # fmt: skip
    (folder / "part.pkl").write_bytes(pickle.dumps({"abc": {"keypoint": rows}}))
    return saved(folder, {"split": {"train": ["abc"]}, "annotations": [one]}), rows


def test_kinetics_people_lie_elsewhere(tmp_path):
    path, rows = kinetics(tmp_path)
    file = pyskl.read(path, layout="coco17")
    with pytest.raises(InputError, match=r"part\.pkl"):
        file.poses(file.records[0])
    whole = file.with_people(file.records[0], tmp_path)
    assert whole.keypoint.shape == (2, 5, 17, 2)
    np.testing.assert_array_equal(whole.keypoint[:, 1], rows[:2, :, :2])
    np.testing.assert_array_equal(whole.score[0, 4], rows[3, :, 2])
    assert not whole.keypoint[1, 2:].any()
    np.testing.assert_allclose(whole.box_score[:, 1], [0.9, 0.8], atol=1e-3)
    assert file.records[0].extras["valid"] == {0.5: 3}


def test_kinetics_people_are_written_too(tmp_path):
    """In the record itself, or in separate files as they were."""
    path, rows = kinetics(tmp_path)
    file = pyskl.read(path, layout="coco17")
    whole = dataclasses.replace(file, records=(file.with_people(file.records[0], tmp_path),))
    inline = pyskl.read(pyskl.write(tmp_path / "inline.pkl", whole), layout="coco17").records[0]
    np.testing.assert_array_equal(inline.keypoint, whole.records[0].keypoint)
    assert inline.frame_inds is None and inline.extras == {"valid": {0.5: 3}}
    (tmp_path / "new").mkdir()
    parted = pyskl.write_people(tmp_path / "new", whole)
    again = pyskl.read(pyskl.write(tmp_path / "new.pkl", parted), layout="coco17")
    first = file.records[0]
    for name in ("frame_inds", "box_score"):
        np.testing.assert_array_equal(getattr(again.records[0], name), getattr(first, name))
        assert getattr(again.records[0], name).dtype == getattr(first, name).dtype
    assert again.records[0].extras == first.extras and again.records[0].keypoint is None
    found = pickle.loads((tmp_path / "new" / "part.pkl").read_bytes())["abc"]["keypoint"]
    np.testing.assert_array_equal(found, rows)
    assert found.dtype == rows.dtype


@pytest.mark.parametrize("name", ["../../part.pkl", "/etc/passwd/../part.pkl", "..\\..\\part.pkl"])
def test_kinetics_files_stay_in_their_folder(tmp_path, name):
    path, _ = kinetics(tmp_path, raw_file=name)
    file = pyskl.read(path)
    assert file.with_people(file.records[0], tmp_path).keypoint.shape == (2, 5, 17, 2)


@pytest.mark.parametrize(
    "change", [{"frame_inds": np.array([0, 1, 2, 99])}, {"frame_inds": np.array([0, 1])}]
)
def test_kinetics_rows_must_fit(tmp_path, change):
    path, _ = kinetics(tmp_path, box_score=None, **change)
    file = pyskl.read(path)
    with pytest.raises(FormatError, match=r"part\.pkl"):
        file.with_people(file.records[0], tmp_path)


def test_kinetics_holes_are_bounded(tmp_path):
    path, _ = kinetics(tmp_path, total_frames=2**20)
    file = pyskl.read(path)
    with pytest.raises(FormatError, match="in most frames"):
        file.with_people(file.records[0], tmp_path)


BROKEN: dict[str, Any] = {
    "no list": 3,
    "no annotations": {"split": {}},
    "split of numbers": {"split": {"train": [1]}, "annotations": []},
    "split as text": {"split": {"train": "abc"}, "annotations": []},
    "split as list": {"split": ["abc"], "annotations": []},
    "no dict": [3],
    "keys that are no text": [{1: 2}],
    "no name": [record(frame_dir=None)],
    "name of another kind": [record(frame_dir=7)],
    "no poses": [record(keypoint=None)],
    "poses as list": [record(keypoint=[[1]])],
    "poses of text": [record(keypoint=np.full((1, 4, 17, 2), "a"))],
    "poses of objects": [record(keypoint=np.full((1, 4, 17, 2), None))],
    "too few axes": [record(keypoint=np.ones((4, 17, 2)))],
    "four coordinates": [record(keypoint=np.ones((1, 4, 17, 4)))],
    "another length": [record(total_frames=5)],
    "length as text": [record(total_frames="4")],
    "negative length": [record(total_frames=-4)],
    "scores of another shape": [record(keypoint_score=np.ones((1, 4, 17)))],
    "scores without poses": [record(keypoint=None, frame_inds=np.arange(4))],
    "size of three": [record(img_shape=(1, 2, 3))],
    "size of zero": [record(img_shape=(0, 5))],
    "size as text": [record(original_shape="ab")],
    "joints differ": [record(), record(joints=25)],
    "rows of another length": [record(frame_inds=np.arange(3), box_score=np.ones(4))],
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_files_are_refused(tmp_path, what):
    path = saved(tmp_path, BROKEN[what])
    with pytest.raises(FormatError, match=r"Expected .*, got .*data\.pkl"):
        pyskl.read(path, layout="coco17")


SAMPLE = pickle.dumps({"split": {"a": ["x"]}, "annotations": [record(1, 2), record(2, 3)]}, 4)


@settings(max_examples=60, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255)), max_size=4),
    end=st.none() | st.integers(0, len(SAMPLE)),
)
def test_damage_raises_or_gives_poses(tmp_path_factory, attempt, flips, end):
    content = bytearray(SAMPLE)
    for at, mask in flips:
        content[at] ^= mask
    path = tmp_path_factory.mktemp("fuzz") / "data.pkl"
    path.write_bytes(content[:end])
    result, peak = attempt(lambda: pyskl.read(path, layout="coco17"))
    if isinstance(result, FormatError):
        assert str(path) in str(result)
    else:
        for one in result.records:
            assert isinstance(result.poses(one), PoseSequence)
    assert peak < 4 * len(content) + 64 * 1024**2


@pytest.mark.realdata
def test_real_two_dimensional_file(data_root, tmp_path, attempt):
    path = data_root / "pyskl" / "wlasl_test_combined.pkl"
    file, peak = attempt(lambda: pyskl.read(path, layout="coco17", rate_hz=25))
    assert len(file.records) == 234
    assert sorted({record.keypoint.shape[0] for record in file.records}) == [1, 2, 3, 4]
    assert peak < 4 * path.stat().st_size
    with pytest.raises(InputError, match="--layout"):
        pyskl.read(path)
    head = hip = 0.0
    for one in file.records[:20]:
        poses = file.poses(one)
        assert poses.image_size == (1920, 1080)
        head += float(np.nanmedian(poses.position[:, :, 0, 1]))
        hip += float(np.nanmedian(poses.position[:, :, 11:13, 1]))
    assert head < hip
    again = pyskl.read(pyskl.write(tmp_path / "copy.pkl", file), layout="coco17")
    assert all(same(mine, theirs) for mine, theirs in zip(again.records, file.records, strict=True))


@pytest.mark.realdata
def test_real_kinetics_file(data_root):
    file = pyskl.read(data_root / "pyskl" / "mmaction2_k400_pose_anno_sample.pkl")
    assert len(file.records) == 100 and len(file.splits["train"]) == 100
    assert file.records[0].frame_inds.shape == file.records[0].box_score.shape == (260,)
    assert file.records[0].extras["valid"][0.5] == 150
