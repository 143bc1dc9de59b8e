"""Batches of augmented clips: the package's loader against a straightforward one in numpy, in one run.

python bench/augment.py                         made clips in NTU's form, 25 joints, two people, 100 frames
python bench/augment.py --data nw_ucla --root DATA/nw_ucla --persons 1

Both load, prepare (centre, turn upright; in 2D the box), turn, scale, add noise and mirror, from memory to a
batch of tensors, on one thread. The package's way is what `bodyverb train verbs` does: a packed store,
moments between frames, the batch at once in torch. Where a GPU trains, it augments and prepares too, and the
frames of a batch are all that is left to the processor; so the package's way is timed in three parts. The
other way is `plain_clips.py`, clip after clip. Before they are timed, the preparation of both is compared
without chance. Processor time counts, in turns, with freed memory kept as in a training.
"""

from __future__ import annotations

import argparse
import json
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import where_and_when
from plain_clips import PlainLoader, Record
from torch import Tensor

from bodyverb import datasets
from bodyverb.datasets.store import is_store, pack
from bodyverb.models._streams import StreamConfig, Streams
from bodyverb.train.augment.clips import Augmenter
from bodyverb.train.augment.settings import Affine, Augment, Mirror, Spoil
from bodyverb.train.clips import Clips, gather
from bodyverb.train.lab import Batches
from bodyverb.train.lab_settings import Sampling
from bodyverb.train.memory import keep_freed
from bodyverb.train.recipes import Recipe
from bodyverb.train.sampling import Batch, batch

NUMPY = "numpy, all"
AUGMENT = Augment(
    affine=Affine(yaw_deg=17, tilt_deg=10, scale=0.06, shear=0),
    mirror=Mirror(chance=0.5),
    spoil=Spoil(noise=0.01, offset=0, joints=0, frames=0, chance=0),
    speed=0,
)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="ntu")
    parser.add_argument("--root", help="its files or store; made where none is named")
    parser.add_argument("--clips", type=int, default=192, help="at most so many")
    parser.add_argument("--persons", type=int, default=2)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


def load(given: argparse.Namespace) -> Clips:
    """The clips of a data set, through a packed store."""
    with tempfile.TemporaryDirectory() as folder:
        root = given.root or datasets.make(given.data, Path(folder) / "files", count=given.clips)
        if not is_store(root):
            pack(given.data, root, Path(folder) / "store")
            root = Path(folder) / "store"
        table = datasets.open(given.data, root)
        return gather(table, table.ids[: given.clips], persons=given.persons)


def records(clips: Clips) -> list[Record]:
    """The same clips as a PYSKL file holds them, read back from one: people who are there, 0 = missing."""
    made = []
    for first, frames, label in zip(clips.first, clips.frames, clips.label, strict=True):
        position = np.swapaxes(clips.position[first : first + frames], 0, 1)
        people = np.isfinite(position).any(axis=(1, 2, 3))
        keypoint = np.nan_to_num(position[people], nan=0.0)
        made.append({"keypoint": keypoint, "total_frames": int(frames), "label": int(label)})
    content: list[Record] = pickle.loads(pickle.dumps(made))
    return content


def ours(clips: Clips, given: argparse.Namespace) -> dict[str, Callable[[int], object]]:
    """What is done to a batch -> epoch number to its first batch; each with all that stands before it."""
    recipe = Recipe(batch=given.batch, sampling=Sampling(steps=given.frames, crop=1.0), augment=AUGMENT)
    batches, augment = Batches(clips, recipe), Augmenter(AUGMENT, clips.skeleton)
    prepare = preparation(clips)

    def load_one(epoch: int) -> Batch:
        return next(iter(batches(epoch)))

    def changed(epoch: int) -> tuple[Tensor, ...]:
        made = load_one(epoch)
        seed = int(made["seed"][0])
        return augment(made["position"], made["score"], made["seconds"], seed)[:3]

    def prepared(epoch: int) -> Tensor:
        position, score, _ = changed(epoch)
        return prepare(position, score)[0]

    return {"frames of a batch": load_one, "and augmentation": changed, "and preparation": prepared}


def preparation(clips: Clips) -> Streams:
    """What the first layer of a network does to positions; without the unit of bones, as the published."""
    return Streams(clips.skeleton, StreamConfig(view="full", scale=False, mask=False), clips.dims)


def apart(clips: Clips, plain: PlainLoader) -> float:
    """Largest difference between both preparations at the same frames, in units of the largest value."""
    rows = np.arange(len(clips))
    at = np.stack([np.linspace(0, count - 1, plain.frames).round() for count in clips.frames])
    made = batch(clips, rows, at)
    one = preparation(clips)(made["position"], made["score"])[0].numpy()
    cut = [
        record | {"keypoint": record["keypoint"][:, some.astype(int)]}
        for record, some in zip(plain.records, at, strict=True)
    ]
    other = np.stack([plain.padded(plain.prepared(record, None)) for record in cut])
    if one.shape != other.shape:
        raise SystemExit(f"Expected one shape of both loaders, got {one.shape} and {other.shape}")
    return float(np.abs(one - other).max() / np.abs(other).max())


def spent(call: Callable[[], object]) -> float:
    """Processor seconds of a call; there is one thread."""
    begin = time.process_time()
    call()
    return time.process_time() - begin


def measure(clips: Clips, given: argparse.Namespace) -> dict[str, Any]:
    """Compare and time both."""
    plain = PlainLoader(
        records=records(clips), skeleton=clips.skeleton, frames=given.frames, persons=given.persons
    )
    rng, size = np.random.default_rng(0), min(given.batch, len(clips))
    ways: dict[str, Callable[[int], object]] = {
        NUMPY: lambda turn: plain(rng.integers(len(clips), size=size), rng),
        f"{NUMPY} but preparation": lambda turn: bare(rng.integers(len(clips), size=size), rng),
        **ours(clips, given),
    }
    bare = replace(plain, normalise=False)
    difference = apart(clips, plain)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(given.rounds + 1):
        for name, way in ways.items():
            seconds = spent(partial(way, turn))
            taken[name] += [seconds] if turn else []
    speed = {name: size / statistics.median(times) for name, times in taken.items()}
    return {
        "clips": len(clips),
        "mean_frames": float(clips.frames.mean()),
        "joints": len(clips.skeleton),
        "dims": clips.dims,
        "largest_difference": difference,
        "clips_per_s": speed,
        "times": {name: one / speed[NUMPY] for name, one in speed.items()},
    }


def main() -> int:
    """Measure and print."""
    given = parse()
    torch.set_num_threads(1)
    keep_freed()
    with torch.inference_mode():
        content = measure(load(given), given)
    print(json.dumps({"made": where_and_when(), "input": vars(given), **content}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
