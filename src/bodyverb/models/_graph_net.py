"""The frame that the published graph networks have in common: blocks of a graph and a time layer.

Ten blocks; the channels double and the time halves at two of them; a residual round each block but the
first; features averaged over joints, time and people, then one linear layer. What differs is the graph layer,
the time layer and which axis comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models._blocks import FirstNorm, over_people, shortcut
from bodyverb.models._streams import STREAMS, StreamConfig, Streams

Layer = Callable[[int, int], nn.Module]
"""(inputs, outputs) -> graph layer, or (channels, stride) -> time layer."""

CARD = {
    "task": "verbs",
    "input": "position (batch, person, time, joint, 2|3) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class)",
    "dims": (2, 3),
    "persons": (1, 2),
    "streams": STREAMS,
}
"""What the cards of the graph networks have in common."""


@dataclass(frozen=True, kw_only=True)
class GraphConfig(StreamConfig):
    """Size of a graph network and what it sees."""

    width: int = 64
    """Channels of the first block."""
    blocks: int = 10
    """Blocks of graph and time layer."""
    wider: tuple[int, ...] = (5, 8)
    """Blocks, from 1, that double the channels and halve the time."""
    dropout: float = 0.0
    """Dropout before the last layer."""


class Block(nn.Module):
    """A graph layer, a time layer, and a residual round both."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, residual: bool, graph: Layer, time: Layer
    ) -> None:
        super().__init__()
        self.graph = graph(inputs, outputs)
        self.time = time(outputs, stride)
        self.residual = shortcut(inputs, outputs, stride) if residual else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (a, inputs, b, time) to (a, outputs, b, time / stride)."""
        y = self.time(self.graph(x))
        return F.relu(y if self.residual is None else y + self.residual(x))


class GraphNet(nn.Module):
    """The network; see the module docstring.

    Args:
        config: sizes and stream.
        skeleton: layout of the joints.
        n_classes: number of verbs.
        dims: 2 or 3.
        graph: makes the graph layer of a block.
        time: makes the time layer of a block.
        joints_first: feature maps are (joint, channel, clip, time) in place of (clip, channel, joint, time):
            faster where the graph is the same for all clips.
    """

    def __init__(
        self,
        config: GraphConfig,
        skeleton: Skeleton,
        n_classes: int,
        dims: int,
        graph: Layer,
        time: Layer,
        *,
        joints_first: bool = False,
    ) -> None:
        super().__init__()
        self.config = config
        self.joints_first = joints_first
        self.streams = Streams(skeleton, config, dims)
        self.norm = FirstNorm(len(skeleton), self.streams.channels)
        blocks, inputs, outputs = [], self.streams.channels, config.width
        for number in range(1, config.blocks + 1):
            stride = 2 if number in config.wider else 1
            outputs *= stride
            blocks.append(Block(inputs, outputs, stride, number > 1, graph, time))
            inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(inputs, n_classes)

    def features(self, position: Tensor, score: Tensor) -> Tensor:
        """Map positions and scores to (batch, feature)."""
        channels, present = self.streams(position, score)
        x = self.norm(channels)  # clip, time, joint, channel
        x = self.blocks(x.permute(2, 3, 0, 1) if self.joints_first else x.permute(0, 3, 2, 1))
        means = x.float().mean(dim=(0, 3)).T if self.joints_first else x.float().mean(dim=(2, 3))
        return over_people(means, present)

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
