"""What sensors and pose networks do to joints: noise, other bones, joints and moments that are missing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from bodyverb.train.augment.settings import Spoil

_HAND = ("wrist", "hand", "thumb", "index", "pinky")
_FOOT = ("ankle", "foot", "heel", "toe", "big_toe", "small_toe")
PARTS = (
    ("shoulder", "elbow", *_HAND),
    ("elbow", *_HAND),
    ("hip", "knee", *_FOOT),
    ("knee", *_FOOT),
)
"""Joints of one side that leave together, by the beginnings of their names."""


def spoil(position: Tensor, limbs: Tensor, settings: Spoil, generator: Generator) -> Tensor:
    """Spoils each clip in its own way.

    Args:
        position: (batch, person, time, joint, 2|3), NaN = missing.
        limbs: (part, joint) bool of `parts`.
        settings: how much.
        generator: of the device of `position`.
    """
    batch, people, time, joints, dims = position.shape
    device = position.device

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, device=device, generator=generator)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device, generator=generator)

    level = spread(position)[:, None, None, None, None] * uniform(batch, 1, 1, 1, 1)
    noise = normal(batch, people, time, joints, dims)
    position = torch.addcmul(position, level, noise, value=settings.noise)
    moved = level * settings.offset * normal(batch, people, 1, joints, dims)
    gone = (uniform(batch, 1, 1, joints) < settings.joints) & (uniform(batch, 1, 1, 1) < settings.chance)
    blind = (uniform(batch, 1, time, 1) < settings.frames) & (uniform(batch, 1, 1, 1) < settings.chance)
    which = torch.randint(len(limbs), (batch,), device=device, generator=generator)
    off = limbs[which] & (uniform(batch, 1) < settings.limb)
    position += moved.masked_fill((gone | off[:, None, None])[..., None], float("nan"))
    position += torch.zeros(blind.shape, device=device).masked_fill(blind, float("nan"))[..., None]
    return position


def parts(joints: Sequence[str]) -> Tensor:
    """(part, joint) bool: an arm, a leg, a part of one, or the head."""
    groups = [
        [name.startswith(tuple(side + word for word in words)) for name in joints]
        for words in PARTS
        for side in ("left_", "right_")
    ]
    return torch.tensor([*groups, [name in ("head", "nose", "head_top") for name in joints]])


def spread(position: Tensor) -> Tensor:
    """(batch,) root mean square distance of all joints of a clip from their mean."""
    count = (~torch.isnan(position[..., 0])).sum(dim=(1, 2, 3)).clamp_min(1)
    value = position.flatten(1, 2).flatten(2)  # (batch, person and time, joint and axis)
    total = torch.nan_to_num(value, nan=0.0).sum(dim=1).unflatten(1, position.shape[3:])
    mean = (total.sum(dim=1) / count[:, None]).repeat(1, position.shape[3])
    away = (value - mean[:, None]).nan_to_num_(nan=0.0)
    return torch.linalg.vector_norm(away, dim=(1, 2)) / count.sqrt()
