"""finder: a whole frame to person centres and box sides (an anchor-free detector).

Each cell of a 1/8-resolution map says whether a person's box is centred there (Zhou et al., "Objects as
Points",
2019) and how far its four sides are (Tian et al., FCOS, ICCV 2019). The first stages have the shapes of
pose-lite's,
so that its weights can start the training.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models.pose_lite import Residual, conv_norm_relu, normalise

CARD = {
    "name": "finder",
    "task": "detect",
    "paper": "own design after Objects as Points (Zhou et al. 2019) and FCOS (Tian et al., ICCV 2019)",
    "input": "image (batch, h, w, 3) uint8 RGB, h and w multiples of 32",
    "output": "centre probabilities (batch, 1, h/8, w/8) and sides (batch, 4, h/8, w/8): left, up, "
    "right, down in cells",
}

STRIDE = 8


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network."""

    stem: int = 24
    """Channels after the first convolution."""
    widths: tuple[int, ...] = (32, 96, 256, 192)
    """Channels at 1/4, 1/8, 1/16 and 1/32 of the input."""
    blocks: tuple[int, ...] = (1, 2, 2, 1)
    """Residual blocks of each stage."""
    neck: int = 96
    """Channels of the top-down path."""


def build(config: Config, skeleton: Skeleton | None = None, n_classes: int = 1) -> Finder:
    """Build the network; it knows one class, person."""
    return Finder(config)


class Finder(nn.Module):
    """The network; see the module docstring."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.stem = nn.Sequential(
            conv_norm_relu(3, config.stem, stride=2), conv_norm_relu(config.stem, widths[0], stride=2)
        )
        stages, inputs = [], widths[0]
        for level, (width, count) in enumerate(zip(widths, config.blocks, strict=True)):
            first = Residual(inputs, width, 2 if level else 1)
            stages.append(nn.Sequential(first, *(Residual(width, width) for _ in range(count - 1))))
            inputs = width
        self.stages = nn.ModuleList(stages)
        self.laterals = nn.ModuleList(nn.Conv2d(width, config.neck, 1) for width in widths[1:])
        self.fuse = nn.Sequential(
            conv_norm_relu(config.neck, config.neck), conv_norm_relu(config.neck, config.neck)
        )
        self.centre = nn.Conv2d(config.neck, 1, 1)
        self.sides = nn.Conv2d(config.neck, 4, 1)
        nn.init.constant_(self.centre.bias, -4.0)  # type: ignore[arg-type]
        nn.init.constant_(self.sides.bias, 1.0)  # type: ignore[arg-type]
        nn.init.normal_(self.sides.weight, std=0.01)

    def raw(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Centre logits and log sides of (batch, h, w, 3) uint8 images."""
        x = self.stem(normalise(image))
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        y = self.laterals[-1](levels[-1])
        for lateral, level in zip(list(self.laterals)[-2::-1], levels[-2:0:-1], strict=True):
            y = F.interpolate(y, scale_factor=2.0, mode="nearest") + lateral(level)
        y = self.fuse(y)
        return self.centre(y), self.sides(y)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Centre probabilities (batch, 1, h/8, w/8) and sides (batch, 4, h/8, w/8) in cells."""
        centre, sides = self.raw(image)
        return torch.sigmoid(centre), torch.exp(sides.float().clamp(-3.0, 4.5))

    def start_from_pose(self, weights: dict[str, Tensor]) -> int:
        """Take over pose-lite's stem and first stages where names and shapes agree; returns how many
        tensors."""
        own = self.state_dict()
        given = {
            k.removeprefix("backbone."): v
            for k, v in weights.items()
            if k.startswith(("backbone.stem", "backbone.stages"))
        }
        shared = {k: v for k, v in given.items() if k in own and own[k].shape == v.shape}
        self.load_state_dict(shared, strict=False)
        return len(shared)
