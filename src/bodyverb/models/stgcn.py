"""ST-GCN: the first graph network for skeletons; ten blocks of a graph and a plain time convolution.

Yan, Xiong and Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition"
(AAAI 2018). The graph's three spatial subsets A_k are fixed, and a learned weight M_k of each edge scales
them. The default is the network as PYSKL tuned it (Duan et al. 2022); `VANILLA` is that of the paper.

A block computes, for features X (joint, channel) and weights W_k:
Y = ReLU(norm(sum_k (A_k * M_k)^T X W_k)), then Z = ReLU(norm(conv9(Y)) + X).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models import _graph_net
from bodyverb.models._blocks import conv_norm, mix_joints, time_conv
from bodyverb.models._graph import spatial
from bodyverb.models._graph_net import GraphConfig, GraphNet
from bodyverb.models._streams import check_fit

CARD = _graph_net.CARD | {
    "name": "stgcn",
    "paper": "Yan et al., Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action "
    "Recognition (AAAI 2018)",
}


@dataclass(frozen=True, kw_only=True)
class Config(GraphConfig):
    """Size of the network and what it sees."""

    kernel: int = 9
    """Frames of a time convolution."""
    time_dropout: float = 0.0
    """Dropout after each time convolution."""


VANILLA = Config(time_dropout=0.5, view="none", scale=False, mask=False)
"""As in the paper of 2018."""
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

    def time(channels: int, stride: int) -> nn.Module:
        return nn.Sequential(
            conv_norm(channels, channels, config.kernel, stride), nn.Dropout(config.time_dropout)
        )

    return GraphNet(
        config,
        skeleton,
        n_classes,
        dims,
        lambda inputs, outputs: Graph(inputs, outputs, adjacency),
        time,
        joints_first=True,
    )


class Graph(nn.Module):
    """Sum over the subsets of a weighted adjacency times a linear map."""

    adjacency: Tensor

    def __init__(self, inputs: int, outputs: int, adjacency: Tensor) -> None:
        super().__init__()
        self.register_buffer("adjacency", adjacency.clone(), persistent=False)
        self.importance = nn.Parameter(torch.ones_like(adjacency))
        self.conv = time_conv(inputs, len(adjacency) * outputs, 1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (joint, inputs, clip, time) to (joint, outputs, clip, time)."""
        graph = self.adjacency * self.importance
        return F.relu(self.norm(mix_joints(self.conv(x), graph, channels_last=self.training)))
