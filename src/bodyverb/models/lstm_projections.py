"""lstm-projections: memories that look at the body in 3D and at its shadows on three planes, summed.

After the pose2action project: each view of the body - 3D, and its projections on the planes XY (from the
front), YZ (from the side) and ZX (from above) - has its own branch: stacked long short-term memories, the
last step, and a convolution of three over its features. The branches are summed and classified. Every frame
stands by itself: the thorax is its origin, the torso its unit. The state starts at zero for every clip and
person, and logits are logits: the original put a softmax before its cross-entropy.

The planes are those of the body where `view` turns the clip (the leading person's shoulders along x in its
first frame), those of the camera with `view=none`. Published: `view=none`, `mask=false`, `dropout=0`; then
16 joints and 8 classes make 869,400 parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from bodyverb.core import InputError, Skeleton
from bodyverb.models._blocks import over_people
from bodyverb.models._frames import Memory, Standard, Torso, at_last, somebody
from bodyverb.models._streams import StreamConfig, Streams, check_fit
from bodyverb.models.lstm import check_layers

CARD = {
    "name": "lstm-projections",
    "task": "verbs",
    "paper": "the pose2action project (two-layer memories on 3D poses and their projections); memories after "
    "Hochreiter and Schmidhuber (Neural Computation 1997)",
    "input": "position (batch, person, time, joint, 3) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class)",
    "dims": (3,),
    "persons": (1, 2),
    "streams": (),
}
AXES = {"3d": (0, 1, 2), "xy": (0, 1), "yz": (1, 2), "zx": (2, 0)}
"""Branch -> the axes that it sees."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network and what it sees."""

    branches: tuple[str, ...] = ("3d", "xy", "yz", "zx")
    """What is looked at: any of 3d, xy, yz and zx; one alone with a comma, `branches=xy,`."""
    view: Literal["none", "yaw", "full"] = "yaw"
    """Turn the clip about the vertical until the shoulders lie along x; `full` puts the spine upright too;
    `none` keeps the camera's axes, as published."""
    mask: bool = True
    """A further input channel: 1 where the joint is there. The published network has none."""
    hidden: int = 128
    """Cells of a layer."""
    layers: int = 2
    """Layers of a branch."""
    dropout: float = 0.3
    """Dropout between the layers and before the last one."""


SMALL = Config(hidden=16, dropout=0.0)
"""Small enough to try things out."""


def build(
    config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 3, persons: int = 1
) -> LstmProjections:
    """Build the network for one joint layout.

    Args:
        config: sizes and branches.
        skeleton: layout of the input joints.
        n_classes: number of verbs.
        dims: 3.
        persons: people of a clip; the mean over those who are there is classified.

    Raises:
        InputError: dims, persons or branches are none of those above, or there is no layer.
    """
    check_fit(CARD, dims, persons)
    check_layers(config.layers)
    known, got = set(config.branches), ", ".join(config.branches)
    if not known or not known <= set(AXES) or len(known) < len(config.branches):
        raise InputError(f"Expected branches of {', '.join(AXES)}, each once, got '{got}'; correct them")
    return LstmProjections(config, skeleton, n_classes)


class Branch(nn.Module):
    """Joints seen along some axes -> features of a clip."""

    channels: Tensor

    def __init__(self, config: Config, joints: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("channels", torch.tensor(channels), persistent=False)
        self.norm = Standard(joints * len(channels))
        self.memory = Memory(joints * len(channels), config.hidden, config.layers, config.dropout)
        self.smooth = nn.Conv1d(1, 1, 3, padding=1)
        nn.init.dirac_(self.smooth.weight)

    def forward(self, channels: Tensor, there: Tensor) -> Tensor:
        """Map (n, time, joint, channel), people `there` (n, time), to (n, hidden)."""
        seen = self.norm(channels.index_select(3, self.channels).flatten(2), there)
        smoothed: Tensor = self.smooth(at_last(self.memory(seen), there)[:, None])
        return smoothed[:, 0]


class LstmProjections(nn.Module):
    """The network; see the module docstring."""

    def __init__(self, config: Config, skeleton: Skeleton, n_classes: int) -> None:
        super().__init__()
        self.config = config
        self.streams = Streams(skeleton, StreamConfig(mask=config.mask), 3)
        self.streams.normalise = Torso(skeleton, 3, config.view)
        mask = (3,) if config.mask else ()
        self.branches = nn.ModuleList(
            Branch(config, len(skeleton), AXES[name] + mask) for name in config.branches
        )
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(config.hidden, n_classes)

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            position: (batch, person, time, joint, 3), NaN = missing; y up. Frames without anybody at the end
                are padding.
            score: (batch, person, time, joint); 0 or NaN = missing.
            seconds: (batch, time); unused, frames are taken as evenly spaced.

        Returns:
            logits (batch, class).
        """
        channels, present = self.streams(position, score)
        people, there = channels.flatten(0, 1), somebody(position, score)
        parts = [branch(people, there) for branch in self.branches]
        features = sum(parts[1:], parts[0]).float()
        return self.classes(self.dropout(over_people(features, present)))
