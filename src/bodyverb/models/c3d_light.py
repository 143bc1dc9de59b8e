"""C3D-light: six plain 3D convolutions over clips of heatmaps.

C3D (Tran et al., ICCV 2015) cut down for poses by Duan et al., "Revisiting Skeleton-based Action Recognition"
(CVPR 2022): half the channels, four stages, and the time is never shortened.

It computes X <- ReLU(norm(conv 3x3x3(X))) once, once, twice, twice, with a maximum over 2 x 2 cells between.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from bodyverb.core import Skeleton
from bodyverb.models import _heatmaps
from bodyverb.models._heatmaps import HeatmapConfig, HeatmapNet, conv3d
from bodyverb.models._streams import check_fit

CARD = _heatmaps.CARD | {
    "name": "c3d-light",
    "paper": "Duan et al., Revisiting Skeleton-based Action Recognition (CVPR 2022); C3D: Tran et al. (ICCV "
    "2015)",
}


@dataclass(frozen=True, kw_only=True)
class Config(HeatmapConfig):
    """Size of the network and what it sees."""

    width: int = 32
    """Channels of the first stage; each further stage doubles them."""
    convolutions: tuple[int, ...] = (1, 1, 2, 2)
    """Convolutions of each stage; the map is halved between stages."""


SMALL = Config(size=16, dropout=0.0, width=8, convolutions=(1, 1))
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
        parts: list[nn.Module] = []
        inputs, outputs = maps, config.width
        for stage, count in enumerate(config.convolutions):
            parts += [nn.MaxPool3d((1, 2, 2))] if stage else []
            for _ in range(count):
                parts += [conv3d(inputs, outputs, (3, 3, 3)), nn.ReLU()]
                inputs = outputs
            outputs *= 2
        return nn.Sequential(*parts), inputs

    return HeatmapNet(config, skeleton, n_classes, trunk)
