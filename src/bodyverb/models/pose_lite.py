"""pose-lite: a small convolutional network from a person crop to joint heatmaps and joint visibility.

A residual pyramid (He et al., CVPR 2016; Lin et al., CVPR 2017) kept to plain 3x3 convolutions, which are
the fastest to train and to quantise on a CPU. The joint position is read from a softmax over the
heatmap; the visibility logit says whether the joint lies inside the crop on a person at all, so that an
empty crop scores low.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton

CARD = {
    "name": "pose-lite",
    "task": "pose",
    "paper": "own design: residual pyramid after He et al. (CVPR 2016) and Lin et al. (CVPR 2017)",
    "input": "image (batch, size, size, 3) uint8 RGB crop",
    "output": "heatmap logits (batch, joint, size/4, size/4) and visibility logits (batch, joint)",
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network."""

    stem: int = 24
    """Channels after the first convolution (half resolution)."""
    widths: tuple[int, ...] = (32, 96, 256)
    """Channels of the stages at 1/4, 1/8, 1/16 of the input."""
    blocks: tuple[int, ...] = (1, 3, 4)
    """Residual blocks of each stage."""
    neck: int = 96
    """Channels of the top-down path."""


def build(config: Config, skeleton: Skeleton, n_classes: int = 0) -> PoseLite:
    """Build the network for one joint layout; `n_classes` is unused and exists for the common interface."""
    return PoseLite(config, len(skeleton.joints))


class Residual(nn.Module):
    """Two 3x3 convolutions and a short cut; the short cut pools where the stride is 2."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.norm2.weight)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            pool: nn.Module = nn.AvgPool2d(2) if stride == 2 else nn.Identity()
            conv = nn.Conv2d(inputs, outputs, 1, bias=False)
            self.shortcut = nn.Sequential(pool, conv, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, h, w) to (batch, outputs, h/stride, w/stride)."""
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


def conv_norm_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class Backbone(nn.Module):
    """Residual stages with a top-down path back to 1/4 of the input."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths = config.widths
        self.stem = nn.Sequential(
            conv_norm_relu(3, config.stem, stride=2), conv_norm_relu(config.stem, widths[0], stride=2)
        )
        stages = []
        inputs = widths[0]
        for level, (width, count) in enumerate(zip(widths, config.blocks, strict=True)):
            first = Residual(inputs, width, 2 if level else 1)
            stages.append(nn.Sequential(first, *(Residual(width, width) for _ in range(count - 1))))
            inputs = width
        self.stages = nn.ModuleList(stages)
        self.laterals = nn.ModuleList(nn.Conv2d(width, config.neck, 1) for width in widths)
        self.fuse = conv_norm_relu(config.neck, config.neck)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map normalised images to the fused 1/4-resolution features and the deepest features."""
        x = self.stem(x)
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        y = self.laterals[-1](levels[-1])
        for lateral, level in zip(list(self.laterals)[-2::-1], levels[-2::-1], strict=True):
            y = F.interpolate(y, scale_factor=2.0, mode="nearest") + lateral(level)
        return self.fuse(y), levels[-1]


def normalise(image: Tensor) -> Tensor:
    """Turn (batch, h, w, 3) uint8 RGB into (batch, 3, h, w) float in about [-2, 2]."""
    return (image.permute(0, 3, 1, 2).float() - 118.0) * (1.0 / 64.0)


class PoseLite(nn.Module):
    """The network; see the module docstring."""

    def __init__(self, config: Config, joints: int) -> None:
        super().__init__()
        self.config = config
        self.backbone = Backbone(config)
        self.heatmap = nn.Conv2d(config.neck, joints, 1)
        self.visibility = nn.Linear(config.widths[-1], joints)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Estimate heatmaps.

        Args:
            image: (batch, h, w, 3) uint8 RGB; h and w are multiples of 16.

        Returns:
            heatmap logits (batch, joint, h/4, w/4) and visibility logits (batch, joint).
        """
        fine, deep = self.backbone(normalise(image))
        return self.heatmap(fine), self.visibility(deep.mean((2, 3)))
