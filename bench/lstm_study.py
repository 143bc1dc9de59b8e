"""Which projections of a body carry its verb, and what two mistakes of an earlier network cost.

python bench/lstm_study.py --out RUNS            trains what is not in RUNS yet, then writes the tables
python bench/lstm_study.py --out RUNS --only utd_mhad --seeds 0

The network is lstm-projections; the recipe is the default one with fewer moments and epochs, twice its rate
and a shorter average of weights. Nothing is selected: the last epoch counts. The mistakes, as options of this
file alone: a softmax before the cross-entropy, and a memory that goes on from where the clip before it in the
same row of the batch ended, in training and in evaluation. $BODYVERB_DATA names the data.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from clips import needed_root
from torch import Tensor, nn

from bodyverb.models._frames import Memory
from bodyverb.train import lab, runs
from bodyverb.train.lab_settings import DataSettings
from bodyverb.train.recipes import recipe

PAGE = Path(__file__).parent.parent / "docs" / "experiments.d" / "lstm.md"
EPOCHS = {"utd_mhad": 30, "nw_ucla": 12}
TITLES = {"utd_mhad": "UTD-MHAD", "nw_ucla": "NW-UCLA"}
STEPS = 24
SINGLE = ("3d", "xy", "yz", "zx")
MORE = ("xy+yz", "yz+zx", "zx+xy", "xy+yz+zx")
ALL = "+".join(SINGLE)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is trained."""

    branches: str
    view: str = "yaw"
    mistake: str = ""

    @property
    def name(self) -> str:
        """For folders."""
        return "-".join(filter(None, (self.branches, self.view, self.mistake)))


MAIN = tuple(Kind(branches=one) for one in (*SINGLE, ALL))
MISTAKES = tuple(Kind(branches="3d", mistake=one) for one in ("softmax", "carried"))
CAMERA = tuple(Kind(branches=one, view="none") for one in (*SINGLE, ALL))
SUBSETS = tuple(Kind(branches=one) for one in MORE)


class Softmax(nn.Module):
    """A network whose answer is its probabilities, where logits are meant."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """As the network."""
        return self.network(position, score, seconds).softmax(dim=1)


class Carried(Memory):
    """A memory that goes on from where each row's last clip ended."""

    state: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """As `Memory`; the padding of a clip has been seen too."""
        state = self.state
        if state is not None and state[0].shape[1] != len(x):
            state = None if state[0].shape[1] < len(x) else tuple(one[:, : len(x)] for one in state)
        steps, after = nn.LSTM.forward(self, x, state and tuple(one.contiguous() for one in state))
        self.state = tuple(one.detach() for one in after)
        return steps


def wrong(build: Any, mistake: str) -> Any:
    """`build` with a mistake in what it returns."""

    def made(task: Any) -> nn.Module:
        network = build(task)
        if mistake == "carried":
            for part in network.modules():
                if isinstance(part, Memory):
                    part.__class__ = Carried
        return Softmax(network) if mistake == "softmax" else network

    return made


def train(root: Path, out: Path, kind: Kind, seed: int) -> None:
    """One run, where it is not there; one that was stopped goes on."""
    run = out / f"{root.name}-{kind.name}-{seed}"
    if (run / "result.json").is_file():
        return
    base = recipe("small")
    loop = replace(
        base.loop, epochs=EPOCHS[root.name], seed=seed, threads=1, validate_every=EPOCHS[root.name],
        resume=(run / "last.pt").is_file(),
    )  # fmt: skip
    optim = replace(base.optim, lr=2 * base.optim.lr, ema=0.97)
    sampling = replace(base.sampling, steps=STEPS)
    settings = lab.LabSettings(
        data=DataSettings(data=root.name, root=root),
        model="lstm-projections",
        network={"branches": tuple(kind.branches.split("+")), "view": kind.view},
        recipe=replace(base, loop=loop, sampling=sampling, optim=optim),
    )
    print(run.name, file=sys.stderr, flush=True)
    with ExitStack() as stack:
        for place in (lab, runs):
            stack.enter_context(patch.object(place, "build", wrong(runs.build, kind.mistake)))
        lab.train(settings, run, say=lambda line: None)


def write(out: Path) -> None:
    """The tables between the page's marks."""
    found = {path.parent.name: json.loads(path.read_text()) for path in out.glob("*/result.json")}
    head = " | ".join(f"{one}, seeds | mean" for one in TITLES.values()) + " |"
    lines = ["| branches | planes of | " + head]
    lines.append("|---|---|" + "---|---:|" * len(TITLES))
    rows = [(kind, "body" if kind.view == "yaw" else "camera") for kind in (*MAIN, *SUBSETS, *CAMERA)]
    lines += _rows(found, rows)
    lines += ["", "| mistake, 3D alone | | " + head, lines[1]]
    rows = [(MAIN[0], "none"), *((kind, kind.mistake) for kind in MISTAKES)]
    lines += _rows(found, rows)
    text = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- study -->\n", "<!-- end of study -->"
    before, rest = text.split(begin, 1)
    PAGE.write_text(before + begin + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1], encoding="utf-8")


def _rows(found: dict[str, Any], kinds: list[tuple[Kind, str]]) -> list[str]:
    """A line for each kind that was trained on any set."""
    lines = []
    for kind, words in kinds:
        cells = []
        for name in TITLES:
            own = [found[key] for key in sorted(found) if key.startswith(f"{name}-{kind.name}-")
                   and key.removeprefix(f"{name}-{kind.name}-").isdigit()]  # fmt: skip
            right = [row["scores"]["test last"]["top_1"] for row in own]
            cells.append(", ".join(f"{one:.1%}" for one in right))
            cells.append(f"{statistics.mean(right):.1%}" if right else "")
        if any(cells):
            lines.append(f"| {kind.branches.replace('+', ' + ')} | {words} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    """Train, then write."""
    root = needed_root()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--only", nargs="+", choices=TITLES, default=list(TITLES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    given = parser.parse_args()
    torch.set_num_threads(1)
    some = (*MAIN[:-1], *MISTAKES, MAIN[-1])
    for seed, name in ((seed, name) for seed in given.seeds for name in given.only):
        for kind in (*some, *CAMERA, *SUBSETS) if seed == 0 else some:
            train(root / name, given.out, kind, seed)
    write(given.out)


if __name__ == "__main__":
    main()
