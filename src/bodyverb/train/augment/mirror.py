"""The clip in a mirror: left and right change places."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from bodyverb.core import Skeleton
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
    device = position.device
    chosen = torch.rand(len(position), device=device, generator=generator) < settings.chance
    partner = torch.where(chosen[:, None], flip, torch.arange(len(flip), device=device))
    places = torch.arange(score[..., 0].numel(), device=device).view(len(score), -1, 1) * len(flip)
    index = (places + partner[:, None]).view(-1)
    position = position.flatten(0, 3).index_select(0, index).view(position.shape)
    position[..., 0] *= torch.where(chosen, -1.0, 1.0)[:, None, None, None]
    return position, score.flatten().index_select(0, index).view(score.shape)


def mirrored(position: Tensor, score: Tensor, flip: Tensor) -> tuple[Tensor, Tensor]:
    """All clips reflected."""
    sign = torch.ones(position.shape[-1], device=position.device)
    sign[0] = -1
    return position[..., flip, :] * sign, score[..., flip]


def without_sides(skeleton: Skeleton) -> bool:
    """Whether no joint has a partner on the other side: a mirror then only reflects."""
    return tuple(skeleton.flip) == tuple(range(len(skeleton)))
