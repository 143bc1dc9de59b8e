"""ST-GCN++: ten blocks of a graph convolution over joints and six convolutions side by side over time.

Duan, Wang, Chen and Lin, "PYSKL: Towards Good Practices for Skeleton Action Recognition" (ACM MM 2022), as
published: the three spatial subsets of the skeleton's graph are the starting point of freely learned
matrices, one set a block; each graph convolution has a residual; the channels double and the time halves
at two blocks; features are averaged over joints, time and people.

A block computes, for features X (joint, channel), adjacency A_k and weights W_k:
Y = ReLU(norm(sum_k A_k^T X W_k) + X), then Z = ReLU(time(Y) + X).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models import _graph_net
from bodyverb.models._blocks import MultiScaleTime, mix_joints, shortcut, time_conv
from bodyverb.models._graph import spatial
from bodyverb.models._graph_net import GraphConfig, GraphNet
from bodyverb.models._streams import check_fit

CARD = _graph_net.CARD | {
    "name": "stgcnpp",
    "paper": "Duan et al., PYSKL: Towards Good Practices for Skeleton Action Recognition (ACM MM 2022)",
}


@dataclass(frozen=True, kw_only=True)
class Config(GraphConfig):
    """Size of the network and what it sees."""


SMALL = Config(width=12, blocks=2, wider=(2,))
"""Small enough to try things out."""


def build(config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1) -> GraphNet:
    """Build the network for one joint layout.

    Args:
        config: sizes and stream.
        skeleton: layout of the input joints, with bones.
        n_classes: number of verbs.
        dims: 2 or 3.
        persons: people of a clip.

    Raises:
        InputError: the layout has no bones; stream, dims or persons are none of the card's.
    """
    check_fit(CARD, dims, persons, config.stream)
    adjacency = torch.from_numpy(spatial(skeleton))
    return GraphNet(
        config,
        skeleton,
        n_classes,
        dims,
        lambda inputs, outputs: Graph(inputs, outputs, adjacency),
        lambda channels, stride: MultiScaleTime(channels, channels, stride),
        joints_first=True,
    )


class Graph(nn.Module):
    """Sum over the subsets of a learned adjacency times a linear map, with a residual."""

    def __init__(self, inputs: int, outputs: int, adjacency: Tensor) -> None:
        super().__init__()
        self.adjacency = nn.Parameter(adjacency.clone())
        self.conv = time_conv(inputs, len(adjacency) * outputs, 1)
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = shortcut(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (joint, inputs, clip, time) to (joint, outputs, clip, time)."""
        mixed = mix_joints(self.conv(x), self.adjacency, channels_last=self.training)
        return F.relu(self.norm(mixed) + self.residual(x))
