"""C3D by the library: what comes back, what the file says of its axes and units, and damage."""

import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import c3d


def poses(frames=4, layout="coco17", seed=0, **fields):
    rng = np.random.default_rng(seed)
    position = rng.normal(size=(1, frames, len(skeletons.get(layout)), 3))
    position[0, 1 % frames, 3] = np.nan
    position[0, 0, 0] = 0
    frame = {"space": "world", "unit": "m", "axes": "y-up", "source": "a.c3d", "rate_hz": 30.0}
    return PoseSequence.from_arrays(position, skeleton=skeletons.get(layout), **{**frame, **fields})


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 9),
    axes=st.sampled_from(["y-up", "z-up", "cv"]),
    unit=st.sampled_from(["m", "mm"]),
    rate=st.sampled_from([12.5, 30, 50, 60, 120]),
)
def test_what_is_written_reads_back(tmp_path_factory, seed, frames, axes, unit, rate):
    first = poses(frames, seed=seed, axes=axes, unit=unit, rate_hz=rate if frames > 1 else 30)
    again = c3d.read(c3d.write(tmp_path_factory.mktemp("c3d") / "a.c3d", first))
    assert again.equals(first)


def test_what_the_file_does_not_say(tmp_path):
    """Without units and screen: unit none and z-up, or what is given."""
    path = c3d.write(tmp_path / "a.c3d", poses(unit="mm"))
    content = bytearray(path.read_bytes())
    at = content.index(b"mm  ")
    content[at : at + 2] = b"??"
    at = content.index(b"+Y")
    content[at : at + 2] = b"??"
    path.write_bytes(content)
    bare = c3d.read(path)
    assert (bare.unit, bare.axes) == ("none", "z-up")
    said = c3d.read(path, unit="cm", axes="cv", layout="coco17")
    assert (said.unit, said.axes) == ("m", "cv")
    np.testing.assert_allclose(said.position, bare.position * 0.01, rtol=1e-6)
    with pytest.raises(InputError, match="mm, cm"):
        c3d.read(path, unit="px")
    with pytest.raises(FormatError, match="14 joints"):
        c3d.read(path, layout="lsp14")


def test_what_cannot_be_written(tmp_path):
    for odd, word in (
        (poses(axes="kinect"), "y-up"),
        (poses(unit="none"), "one person"),
        (poses(space="camera", unit="m").select(frames=slice(0, 0)), "frames"),
    ):
        with pytest.raises(InputError, match=word):
            c3d.write(tmp_path / "a.c3d", odd)
    assert not list(tmp_path.iterdir())


def test_without_the_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "c3d", None)
    for call in (lambda: c3d.read(tmp_path / "a.c3d"), lambda: c3d.write(tmp_path / "a.c3d", poses())):
        with pytest.raises(InputError, match=r"pip install 'bodyverb\[c3d\]': .*a\.c3d"):
            call()


@pytest.mark.parametrize("content", [b"", b"\x02\x50", b"text, not C3D\n" * 100, b"\x02\x50" + bytes(2000)])
def test_something_else(tmp_path, content):
    path = tmp_path / "a.c3d"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"Expected .*, got .*a\.c3d"):
        c3d.read(path)
    with pytest.raises(FormatError, match="check the path"):
        c3d.read(tmp_path / "none.c3d")


def test_claims_are_bounded(tmp_path, attempt):
    """More points and frames in the head than the file has."""
    path = c3d.write(tmp_path / "a.c3d", poses())
    content = bytearray(path.read_bytes())
    for at, word in ((2, 65535), (8, 65535)):
        broken = content.copy()
        struct.pack_into("<H", broken, at, word)
        path.write_bytes(broken)
        result, peak = attempt(lambda: c3d.read(path))
        assert isinstance(result, FormatError) or result.frames == 4
        assert peak < 16 * 1024**2


def test_cut_files_are_refused(tmp_path):
    path = c3d.write(tmp_path / "a.c3d", poses(40))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match="40 frames of 17 points"):
        c3d.read(path)


def test_damage(damage, tmp_path):
    sample = c3d.write(tmp_path / "sample.c3d", poses(2, "lsp14")).read_bytes()

    def check(found):
        assert found.persons == 1

    damage("a.c3d", sample, c3d.read, check, 50)
