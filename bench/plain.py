"""A straightforward ST-GCN++, to compare the package's with: einsum, a convolution a branch, float32.

The same mathematics and the same number of weights as `bodyverb.models.stgcnpp`, written as its equations
read; without preparation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PlainGraph(nn.Module):
    """sum_k X W_k A_k, batch norm, residual."""

    def __init__(self, inputs: int, outputs: int, adjacency: Tensor) -> None:
        super().__init__()
        self.adjacency = nn.Parameter(adjacency.clone())
        self.conv = nn.Conv2d(inputs, len(adjacency) * outputs, 1)
        self.norm = nn.BatchNorm2d(outputs)
        self.residual: nn.Module = nn.Identity()
        if inputs != outputs:
            self.residual = nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, t, v) -> (n, c', t, v)."""
        n, _, t, v = x.shape
        y = self.conv(x).view(n, len(self.adjacency), -1, t, v)
        y = torch.einsum("nkctv,kvw->nctw", y, self.adjacency).contiguous()
        return F.relu(self.norm(y) + self.residual(x))


class PlainTime(nn.Module):
    """Six branches, each with its own pointwise convolution."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        part = channels // 6
        widths = [channels - 5 * part, *([part] * 5)]
        self.branches = nn.ModuleList()
        for number, width in enumerate(widths):
            if number == 5:
                self.branches.append(nn.Conv2d(channels, width, 1, (stride, 1)))
                continue
            last: nn.Module = nn.MaxPool2d((3, 1), (stride, 1), (1, 0))
            if number < 4:
                d = number + 1
                last = nn.Conv2d(width, width, (3, 1), (stride, 1), (d, 0), (d, 1))
            enter = nn.Conv2d(channels, width, 1)
            self.branches.append(nn.Sequential(enter, nn.BatchNorm2d(width), nn.ReLU(), last))
        self.join = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels, 1))
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, t, v) -> (n, c, t / stride, v)."""
        return self.norm(self.join(torch.cat([branch(x) for branch in self.branches], dim=1)))


class PlainBlock(nn.Module):
    """Graph, time, residual."""

    def __init__(self, inputs: int, outputs: int, adjacency: Tensor, stride: int, residual: bool) -> None:
        super().__init__()
        self.graph, self.time = PlainGraph(inputs, outputs, adjacency), PlainTime(outputs, stride)
        self.residual: nn.Module | None = nn.Identity() if residual else None
        if residual and (inputs != outputs or stride > 1):
            conv = nn.Conv2d(inputs, outputs, 1, (stride, 1))
            self.residual = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, t, v) -> (n, c', t / stride, v)."""
        y = self.time(self.graph(x))
        return F.relu(y if self.residual is None else y + self.residual(x))


class PlainStGcnPP(nn.Module):
    """Joints (batch, person, time, joint, channel) to logits."""

    def __init__(self, adjacency: Tensor, channels: int, classes: int, width: int = 64) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(adjacency.shape[1] * channels)
        blocks, inputs, outputs = [], channels, width
        for number in range(1, 11):
            stride = 2 if number in (5, 8) else 1
            outputs *= stride
            blocks.append(PlainBlock(inputs, outputs, adjacency, stride, number > 1))
            inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.classes = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, person, time, joint, channel) -> (batch, class)."""
        n, m, t, v, c = x.shape
        x = x.permute(0, 1, 3, 4, 2).reshape(n * m, v * c, t)
        x = self.norm(x).view(n * m, v, c, t).permute(0, 2, 3, 1).contiguous()
        return self.classes(self.blocks(x).mean(dim=(2, 3)).view(n, m, -1).mean(dim=1))
