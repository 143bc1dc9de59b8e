"""Coordinates of a clip for networks that look at them as at an image: masked, people in order."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bodyverb.models._streams import FAR, TINY, motion


def masked(position: Tensor, score: Tensor) -> tuple[Tensor, Tensor]:
    """Zeros for what is missing, and what is there.

    Args:
        position: (..., joint, dims), NaN = missing.
        score: (..., joint); 0 or NaN = missing.

    Returns:
        position of the same shape, finite; and (..., joint, 1), 1 where the joint is there.
    """
    there = ((position.abs() < FAR).all(dim=-1) & (score > 0)).to(position.dtype).unsqueeze(-1)
    return torch.where(there > 0, position, torch.zeros_like(position)), there


def in_order(position: Tensor, there: Tensor, persons: int) -> tuple[Tensor, Tensor]:
    """One or two people, who is seen longest first (among equals who moves more), and absent ones at the end.

    Args:
        position: (batch, 1 or 2, time, joint, dims) of `masked`.
        there: (batch, 1 or 2, time, joint, 1).
        persons: as many people as are wanted, no less than there are.

    Returns:
        Both with `persons` people.
    """
    if position.shape[1] == 2:
        path = motion(position, there)[0].square().sum(dim=(2, 3, 4))
        rank = there.amax(dim=(3, 4)).sum(dim=2) + 0.5 * path / path.amax(dim=1, keepdim=True).clamp_min(TINY)
        swap = (rank[:, 1] > rank[:, 0])[:, None, None, None, None]
        position = torch.where(swap, position.flip(1), position)
        there = torch.where(swap, there.flip(1), there)
    absent = (0, 0, 0, 0, 0, 0, 0, persons - position.shape[1])
    return F.pad(position, absent), F.pad(there, absent)
