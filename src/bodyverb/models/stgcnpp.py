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
from bodyverb.models._blocks import FirstNorm, MultiScaleTime, over_people, shortcut
from bodyverb.models._graph import spatial
from bodyverb.models._streams import STREAMS, StreamConfig, Streams, check_fit

CARD = {
    "name": "stgcnpp",
    "task": "verbs",
    "paper": "Duan et al., PYSKL: Towards Good Practices for Skeleton Action Recognition (ACM MM 2022)",
    "input": "position (batch, person, time, joint, 2|3) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class)",
    "dims": (2, 3),
    "persons": (1, 2),
    "streams": STREAMS,
}


@dataclass(frozen=True, kw_only=True)
class Config(StreamConfig):
    """Size of the network and what it sees."""

    width: int = 64
    """Channels of the first block."""
    blocks: int = 10
    """Blocks of graph and time convolution."""
    wider: tuple[int, ...] = (5, 8)
    """Blocks, from 1, that double the channels and halve the time."""
    dropout: float = 0.0
    """Dropout before the last layer."""


SMALL = Config(width=12, blocks=2, wider=(2,))
"""Small enough to try things out."""


def build(config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1) -> StGcnPP:
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
    return StGcnPP(config, skeleton, n_classes, dims)


class Graph(nn.Module):
    """Sum over the subsets of a learned adjacency times a linear map, with a residual.

    Joints are the first axis, so that the adjacency is one matrix product for the whole batch.
    """

    def __init__(self, inputs: int, outputs: int, adjacency: Tensor) -> None:
        super().__init__()
        self.adjacency = nn.Parameter(adjacency.clone())
        self.conv = nn.Conv2d(inputs, len(adjacency) * outputs, 1)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out")
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = shortcut(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (joint, inputs, clip, time) to (joint, outputs, clip, time)."""
        joints, subsets = len(x), len(self.adjacency)
        y = self.conv(x).permute(0, 2, 3, 1).unflatten(3, (subsets, -1))
        y = y.permute(0, 3, 1, 2, 4)  # joint, subset, clip, time, channel
        mixed = self.adjacency.permute(2, 1, 0).flatten(1) @ y.flatten(0, 1).flatten(1)
        mixed = mixed.view(joints, *y.shape[2:]).permute(0, 3, 1, 2)
        return F.relu(self.norm(mixed) + self.residual(x))


class Block(nn.Module):
    """Graph convolution, time convolutions, and a residual round both."""

    def __init__(
        self, inputs: int, outputs: int, adjacency: Tensor, stride: int = 1, residual: bool = True
    ) -> None:
        super().__init__()
        self.graph = Graph(inputs, outputs, adjacency)
        self.time = MultiScaleTime(outputs, outputs, stride)
        self.residual = shortcut(inputs, outputs, stride) if residual else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (joint, inputs, clip, time) to (joint, outputs, clip, time / stride)."""
        y = self.time(self.graph(x))
        return F.relu(y if self.residual is None else y + self.residual(x))


class StGcnPP(nn.Module):
    """The network; see the module docstring."""

    def __init__(self, config: Config, skeleton: Skeleton, n_classes: int, dims: int) -> None:
        super().__init__()
        self.config = config
        adjacency = torch.from_numpy(spatial(skeleton))
        self.streams = Streams(skeleton, config, dims)
        self.norm = FirstNorm(len(skeleton), self.streams.channels)
        blocks, inputs, outputs = [], self.streams.channels, config.width
        for number in range(1, config.blocks + 1):
            stride = 2 if number in config.wider else 1
            outputs *= stride
            blocks.append(Block(inputs, outputs, adjacency, stride, residual=number > 1))
            inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(inputs, n_classes)

    def features(self, position: Tensor, score: Tensor) -> Tensor:
        """Map positions and scores to (batch, feature)."""
        channels, present = self.streams(position, score)
        x = self.blocks(self.norm(channels).permute(2, 3, 0, 1))
        return over_people(x.float().mean(dim=(0, 3)).T, present)

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            position: (batch, person, time, joint, dims), NaN = missing; 3D y up, 2D y down.
            score: (batch, person, time, joint); 0 or NaN = missing.
            seconds: (batch, time); unused, frames are taken as evenly spaced.

        Returns:
            logits (batch, class).
        """
        return self.classes(self.dropout(self.features(position, score)))
