"""bodyverb-s: small residual temporal convolutions over everything that is known of a body at a moment.

Graph networks keep joints apart through all layers and pay for it at every one. Here a moment is one vector:
joints about the body's centre, their motion, the directions of bones, the path of the body, and what is
missing; in 3D all of it is turned so that the body faces the camera, and how it turns is told beside.
Convolutions along time do the rest (after Kim & Reiter 2017, Res-TCN), and several scales of motion are given
at once instead of a network a stream. Of two people, each is seen with the other one beside: where the
other's joints are from here. Nothing is random or learned in the preparation.

A block computes, for features X (channel, time): X + conv3(ReLU(norm(conv3(ReLU(norm(X)))))); mean, maximum
and standard deviation over time go to one linear layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models._streams import TINY, check_bones, check_fit, masked
from bodyverb.models._time_net import TimeNet, each

CARD = {
    "name": "bodyverb-s",
    "task": "verbs",
    "paper": "own design; residual temporal convolution after Kim & Reiter (CVPRW 2017), Bai et al. (2018)",
    "input": "position (batch, person, time, joint, 2|3) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class)",
    "dims": (2, 3),
    "persons": (1, 2),
    "streams": ("all", "j", "b", "jm", "bm"),
}

STREAMS = {
    "all": ("joint", "bone", "motion", "swing"),
    "j": ("joint",),
    "b": ("bone",),
    "jm": ("motion",),
    "bm": ("swing",),
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network and what it sees."""

    stream: str = "all"
    """all, or one of j (joints), b (bones), jm (motion of joints), bm (motion of bones)."""
    widths: tuple[int, ...] = (128, 192)
    """Channels of the stages; each stage halves the time axis."""
    blocks: tuple[int, ...] = (2, 3)
    """Residual blocks of each stage."""
    kernel: int = 3
    """Moments of a convolution."""
    align: Literal["none", "clip", "frame"] = "frame"
    """3D: turn about the vertical until left and right lie along x: on average over the `clip`, in every
    `frame`, or `none`."""
    spans: tuple[int, ...] = (1, 4)
    """Motion over so many moments to each side."""
    dropout: float = 0.4
    """Dropout before the last layer."""
    drop_path: float = 0.1
    """Chance that a block is skipped for a clip in training."""


def build(
    config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1
) -> BodyverbS:
    """Builds the network for one joint layout.

    Args:
        config: sizes.
        skeleton: layout of the input joints.
        n_classes: number of verbs.
        dims: 2 or 3.
        persons: people of a clip; the mean over those who are there is classified.

    Raises:
        InputError: stream, dims or persons are none of the card's, or the layout lacks the bones asked for.
    """
    check_fit(CARD, dims, persons, config.stream)
    check_bones(skeleton.name, config.stream, bool(skeleton.limbs))
    return BodyverbS(config, skeleton, n_classes, dims, pair=persons == 2)


class Prepare(nn.Module):
    """Channels of every moment; see the module docstring."""

    torso: Tensor
    first: Tensor
    second: Tensor
    sides: Tensor

    def __init__(self, config: Config, skeleton: Skeleton, dims: int, *, pair: bool = False) -> None:
        super().__init__()
        self.config, self.dims, self.parts, self.pair = config, dims, STREAMS[config.stream], pair
        middle = [i for i, name in enumerate(skeleton.joints) if name.endswith(("_hip", "_shoulder"))]
        weight = torch.full((len(skeleton), 1), 1e-3)
        weight[middle or slice(None)] = 1.0
        sides = torch.zeros(len(skeleton), 1)
        for joint, partner in enumerate(skeleton.flip):
            if joint in middle and partner != joint:
                sides[joint] = 1.0 if skeleton.joints[joint].startswith("left") else -1.0
        self.register_buffer("torso", weight, persistent=False)
        self.register_buffer("sides", sides, persistent=False)
        pairs = skeleton.limbs
        self.register_buffer("first", torch.tensor([a for a, _ in pairs], dtype=torch.long), persistent=False)
        self.register_buffer(
            "second", torch.tensor([b for _, b in pairs], dtype=torch.long), persistent=False
        )
        joints, spans = len(skeleton), len(config.spans)
        sizes = {"joint": joints, "bone": len(pairs), "motion": spans * joints, "swing": spans * len(pairs)}
        self.turns = dims == 3 and config.align != "none"
        points = sum(sizes[part] for part in self.parts) + 1 + spans
        self.channels = dims * points + joints + 2 + (2 * spans if self.turns else 0)
        self.channels += (dims + 1) * joints if pair else 0

    def forward(
        self, position: Tensor, score: Tensor, seconds: Tensor, beside: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Prepares people one by one.

        Args:
            position: (n, time, joint, dims), NaN = missing.
            score: (n, time, joint); 0 or NaN = missing.
            seconds: (n, time), increasing.
            beside: position and score of the other person, where the network looks at pairs.

        Returns:
            channels (n, channel, time) finite, and present (n,): 1 where any joint is there.
        """
        position, there = masked(position, score)
        seen = there.amax(dim=(2, 3), keepdim=True)
        weight = there * self.torso
        centre = (position * weight).sum(2, keepdim=True) / weight.sum(2, keepdim=True).clamp_min(TINY)
        local = (position - centre) * there
        frames = seen.sum(1, keepdim=True).clamp_min(1.0)
        path = (centre - (centre * seen).sum(1, keepdim=True) / frames) * seen
        drift = [_difference(path, seen, seconds, span) for span in self.config.spans]
        turning: list[Tensor] = []
        other, near = (torch.zeros_like(position), torch.zeros_like(there))
        if beside is not None:
            other, near = masked(*beside)
            other = (other - centre) * near * seen
        if self.turns:
            local, other, path, drift, turning = self.face(local, other, there, path, drift)
        count = there.sum(dim=(1, 2), keepdim=True).clamp_min(1.0)
        spread = ((local * local).sum(dim=(1, 2, 3), keepdim=True) / count).clamp_min(TINY).sqrt()
        local, path, drift = local / spread, path / spread, [one / spread for one in drift]
        bone, whole = self.bones(local, there)
        parts = {"joint": [local], "bone": [bone], "motion": [], "swing": []}
        for span in self.config.spans:
            parts["motion"].append(_difference(local, there, seconds, span))
            parts["swing"].append(_difference(bone, whole, seconds, span))
        length = torch.log((seconds[:, -1:] - seconds[:, :1]).clamp_min(0.05))[:, :, None]
        flat = [one for part in self.parts for one in parts[part]] + [path, *drift, *turning, there, seen]
        flat += [other / spread, near * seen] if self.pair else []
        channels = torch.cat([*(one.flatten(2) for one in flat), length.expand(-1, seconds.shape[1], -1)], 2)
        return channels.clamp(-8.0, 8.0).transpose(1, 2), seen.amax(dim=(1, 2, 3))

    def bones(self, local: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Directions of the limbs (n, time, limb, dims), and whether both ends are there."""
        whole = there[:, :, self.first] * there[:, :, self.second]
        bone = (local[:, :, self.second] - local[:, :, self.first]) * whole
        return bone / (bone * bone).sum(dim=3, keepdim=True).add(1e-3).sqrt(), whole

    def face(
        self, local: Tensor, other: Tensor, there: Tensor, path: Tensor, drift: list[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor, list[Tensor], list[Tensor]]:
        """Turn bodies about the vertical until left and right lie along x.

        Joints, those of the other person and velocities turn with the body, the path as a whole. Where left
        and right cannot be told nothing turns.

        Returns:
            The four, turned, and cosine and sine (n, time, 2) of how far the body turns over each span.
        """
        across = (local * there * self.sides).sum(dim=2)
        whole = _facing(across.sum(dim=1, keepdim=True))
        own = whole
        if self.config.align == "frame":  # the mean over nine moments: from the side, sensors guess
            near = F.avg_pool1d(across.transpose(1, 2), 9, 1, 4, count_include_pad=False)
            own = _facing(near.transpose(1, 2))
        x, z = (one.expand(-1, local.shape[1]) for one in own)
        turning = []
        for span in self.config.spans:
            x1, z1, x2, z2 = _moved(x, -span), _moved(z, -span), _moved(x, span), _moved(z, span)
            turning.append(torch.stack([x1 * x2 + z1 * z2, z1 * x2 - x1 * z2], dim=-1))
        drift = [_turned(one, *own) for one in drift]
        return _turned(local, *own), _turned(other, *own), _turned(path, *whole), drift, turning


def _facing(across: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine (n, time or 1) of the turn that brings left and right along x; 1, 0 where unknown."""
    x, z = across[..., 0], across[..., 2]
    norm = (x * x + z * z).sqrt()
    known = (norm > 1e-4).to(across.dtype)
    return known * x / norm.clamp_min(TINY) + (1 - known), known * z / norm.clamp_min(TINY)


def _turned(value: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    c, s = cosine[:, :, None], sine[:, :, None]
    x, y, z = value[..., 0], value[..., 1], value[..., 2]
    return torch.stack([c * x + s * z, y, c * z - s * x], dim=-1)


def _difference(value: Tensor, there: Tensor, seconds: Tensor, span: int) -> Tensor:
    """Central difference over `span` moments to each side, a second (x 0.25); 0 where one is missing."""
    ahead, behind = _moved(value, -span), _moved(value, span)
    both = _moved(there, -span) * _moved(there, span)
    tick = (_moved(seconds[:, :, None, None], -span) - _moved(seconds[:, :, None, None], span)).clamp_min(
        1e-3
    )
    return 0.25 * (ahead - behind) * both / tick


def _moved(value: Tensor, by: int) -> Tensor:
    """(n, time, ...) later (by > 0) or earlier in time; the first or last moment is repeated."""
    time = value.shape[1]
    place = (torch.arange(time, device=value.device) - by).clamp(0, time - 1)
    return value[:, place]


class BodyverbS(TimeNet):
    """The network; see the module docstring."""

    def __init__(
        self, config: Config, skeleton: Skeleton, n_classes: int, dims: int, *, pair: bool = False
    ) -> None:
        prepare = Prepare(config, skeleton, dims, pair=pair)
        super().__init__(
            prepare, config.widths, config.blocks, config.kernel, config.drop_path, config.dropout, n_classes
        )
        self.config, self.pair = config, pair

    def prepared(self, position: Tensor, score: Tensor, seconds: Tensor) -> tuple[Tensor, Tensor]:
        """Channels and present of each person; of a pair, with the other one beside."""
        if not self.pair or position.shape[1] == 1:
            return super().prepared(position, score, seconds)
        beside = position.flip(1).flatten(0, 1), score.flip(1).flatten(0, 1)
        found: tuple[Tensor, Tensor] = self.prepare(
            position.flatten(0, 1), score.flatten(0, 1), each(seconds, 2), beside
        )
        return found

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classifies clips.

        Args:
            position: (batch, person, time, joint, dims), NaN = missing; 3D y-up, 2D y down, any unit.
            score: (batch, person, time, joint); 0 = missing.
            seconds: (batch, time).

        Returns:
            logits (batch, class).
        """
        logits: Tensor = self.classes(self.dropout(self.features(position, score, seconds)))
        return logits
