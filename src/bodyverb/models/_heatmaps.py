"""Clips of heatmaps, one channel a joint or a limb, and the frame of the networks that look at them.

Duan, Zhao, Chen, Lin and Dai, "Revisiting Skeleton-based Action Recognition" (PoseConv3D, CVPR 2022): the box
round all joints of the clip, with some room, fills the map; people share the channels, the maximum counts.
Made in the network, for the whole batch, on its device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bodyverb.core import InputError, Skeleton
from bodyverb.models._streams import TINY, Box, masked

CARD = {
    "task": "verbs",
    "input": "position (batch, person, time, joint, 2) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class)",
    "dims": (2,),
    "persons": (1, 2),
    "streams": ("j", "b"),
}
"""What the cards of the heatmap networks have in common."""


@dataclass(frozen=True, kw_only=True)
class HeatmapConfig:
    """What a heatmap network sees of a clip."""

    stream: str = "j"
    """j a map a joint, b a map a limb."""
    grey: bool = False
    """All joints or limbs in one map: it no longer tells which is which."""
    size: int = 56
    """Height and width of a map, cells; may differ between training and use."""
    sigma: float = 0.6
    """Width of a joint or limb, cells."""
    room: float = 0.25
    """Room round the box of the clip, as a share of it."""
    dropout: float = 0.5
    """Dropout before the last layer."""


class Heatmaps(nn.Module):
    """Positions to maps; see the module docstring.

    Attributes:
        channels: Joints or limbs, or 1 where they share a map.
    """

    ends: Tensor
    cells: Tensor

    def __init__(self, skeleton: Skeleton, config: HeatmapConfig) -> None:
        super().__init__()
        self.limbs = config.stream == "b"
        if self.limbs and not skeleton.limbs:
            raise InputError(
                f"Expected a layout with limbs for limb heatmaps, got none in {skeleton.name!r}; "
                "give it limbs, or take stream j"
            )
        self.grey = config.grey
        self.channels = 1 if config.grey else len(skeleton.limbs) if self.limbs else len(skeleton)
        self.size, self.sigma, self.room = config.size, config.sigma, config.room
        self.box = Box()
        ends = torch.tensor(skeleton.limbs, dtype=torch.long).reshape(-1, 2).T
        self.register_buffer("ends", ends, persistent=False)
        self.register_buffer("cells", torch.arange(config.size, dtype=torch.float32), persistent=False)

    def forward(self, position: Tensor, score: Tensor) -> Tensor:
        """Draw a batch.

        Args:
            position: (batch, person, time, joint, 2), NaN = missing.
            score: (batch, person, time, joint), the height of a map; 0 or NaN = missing.

        Returns:
            (batch, channel, time, size, size), rows are y; 0 where nothing is.
        """
        position, there = masked(position, score)
        position = self.box(position, there)
        place = (position / (1.0 + self.room) + 1.0) * (0.5 * self.size) - 0.5
        height = torch.where(there[..., 0] > 0, score, torch.zeros_like(score)).clamp_max(1.0)
        draw = self._lines if self.limbs else self._dots
        people = zip(place.transpose(2, 3).unbind(1), height.transpose(2, 3).unbind(1), strict=True)
        maps = draw(*next(people))
        for person in people:
            other = draw(*person)
            maps = torch.maximum(maps, other, out=None if maps.requires_grad else maps)
        return maps.amax(dim=1, keepdim=True) if self.grey else maps

    def _dots(self, place: Tensor, height: Tensor) -> Tensor:
        """One person's maps: (batch, joint, time, size, size)."""
        x, y = self._falloff((self.cells - place[..., None]).square()).unbind(dim=3)
        return (height[..., None] * y)[..., None] * x[..., None, :]

    def _falloff(self, apart: Tensor) -> Tensor:
        """1 at distance 0, exactly 0 far away: the smallest floats would be multiplied very slowly."""
        power = apart * (-0.5 / self.sigma**2)
        return torch.where(power > -20.0, torch.exp(power), torch.zeros_like(power))

    def _lines(self, place: Tensor, height: Tensor) -> Tensor:
        """One person's maps: (batch, limb, time, size, size)."""
        begin, end = place[:, self.ends[0]], place[:, self.ends[1]]
        low = torch.minimum(height[:, self.ends[0]], height[:, self.ends[1]])
        x, y = (self.cells - begin[..., None]).unbind(dim=3)
        along = end - begin
        long = along.square().sum(dim=-1, keepdim=True).clamp_min(TINY)
        ahead, up = (x * along[..., :1] / long)[..., None, :], (y * along[..., 1:] / long)[..., None]
        share = (ahead + up).clamp(0.0, 1.0)
        apart = (x[..., None, :] - share * along[..., :1, None]).square()
        apart = apart + (y[..., None] - share * along[..., 1:, None]).square()
        return low[..., None, None] * self._falloff(apart)


class HeatmapNet(nn.Module):
    """Heatmaps, a network over them, the mean over space and time, one linear layer.

    Args:
        config: what it sees.
        skeleton: layout of the joints.
        n_classes: number of verbs.
        trunk: from the number of maps to the network and the number of its output channels.
    """

    def __init__(
        self,
        config: HeatmapConfig,
        skeleton: Skeleton,
        n_classes: int,
        trunk: Callable[[int], tuple[nn.Module, int]],
    ) -> None:
        super().__init__()
        self.config = config
        self.heatmaps = Heatmaps(skeleton, config)
        self.trunk, outputs = trunk(self.heatmaps.channels)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(outputs, n_classes)

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            position: (batch, person, time, joint, 2), any unit, y down, NaN = missing.
            score: (batch, person, time, joint), the height of a joint's map; 0 or NaN = missing.
            seconds: (batch, time); unused, frames are taken as evenly spaced.

        Returns:
            logits (batch, class).
        """
        x = self.trunk(self.heatmaps(position, score))
        return self.classes(self.dropout(x.float().mean(dim=(2, 3, 4))))


def conv3d(
    inputs: int,
    outputs: int,
    kernel: tuple[int, int, int],
    stride: tuple[int, int, int] = (1, 1, 1),
    groups: int = 1,
) -> nn.Sequential:
    """Convolution over time, y and x, padded to keep (with stride 2: to halve) the size, and batch norm."""
    padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
    conv = nn.Conv3d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(conv, nn.BatchNorm3d(outputs))
