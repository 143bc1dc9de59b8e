"""PoseConv3D, SlowOnly: a residual network over clips of heatmaps; late stages look along time.

Duan, Zhao, Chen, Lin and Dai, "Revisiting Skeleton-based Action Recognition" (CVPR 2022): three stages of
bottleneck blocks, each halves the map; from the second on a block's first convolution spans three frames.

A block computes, for a clip of maps X: Y = ReLU(norm(conv 1x3x3(ReLU(norm(conv 1x1x1 | 3x1x1(X)))))), and
Z = ReLU(norm(conv 1x1x1(Y)) + X).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models import _heatmaps
from bodyverb.models._heatmaps import HeatmapConfig, HeatmapNet, conv3d
from bodyverb.models._streams import check_fit

CARD = _heatmaps.CARD | {
    "name": "posec3d",
    "paper": "Duan et al., Revisiting Skeleton-based Action Recognition (CVPR 2022)",
}


@dataclass(frozen=True, kw_only=True)
class Config(HeatmapConfig):
    """Size of the network and what it sees."""

    width: int = 32
    """Channels of the first convolution; a stage's output has four times as many, doubled with each stage."""
    blocks: tuple[int, ...] = (4, 6, 3)
    """Blocks of each stage."""
    frames: tuple[int, ...] = (1, 3, 3)
    """Frames that the first convolution of a stage's blocks spans."""
    strides: tuple[int, ...] = (1, 1, 2)
    """By how much a stage shortens the time."""


SMALL = Config(size=16, dropout=0.0, width=4, blocks=(1, 1), frames=(1, 3), strides=(1, 2))
"""Small enough to try things out."""


def build(
    config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1
) -> HeatmapNet:
    """Build the network for one joint layout.

    Args:
        config: sizes and stream.
        skeleton: layout of the input joints; with limbs for stream b.
        n_classes: number of verbs.
        dims: 2.
        persons: people of a clip.

    Raises:
        InputError: the layout has no limbs; stream, dims or persons are none of the card's.
    """
    check_fit(CARD, dims, persons, config.stream)

    def trunk(maps: int) -> tuple[nn.Module, int]:
        pool = nn.MaxPool3d((1, 3, 3), 1, (0, 1, 1))
        parts: list[nn.Module] = [conv3d(maps, config.width, (1, 7, 7)), nn.ReLU(), pool]
        inputs, inner = config.width, config.width
        stages = zip(config.blocks, config.frames, config.strides, strict=True)
        for count, frames, stride in stages:
            for number in range(count):
                parts.append(Bottleneck(inputs, inner, frames, (stride, 2) if number == 0 else (1, 1)))
                inputs = 4 * inner
            inner *= 2
        return nn.Sequential(*parts), inputs

    return HeatmapNet(config, skeleton, n_classes, trunk)


class Bottleneck(nn.Module):
    """Narrow, look, widen, with a residual; `stride` is that of time and of space."""

    def __init__(self, inputs: int, inner: int, frames: int, stride: tuple[int, int]) -> None:
        super().__init__()
        steps = stride[0], stride[1], stride[1]
        self.narrow = conv3d(inputs, inner, (frames, 1, 1))
        self.look = conv3d(inner, inner, (1, 3, 3), steps)
        self.widen = conv3d(inner, 4 * inner, (1, 1, 1))
        same = inputs == 4 * inner and stride == (1, 1)
        self.residual = nn.Identity() if same else conv3d(inputs, 4 * inner, (1, 1, 1), steps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, time, y, x) to (clip, 4 x inner, time, y, x), smaller by the stride."""
        y = F.relu(self.look(F.relu(self.narrow(x))))
        return F.relu(self.widen(y) + self.residual(x))
