"""MS-G3D: neighbours at every distance at once, and windows of frames as one graph.

Liu, Zhang, Chen, Wang and Ouyang, "Disentangling and Unifying Graph Convolutions for Skeleton-Based Action
Recognition" (CVPR 2020).

Three blocks. In each, two ways are added: a factorised one, that mixes the joints at each distance 0 ... K
on the skeleton, Y = ReLU(norm(W [A_0^T X, ..., A_K^T X])), and then goes through time twice; and windows of 3
and of 5 frames whose joints form one graph (each joint linked to its neighbours and itself in all frames of
the window), mixed in the same manner and then collapsed. A_k is 1 between joints exactly k bones apart,
normalised on both sides, plus a learned residual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models import _graph_net
from bodyverb.models._blocks import DilatedTime, FirstNorm, conv_norm, over_people, shortcut
from bodyverb.models._graph import exactly_apart, neighbours
from bodyverb.models._streams import StreamConfig, Streams, check_fit

CARD = _graph_net.CARD | {
    "name": "msg3d",
    "paper": "Liu et al., Disentangling and Unifying Graph Convolutions for Skeleton-Based Action "
    "Recognition (CVPR 2020)",
}


@dataclass(frozen=True, kw_only=True)
class Config(StreamConfig):
    """Size of the network and what it sees."""

    widths: tuple[int, ...] = (96, 192, 384)
    """Channels of the blocks; each after the first halves the time."""
    scales: int = 13
    """Distances on the skeleton, from 0."""
    window_scales: int = 6
    """Distances in the graph of a window, from 0."""
    windows: tuple[int, ...] = (3, 5)
    """Frames of a window; odd."""
    dropout: float = 0.0
    """Dropout before the last layer."""


SMALL = Config(widths=(12, 12), scales=3, window_scales=2, windows=(3,))
"""Small enough to try things out."""


def build(config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1) -> MsG3d:
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
    return MsG3d(config, skeleton, n_classes, dims)


class Distances(nn.Module):
    """Joints mixed at each distance, then a linear map over distances and channels.

    Args:
        inputs: channels; outputs: channels.
        graph: (joint, joint) of zeros and ones.
        scales: how many distances.
    """

    graph: Tensor

    def __init__(self, inputs: int, outputs: int, graph: np.ndarray, scales: int) -> None:
        super().__init__()
        self.register_buffer("graph", torch.from_numpy(exactly_apart(graph, scales)), persistent=False)
        self.residual = nn.Parameter(torch.empty_like(self.graph).uniform_(-1e-6, 1e-6))
        self.mix = conv_norm(scales * inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, joint, time) to (clip, outputs, joint, time), no ReLU at the end."""
        graph = (self.graph + self.residual).transpose(1, 2)
        mixed = (graph.flatten(0, 1) @ x).unflatten(2, (len(graph), -1))  # clip, channel, scale, joint, time
        return self.mix(mixed.transpose(1, 2).flatten(1, 2))


class Window(nn.Module):
    """Windows of frames as one graph, collapsed to their middle frame."""

    def __init__(
        self, inputs: int, outputs: int, graph: np.ndarray, scales: int, window: int, stride: int, first: bool
    ) -> None:
        super().__init__()
        joints = len(graph)
        whole = np.tile(graph + np.eye(joints, dtype=graph.dtype), (window, window))
        np.fill_diagonal(whole, 0)
        inner = outputs if first else inputs
        self.window, self.stride, self.joints = window, stride, joints
        self.mix = Distances(inputs, inner, whole, scales)
        self.collapse = conv_norm(window * inner, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, joint, time) to (clip, outputs, joint, time / stride)."""
        frames, half = x.shape[3], self.window // 2
        x = F.pad(x, (half, half))
        steps = [x[..., at : at + frames : self.stride] for at in range(self.window)]
        y = F.relu(self.mix(torch.cat(steps, dim=2)))  # joints of the window's frames after each other
        return self.collapse(y.unflatten(2, (self.window, self.joints)).flatten(1, 2))


class Time(nn.Module):
    """Six ways through time side by side, with a residual."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.ways = DilatedTime(inputs, outputs, stride, kernel=3, dilations=4)
        self.residual = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, joint, time) to (clip, outputs, joint, time / stride), no ReLU at the end."""
        return self.ways(x) + self.residual(x)


class Block(nn.Module):
    """The factorised way and the windows, added, then through time once more."""

    def __init__(
        self, inputs: int, outputs: int, graph: np.ndarray, config: Config, stride: int, first: bool
    ) -> None:
        super().__init__()
        middle = outputs if first else inputs
        self.mix = Distances(inputs, middle, graph, config.scales)
        self.one = Time(middle, outputs, stride)
        self.two = Time(outputs, outputs)
        self.windows = nn.ModuleList(
            Window(inputs, outputs, graph, config.window_scales, window, stride, first)
            for window in config.windows
        )
        self.time = Time(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, joint, time) to (clip, outputs, joint, time / stride)."""
        y = self.two(F.relu(self.one(F.relu(self.mix(x)))))
        for window in self.windows:
            y = y + window(x)
        return F.relu(self.time(F.relu(y)))


class MsG3d(nn.Module):
    """The network; see the module docstring."""

    def __init__(self, config: Config, skeleton: Skeleton, n_classes: int, dims: int) -> None:
        super().__init__()
        self.config = config
        graph = neighbours(skeleton)
        self.streams = Streams(skeleton, config, dims)
        self.norm = FirstNorm(len(skeleton), self.streams.channels)
        blocks, inputs = [], self.streams.channels
        for number, width in enumerate(config.widths):
            blocks.append(Block(inputs, width, graph, config, 2 if number else 1, first=number == 0))
            inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(inputs, n_classes)

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            position: (batch, person, time, joint, dims), NaN = missing; 3D y up, 2D y down.
            score: (batch, person, time, joint); 0 or NaN = missing.
            seconds: (batch, time); unused, frames are taken as evenly spaced.

        Returns:
            logits (batch, class).
        """
        channels, present = self.streams(position, score)
        x = self.blocks(self.norm(channels).permute(0, 3, 2, 1))
        features = over_people(x.float().mean(dim=(2, 3)), present)
        return self.classes(self.dropout(features))
