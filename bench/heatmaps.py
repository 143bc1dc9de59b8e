"""Clips of joint heatmaps: in the network for a batch, against one clip after the other in numpy, in one run.

python bench/heatmaps.py                   32 clips of 48 frames, 17 joints, 56 x 56 cells, one thread
python bench/heatmaps.py --fresh            without what `bodyverb train` asks of the C library
python bench/heatmaps.py --device cuda

The numpy way is what loaders do: for each frame, person and joint the patch of three sigma round its place,
the maximum of people. Both ways start from positions in px and are compared before they are timed. Processor
time counts, or the clock's on another device.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from machine import where_and_when

from bodyverb import skeletons
from bodyverb.models._heatmaps import HeatmapConfig, Heatmaps
from bodyverb.train.memory import keep_freed


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--persons", type=int, default=1)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--size", type=int, default=56)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--fresh", action="store_true", help="hand freed memory back, as C libraries do")
    return parser.parse_args()


def drawn(position: np.ndarray, score: np.ndarray, config: HeatmapConfig) -> np.ndarray:
    """(joint, time, size, size) float32 of one clip (person, time, joint, 2), patch by patch."""
    low, high = position.min(axis=(0, 1, 2)), position.max(axis=(0, 1, 2))
    size, sigma = config.size, config.sigma
    cells = (position - (low + high) / 2) / ((high - low).max() * (1 + config.room)) * size + size / 2 - 0.5
    maps = np.zeros((position.shape[2], position.shape[1], size, size), np.float32)
    for person, frame, joint in np.ndindex(position.shape[:3]):
        x, y = cells[person, frame, joint]
        left, right = max(int(x - 3 * sigma), 0), min(int(x + 3 * sigma) + 2, size)
        top, bottom = max(int(y - 3 * sigma), 0), min(int(y + 3 * sigma) + 2, size)
        across = np.arange(left, right, dtype=np.float32)
        down = np.arange(top, bottom, dtype=np.float32)[:, None]
        patch = np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * sigma**2))
        part = maps[joint, frame, top:bottom, left:right]
        np.maximum(part, score[person, frame, joint] * patch, out=part)
    return maps


def seconds(call: Callable[[], object], clock: Callable[[], float]) -> float:
    """Time of a call."""
    begin = clock()
    call()
    return clock() - begin


def main() -> int:
    """Compare, measure, print."""
    given = parse()
    kept = not given.fresh and keep_freed()
    torch.set_num_threads(given.threads)
    rng, config = np.random.default_rng(0), HeatmapConfig(size=given.size)
    shape = given.clips, given.persons, given.frames, 17, 2
    position = (300 + 60 * rng.normal(size=shape)).astype(np.float32)
    score = rng.uniform(0.3, 1, shape[:-1]).astype(np.float32)
    network = Heatmaps(skeletons.get("coco17"), config).to(given.device)
    inputs = torch.from_numpy(position).to(given.device), torch.from_numpy(score).to(given.device)

    def batch() -> torch.Tensor:
        with torch.inference_mode():
            maps = network(*inputs)
        if given.device != "cpu":
            torch.cuda.synchronize()
        return maps

    def samples() -> list[np.ndarray]:
        return [drawn(p, s, config) for p, s in zip(position, score, strict=True)]

    apart = float(np.abs(np.stack(samples()) - batch().cpu().numpy()).max())
    clock = time.process_time if given.device == "cpu" else time.perf_counter
    taken = [(seconds(samples, clock), seconds(batch, clock)) for _ in range(given.rounds)]
    one, many = (given.clips / statistics.median(times) for times in zip(*taken, strict=True))
    content = {
        "freed_memory_kept": kept,
        "numpy_clips_per_s": one,
        "bodyverb_clips_per_s": many,
        "times": many / one,
    }
    print(
        json.dumps(
            {
                "made": where_and_when(),
                "input": vars(given),
                "largest_difference": apart,
                **content,
            },
            indent=1,
        )
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
