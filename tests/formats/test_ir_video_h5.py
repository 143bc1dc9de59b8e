"""Infrared videos of the NTU conversion project: pictures, crops as there, names, and damage."""

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import ir_skeleton_h5, ir_video_h5

rng = np.random.default_rng(0)
VIDEO = rng.integers(0, 256, (5, 42, 51), np.uint8)


def poses(frames=5, people=2, low=5.0, high=35.0, seed=0):
    position = np.random.default_rng(seed).uniform(low, high, (people, frames, 25, 2))
    return PoseSequence.from_arrays(
        position, skeleton=skeletons.get("kinect25"), rate_hz=30, mirrored=True, image_size=(51, 42)
    )


@pytest.mark.parametrize("compression", ["none", "lzf", "gzip"])
def test_pictures_come_back(tmp_path, compression, monkeypatch):
    monkeypatch.setattr(ir_video_h5, "_BLOCK_BYTES", 2 * 42 * 51)
    items = {"S001C001P001R001A001": VIDEO, "b": VIDEO[:1, :7]}
    path = ir_video_h5.write(tmp_path / "ir.h5", iter(items.items()), compression)
    with h5py.File(path) as file:
        stored = file["S001C001P001R001A001/ir"]
        assert stored.chunks == (1, 42, 51) and stored.dtype == np.uint8
        assert stored.compression == (None if compression == "none" else compression)
        assert stored.compression_opts == (9 if compression == "gzip" else None)
    with ir_video_h5.videos(path) as found:
        for video in found:
            np.testing.assert_array_equal(np.stack(list(video)), items[video.name])
            np.testing.assert_array_equal(video.frames(-1), items[video.name][-1:])
            assert len(video) == len(items[video.name])


def there(video, joints, moving):
    """The crops as the conversion project makes them: joints (2, T, 25, bodies), zero where absent."""
    import cv2

    padded = np.pad(video, ((0, 0), (20, 20), (20, 20)))
    axes = (1, 2) if moving else None
    (x1, y1), (x2, y2) = (
        [np.uint16(end(joints[at], axis=axes)) for at in (0, 1)] for end in (np.amin, np.amax)
    )
    if not moving:
        return padded[:, y1 : y2 + 40, x1 : x2 + 40]
    parts = [padded[t, y1[t] : y2[t] + 40, x1[t] : x2[t] + 40] for t in range(len(video))]
    return np.stack([cv2.resize(part, dsize=(112, 112)) for part in parts])


@pytest.mark.parametrize("people", [1, 2])
@pytest.mark.parametrize("moving", [False, True])
def test_crops_are_those_of_the_project(people, moving):
    bodies = poses(people=people, low=1, high=41)
    box = ir_video_h5.boxes(bodies, (51, 42), moving=moving)
    cut = ir_video_h5.cropped_moving if moving else ir_video_h5.cropped
    want = there(VIDEO, bodies.position.transpose(3, 1, 2, 0), moving)
    np.testing.assert_array_equal(np.stack(list(cut(VIDEO, box))), want)


def test_absent_bodies_do_not_stretch_boxes():
    bodies = poses()
    position = bodies.position.copy()
    position[:, 2] = np.nan
    position[1] = np.nan
    bodies = PoseSequence.from_arrays(position, skeleton=bodies.skeleton, rate_hz=30, mirrored=True)
    box = ir_video_h5.boxes(bodies, (51, 42), moving=True)
    np.testing.assert_array_equal(box[2], box[1])
    assert (box[0, :2] >= 5 - 20).all() and (box[:, 2:] <= 35 + 20).all()
    one = ir_video_h5.boxes(bodies, (51, 42), moving=False)
    assert (one == one[0]).all()
    np.testing.assert_array_equal(one[0, :2], box[:, :2].min(axis=0))
    np.testing.assert_array_equal(one[0, 2:], box[:, 2:].max(axis=0))
    nobody = PoseSequence.from_arrays(position * np.nan, skeleton=bodies.skeleton, rate_hz=30)
    assert ir_video_h5.boxes(nobody, (51, 42), moving=True).tolist() == [[0, 0, 51, 42]] * 5
    with pytest.raises(InputError, match="image px"):
        ir_video_h5.boxes(
            PoseSequence.from_arrays(np.ones((1, 25, 3)), skeleton=bodies.skeleton, rate_hz=30),
            (51, 42),
            moving=True,
        )


@pytest.mark.parametrize(
    ("items", "word"),
    [
        ([("", VIDEO)], "name"),
        ([("a", VIDEO), ("a", VIDEO)], "name"),
        ([("a/b", VIDEO)], "name"),
        ([("a", VIDEO[:0])], "at least one"),
        ([("a", VIDEO.astype(float))], "uint8"),
        ([("a", [VIDEO[0], VIDEO[0, :9]])], r"\(42, 51\)"),
    ],
)
def test_what_cannot_be_written(tmp_path, items, word):
    with pytest.raises(InputError, match=word):
        ir_video_h5.write(tmp_path / "ir.h5", items)
    with pytest.raises(InputError, match="none, lzf, gzip"):
        ir_video_h5.write(tmp_path / "ir.h5", [("a", VIDEO)], "zip")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("compression", ["none", "lzf", "gzip"])
def test_skeletons_may_be_packed_too(tmp_path, compression):
    bodies = poses()
    path = ir_skeleton_h5.write(tmp_path / "ir_skeleton.h5", [("a", bodies)], compression=compression)
    with h5py.File(path) as file:
        assert file["a/ir_skeleton"].compression == (None if compression == "none" else compression)
    ((_, again),) = ir_skeleton_h5.sequences(path)
    np.testing.assert_array_equal(again.position, bodies.position)


def test_names_of_samples(tmp_path):
    names = ("S001C001P001R001A001", "S001C002P001R001A001")
    path = ir_skeleton_h5.write_names(tmp_path / "samples_names.txt", names)
    assert path.read_text() == "S001C001P001R001A001\nS001C002P001R001A001\n"
    assert ir_skeleton_h5.read_names(path) == names
    path.write_bytes(b"S001C001P001R001A001\r\n\r\nb\r\n")
    assert ir_skeleton_h5.read_names(path) == ("S001C001P001R001A001", "b")
    for content in (b"a b\n", b"a\n\x00\xff\n", b"x" * 200):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"a name a line.*samples_names\.txt"):
            ir_skeleton_h5.read_names(path)


def take(path):
    with ir_video_h5.videos(path) as found:
        return [np.stack(list(video)) for video in found]


@pytest.mark.parametrize(
    "make",
    [
        lambda file: None,
        lambda file: file.create_dataset("a", data=VIDEO),
        lambda file: file.create_group("a"),
        lambda file: file.create_dataset("a/ir", data=VIDEO[0]),
        lambda file: file.create_dataset("a/ir", data=VIDEO.astype("u2")),
        lambda file: file.create_dataset("a/ir", data=VIDEO.astype("f4")),
        lambda file: file.__setitem__("a", h5py.ExternalLink("other.h5", "/a")),
        lambda file: file.create_dataset(
            "a/ir", (2**20, 424, 512), "u1", chunks=(2**16, 424, 512), compression="gzip"
        ),
    ],
)
def test_other_files_are_refused(tmp_path, make, attempt):
    path = tmp_path / "ir.h5"
    with h5py.File(path, "w") as file:
        make(file)
    error, peak = attempt(lambda: take(path))
    assert isinstance(error, FormatError) and str(path) in str(error)
    assert peak < 2**24


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage(tmp_path, attempt, data):
    sample = ir_video_h5.write(tmp_path / "sample.h5", [("a", VIDEO[:2])], "gzip").read_bytes()
    flips = data.draw(st.lists(st.tuples(st.integers(0, len(sample) - 1), st.integers(1, 255)), max_size=3))
    content = bytearray(sample)
    for at, mask in flips:
        content[at] ^= mask
    path = tmp_path / "ir.h5"
    path.write_bytes(content[: data.draw(st.none() | st.integers(0, len(sample)))])
    result, peak = attempt(lambda: take(path))
    if isinstance(result, FormatError):
        assert str(path) in str(result)
    assert peak < 4 * len(content) + 64 * 1024**2
