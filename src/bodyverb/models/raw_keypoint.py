"""raw-keypoint: 3D convolutions over the bare coordinates of 2D joints, no heatmaps.

After a student project on PoseConv3D (Duan et al., CVPR 2022) that fed C3D (Tran et al., ICCV 2015) with the
coordinates themselves, which is 23 times cheaper, and that never learned. The sizes are the published ones:
base 64, kernel 3 x 2 x 2, 18 to 22 M parameters and 0.64 to 0.69 G multiply-adds for 32 frames of two people
with 17 joints; what stands between these numbers is ours. It learns because the box round the clip goes to
[-1, 1], missing joints are told apart by a mask, people have an order, and the logits are logits.

It computes X <- ReLU(norm(conv 3x2x2(X))) once a stage, twice in the last, over time and one of two planes:

- `jfpd`: joints are channels, the plane is person x coordinate;
- `pjfd`: people are channels, the plane is joint x coordinate.

A maximum over 3 x 3 cells of the plane follows the first stage, one over all that is left the second. The
time is never shortened.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bodyverb.core import InputError, Skeleton
from bodyverb.models._keypoints import in_order
from bodyverb.models._streams import Box, check_fit, masked

CARD = {
    "name": "raw-keypoint",
    "task": "verbs",
    "paper": "a student variant of Duan et al., Revisiting Skeleton-based Action Recognition (CVPR 2022); "
    "C3D: Tran et al. (ICCV 2015)",
    "input": "position (batch, person, time, joint, 2) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class)",
    "dims": (2,),
    "persons": (1, 2),
    "streams": (),
}

LAYOUTS = ("jfpd", "pjfd")
"""Channels, frames, then the plane: j joints, f frames, p people, d coordinates."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network and what it sees."""

    layout: str = "jfpd"
    """jfpd: joints are channels; pjfd: people are."""
    mask: bool = True
    """As many channels again that tell what is there; the original has none."""
    width: int = 64
    """Channels of the first stage; each further stage doubles them."""
    convolutions: tuple[int, ...] = (1, 1, 1, 1, 2)
    """Convolutions of each stage; the original calls the first one a stem."""
    dropout: float = 0.5
    """Dropout before the last layer."""


SMALL = Config(width=8, convolutions=(1, 1, 1), dropout=0.0)
"""Small enough to try things out."""


def build(
    config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1
) -> RawKeypoint:
    """Build the network for one joint layout.

    Args:
        config: sizes and the order of the axes.
        skeleton: layout of the input joints; only their number matters.
        n_classes: number of verbs.
        dims: 2.
        persons: people of a clip; one who is absent is zeros, in the mask too.

    Raises:
        InputError: layout, dims or persons are unknown.
    """
    check_fit(CARD, dims, persons)
    if config.layout not in LAYOUTS:
        raise InputError(
            f"Expected a tensor layout of {', '.join(LAYOUTS)}, got '{config.layout}'; choose one"
        )
    return RawKeypoint(config, len(skeleton), n_classes, persons)


class RawKeypoint(nn.Module):
    """The network; see the module docstring."""

    def __init__(self, config: Config, joints: int, n_classes: int, persons: int) -> None:
        super().__init__()
        self.config, self.persons = config, persons
        self.box = Box()
        first, plane = (joints, [persons, 2]) if config.layout == "jfpd" else (persons, [joints, 2])
        self.trunk, outputs = trunk(config, first * (1 + config.mask), plane)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(outputs, n_classes)

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            position: (batch, person, time, joint, 2), any unit, NaN = missing.
            score: (batch, person, time, joint); 0 or NaN = missing.
            seconds: (batch, time); unused, frames are taken as evenly spaced.

        Returns:
            logits (batch, class).
        """
        x = self.trunk(self.tensor(position, score))
        return self.classes(self.dropout(x.float().mean(dim=(2, 3, 4))))

    def tensor(self, position: Tensor, score: Tensor) -> Tensor:
        """The clip as (batch, channel, time, plane), see `LAYOUTS`; the mask's channels come last."""
        position, there = in_order(*masked(position, score), self.persons)
        place = self.box(position, there)
        parts = [place, there.expand_as(place)] if self.config.mask else [place]
        if self.config.layout == "jfpd":
            parts = [part.transpose(1, 3) for part in parts]
        return torch.cat(parts, dim=1)


def trunk(config: Config, inputs: int, plane: list[int]) -> tuple[nn.Module, int]:
    """The convolutions over a plane of so many cells, and the number of their output channels."""
    outputs = config.width
    parts: list[nn.Module] = []
    for stage, count in enumerate(config.convolutions):
        if stage in (1, 2) and plane != [1, 1]:
            step = [min(side, 3) for side in plane] if stage == 1 else plane
            parts.append(nn.MaxPool3d((1, *step), ceil_mode=True))
            plane = [-(-side // by) for side, by in zip(plane, step, strict=True)]
        for _ in range(count):
            parts += [conv3d(inputs, outputs), nn.ReLU()]
            inputs = outputs
        outputs *= 2
    return nn.Sequential(*parts), inputs


def conv3d(inputs: int, outputs: int) -> nn.Sequential:
    """Convolution over 3 frames and 2 x 2 cells of the plane that keeps the size, and batch norm."""
    pad = nn.ConstantPad3d((0, 1, 0, 1, 1, 1), 0.0)
    conv = nn.Conv3d(inputs, outputs, (3, 2, 2), bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(pad, conv, nn.BatchNorm3d(outputs))
