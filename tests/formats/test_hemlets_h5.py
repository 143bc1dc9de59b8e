"""The test set of HEMlets: pictures with joints in an HDF5 file."""

from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError
from bodyverb.formats import _h5_file, hemlets_h5

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (2, 256, 256, 3), np.uint8)
JOINTS = rng.uniform(0, 255, (2, 18, 3))
CONTENT = {
    "images": IMAGES,
    "joints": JOINTS,
    "joints3d_cam": rng.uniform(-1000, 5000, (2, 32, 3)),
    "trans": np.array([[100.0, 200, 0.5], [0, 0, 0]]),
    "camid": np.array([[11, 4, 1], [11, 4, 65]]),
}


def h5(folder: Any, **changes: Any) -> Any:
    path = folder / "S_11_C_4_1.h5"
    with h5py.File(path, "w") as out:
        for name, value in (CONTENT | changes).items():
            if value is not None:
                out[name] = value
    return path


def test_pictures_and_joints(tmp_path):
    file = hemlets_h5.read(h5(tmp_path))
    assert len(file) == 2 and file.camid[0].tolist() == [11, 4, 1]
    np.testing.assert_array_equal(file.image(1), IMAGES[1])
    found = file.sequences()
    flat, solid = found["image"], found["camera"]
    assert (flat.skeleton.name, flat.unit, flat.image_size) == ("hemlets18", "px", (256, 256))
    np.testing.assert_allclose(flat.extras["depth_mm"][0], (JOINTS[..., 2] / 255 - 0.5) * 2000, atol=1e-3)
    assert (solid.skeleton.name, solid.unit, solid.axes) == ("h36m32", "mm", "cv")
    np.testing.assert_allclose(file.in_picture()[0], JOINTS[0, :, :2] * 2 + [100, 200])
    assert not np.isfinite(file.in_picture()[1]).any()
    with pytest.raises(InputError, match="from 0 to 1"):
        file.image(2)


def test_what_is_written_reads_back(tmp_path):
    first = hemlets_h5.read(h5(tmp_path))
    again = hemlets_h5.read(hemlets_h5.write(tmp_path / "b.h5", first, IMAGES))
    for name in ("joints", "joints3d_cam", "trans", "camid"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    np.testing.assert_array_equal(again.image(0), IMAGES[0])
    with pytest.raises(InputError, match="2 pictures"):
        hemlets_h5.write(tmp_path / "c.h5", first, IMAGES[:1])


@pytest.mark.parametrize("name", CONTENT)
@pytest.mark.parametrize(
    "value", [None, 3.0, np.zeros((3, 3)), np.full((2, 18, 3), "a", "S1"), np.zeros(2, [("a", "f4")])]
)
def test_other_files_are_refused(tmp_path, name, value):
    path = h5(tmp_path, **{name: value})
    with pytest.raises(FormatError, match=rf"Expected .*'{name}'.*S_11_C_4_1\.h5|readable"):
        hemlets_h5.read(path)


def test_data_of_other_files_is_not_taken(tmp_path):
    (tmp_path / "secret.bin").write_bytes(bytes(2 * 18 * 3 * 8))
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as out:
        out["joints"] = JOINTS
    for make in (
        lambda out: out.create_dataset(
            "joints", (2, 18, 3), "f8", external=[(tmp_path / "secret.bin", 0, 864)]
        ),
        lambda out: out.__setitem__("joints", h5py.ExternalLink(other, "joints")),
        lambda out: out.__setitem__("joints", h5py.SoftLink("/trans")),
        lambda out: out.create_virtual_dataset("joints", _virtual(other)),
    ):
        path = h5(tmp_path, joints=None)
        with h5py.File(path, "a") as out:
            make(out)
        with pytest.raises(FormatError, match="'joints'"):
            hemlets_h5.read(path)


def _virtual(other: Any) -> Any:
    layout = h5py.VirtualLayout((2, 18, 3), "f8")
    layout[:] = h5py.VirtualSource(other, "joints", (2, 18, 3))
    return layout


def test_claimed_sizes_are_bounded(tmp_path, attempt):
    """Datasets that were never filled, and chunks of zeros, claim any size in a file of some kB."""
    many = 2**24
    for chunk in (None, (many, 18, 3)):
        path = h5(tmp_path, **dict.fromkeys(CONTENT))
        with h5py.File(path, "a") as out:
            out.create_dataset("images", (many, 256, 256, 3), "u1", chunks=(1, 256, 256, 3))
            out.create_dataset(
                "joints", (many, 18, 3), "f4", chunks=chunk, compression="gzip" if chunk else None
            )
        error, peak = attempt(lambda path=path: hemlets_h5.read(path))
        assert isinstance(error, FormatError) and "bytes in '/joints'" in str(error)
        assert peak < 1024**2


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small valid file: no pictures, two rows of everything else."""
    folder = tmp_path_factory.mktemp("sample")
    return h5(folder, **{name: value[:0] for name, value in CONTENT.items()}).read_bytes()


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_no_hdf5(tmp_path, content):
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"readable.*a\.h5"):
        hemlets_h5.read(path)
    with pytest.raises(FormatError, match="nothing there"):
        hemlets_h5.read(tmp_path / "none.h5")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_raises_or_gives_values(tmp_path, sample, attempt, data):
    flips = data.draw(st.lists(st.tuples(st.integers(0, len(sample) - 1), st.integers(1, 255)), max_size=3))
    content = bytearray(sample)
    for at, mask in flips:
        content[at] ^= mask
    path = tmp_path / "a.h5"
    path.write_bytes(content[: data.draw(st.none() | st.integers(0, len(sample)))])
    result, peak = attempt(lambda: hemlets_h5.read(path))
    if isinstance(result, FormatError):
        assert str(path) in str(result)
    assert peak < 4 * len(content) + 64 * 1024**2


def test_blame_keeps_our_own_errors(tmp_path):
    with pytest.raises(InputError, match="ours"), _h5_file.blaming(tmp_path):
        raise InputError("ours")
