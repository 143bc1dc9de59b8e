"""DG-STGCN: no skeleton given; graphs start at random and adapt to the clip, joints and body go through time
side by side.

Duan, Wang, Chen and Lin, "DG-STGCN: Dynamic Spatial-Temporal Modeling for Skeleton-based Action Recognition"
(2022).

A block computes, for features X and groups k of narrow channels c, with P, Q linear maps of X averaged over
time and V one of X: A_k[c] = B_k + a_k tanh(P_i[c] - Q_j[c]) + b_k softmax(P^T Q), and
Y = ReLU(norm(W sum_j A[c, j, i] V_j[c]) + X); then the six ways through time of ST-GCN++ over the joints and
over their mean, the latter added to each joint with a learned weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models import _graph_net
from bodyverb.models._blocks import MultiScaleTime, conv_norm, shortcut, time_conv
from bodyverb.models._graph_net import GraphConfig, GraphNet
from bodyverb.models._streams import check_fit

CARD = _graph_net.CARD | {
    "name": "dgstgcn",
    "paper": "Duan et al., DG-STGCN: Dynamic Spatial-Temporal Modeling for Skeleton-based Action Recognition "
    "(2022)",
}


@dataclass(frozen=True, kw_only=True)
class Config(GraphConfig):
    """Size of the network and what it sees."""

    groups: int = 8
    """Graphs of a block."""
    share: float = 0.125
    """Channels of a group, as a share of those of the block."""


SMALL = Config(width=16, blocks=2, wider=(2,), groups=4, share=0.25)
"""Small enough to try things out."""


def build(config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1) -> GraphNet:
    """Build the network for one joint layout; it needs no bones but for the bone streams.

    Args:
        config: sizes and stream.
        skeleton: layout of the input joints.
        n_classes: number of verbs.
        dims: 2 or 3.
        persons: people of a clip.

    Raises:
        InputError: stream, dims or persons are none of the card's.
    """
    check_fit(CARD, dims, persons, config.stream)
    joints = len(skeleton)
    return GraphNet(
        config,
        skeleton,
        n_classes,
        dims,
        lambda inputs, outputs: Graph(inputs, outputs, joints, config),
        lambda channels, stride: Time(channels, stride, joints),
    )


class Graph(nn.Module):
    """Groups of channels, each with its graph: a learned one, and two made from the clip."""

    def __init__(self, inputs: int, outputs: int, joints: int, config: Config) -> None:
        super().__init__()
        self.groups = config.groups
        inner = config.groups * max(1, int(config.share * outputs))
        self.adjacency = nn.Parameter(0.04 + 0.02 * torch.randn(config.groups, joints, joints))
        self.apart = nn.Parameter(torch.zeros(config.groups))
        self.alike = nn.Parameter(torch.zeros(config.groups))
        self.one = time_conv(inputs, inner, 1)
        self.two = time_conv(inputs, inner, 1)
        self.enter = nn.Sequential(conv_norm(inputs, inner), nn.ReLU())
        self.leave = time_conv(inner, outputs, 1)
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = shortcut(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, joint, time) to (clip, outputs, joint, time)."""
        still = x.mean(dim=3, keepdim=True)
        one, two = (layer(still).unflatten(1, (self.groups, -1)).squeeze(4) for layer in (self.one, self.two))
        apart = torch.tanh(one[..., None] - two[..., None, :])  # clip, group, channel, from, to
        alike = torch.softmax(one.transpose(2, 3) @ two, dim=2)  # clip, group, from, to
        graph = apart * self.apart[:, None, None, None]
        graph = graph + (self.adjacency + alike * self.alike[:, None, None]).unsqueeze(2)
        value = self.enter(x).unflatten(1, (self.groups, -1))  # clip, group, channel, joint, time
        mixed = (graph.transpose(3, 4) @ value).flatten(1, 2)
        return F.relu(self.norm(self.leave(mixed)) + self.residual(x))


class Time(nn.Module):
    """Ways through time of the joints and of their mean, added with a weight a joint."""

    def __init__(self, channels: int, stride: int, joints: int) -> None:
        super().__init__()
        self.ways = MultiScaleTime(channels, channels, stride)
        self.whole = nn.Parameter(torch.zeros(joints))

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, channel, joint, time) to (clip, channel, joint, time / stride)."""
        both = self.ways.mixed(torch.cat([x, x.mean(dim=2, keepdim=True)], dim=2))
        return self.ways.leave(both[:, :, :-1] + both[:, :, -1:] * self.whole[:, None])
