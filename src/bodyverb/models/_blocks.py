"""Pieces that the graph networks share. Feature maps are (a, channel, b, time): time is the last axis.

Which of joints and clips is axis a and which is b is up to the network; time convolutions do not care.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv_norm(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    """Convolution over time, padded to keep (with stride 2: to halve) the length, and batch norm."""
    return nn.Sequential(time_conv(inputs, outputs, kernel, stride, dilation), nn.BatchNorm2d(outputs))


def time_conv(inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    """Convolution over time, the last axis; He et al.'s (ICCV 2015) initialisation over outputs."""
    padding = (0, dilation * (kernel - 1) // 2)
    conv = nn.Conv2d(inputs, outputs, (1, kernel), (1, stride), padding, (1, dilation))
    nn.init.kaiming_normal_(conv.weight, mode="fan_out")
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv


def shortcut(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    """The identity, or a pointwise convolution and batch norm where the shape changes."""
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return conv_norm(inputs, outputs, 1, stride)


def mix_joints(x: Tensor, adjacency: Tensor, *, channels_last: bool) -> Tensor:
    """Sum over subsets of a graph, each on its share of the channels.

    Joints are the first axis, so that it is one matrix product for the whole batch.

    Args:
        x: (joint, subset x channel, clip, time).
        adjacency: (subset, joint, joint); [k, v, w] is what joint v gives to joint w.
        channels_last: how `x` lies in memory, as in training, or not, as in an exported network; the other
            way costs a copy.

    Returns:
        (joint, channel, clip, time).
    """
    weights = adjacency.permute(2, 1, 0).flatten(1)
    if not channels_last:
        parts = x.unflatten(1, (len(adjacency), -1))
        return (weights @ parts.flatten(2).flatten(0, 1)).view(len(x), *parts.shape[2:])
    parts = x.permute(0, 2, 3, 1).unflatten(3, (len(adjacency), -1)).permute(0, 3, 1, 2, 4)
    mixed = weights @ parts.flatten(0, 1).flatten(1)
    return mixed.view(len(x), *parts.shape[2:]).permute(0, 3, 1, 2)


class MultiScaleTime(nn.Module):
    """Six ways through time side by side (Duan et al., "PYSKL", ACM MM 2022, after Liu et al., CVPR 2020).

    Convolutions of three frames at dilations 1 to 4, a maximum of three frames, and a pointwise one, each on
    a sixth of the channels; then batch norm, ReLU, a pointwise convolution and batch norm over all of them.
    The pointwise convolutions that the first five begin with are one.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        part = outputs // 6
        self.parts = (outputs - 5 * part, part, part, part, part)
        self.enter = conv_norm(inputs, outputs - part)
        self.scales = nn.ModuleList(
            time_conv(width, width, 3, stride, number + 1) for number, width in enumerate(self.parts[:4])
        )
        self.pool = nn.MaxPool2d((1, 3), (1, stride), (0, 1))
        self.point = time_conv(inputs, part, 1, stride)
        self.leave = nn.Sequential(nn.BatchNorm2d(outputs), nn.ReLU(), conv_norm(outputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (a, inputs, b, time) to (a, outputs, b, time / stride), no ReLU at the end."""
        return self.leave(self.mixed(x))

    def mixed(self, x: Tensor) -> Tensor:
        """The ways side by side, before what joins them."""
        *parts, last = F.relu(self.enter(x)).split(self.parts, dim=1)
        ways = [scale(part) for scale, part in zip(self.scales, parts, strict=True)]
        return torch.cat([*ways, self.pool(last), self.point(x)], dim=1)


class DilatedTime(nn.Module):
    """Ways through time side by side, not joined (Liu et al., MS-G3D, CVPR 2020; Chen et al., CTR-GCN, 2021).

    Convolutions at dilations 1, 2, ..., a maximum of three frames, and a pointwise one, each on its share of
    the channels and with batch norm at its end.

    Args:
        inputs: channels; outputs: channels.
        stride: of time.
        kernel: frames of a convolution.
        dilations: how many convolutions.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, kernel: int, dilations: int) -> None:
        super().__init__()
        part = outputs // (dilations + 2)
        self.parts = (outputs - (dilations + 1) * part, *([part] * dilations))
        self.enter = conv_norm(inputs, outputs - part)
        self.scales = nn.ModuleList(
            time_conv(width, width, kernel, stride, at + 1) for at, width in enumerate(self.parts[:-1])
        )
        self.pool = nn.MaxPool2d((1, 3), (1, stride), (0, 1))
        self.point = time_conv(inputs, part, 1, stride)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (a, inputs, b, time) to (a, outputs, b, time / stride), no ReLU at the end."""
        *parts, last = F.relu(self.enter(x)).split(self.parts, dim=1)
        ways = [scale(part) for scale, part in zip(self.scales, parts, strict=True)]
        return self.norm(torch.cat([*ways, self.pool(last), self.point(x)], dim=1))


class FirstNorm(nn.Module):
    """Batch norm of each joint's each channel over clips, people and time."""

    def __init__(self, joints: int, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(joints * channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, person, time, joint, channel) to (batch x person, time, joint, channel)."""
        x = x.flatten(0, 1)
        return self.norm(x.flatten(2).flatten(0, 1)).view_as(x)


def over_people(features: Tensor, present: Tensor) -> Tensor:
    """Mean over those who are there.

    Args:
        features: (batch x person, feature).
        present: (batch, person), 1 where there.

    Returns:
        (batch, feature), 0 where nobody is there.
    """
    features = features.view(*present.shape, -1) * present[:, :, None]
    return features.sum(dim=1) / present.sum(dim=1, keepdim=True).clamp_min(1.0)
