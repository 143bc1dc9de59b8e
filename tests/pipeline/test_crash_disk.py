"""A disk that is full at one of the run's writes: one line, nothing half-written, --resume ends equal."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import OutputError, PoseSequence, Recording
from bodyverb.formats import poses_h5
from bodyverb.formats.files import Sink, replacing

SCRIPT = Path(__file__).parents[2] / "bench" / "full_disk.py"


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not shutil.which("cc"), reason="needs Linux and a C compiler"
)
def test_some_of_all_writes(tiny: ModuleType, networks: dict[str, Path], tmp_path: Path) -> None:
    """The rest of them: python bench/full_disk.py."""
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.6)
    words = [sys.executable, str(SCRIPT), "--every", "97", "--weights", str(networks["detect"].parent)]
    done = subprocess.run([*words, "--source", str(clip)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of them did not end as they should" in done.stdout


@contextmanager
def _files_of(most: int) -> Iterator[None]:
    """No file may grow beyond so many bytes; the kernel refuses the write, whoever asks for it."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def track() -> PoseSequence:
    rng = np.random.default_rng(0)
    position = rng.uniform(0, 200, (1, 6000, 14, 2)).astype(np.float32)
    return PoseSequence.from_arrays(
        position, skeleton=skeletons.get("lsp14"), timestamps_s=np.arange(6000) / 30
    )


def _write(path: Path, track: PoseSequence) -> None:
    whole = Recording(timestamps_s=track.timestamps_s, image_size=None, source="here", tracks=(track,))
    poses_h5.write(path, whole)


def test_poses_at_any_size_of_the_disk(track: PoseSequence, tmp_path: Path) -> None:
    _write(tmp_path / "whole.poses.h5", track)
    size = (tmp_path / "whole.poses.h5").stat().st_size
    assert size > 200_000
    for most in (0, 100, 2_000, size // 3, size // 2, size - 5000, size - 1):
        with _files_of(most), pytest.raises(OutputError, match=r"got 'File too large'.*full\.poses\.h5$"):
            _write(tmp_path / "full.poses.h5", track)
        assert [path.name for path in tmp_path.iterdir()] == ["whole.poses.h5"]
    _write(tmp_path / "full.poses.h5", track)  # HDF5 is none the worse for it
    back = poses_h5.read(tmp_path / "full.poses.h5", "raw")
    np.testing.assert_array_equal(back.tracks[0].position, track.position)


def test_a_sink_is_a_file(tmp_path: Path) -> None:
    with Sink(tmp_path / "a.h5") as sink, h5py.File(sink, "w") as file:
        file["x"] = np.arange(100_000)
        file.flush()
        assert file["x"][99_999] == 99_999
    sink.check()
    with h5py.File(tmp_path / "a.h5", "r") as file:
        np.testing.assert_array_equal(file["x"][:], np.arange(100_000))


def test_a_sink_on_a_full_disk_takes_everything_and_says_so_last(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too large"), Sink(tmp_path / "a") as sink, _files_of(10):
        assert sink.write(b"12345678") == 8 and sink.error is None
        assert sink.write(b"12345678") == 8 and sink.error is not None
        assert sink.tell() == 16 and sink.seek(0, os.SEEK_END) == 16
        sink.seek(4)
        assert sink.readinto(bytearray(20)) == 12  # zeros, but as many as were written
        sink.truncate(30)
        assert sink.seek(0, os.SEEK_END) == 30
        raise KeyError("what followed from it")


def test_replacing_says_which_place_is_full(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"'File too large'; free the place.*result\.txt$"),
        _files_of(10),
        replacing(tmp_path / "result.txt") as temporary,
    ):
        temporary.write_bytes(bytes(100))
    assert list(tmp_path.iterdir()) == []
