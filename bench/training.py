"""A training step of ST-GCN++: the package's against a straightforward one, on the CPU, in one run.

python bench/training.py                    batch 8, two people, 100 frames, 25 joints, one thread
python bench/training.py --batch 16 --threads 2 --rounds 7

Forward, cross-entropy, backward, stochastic gradient descent. The ways take turns; the median round counts.
The package's step is what `bodyverb train` runs: bfloat16 autocast, channels last, preparation inside.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from machine import where_and_when
from plain import PlainStGcnPP
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb import skeletons
from bodyverb.models import stgcnpp
from bodyverb.models._graph import spatial

BASE = "straightforward, float32"


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layout", default="kinect25")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--persons", type=int, default=2)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def step_of(network: nn.Module, inputs: tuple[Tensor, ...], label: Tensor, half: bool) -> Callable[[], None]:
    """One training step, ready to call."""
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = F.cross_entropy(network(*inputs).float(), label)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def ways(given: argparse.Namespace) -> dict[str, Callable[[], None]]:
    """The steps to compare, by name."""
    skeleton = skeletons.get(given.layout)
    shape = given.batch, given.persons, given.frames, len(skeleton), 3
    position = torch.randn(shape, generator=torch.Generator().manual_seed(0)).cumsum(dim=2)
    clips = position, torch.ones(shape[:-1]), torch.zeros(given.batch, given.frames)
    label = torch.arange(given.batch) % 60
    config = stgcnpp.Config(mask=False)

    def ours(half: bool) -> Callable[[], None]:
        network = stgcnpp.build(config, skeleton, 60, dims=3, persons=given.persons)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return step_of(network.train(), clips, label, half)

    def plain(half: bool) -> Callable[[], None]:
        network = PlainStGcnPP(torch.from_numpy(spatial(skeleton)), 3, 60).train()
        return step_of(network, (position,), label, half)

    return {
        BASE: plain(False),
        "straightforward, bfloat16": plain(True),
        "bodyverb, float32": ours(False),
        "bodyverb, bfloat16 (as trained)": ours(True),
    }


def main() -> int:
    """Measure and print."""
    given = parse()
    torch.set_num_threads(given.threads)
    steps = ways(given)
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(given.rounds + 1):
        for name, step in steps.items():
            begin = time.perf_counter(), time.process_time()
            step()
            spent = time.perf_counter() - begin[0], time.process_time() - begin[1]
            if number:
                taken[name].append(spent)
    rows = {}
    for name, each in taken.items():
        wall, cpu = (statistics.median(one[kind] for one in each) for kind in (0, 1))
        rows[name] = {"clips_per_s": given.batch / wall, "clips_per_cpu_s": given.batch / cpu}
    for row in rows.values():
        row["times"] = row["clips_per_s"] / rows[BASE]["clips_per_s"]
        row["times_cpu"] = row["clips_per_cpu_s"] / rows[BASE]["clips_per_cpu_s"]
    print(json.dumps({"made": where_and_when(), "input": vars(given), "rows": rows}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
