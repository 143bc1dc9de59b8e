"""Residual convolutions over time, and what they leave of a clip: shared by verb-tcn and bodyverb-s."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import InputError


class Block(nn.Module):
    """Two normalised convolutions over time and a short cut."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm1d(inputs)
        self.conv1 = nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm2 = nn.BatchNorm1d(outputs)
        self.conv2 = nn.Conv1d(outputs, outputs, kernel, 1, kernel // 2, bias=False)
        self.drop_path = drop_path
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool1d(stride, ceil_mode=True), nn.Conv1d(inputs, outputs, 1, bias=False)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, inputs, time) to (n, outputs, time / stride)."""
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        if self.training and self.drop_path > 0:
            keep = torch.rand(len(y), 1, 1, device=y.device) >= self.drop_path
            y = y * keep / (1.0 - self.drop_path)
        return self.shortcut(x) + y


class TimeNet(nn.Module):
    """Prepared channels through residual convolutions to one vector a clip and its classes.

    Args:
        prepare: people one by one to (channels, present), with `channels` as their number.
        widths: channels of the stages; each but the first halves the time axis.
        counts: residual blocks of each stage.
        kernel: moments of a convolution.
        drop_path: chance that a block is skipped for a clip in training.
        dropout: before the last layer.
        n_classes: number of verbs.

    Raises:
        InputError: the kernel is even, so that a moment would not be in its middle.
    """

    def __init__(
        self,
        prepare: nn.Module,
        widths: tuple[int, ...],
        counts: tuple[int, ...],
        kernel: int,
        drop_path: float,
        dropout: float,
        n_classes: int,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise InputError(f"Expected an odd number of moments, got {kernel}; correct --network kernel")
        self.prepare = prepare
        inputs = widths[0]
        self.stem = nn.Conv1d(prepare.channels, inputs, 5, 2, 2)  # type: ignore[arg-type]
        blocks: list[nn.Module] = []
        for level, (width, count) in enumerate(zip(widths, counts, strict=True)):
            for number in range(count):
                blocks.append(Block(inputs, width, kernel, 2 if level and number == 0 else 1, drop_path))
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.BatchNorm1d(inputs)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(3 * inputs, n_classes)

    def features(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Maps the three inputs to (batch, feature); an absent person adds nothing."""
        batch, people = position.shape[:2]
        channels, present = self.prepared(position, score, seconds)
        x = F.relu(self.norm(self.blocks(self.stem(channels))))
        mean = x.mean(dim=2, keepdim=True)
        change = ((x - mean) * (x - mean)).mean(dim=2).add(1e-4).sqrt()
        pooled = torch.cat([mean.squeeze(2), x.amax(dim=2), change], dim=1).float()
        pooled = (pooled * present[:, None]).reshape(batch, people, -1)
        return pooled.sum(dim=1) / present.reshape(batch, people).sum(dim=1, keepdim=True).clamp_min(1.0)

    def prepared(self, position: Tensor, score: Tensor, seconds: Tensor) -> tuple[Tensor, Tensor]:
        """Channels (batch x person, channel, time) and present (batch x person,): people one by one."""
        found: tuple[Tensor, Tensor] = self.prepare(
            position.flatten(0, 1), score.flatten(0, 1), each(seconds, position.shape[1])
        )
        return found


def each(seconds: Tensor, people: int) -> Tensor:
    """Seconds (batch, time) of every person (batch x person, time)."""
    return seconds.unsqueeze(1).expand(-1, people, -1).flatten(0, 1)
