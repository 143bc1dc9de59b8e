"""Measure how fast skeleton text is read, beside reading it line by line, and write it into docs/bench.md.

python bench/readers.py          the real files of $BODYVERB_DATA, or made ones where they are absent
python bench/readers.py --dry    prints only
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from results import keep

from bodyverb.formats import ntu_skeleton, pku_text

SECONDS = 1.0  # of processor time a reader and turn
Reader = Callable[[Path], object]


def every_field(path: Path) -> object:
    """All 310 fields of every body, exactly."""
    return ntu_skeleton.read(path)


def camera_poses(path: Path) -> object:
    """The same, and from them the 3D poses."""
    return ntu_skeleton.read(path).sequences(("camera",))


def xyz_to_array(path: Path) -> object:
    """Line by line, three floats of each joint into an array a body."""
    bodies = []
    with path.open() as lines:
        for _ in range(int(next(lines))):
            for _ in range(int(next(lines))):
                next(lines)
                joints = np.zeros((int(next(lines)), 3), np.float32)
                for joint in joints:
                    joint[:] = [float(word) for word in next(lines).split()[:3]]
                bodies.append(joints)
    return bodies


def xyz_by_numpy(path: Path) -> object:
    """The same with the three words given to numpy, as PYSKL does."""
    bodies = []
    with path.open() as lines:
        for _ in range(int(next(lines))):
            for _ in range(int(next(lines))):
                next(lines)
                joints = np.zeros((int(next(lines)), 3), np.float32)
                for joint in joints:
                    joint[:] = np.array(next(lines).split()[:3], dtype=np.float32)
                bodies.append(joints)
    return bodies


def xyz_to_lists(path: Path) -> object:
    """Line by line, three floats of each joint as a tuple: about the least that Python can do."""
    bodies = []
    with path.open() as lines:
        for _ in range(int(next(lines))):
            for _ in range(int(next(lines))):
                next(lines)
                joints = []
                for _ in range(int(next(lines))):
                    x, y, z, _ = next(lines).split(None, 3)
                    joints.append((float(x), float(y), float(z)))
                bodies.append(joints)
    return bodies


NTU: tuple[tuple[str, Reader], ...] = (
    ("bodyverb, all 310 fields of a body", every_field),
    ("bodyverb, and the 3D poses", camera_poses),
    ("line by line, only x y z, by numpy", xyz_by_numpy),
    ("line by line, only x y z, floats into an array", xyz_to_array),
    ("line by line, only x y z, tuples of floats", xyz_to_lists),
)
PKU: tuple[tuple[str, Reader], ...] = (
    ("bodyverb, numbers", pku_text.read_array),
    ("bodyverb, poses", pku_text.read),
    ("numpy.loadtxt", np.loadtxt),
)


def files(folder: Path) -> tuple[list[Path], list[Path], str]:
    """Paths of NTU and PKU files, the latter unpacked into `folder`, and what they are."""
    root = Path(os.environ.get("BODYVERB_DATA", ""))
    archive = root / "pku_mmd" / "raw_text_examples.tar.xz"
    ntu = sorted((root / "ntu").glob("*.skeleton"))
    if not ntu or not archive.is_file():
        return *made_files(folder), "made files"
    with tarfile.open(archive) as members:
        for member in members:
            if member.isfile():
                (folder / Path(member.name).name).write_bytes(members.extractfile(member).read())  # type: ignore[union-attr]
    return ntu, sorted(folder.glob("*.txt")), "real files"


def made_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Files of random numbers with as many digits as those of the sensor."""
    rng = np.random.default_rng(0)
    scale = np.array([1, 1, 3, 500, 400, 1900, 1000, 1, 1, 1, 1, 1])
    for number in range(4):
        joints = rng.normal(size=(100, 25, 12)) * scale
        joints[..., 11] = 2
        digits = np.char.mod("%.7g", joints).astype(np.float64)
        item = ntu_skeleton.NtuSkeleton(
            bodies=np.ones(100, np.uint8),
            ids=("72057594037931101",) * 100,
            body=np.ones((100, 9)),
            joints=digits,
        )
        ntu_skeleton.write(folder / f"made{number}.skeleton", item)
    np.savetxt(folder / "made.txt", rng.normal(size=(1500, 150)), "%.6f")
    return sorted(folder.glob("*.skeleton")), [folder / "made.txt"]


def rate(reader: Reader, paths: list[Path]) -> float:
    """Megabytes in a second of processor time, file by file the fastest of many readings."""
    fastest = dict.fromkeys(paths, float("inf"))
    begin = time.process_time()
    while time.process_time() - begin < SECONDS:
        for path in paths:
            reader(path)  # what ran before is out of the caches
            start = time.process_time()
            reader(path)
            fastest[path] = min(fastest[path], time.process_time() - start)
    return sum(path.stat().st_size for path in paths) / 1e6 / sum(fastest.values())


def measure(readers: tuple[tuple[str, Reader], ...], paths: list[Path], turns: int) -> list[dict[str, Any]]:
    """Every reader in turns; its rate and by how much the first one is faster, turn by turn."""
    rates = [[rate(reader, paths) for _, reader in readers] for _ in range(turns)]
    return [
        {
            "reader": name,
            "mb_s": statistics.median(turn[at] for turn in rates),
            "times": statistics.median(turn[0] / turn[at] for turn in rates),
            "times_lowest": min(turn[0] / turn[at] for turn in rates),
            "times_highest": max(turn[0] / turn[at] for turn in rates),
        }
        for at, (name, _) in enumerate(readers)
    ]


def _read_all(paths: list[Path]) -> float:
    begin = time.process_time()
    for path in paths:
        ntu_skeleton.read(path)
    return time.process_time() - begin


def scaling(paths: list[Path], rounds: int) -> list[dict[str, float]]:
    """Megabytes a second with one process, two, ... up to all cores.

    By the clock, which other work on the machine slows; and of a core's processor time, which would fall if
    the processes hindered each other.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    size = sum(path.stat().st_size for path in paths) * rounds / 1e6
    rows = []
    for number in range(1, cores + 1):
        with multiprocessing.get_context("spawn").Pool(number) as pool:
            pool.map(_read_all, [paths] * number, chunksize=1)
            begin = time.perf_counter()
            spent = sum(pool.map(_read_all, [paths] * rounds, chunksize=max(1, rounds // number // 4)))
            wall = time.perf_counter() - begin
            rows.append({"processes": number, "mb_s": size / wall, "mb_s_core": size / spent})
    return rows


def main() -> None:
    """Print the table and put it into docs/bench.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="times that each reader has its turn")
    parser.add_argument("--dry", action="store_true", help="print only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ntu, pku, what = files(Path(folder))
        content = {
            "what": what,
            "turns": given.turns,
            "ntu": measure(NTU, ntu, given.turns),
            "pku": measure(PKU, pku, given.turns),
            "scaling": scaling(ntu, 400),
        }
    print(keep("readers", content, write=not given.dry))


if __name__ == "__main__":
    main()
