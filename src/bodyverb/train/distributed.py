"""Which of several processes this one is, and its part of a batch; `torchrun` says so by the environment."""

from __future__ import annotations

import os

import numpy as np


def rank() -> int:
    """Number of this process among all, from 0."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """Number of processes that train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank_share(count: int) -> np.ndarray:
    """Places (n,) int64 of the rows of a global batch that this process takes.

    Every process gets the same number of rows, so that the mean of their gradients is that of the batch;
    where `count` does not divide evenly, the first rows are taken again.

    >>> rank_share(4)
    array([0, 1, 2, 3])
    """
    share = -(-count // world_size())
    return (rank() * share + np.arange(share)) % max(count, 1)
