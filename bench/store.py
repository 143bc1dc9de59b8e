"""Measure packing NTU text and filling batches from the store, and write it into docs/bench.md.

python bench/store.py              2,000 made files of 120 frames (about 700 MB in a temporary folder)
python bench/store.py --files 200  fewer
python bench/store.py --dry        prints only
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from results import keep
from watch import watched

from bodyverb import datasets
from bodyverb.datasets import _acted, _ntu_missing
from bodyverb.datasets.ntu import CLASSES
from bodyverb.datasets.store._shards import shard_size
from bodyverb.formats import ntu_skeleton

CLIPS, FRAMES, LENGTH, BATCHES = 64, 100, 120, 240
SHAPE = (CLIPS, 1, FRAMES, 25, 3)
CODE = "import sys; from bodyverb.cli.main import main; raise SystemExit(main(sys.argv[1:]))"


def make(folder: Path, count: int) -> None:
    """Files of one person each, with as many digits as those of the sensor; ten motions, copied."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    kinds = []
    for at in range(10):
        world = _acted.acted(CLASSES[5 * at], rng, rate_hz=30.0, seconds=LENGTH / 30, person=at)
        seen = _acted.before_kinect(world, "kinect25").replace(person_ids=("72057594037931101",))
        item = ntu_skeleton.from_sequences({"camera": seen})
        rest = rng.normal(scale=300.0, size=(*item.joints.shape[:2], 8))
        item.joints[..., 3:11] = np.char.mod("%.7g", rest).astype(np.float64)
        kinds.append(folder / f"kind{at}")
        ntu_skeleton.write(kinds[-1], item)
    every = (f"S{s:03d}C{c:03d}P{p:03d}R{r:03d}A{a:03d}" for s in range(1, 18) for c in (1, 2, 3)
             for p in (1, 2, 3) for r in (1, 2) for a in range(1, 61))  # fmt: skip
    names = (name for name in every if name not in _ntu_missing.MISSING)
    for at in range(count):
        shutil.copyfile(kinds[at % len(kinds)], folder / f"{next(names)}.skeleton")
    for path in kinds:
        path.unlink()


def command(root: Path, out: Path, jobs: int) -> list[str]:
    """The pack as it is typed."""
    return [sys.executable, "-c", CODE, "data", "pack", "ntu", str(root), str(out), "--jobs", str(jobs)]


def packing(root: Path, folder: Path, count: int, jobs: int) -> dict[str, Any]:
    """A whole pack; then one that is killed half-way and started again."""
    whole = watched(command(root, folder / "whole", jobs))
    killed = kill_half_way(root, folder / "killed", count, jobs)
    again = watched(command(root, folder / "killed", jobs))
    kept = re.search(r"([\d,]+) of them before", again.said)
    same = all(
        (folder / "whole" / name).read_bytes() == (folder / "killed" / name).read_bytes()
        for name in ("clips.bin", "index.npy", "facts.jsonl")
    )
    return {
        "files": count,
        "megabytes": sum(path.stat().st_size for path in root.iterdir()) / 1e6,
        "store_megabytes": sum(path.stat().st_size for path in (folder / "whole").iterdir()) / 1e6,
        "jobs": jobs,
        "seconds": whole.wall_s,
        "cpu_seconds": whole.cpu_s,
        "peak_mb": whole.peak_bytes / 1e6,
        "seconds_again": again.wall_s,
        "kept": int(kept[1].replace(",", "")) if kept else 0,
        "same": same,
        **killed,
    }


def kill_half_way(root: Path, out: Path, count: int, jobs: int) -> dict[str, Any]:
    """Start a pack and kill it (signal 9) when half of the clips are in finished shards."""
    partial, size = out.with_name(out.name + ".partial"), shard_size(count, jobs)
    run = subprocess.Popen(command(root, out, jobs), stdout=subprocess.DEVNULL)
    while run.poll() is None and len(list(partial.glob("0*.json"))) * size < count / 2:
        time.sleep(0.02)
    children = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.wait()
    gone = not psutil.wait_procs(children, timeout=20)[1]
    shards = [json.loads(path.read_text()) for path in partial.glob("0*.json")]
    under_way = sum(size for path in partial.glob(".*.part"))
    return {
        "done_at_the_kill": sum(len(shard["clips"]) for shard in shards),
        "redone": under_way,
        "jobs_ended_with_it": gone,
    }


Filler = Callable[[np.random.Generator, np.ndarray], object]


def store_filler(path: Path) -> Filler:
    """Batches from the store."""
    store = datasets.open_store(path)
    return lambda rng, out: store.fill(out, store.draw(rng, clips=CLIPS, frames=FRAMES))


def pickle_filler(path: Path) -> Filler:
    """Batches from a list of annotations in memory: a stretch of frames of each, padded with zeros."""
    with path.open("rb") as handle:
        records = pickle.load(handle)["annotations"]

    def fill(rng: np.random.Generator, out: np.ndarray) -> object:
        labels = []
        for at, chosen in enumerate(rng.integers(len(records), size=CLIPS)):
            record = records[chosen]
            first = rng.integers(max(record["total_frames"] - FRAMES, 0) + 1)
            source = record["keypoint"][:1, first : first + FRAMES]
            out[at, :, : source.shape[1]] = source
            out[at, :, source.shape[1] :] = 0
            labels.append(record["label"])
        return labels

    return fill


FILLERS: dict[str, Callable[[Path], Filler]] = {"store": store_filler, "pickle": pickle_filler}


def write_pickle(store: Path, path: Path, kind: str) -> None:
    """The clips of a store as PYSKL holds them."""
    opened = datasets.open_store(store)
    records = [
        {"frame_dir": name, "total_frames": int(row["frames"]), "label": int(row["label"]),
         "keypoint": opened.position(at).astype(kind)}
        for at, (name, row) in enumerate(zip(opened.ids, opened.index, strict=True))
    ]  # fmt: skip
    path.write_bytes(pickle.dumps({"split": {}, "annotations": records}, protocol=4))


def anonymous() -> int:
    """Bytes of memory that belong to this process alone and to no file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def inside(kind: str, path: Path) -> None:
    """Print the anonymous megabytes that opening and some batches add to this process."""
    out, rng = np.ones(SHAPE, np.float32), np.random.default_rng(0)
    before = anonymous()
    fill = FILLERS[kind](path)
    for _ in range(30):
        fill(rng, out)
    print((anonymous() - before) / 1e6)


def memory_of(kind: str, path: Path) -> float:
    """The same, of a fresh process."""
    words = [sys.executable, __file__, "--inside", kind, str(path)]
    return float(subprocess.run(words, capture_output=True, check=True).stdout)


def batches(folder: Path, kind: str) -> dict[str, Any]:
    """Milliseconds of processor time a batch, taking turns, and anonymous memory.

    Args:
        folder: with the store `whole`.
        kind: precision of the pickle.
    """
    path = folder / f"{kind}.pkl"
    write_pickle(folder / "whole", path, kind)
    places = {"store": folder / "whole", "pickle": path}
    fillers = {name: FILLERS[name](place) for name, place in places.items()}
    spent: dict[str, list[float]] = {name: [] for name in fillers}
    out, rng = np.ones(SHAPE, np.float32), np.random.default_rng(0)
    for _ in range(BATCHES):
        for name, fill in fillers.items():
            begin = time.process_time()
            fill(rng, out)
            spent[name].append(1e3 * (time.process_time() - begin))
    ms = {name: statistics.median(values[BATCHES // 8 :]) for name, values in spent.items()}
    mb = {name: memory_of(name, place) for name, place in places.items()}
    path.unlink()
    return {"kind": kind, "ms": ms, "ratio": ms["pickle"] / ms["store"], "anonymous_mb": mb,
            "share": mb["store"] / mb["pickle"]}  # fmt: skip


def main() -> None:
    """Print both tables and put them into docs/bench.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--dry", action="store_true", help="print only")
    parser.add_argument("--inside", nargs=2, metavar=("KIND", "PATH"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        inside(given.inside[0], Path(given.inside[1]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "files", given.files)
        content = {
            "packing": packing(folder / "files", folder, given.files, given.jobs),
            "batches": [batches(folder, kind) for kind in ("float16", "float32")],
        }
    print(keep("store", content, write=not given.dry))


if __name__ == "__main__":
    main()
