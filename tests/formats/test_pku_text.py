"""PKU-MMD text: skeletons and labels, round trips, and damage."""

import os
import tarfile
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError
from bodyverb.formats import _numbers, pku_text
from bodyverb.formats.pku_text import PkuLabel

FAST = settings(max_examples=60, deadline=None)


def file_text(frames: int = 4, seed: int = 0, alone: tuple[int, ...] = (1, 2)) -> str:
    """A file of made-up positions; in the frames `alone` the second body is not there."""
    values = np.random.default_rng(seed).normal(size=(frames, 150))
    values[[frame for frame in alone if frame < frames], 75:] = 0
    return "".join(" ".join(f"{value:.6f}" for value in row) + "\n" for row in values)


def read(text: str | bytes):
    return pku_text.read("0005-L.txt", data=text.encode() if isinstance(text, str) else text)


def test_two_bodies_in_metres():
    text = file_text()
    rows = np.array([[float(word) for word in line.split()] for line in text.splitlines()])
    array = pku_text.read_array("0005-L.txt", data=text.encode())
    np.testing.assert_array_equal(array.reshape(4, 150), rows)
    poses = read(text)
    assert (poses.space, poses.unit, poses.axes, poses.rate) == ("camera", "m", "kinect", "nominal")
    assert poses.present.any(axis=2).tolist() == [[True] * 4, [True, False, False, True]]
    np.testing.assert_array_equal(poses.position[1, 3], array[3, 1].astype(np.float32))
    assert poses.timestamps_s[3] == 0.1 and poses.source == "0005-L.txt"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_written_as_read(tmp_path, end):
    text = file_text()
    path = pku_text.write(tmp_path / "a.txt", read(text.replace("\n", end)))
    assert path.read_text() == text


def test_one_person_is_padded_and_others_refused(tmp_path):
    poses = read(file_text(alone=(0, 1, 2, 3)))
    path = pku_text.write(tmp_path / "a.txt", poses.select(persons=[0]))
    assert pku_text.read(path).equals(poses.replace(source="a.txt"))
    with pytest.raises(InputError, match="kinect25"):
        pku_text.write(tmp_path / "b.txt", poses.replace(unit="mm"))


def test_values_that_are_not_finite_are_absent():
    words = file_text(1).split(" ")
    words[:6] = ["nan", "1", "1", "1e39", "1", "1"]
    assert read(" ".join(words)).state[0, 0, :3].tolist() == [0, 0, 2]


def test_files_longer_than_a_block(monkeypatch):
    text = file_text(40)
    whole = read(text)
    monkeypatch.setattr(_numbers, "BLOCK_BYTES", 5000)
    assert read(text + "\n \n").equals(whole)
    lines = text.splitlines()
    lines[30] += " 1"
    with pytest.raises(FormatError, match=r"Expected 150 numbers, got 151; check line 31: 0005-L\.txt"):
        read("\n".join(lines))


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"1 2 3\n", b"\x00" * 2000, os.urandom(3000), file_text().encode("utf-16"), b"1 " * 300,
     file_text().encode() + b"1\n", b"\n" + file_text().encode(), file_text().replace(" ", ",").encode(),
     file_text().replace("\n", " ").encode(), b"9" * 3000 + b"\n"],
)  # fmt: skip
def test_other_files_are_refused(data):
    with pytest.raises(FormatError, match=r"0005-L\.txt$"):
        read(data)


def test_absent_files(tmp_path):
    for reader in (pku_text.read, pku_text.read_array, pku_text.read_labels):
        with pytest.raises(FormatError, match="No such file"):
            reader(tmp_path / "none.txt")


def check_valid_or_refused(data: bytes) -> None:
    for reader in (pku_text.read, pku_text.read_labels):
        try:
            reader("0005-L.txt", data=data)
        except FormatError as error:
            assert str(error).startswith("Expected ") and str(error).endswith("0005-L.txt")


@FAST
@given(st.data())
def test_flipped_bits_and_cuts(data):
    text = bytearray(data.draw(st.sampled_from([file_text(3).encode(), b"26,229,293,2\n18,377,423,2\n"])))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at] ^= 1 << data.draw(st.integers(0, 7))
    check_valid_or_refused(bytes(text[: data.draw(st.integers(0, len(text)))]))


@FAST
@given(st.binary(max_size=300) | st.text("0123456789.,-eEnaif \n\t", max_size=300).map(str.encode))
def test_any_bytes(data):
    check_valid_or_refused(data)


def test_a_cut_line_is_named():
    text = file_text()
    with pytest.raises(FormatError, match="check line 4"):
        read(text[: text.rindex(" ")])


@pytest.mark.parametrize("row", ["0 " * 149 + "0\n", "0\n", "\n"])
def test_memory_is_bounded(row):
    text = (row * (90_000 // len(row))).encode()
    tracemalloc.start()
    try:
        check_valid_or_refused(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 4 * len(text) + 64 * 1024**2


def test_labels_as_they_are(tmp_path):
    text = "26,229,293,2\n18,377,300,0\n\n 1 , 0,23,1\n"
    labels = pku_text.read_labels("0005-L.txt", data=text.encode())
    assert labels[1] == PkuLabel(action=18, start=377, end=300, confidence=0) and labels[2].start == 0
    path = pku_text.write_labels(tmp_path / "a.txt", labels)
    assert path.read_text() == "26,229,293,2\n18,377,300,0\n1,0,23,1\n"
    assert pku_text.read_labels(path) == labels


@pytest.mark.parametrize(
    "row",
    ["1,2,3", "1,2,3,4,5", "1,2,x,4", "1;2;3;4", "-1,2,3,4", "1.0,2,3,4", "1,2,3," + "9" * 5000, "\x00"],
)
def test_broken_labels_name_their_line(row):
    with pytest.raises(FormatError, match=r"check line 2: 0005-L\.txt$"):
        pku_text.read_labels("0005-L.txt", data=f"26,229,293,2\n{row}\n".encode())


def test_too_many_labels():
    with pytest.raises(FormatError, match="at most 1 MiB"):
        pku_text.read_labels("0005-L.txt", data=b"1,2,3,4\n" * 200_000)


@pytest.mark.realdata
def test_one_real_recording_from_three_views(data_root, tmp_path):
    with tarfile.open(data_root / "pku_mmd" / "raw_text_examples.tar.xz") as archive:
        files = {
            name[-10:]: archive.extractfile(name).read()
            for name in archive.getnames()
            if name.endswith(".txt")
        }
    assert sorted(files) == ["0005-L.txt", "0005-M.txt", "0005-R.txt"]
    for name, data in files.items():
        poses = pku_text.read(name, data=data)
        assert pku_text.write(tmp_path / name, poses).read_bytes() == data
        joint = poses.skeleton.index
        up = np.nanmean(poses.position[0, :, :, 1], axis=0)
        assert up[joint("head")] > up[joint("left_hip")] > up[joint("left_foot")]
