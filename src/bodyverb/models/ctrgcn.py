"""CTR-GCN: every channel has its own graph, the learned one refined by how joints differ in the clip.

Chen, Zhang, Yuan, Li, Deng and Hu, "Channel-wise Topology Refinement Graph Convolution for Skeleton-Based
Action Recognition" (ICCV 2021).

A block computes, for features X and subsets k, with P, Q narrow linear maps of X averaged over time, and M a
linear map from their channels to those of the output: A_k[c, i, j] = B_k[i, j] + g M(tanh(P_i - Q_j))[c],
Y[c, i] = ReLU(norm(sum_k sum_j A_k[c, i, j] (X W_k)[c, j]) + X), then Z = ReLU(time(Y) + X) with four ways
through time side by side: two dilated convolutions of five frames, a maximum, and a pointwise one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models import _graph_net
from bodyverb.models._blocks import DilatedTime, shortcut, time_conv
from bodyverb.models._graph import spatial
from bodyverb.models._graph_net import GraphConfig, GraphNet
from bodyverb.models._streams import check_fit

CARD = _graph_net.CARD | {
    "name": "ctrgcn",
    "paper": "Chen et al., Channel-wise Topology Refinement Graph Convolution for Skeleton-Based Action "
    "Recognition (ICCV 2021)",
}


@dataclass(frozen=True, kw_only=True)
class Config(GraphConfig):
    """Size of the network and what it sees."""

    narrow: int = 8
    """Input channels for one channel of the maps that refine the graphs; the first block has 8 of them."""


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
        lambda inputs, outputs: Graph(inputs, outputs, adjacency, config.narrow),
        lambda channels, stride: DilatedTime(channels, channels, stride, kernel=5, dilations=2),
    )


class Graph(nn.Module):
    """Sum over subsets of refined graphs, one a channel, times a linear map, with a residual."""

    def __init__(self, inputs: int, outputs: int, adjacency: Tensor, narrow: int) -> None:
        super().__init__()
        subsets = len(adjacency)
        few = 8 if inputs <= 16 else inputs // narrow
        self.adjacency = nn.Parameter(adjacency.transpose(1, 2).clone())
        self.share = nn.Parameter(torch.zeros(1))
        self.one = time_conv(inputs, subsets * few, 1)
        self.two = time_conv(inputs, subsets * few, 1)
        self.refine = nn.ModuleList(time_conv(few, outputs, 1) for _ in range(subsets))
        self.conv = time_conv(inputs, subsets * outputs, 1)
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = shortcut(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, joint, time) to (clip, outputs, joint, time)."""
        subsets = len(self.adjacency)
        one, two = (layer(x).mean(dim=3, keepdim=True) for layer in (self.one, self.two))
        apart = torch.tanh(one - two.transpose(2, 3)).chunk(subsets, dim=1)  # each clip, few, joint, joint
        values = self.conv(x).chunk(subsets, dim=1)
        mixed = torch.zeros_like(values[0])
        for graph, refine, part, value in zip(self.adjacency, self.refine, apart, values, strict=True):
            mixed = mixed + (graph + self.share * refine(part)) @ value
        return F.relu(self.norm(mixed) + self.residual(x))
