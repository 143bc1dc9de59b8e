"""keypoint-cnn: bare coordinates along time, first joint by joint, then all joints together.

What raw-keypoint wanted, own design: no heatmaps and no hand-made bones or motions. The tensor holds where
each joint is in the box of its clip, where it is about the body's middle, and whether it is there.
Neighbours in a list of joints are no neighbours, so no convolution runs across joints: the first two run
along time, with the same weights for every joint; then joints become channels, as in Li et al. (HCN, IJCAI
2018), and residual convolutions along time (Kim & Reiter, CVPRW 2017) do the rest.

It computes X_j <- ReLU(norm(conv 3(X_j))) twice for each joint j, then residual blocks over (X_1, ..., X_n).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bodyverb.core import Skeleton
from bodyverb.models._streams import Box, check_fit, masked
from bodyverb.models._time_net import TimeNet

CARD = {
    "name": "keypoint-cnn",
    "task": "verbs",
    "paper": "own design; joints as channels after Li et al., Co-occurrence Feature Learning from Skeleton "
    "Data (HCN, IJCAI 2018)",
    "input": "position (batch, person, time, joint, 2|3) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class)",
    "dims": (2, 3),
    "persons": (1, 2),
    "streams": (),
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network."""

    width: int = 24
    """Channels of a joint after the convolutions that joints share."""
    widths: tuple[int, ...] = (128, 192)
    """Channels of the residual stages; each stage halves the time axis."""
    blocks: tuple[int, ...] = (2, 3)
    """Residual blocks of each stage."""
    kernel: int = 3
    """Moments of a convolution."""
    dropout: float = 0.4
    """Dropout before the last layer."""
    drop_path: float = 0.1
    """Chance that a block is skipped for a clip in training."""


SMALL = Config(width=8, widths=(16, 24), blocks=(1, 1), dropout=0.0, drop_path=0.0)
"""Small enough to try things out."""


def build(
    config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1
) -> KeypointCnn:
    """Build the network for one joint layout.

    Args:
        config: sizes.
        skeleton: layout of the input joints; only their number matters.
        n_classes: number of verbs.
        dims: 2 or 3.
        persons: people of a clip; the mean over those who are there is classified.

    Raises:
        InputError: dims or persons are none of the card's.
    """
    check_fit(CARD, dims, persons)
    return KeypointCnn(config, skeleton, n_classes, dims)


class Joints(nn.Module):
    """Coordinates to channels of every moment: each joint along time by itself; see the module docstring.

    Attributes:
        channels: Of all joints together.
    """

    def __init__(self, width: int, kernel: int, joints: int, dims: int) -> None:
        super().__init__()
        self.channels = joints * width
        self.box = Box()
        self.shared = nn.Sequential(
            *_conv(2 * dims + 1, width, kernel),
            *_conv(width, width, kernel),
        )

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> tuple[Tensor, Tensor]:
        """Prepare people one by one.

        Args:
            position: (n, time, joint, dims), NaN = missing.
            score: (n, time, joint); 0 or NaN = missing.
            seconds: (n, time); unused, frames are taken as evenly spaced.

        Returns:
            channels (n, channel, time), and present (n,): 1 where any joint is there.
        """
        position, there = masked(position, score)
        place = self.box(position[:, None], there[:, None])[:, 0]
        middle = place.sum(dim=2, keepdim=True) / there.sum(dim=2, keepdim=True).clamp_min(1.0)
        x = torch.cat([place, (place - middle) * there, there], dim=3).permute(0, 3, 1, 2)
        return self.shared(x).transpose(2, 3).flatten(1, 2), there.amax(dim=(1, 2, 3))


def _conv(inputs: int, outputs: int, kernel: int) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(inputs, outputs, (kernel, 1), padding=(kernel // 2, 0), bias=False)
    return conv, nn.BatchNorm2d(outputs), nn.ReLU()


class KeypointCnn(TimeNet):
    """The network; see the module docstring."""

    def __init__(self, config: Config, skeleton: Skeleton, n_classes: int, dims: int) -> None:
        super().__init__(
            Joints(config.width, config.kernel, len(skeleton), dims), config.widths, config.blocks,
            config.kernel, config.drop_path, config.dropout, n_classes,
        )  # fmt: skip
        self.config = config

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            position: (batch, person, time, joint, dims), any unit, NaN = missing.
            score: (batch, person, time, joint); 0 or NaN = missing.
            seconds: (batch, time); unused, frames are taken as evenly spaced.

        Returns:
            logits (batch, class).
        """
        logits: Tensor = self.classes(self.dropout(self.features(position, score, seconds)))
        return logits
