"""The clip in a mirror: left and right change places."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from bodyverb.train.augment.settings import Mirror


def mirror(
    position: Tensor, score: Tensor, flip: Tensor, settings: Mirror, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Reflects some clips.

    Args:
        position: (batch, person, time, joint, 2|3).
        score: (batch, person, time, joint).
        flip: (joint,) index of each joint's partner.
        settings: how many.
        generator: of the device of `position`.
    """
    chosen = torch.rand(len(position), device=position.device, generator=generator) < settings.chance
    other, sure = mirrored(position, score, flip)
    return (
        torch.where(chosen[:, None, None, None, None], other, position),
        torch.where(chosen[:, None, None, None], sure, score),
    )


def mirrored(position: Tensor, score: Tensor, flip: Tensor) -> tuple[Tensor, Tensor]:
    """All clips reflected."""
    sign = torch.ones(position.shape[-1], device=position.device)
    sign[0] = -1
    return position[..., flip, :] * sign, score[..., flip]
