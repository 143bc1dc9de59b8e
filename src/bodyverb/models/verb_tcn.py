"""verb-tcn: a plain temporal convolution over one window of 2D joints; also says whether the window is a
known verb.

The preparation is part of the network and has no random or learned piece: missing joints are masked, each
frame is centred on its hips and shoulders, the window is scaled by the spread of its joints about that
centre, and motion, bone directions and the path of the centre are appended. Then residual convolutions
over time (after Kim & Reiter 2017, Res-TCN, and Bai et al. 2018, "An empirical evaluation of generic
convolutional and recurrent networks"), mean, maximum and standard deviation over time, and two heads:
class logits and one logit ``known``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models._streams import TINY, check_fit, masked
from bodyverb.models._time_net import TimeNet

CARD = {
    "name": "verb-tcn",
    "task": "verbs",
    "paper": "own design: residual temporal convolution after Kim & Reiter (CVPRW 2017), Bai et al. (2018)",
    "input": "position (batch, person, time, joint, 2) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class), known (batch,)",
    "dims": (2,),
    "persons": (1, 2),
    "streams": (),
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network."""

    widths: tuple[int, ...] = (128, 192)
    """Channels of the stages; each stage halves the time axis."""
    blocks: tuple[int, ...] = (2, 3)
    """Residual blocks of each stage."""
    kernel: int = 3
    """Time steps of a convolution."""
    dropout: float = 0.3
    """Dropout before the heads."""
    drop_path: float = 0.1
    """Chance that a block is skipped for a sample in training."""


SMALL = Config(widths=(16, 24), blocks=(1, 1), dropout=0.0, drop_path=0.0)
"""Small enough to try things out."""


def build(config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1) -> VerbTcn:
    """Builds the network for one joint layout.

    Args:
        config: sizes.
        skeleton: layout of the input joints; needs shoulders or hips by name to centre on.
        n_classes: number of verbs.
        dims: 2.
        persons: people of a window.

    Returns:
        The network, randomly initialised.

    Raises:
        InputError: dims or persons are none of the card's.
    """
    check_fit(CARD, dims, persons)
    return VerbTcn(config, skeleton, n_classes)


class Prepare(nn.Module):
    """Masked, centred, scaled joints and their motion as channels; see the module docstring."""

    torso: Tensor
    first: Tensor
    second: Tensor

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        torso = [i for i, name in enumerate(skeleton.joints) if name.endswith(("_hip", "_shoulder"))]
        weight = torch.full((len(skeleton.joints), 1), 1e-3)
        weight[torso] = 1.0
        self.register_buffer("torso", weight, persistent=False)
        self.register_buffer(
            "first", torch.tensor([a for a, _ in skeleton.limbs], dtype=torch.long), persistent=False
        )
        self.register_buffer(
            "second", torch.tensor([b for _, b in skeleton.limbs], dtype=torch.long), persistent=False
        )
        joints, limbs = len(skeleton.joints), len(skeleton.limbs)
        self.channels = 5 * joints + 2 * limbs + 6

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> tuple[Tensor, Tensor]:
        """Prepares a batch.

        Args:
            position: (n, time, joint, 2), NaN = missing.
            score: (n, time, joint); 0 or NaN = missing.
            seconds: (n, time), increasing.

        Returns:
            channels (n, channel, time) finite, and present (n,): 1 where any joint is there.
        """
        position, there = masked(position, score)
        weight = there * self.torso
        seen = there.amax(dim=(2, 3), keepdim=True)
        centre = (position * weight).sum(dim=2, keepdim=True) / weight.sum(dim=2, keepdim=True).clamp_min(
            TINY
        )
        local = (position - centre) * there
        count = there.sum(dim=(1, 2), keepdim=True).clamp_min(1.0)
        spread = (
            ((local * local).sum(dim=3, keepdim=True).sum(dim=(1, 2), keepdim=True) / count)
            .clamp_min(TINY)
            .sqrt()
        )
        local = local / spread
        frames = seen.sum(dim=1, keepdim=True).clamp_min(1.0)
        path = (centre - (centre * seen).sum(dim=1, keepdim=True) / frames) * seen / spread
        tick = (seconds[:, 2:] - seconds[:, :-2]).clamp_min(1e-3)[:, :, None, None]
        motion = _difference(local, there, tick)
        drift = _difference(path, seen, tick)
        bone = (
            (local[:, :, self.second] - local[:, :, self.first])
            * there[:, :, self.first]
            * there[:, :, self.second]
        )
        bone = bone / (bone * bone).sum(dim=3, keepdim=True).add(1e-3).sqrt()
        length = torch.log((seconds[:, -1:] - seconds[:, :1]).clamp_min(0.05))[:, :, None].expand(
            -1, seconds.shape[1], -1
        )
        flat = [local, motion, there, bone, path, drift, seen]
        channels = torch.cat([part.flatten(2) for part in flat] + [length], dim=2)
        return channels.clamp(-8.0, 8.0).transpose(1, 2), seen.amax(dim=(1, 2, 3))


def _difference(value: Tensor, there: Tensor, tick: Tensor) -> Tensor:
    """Central difference in units a second (x 0.25) where both neighbours are there, else 0; ends are 0."""
    both = there[:, 2:] * there[:, :-2]
    inner = 0.25 * (value[:, 2:] - value[:, :-2]) * both / tick
    return F.pad(inner, (0, 0, 0, 0, 1, 1))[:, : value.shape[1]]


class VerbTcn(TimeNet):
    """The network; see the module docstring."""

    def __init__(self, config: Config, skeleton: Skeleton, n_classes: int) -> None:
        super().__init__(
            Prepare(skeleton), config.widths, config.blocks, config.kernel, config.drop_path,
            config.dropout, n_classes,
        )  # fmt: skip
        self.config = config
        self.known = nn.Linear(self.classes.in_features, 1)

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> tuple[Tensor, Tensor]:
        """Classifies a batch of windows.

        Args:
            position: (batch, person, time, joint, 2) any unit, y down, NaN = missing.
            score: (batch, person, time, joint).
            seconds: (batch, time).

        Returns:
            logits (batch, class) and known (batch,), a logit: above 0 = more likely one of the verbs than
            not.
        """
        features = self.dropout(self.features(position, score, seconds))
        return self.classes(features), self.known(features).squeeze(1)
