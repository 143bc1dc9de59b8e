"""X3D-shallow: depthwise 3D convolutions over clips of heatmaps, the cheapest of the heatmap networks.

X3D (Feichtenhofer, CVPR 2020) cut down for poses by Duan et al., "Revisiting Skeleton-based Action
Recognition" (CVPR 2022): three shallow stages without squeeze-and-excitation.

A block computes, for a clip of maps X: Y = ReLU(norm(depthwise conv 3x3x3(ReLU(norm(conv 1x1x1(X)))))), and
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
    "name": "x3d-shallow",
    "paper": "Duan et al., Revisiting Skeleton-based Action Recognition (CVPR 2022); X3D: Feichtenhofer "
    "(CVPR 2020)",
}


@dataclass(frozen=True, kw_only=True)
class Config(HeatmapConfig):
    """Size of the network and what it sees."""

    width: int = 24
    """Channels of the first stage; each further stage doubles them."""
    blocks: tuple[int, ...] = (2, 5, 3)
    """Blocks of each stage; each stage halves the map."""
    wide: float = 2.25
    """Channels inside a block for one at its end."""


SMALL = Config(size=24, dropout=0.0, width=12, blocks=(1, 1))
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
        width = config.width
        space = nn.Conv3d(maps, width, (1, 3, 3), (1, 2, 2), (0, 1, 1), bias=False)
        parts: list[nn.Module] = [space, conv3d(width, width, (5, 1, 1), groups=width), nn.ReLU()]
        inputs, outputs, inner = width, width, 0
        for count in config.blocks:
            inner = int(config.wide * outputs)
            for number in range(count):
                parts.append(Separable(inputs, outputs, inner, stride=1 if number else 2))
                inputs = outputs
            outputs *= 2
        parts += [conv3d(inputs, inner, (1, 1, 1)), nn.ReLU()]
        return nn.Sequential(*parts), inner

    return HeatmapNet(config, skeleton, n_classes, trunk)


class Separable(nn.Module):
    """Widen, look at each channel by itself, narrow, with a residual; `stride` is that of space."""

    def __init__(self, inputs: int, outputs: int, inner: int, stride: int) -> None:
        super().__init__()
        steps = 1, stride, stride
        self.widen = conv3d(inputs, inner, (1, 1, 1))
        self.look = conv3d(inner, inner, (3, 3, 3), steps, groups=inner)
        self.narrow = conv3d(inner, outputs, (1, 1, 1))
        same = inputs == outputs and stride == 1
        self.residual = nn.Identity() if same else conv3d(inputs, outputs, (1, 1, 1), steps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, time, y, x) to (clip, outputs, time, y, x), smaller by the stride."""
        y = F.relu(self.look(F.relu(self.widen(x))))
        return F.relu(self.narrow(y) + self.residual(x))
