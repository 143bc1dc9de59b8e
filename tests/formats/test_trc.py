"""TRC: the head as OpenSim writes it, units, empty cells, round trips and damage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import trc

TEXT = (
    "PathFileType\t4\t(X/Y/Z)\twalk.trc\n"
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n"
    "60.00\t60.00\t3\t2\tmm\t60.00\t1\t3\n"
    "Frame#\tTime\tR.ASIS\t\t\tNose\t\t\t\n"
    "\t\tX1\tY1\tZ1\tX2\tY2\tZ2\t\n"
    "\n"
    "1\t0.000\t1.5\t2\t3\t4\t5\t6\t\n"
    "2\t0.017\t\t\t\t4.25\t5\t-6\n"
    "3\t0.033\t1\t2\t3\tnan\t5\t6\n"
)


def save(tmp_path, text=TEXT):
    path = tmp_path / "a.trc"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_file_of_opensim(tmp_path):
    poses = trc.read(save(tmp_path))
    assert poses.skeleton.joints == ("R.ASIS", "Nose") and poses.skeleton.parents == (-1, -1)
    assert (poses.unit, poses.axes, poses.space, poses.rate) == ("mm", "y-up", "world", "nominal")
    assert poses.timestamps_s.tolist() == [0, 0.017, 0.033]
    assert poses.position[0, 0].tolist() == [[1.5, 2, 3], [4, 5, 6]]
    assert poses.present[0].tolist() == [[True, True], [False, True], [True, False]]


@pytest.mark.parametrize(("unit", "want", "factor"), [("cm", "m", 0.01), ("m", "m", 1), ("Meters", "m", 1)])
def test_units(tmp_path, unit, want, factor):
    poses = trc.read(save(tmp_path, TEXT.replace("\tmm\t", f"\t{unit}\t")))
    assert poses.unit == want
    np.testing.assert_allclose(poses.position[0, 0, 0], np.array([1.5, 2, 3]) * factor)


def test_other_ways_to_write_it(tmp_path):
    """Carriage returns, no empty line, one tab between names, blanks for tabs, a layout by order."""
    want = trc.read(save(tmp_path))
    for text in (
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n\n", "\n"),
        TEXT.replace("R.ASIS\t\t\tNose\t\t\t\n", "R.ASIS\tNose\n"),
    ):
        assert trc.read(save(tmp_path, text)).equals(want)
    layout = type(want.skeleton)(
        name="two", joints=("left_hip", "nose"), parents=(-1, -1), limbs=(), flip=(0, 1), root=(0,)
    )
    assert trc.read(save(tmp_path), layout=layout).skeleton == layout
    with pytest.raises(FormatError, match="17 joints"):
        trc.read(save(tmp_path), layout="coco17")
    twice = trc.read(save(tmp_path, TEXT.replace("R.ASIS", "Nose")))
    assert twice.skeleton.joints == ("Nose", "Nose_2")


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    layout=st.sampled_from(["kinect25", "coco17", "lsp14"]),
    unit=st.sampled_from(["m", "mm"]),
    rate=st.floats(1, 1000),
)
def test_what_is_written_reads_back(tmp_path_factory, seed, layout, unit, rate):
    rng = np.random.default_rng(seed)
    skeleton = skeletons.get(layout)
    position = (rng.normal(size=(1, 5, len(skeleton), 3)) * 10.0 ** rng.integers(-6, 7)).astype(np.float32)
    position[0, rng.integers(5), rng.integers(len(skeleton))] = np.nan
    poses = PoseSequence.from_arrays(
        position, skeleton=skeleton, rate_hz=rate, space="world", unit=unit, axes="y-up", source="a.trc"
    )
    path = trc.write(tmp_path_factory.mktemp("trc") / "a.trc", poses)
    assert trc.read(path).replace(person_ids=("0",)).equals(poses)


def test_the_head_is_exact(tmp_path):
    poses = PoseSequence.from_arrays(
        np.ones((3, 17, 3)), skeleton=skeletons.get("coco17"), rate_hz=29.97, space="world", axes="y-up"
    )
    lines = trc.write(tmp_path / "walk.trc", poses).read_text().split("\n")
    assert lines[0] == "PathFileType\t4\t(X/Y/Z)\twalk.trc"
    assert lines[2] == "29.97\t29.97\t3\t17\tm\t29.97\t1\t3"
    assert lines[3].startswith("Frame#\tTime\tnose\t\t\tleft_eye\t\t\t")
    assert lines[4].startswith("\t\tX1\tY1\tZ1\tX2") and lines[5] == ""
    assert lines[6].startswith("1\t0\t1\t1\t1\t1") and len(lines[6].split("\t")) == 2 + 51


def test_what_cannot_be_written(tmp_path):
    layout = skeletons.get("coco17")
    for position, unit in (
        (np.ones((3, 17, 2)), "px"),
        (np.ones((2, 3, 17, 3)), "m"),
        (np.ones((3, 17, 3)), "none"),
    ):
        poses = PoseSequence.from_arrays(position, skeleton=layout, rate_hz=30, unit=unit)
        with pytest.raises(InputError, match="one person in 3D"):
            trc.write(tmp_path / "a.trc", poses)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("PathFileType", "Path", "PathFileType"),
        ("\tmm\t", "\tfoot\t", "Units"),
        ("\t3\t2\tmm", "\t4\t2\tmm", "4 frames, got 3"),
        ("\t3\t2\tmm", "\t2\t2\tmm", "2 frames, got more"),
        ("\t3\t2\tmm", "\t999999999\t2\tmm", "bytes"),
        ("\t3\t2\tmm", "\t3\t3\tmm", "3 markers"),
        ("\t3\t2\tmm", "\t3\t-2\tmm", "NumMarkers"),
        ("NumFrames", "Frames", "NumFrames"),
        ("Frame#", "Frame", "Frame#"),
        ("X1\tY1\tZ1", "X1\tY1", "X, Y and Z"),
        ("1.5\t2", "1.5\t2\t2", "8 cells, got 9"),
        ("\t4.25", "", "8 cells, got 7"),
        ("1.5", "1,5", "line 7"),
        ("0.033", "0.010", "rising times"),
        ("0.033", "nan", "rising times"),
    ],
)
def test_structural_damage(tmp_path, old, new, word):
    assert old in TEXT
    with pytest.raises(FormatError, match=rf"(?s)Expected .*{word}.*a\.trc"):
        trc.read(save(tmp_path, TEXT.replace(old, new, 1)))


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 900, TEXT.encode("utf-16"), b"PathFileType\t4\n"])
def test_something_else(tmp_path, content):
    with pytest.raises(FormatError, match=r"a\.trc"):
        trc.read(save(tmp_path, content))


def test_empty_cells_are_bounded(tmp_path, attempt):
    """A marker of a frame may be three bytes."""
    count, markers = 4000, 500
    head = TEXT.split("\n", 3)[:2]
    text = "\n".join(head) + f"\n60\t60\t{count}\t{markers}\tmm\t60\t1\t{count}\nFrame#\tTime\t"
    text += "\t".join(f"m{at}" for at in range(markers)) + "\n\n"
    text += "".join(f"{at}\t{at}" + "\t" * 3 * markers + "\n" for at in range(count))
    path = save(tmp_path, text)
    result, peak = attempt(lambda: trc.read(path))
    assert isinstance(result, FormatError) or result.frames == count
    assert peak < 4 * len(text) + 64 * 1024**2


def test_fuzz(damage):
    def check(poses):
        assert poses.frames == 3 and len(poses.skeleton) == 2

    damage("a.trc", TEXT.encode(), trc.read, check, 60)
