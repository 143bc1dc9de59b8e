"""Why 3D convolutions over bare coordinates never learned: from the original to ours, one thing at a time.

python bench/raw_keypoints.py                  Penn Action, 100 training clips by heart, one thread
python bench/raw_keypoints.py --width 16 --epochs 80

Each row trains the same network (raw-keypoint, narrower) on the same 100 clips, taken evenly from the
training part, and says how many of them it names right, and how many of clips it never saw. The defects
live here, not in the network: mean squared error on the softmax, SGD at 0.005, coordinates as shares of the
picture with missing joints at its corner, and convolution over the axes of people, joints and coordinates.
$BODYVERB_DATA names the data.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from clips import needed_root
from machine import where_and_when
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.models import raw_keypoint
from bodyverb.models._keypoints import in_order
from bodyverb.models._streams import masked
from bodyverb.train.clips import Clips
from bodyverb.train.lab_data import load_parts, open_table
from bodyverb.train.lab_settings import DataSettings, Sampling
from bodyverb.train.sampling import batch, moments

SAMPLING = Sampling(steps=32, crop=1.0, jitter=0.0)


@dataclass(frozen=True)
class Case:
    """One row; all true is nobody's: raw-keypoint keeps the planes."""

    entropy: bool
    """Cross-entropy of logits, not mean squared error on the softmax."""
    adamw: bool
    """AdamW at 0.002 with a cosine, not SGD at 0.005."""
    centred: bool
    """The box of the clip to [-1, 1] and a mask, not shares of the picture."""
    flat: bool
    """People, joints and coordinates are channels, convolution runs along time only."""
    layout: str = "jfpd"
    rate: float = 0.005
    """Of SGD."""


ORIGINAL = Case(entropy=False, adamw=False, centred=False, flat=False)
OURS = Case(entropy=True, adamw=True, centred=True, flat=False)
SWITCHES = {
    "cross-entropy": "entropy",
    "AdamW at 0.002": "adamw",
    "centred, masked": "centred",
    "time only": "flat",
}


def cases() -> dict[str, Case]:
    """Rows by what is written before them."""
    found = {"original, jfpd": ORIGINAL, "original, pjfd": replace(ORIGINAL, layout="pjfd")}
    # The error's slope goes with 1 / classes^2: Penn Action has 15, the original's data 60.
    found["original, jfpd, sloping as with 60 classes"] = replace(ORIGINAL, rate=0.005 * (15 / 60) ** 2)
    for words, switch in SWITCHES.items():
        found[f"original, jfpd, but {words}"] = replace(ORIGINAL, **{switch: True})
    found |= {"ours, jfpd": OURS, "ours, pjfd": replace(OURS, layout="pjfd")}
    for words, switch in SWITCHES.items():
        without = "and" if switch == "flat" else "without"
        found[f"ours, jfpd, {without} {words}"] = replace(OURS, **{switch: switch == "flat"})
    return found


class Network(raw_keypoint.RawKeypoint):
    """raw-keypoint with its defects back."""

    def __init__(self, case: Case, width: int, joints: int, n_classes: int) -> None:
        config = raw_keypoint.Config(layout=case.layout, mask=case.centred, width=width, dropout=0.0)
        super().__init__(config, joints, n_classes, persons=1)
        self.case = case
        if case.flat:
            self.trunk, _ = raw_keypoint.trunk(config, joints * 2 * (1 + config.mask), [1, 1])

    def tensor(self, position: Tensor, score: Tensor) -> Tensor:
        """As raw-keypoint, or as the original."""
        if self.case.centred:
            x = super().tensor(position, score)
        else:
            x, _ = in_order(*masked(position, score), self.persons)
            x = x.transpose(1, 3) if self.case.layout == "jfpd" else x
        return x.permute(0, 1, 3, 4, 2).flatten(1, 3)[..., None, None] if self.case.flat else x


def of_the_picture(clips: Clips, settings: DataSettings) -> Clips:
    """Positions as shares of each clip's picture."""
    table, position = open_table(settings), clips.position.copy()
    for name, first, frames in zip(clips.ids, clips.first, clips.frames, strict=True):
        position[first : first + frames] /= np.asarray(table[name].poses.image_size, np.float32)
    return replace(clips, position=position)


def whole(clips: Clips) -> dict[str, Tensor]:
    """All clips as one batch."""
    rows = np.arange(len(clips))
    return batch(clips, rows, moments(clips, rows, SAMPLING, None))


def train(case: Case, inputs: dict[str, Tensor], given: argparse.Namespace, n_classes: int) -> nn.Module:
    """Learn the clips by heart."""
    torch.manual_seed(given.seed)
    network = Network(case, given.width, inputs["position"].shape[3], n_classes).train()
    weights, steps = network.parameters(), given.epochs * (len(inputs["label"]) // given.batch)
    optimizer: torch.optim.Optimizer = torch.optim.SGD(weights, case.rate, momentum=0.9)
    schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)
    if case.adamw:
        optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.0)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(given.epochs):
        for rows in torch.randperm(len(inputs["label"])).split(given.batch):
            logits = network(*(inputs[name][rows] for name in ("position", "score", "seconds")))
            label = inputs["label"][rows]
            if case.entropy:
                loss = F.cross_entropy(logits, label)
            else:
                loss = F.mse_loss(logits.softmax(dim=1), F.one_hot(label, n_classes).float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def right(network: nn.Module, inputs: dict[str, Tensor]) -> float:
    """Share named right."""
    with torch.inference_mode():
        logits = network(*(inputs[name] for name in ("position", "score", "seconds")))
    return float((logits.argmax(dim=1) == inputs["label"]).float().mean())


def main() -> int:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=100, help="clips learned by heart, and unseen clips")
    parser.add_argument("--width", type=int, default=8, help="of the first stage; 64 is the published size")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="rows whose name holds this")
    given = parser.parse_args()
    root = needed_root()
    torch.set_num_threads(1)
    settings = DataSettings(data="penn_action", root=root / "penn_action")
    parts = load_parts(settings)
    few = [
        part.select(np.linspace(0, len(part) - 1, given.clips).round()) for part in (parts.train, parts.test)
    ]
    inputs = {True: [whole(part) for part in few]}
    inputs[False] = [whole(of_the_picture(part, settings)) for part in few]
    print(json.dumps({"made": where_and_when(), "settings": vars(given)}, indent=1))
    print("| what | by heart | never seen | s |\n|---|---:|---:|---:|")
    for name, case in cases().items():
        if given.only in name:
            seen, unseen = inputs[case.centred]
            begin = time.process_time()
            network = train(case, seen, given, len(parts.train.classes))
            spent = time.process_time() - begin
            print(
                f"| {name} | {right(network, seen):.0%} | {right(network, unseen):.0%} | {spent:.0f} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
