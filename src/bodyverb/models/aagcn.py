"""AAGCN: graphs that are learned, that adapt to each clip, and attention over joints, frames and channels.

Shi, Zhang, Cheng and Lu, "Skeleton-Based Action Recognition with Multi-Stream Adaptive Graph Convolutional
Networks" (TIP 2020; the adaptive part is 2s-AGCN, CVPR 2019), in the sizes of PYSKL (Duan et al. 2022).

A block computes, for features X (joint, channel), learned adjacency B_k, embeddings E_k, F_k over channel and
time: A_k = B_k + g tanh(E_k(X) F_k(X)^T), Y = ReLU(norm(sum_k A_k^T X W_k) + X); then three gates
Y <- Y + Y sigmoid(.), of each joint, each frame and each channel; then Z = ReLU(norm(conv9(Y)) + X).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models import _graph_net
from bodyverb.models._blocks import conv_norm, shortcut, time_conv
from bodyverb.models._graph import spatial
from bodyverb.models._graph_net import GraphConfig, GraphNet
from bodyverb.models._streams import check_fit

CARD = _graph_net.CARD | {
    "name": "aagcn",
    "paper": "Shi et al., Skeleton-Based Action Recognition with Multi-Stream Adaptive Graph Convolutional "
    "Networks (TIP 2020)",
}


@dataclass(frozen=True, kw_only=True)
class Config(GraphConfig):
    """Size of the network and what it sees."""

    embedding: int = 4
    """Channels of a block for one channel of the embeddings that its graph is made from."""
    attention: bool = True
    """The gates; without them it is 2s-AGCN."""
    kernel: int = 9
    """Frames of a time convolution."""


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
        lambda inputs, outputs: Graph(inputs, outputs, adjacency, config),
        lambda channels, stride: conv_norm(channels, channels, config.kernel, stride),
    )


class Graph(nn.Module):
    """Sum over subsets of a learned plus a clip's own adjacency times a linear map; gates."""

    def __init__(self, inputs: int, outputs: int, adjacency: Tensor, config: Config) -> None:
        super().__init__()
        subsets, inner = len(adjacency), max(1, outputs // config.embedding)
        self.adjacency = nn.Parameter(adjacency.clone())
        self.share = nn.Parameter(torch.zeros(1))
        self.one = time_conv(inputs, subsets * inner, 1)
        self.two = time_conv(inputs, subsets * inner, 1)
        self.conv = time_conv(subsets * inputs, outputs, 1)
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = shortcut(inputs, outputs)
        self.gates = Gates(outputs, adjacency.shape[1]) if config.attention else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, joint, time) to (clip, outputs, joint, time)."""
        one, two = (self._embedding(layer(x)) for layer in (self.one, self.two))
        likeness = torch.tanh(one @ two.transpose(2, 3) / one.shape[3])  # clip, subset, joint, joint
        graph = (self.adjacency + self.share * likeness).transpose(2, 3)
        mixed = graph.unsqueeze(2) @ x.unsqueeze(1)  # clip, subset, channel, joint, time
        return self.gates(F.relu(self.norm(self.conv(mixed.flatten(1, 2))) + self.residual(x)))

    def _embedding(self, x: Tensor) -> Tensor:
        """(clip, subset x channel, joint, time) to (clip, subset, joint, channel x time)."""
        return x.unflatten(1, (len(self.adjacency), -1)).transpose(2, 3).flatten(3)


class Gates(nn.Module):
    """Each joint, then each frame, then each channel is scaled by 1 + sigmoid of what its means say."""

    def __init__(self, channels: int, joints: int) -> None:
        super().__init__()
        wide = joints if joints % 2 else max(1, joints - 1)
        self.joint = nn.Conv1d(channels, 1, wide, padding=wide // 2)
        self.frame = nn.Conv1d(channels, 1, 9, padding=4)
        self.squeeze = nn.Linear(channels, channels // 2)
        self.excite = nn.Linear(channels // 2, channels)
        nn.init.xavier_normal_(self.joint.weight)
        for layer in (self.frame, self.excite):
            nn.init.zeros_(layer.weight)
        for part in (self.joint, self.frame, self.excite):
            nn.init.zeros_(part.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, channel, joint, time) to the same."""
        x = x * (1 + torch.sigmoid(self.joint(x.mean(dim=3)))[..., None])
        x = x * (1 + torch.sigmoid(self.frame(x.mean(dim=2)))[:, :, None])
        gate = self.excite(F.relu(self.squeeze(x.mean(dim=(2, 3)))))
        return x * (1 + torch.sigmoid(gate)[:, :, None, None])
