"""People of a clip in an order that does not depend on theirs, where a clip is an image."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bodyverb.models._streams import prominence


def in_order(position: Tensor, there: Tensor, persons: int) -> tuple[Tensor, Tensor]:
    """One or two people, who is seen longest first (among equals who moves more), and absent ones at the end.

    Args:
        position: (batch, 1 or 2, time, joint, dims) of `_streams.masked`.
        there: (batch, 1 or 2, time, joint, 1).
        persons: as many people as are wanted, no less than there are.

    Returns:
        Both with `persons` people.
    """
    if position.shape[1] == 2:
        rank = prominence(position, there)
        swap = (rank[:, 1] > rank[:, 0])[:, None, None, None, None]
        position = torch.where(swap, position.flip(1), position)
        there = torch.where(swap, there.flip(1), there)
    absent = (0, 0, 0, 0, 0, 0, 0, persons - position.shape[1])
    return F.pad(position, absent), F.pad(there, absent)
