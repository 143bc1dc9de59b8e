"""Let every call of a run that needs disk space fail in turn, then resume, and compare with an unbroken run.

python bench/full_disk.py                  every call, both ways of failing; minutes
python bench/full_disk.py --every 9        every ninth

A small library (full_disk.c) is compiled and put before the C library, so that Python, HDF5 and FFmpeg all
meet the full disk in the system call itself: once (`once`), or from there on with the chosen write cut in
half (`stays`). Wanted: exit code 2 and one line that names the cause; whole files or none under final names;
nothing temporary left; and `--resume` ends equal. Linux with a C compiler.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from equal import differences

HERE = Path(__file__).parent
WAYS = ("once", "stays")


@dataclass(frozen=True)
class Ended:
    """How a forked run ended: exit code (minus the signal), standard error, calls counted, which failed."""

    code: int
    told: str
    calls: int
    failed: str


def compile_library(folder: Path) -> Path:
    """Compile full_disk.c; its path.

    Raises:
        RuntimeError: no compiler, or it refuses.
    """
    path = folder / "full_disk.so"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise RuntimeError("Expected a C compiler, got none; install cc")
    words = [compiler, "-shared", "-fPIC", "-O1", "-w", str(HERE / "full_disk.c"), "-o", str(path), "-ldl"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Expected full_disk.c to compile, got: {done.stderr}")
    return path


def forked(words: Sequence[str], out: Path, number: int, stays: bool) -> Ended:
    """`bodyverb run` in a child of this process, whose `number`-th call fails (0: none)."""
    note, told = out.parent / "note", out.parent / "told"
    child = os.fork()
    if child == 0:
        _run(words, out, number, stays, note, told)
    _, status = os.waitpid(child, 0)
    calls, failed = note.read_text().split(" ", 1) if note.exists() else ("0", "")
    note.unlink(missing_ok=True)
    return Ended(os.waitstatus_to_exitcode(status), told.read_text(), int(calls), failed.strip())


def _run(words: Sequence[str], out: Path, number: int, stays: bool, note: Path, told: Path) -> None:
    """The child's part."""
    import h5py

    from bodyverb.cli.main import main

    for file, place in ((1, Path(os.devnull)), (2, told)):
        os.dup2(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), file)
    disk = ctypes.CDLL(None)
    disk.disk_failed.restype = ctypes.c_char_p
    disk.disk_full_at(str(out).encode(), ctypes.c_long(number), int(stays))
    code = main(["run", *words, "--out", str(out)])
    note.write_text(f"{disk.disk_calls()} {disk.disk_failed().decode()}")
    ctypes.CDLL(h5py.h5.__file__).H5close()  # as at the end of a process
    os._exit(code)


def trials(words: Sequence[str], folder: Path, every: int) -> Iterator[tuple[str, int, str, list[str]]]:
    """Let the calls fail in turn; (way, number, which call, what was wrong) of each."""
    whole, out = folder / "whole" / "out", folder / "broken" / "out"
    whole.parent.mkdir()
    unbroken = forked(words, whole, 0, False)
    if unbroken.code:
        raise RuntimeError(f"Expected the unbroken run to work, got {unbroken.code}: {unbroken.told}")
    for way in WAYS:
        for number in range(1 + (way == "stays") * (every // 2), unbroken.calls + 1, every):
            out.parent.mkdir()
            ended = forked(words, out, number, way == "stays")
            wrong = [*_judge(ended, whole, out)]
            resumed = forked([*words, "--resume"], out, 0, False)
            if resumed.code:
                wrong.append(f"--resume ended with {resumed.code}: {resumed.told.strip()}")
            else:
                wrong += differences(whole, out)
            yield way, number, ended.failed, wrong
            shutil.rmtree(out.parent)


def _judge(ended: Ended, whole: Path, out: Path) -> Iterator[str]:
    """What is wrong about the end of a run whose disk was full."""
    lines = ended.told.strip().splitlines()
    if ended.code == 0:  # the call did not matter: then everything must be there
        yield from differences(whole, out)
        return
    if ended.code != 2:
        yield f"exit code {ended.code}: {ended.told.strip()[-300:]}"
    elif len(lines) != 1 or not lines[0].startswith("bodyverb: Expected") or "; " not in lines[0]:
        yield f"expected one line, got {lines}"
    elif "o space left" not in lines[0]:
        yield f"the line does not name the cause: {lines[0]}"
    if not out.is_dir():
        return
    names = {path.name for path in out.iterdir() if path.suffix != ".partial"} - {".lock"}
    part, seen = out.with_name("part"), out.with_name("seen")
    part.mkdir()
    shutil.copytree(out, seen, ignore=shutil.ignore_patterns("*.partial"))
    for name in names:
        if (whole / name).is_dir():
            shutil.copytree(whole / name, part / name)
        elif (whole / name).exists():
            shutil.copy(whole / name, part / name)
    yield from (f"under a final name: {line}" for line in differences(part, seen))


def cases(folder: Path) -> dict[str, list[str]]:
    """Command lines: a short clip with everything, pictures one by one."""
    from bodyverb.datasets.synth.demo import render_demo
    from bodyverb.media import VideoWriter, open_source, write_image

    clip, shots = folder / "clip.mp4", folder / "shots"
    with VideoWriter(clip, (320, 180), 15.0) as writer:
        render_demo(writer.write, size=(320, 180), rate_hz=15.0, duration_s=2.0)
    shots.mkdir()
    with open_source(clip, every=10) as media:
        for frame in media:
            write_image(shots / f"{frame.index}.jpg", frame.image)
    return {
        "a clip": [str(clip), "--poses-as", "csv,coco,openpose"],
        "pictures": [str(shots), "--each"],
    }


def main() -> int:
    """Compile, start again with the library in front, try every call, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, help="try every N-th call only")
    parser.add_argument("--source", nargs="*", help="a run's sources and options instead of the usual cases")
    parser.add_argument("--weights", type=Path, help="folder of networks in place of the bundled ones")
    given, options = parser.parse_known_args()
    scratch = os.environ.get("FULL_DISK_FOLDER")
    if scratch is None:  # the folder is this process's, not of the one that forks
        with tempfile.TemporaryDirectory() as folder:
            front = {"LD_PRELOAD": str(compile_library(Path(folder))), "FULL_DISK_FOLDER": folder}
            return subprocess.run([sys.executable, *sys.argv], env=os.environ | front, check=False).returncode
    import bodyverb.infer.catalogue as catalogue
    from bodyverb.pipeline import first_pass

    first_pass.CHECKPOINT_S = 0.05
    if given.weights:
        catalogue.WEIGHTS = given.weights
    bad, known = 0, {"the run": [*given.source, *options]} if given.source else cases(Path(scratch))
    for name, words in known.items():
        folder = Path(scratch) / name.replace(" ", "-")
        folder.mkdir()
        tried: Counter[str] = Counter()
        for way, number, failed, wrong in trials(words, folder, given.every):
            tried[failed] += 1
            bad += bool(wrong)
            for line in wrong:
                print(f"{name}: call {number} ({failed}) fails {way}: {line}", flush=True)
        told = ", ".join(f"{count} {call}" for call, count in sorted(tried.items()))
        print(f"{name}: {sum(tried.values())} calls failed in turn ({told})", flush=True)
    print(f"{bad} of them did not end as they should")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
