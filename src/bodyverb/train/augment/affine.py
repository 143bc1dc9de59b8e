"""Another view and another body: random turns, scales and shears of whole clips, on the training device."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from bodyverb.train.augment.settings import Affine


def affine(position: Tensor, maps: Tensor) -> Tensor:
    """Maps each clip by its own matrix.

    Args:
        position: (batch, person, time, joint, 2|3), NaN = missing; 3D is y-up, 2D has y down.
        maps: (batch, dims, dims) of `matrices`.
    """
    points = position.flatten(1, 3).transpose(1, 2)
    mapped = torch.bmm(maps.to(position.dtype), points)  # a few long rows: quicker than many short ones
    return mapped.transpose(1, 2).contiguous().view(position.shape)


def matrices(batch: int, dims: int, settings: Affine, generator: Generator) -> Tensor:
    """(batch, dims, dims) random maps: stretch, slant, then turn."""
    device = generator.device

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device, generator=generator)

    turn = math.radians(settings.tilt_deg) * normal(batch, 3)
    if dims == 2:
        rotation = _turn(turn[:, 0], 0, 1, 2)
    else:
        yaw = torch.rand(batch, device=device, generator=generator) * 2 - 1
        rotation = _turn(math.radians(settings.yaw_deg) * yaw, 0, 2, 3)
        rotation = _turn(turn[:, 0], 1, 2, 3) @ _turn(turn[:, 1], 0, 1, 3) @ rotation
    stretch = torch.diag_embed(torch.exp(settings.scale * normal(batch, dims)))
    one = torch.eye(dims, device=device)
    slant = one + settings.shear * normal(batch, dims, dims) * (1 - one)
    return rotation @ slant @ stretch


def _turn(angle: Tensor, first: int, second: int, dims: int) -> Tensor:
    """(batch, dims, dims) rotations by `angle` (batch,) in the plane of two axes."""
    matrix = torch.eye(dims, device=angle.device).repeat(len(angle), 1, 1)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    matrix[:, first, first] = cosine
    matrix[:, second, second] = cosine
    matrix[:, first, second] = -sine
    matrix[:, second, first] = sine
    return matrix
