"""A moving hand-held camera: slow translation, zoom and roll of the whole picture."""

from __future__ import annotations

import numpy as np

from bodyverb.train.augment.pose_error import middle, spread
from bodyverb.train.augment.view import turn


def random_drift(
    position: np.ndarray, seconds: np.ndarray, rng: np.random.Generator, strength: np.ndarray
) -> np.ndarray:
    """Adds camera motion.

    Args:
        position: (batch, time, joint, 2), NaN = missing.
        seconds: (batch, time).
        rng: source of chance.
        strength: (batch,) 0 = still; 1 = a path of about half a body height, zoom of about 15 %, 4 degrees
            of roll.

    Returns:
        (batch, time, joint, 2).
    """
    size = (2.5 * spread(position) * strength)[:, None]
    wave = _waves(seconds, rng, 4)
    shift = wave[..., :2] * (0.25 * size)[..., None]
    zoom = np.exp(0.1 * strength[:, None] * wave[..., 2])
    roll = np.radians(3.0) * strength[:, None] * wave[..., 3]
    centre = middle(position)[:, None, None]
    moved = turn((position - centre) * zoom[:, :, None, None], roll)
    return (moved + centre + shift[:, :, None]).astype(np.float32)


def _waves(seconds: np.ndarray, rng: np.random.Generator, channels: int) -> np.ndarray:
    """(batch, time, channel): a ramp plus a slow and a fast sine, about 1 in size."""
    shape = (len(seconds), 1, channels)
    time = seconds[:, :, None] - seconds[:, :1, None]
    ramp = rng.normal(0, 0.6, shape) * time
    slow = rng.normal(0, 0.7, shape) * np.sin(
        2 * np.pi * rng.uniform(0.1, 0.7, shape) * time + rng.uniform(0, 6.3, shape)
    )
    fast = rng.normal(0, 0.15, shape) * np.sin(
        2 * np.pi * rng.uniform(0.7, 3, shape) * time + rng.uniform(0, 6.3, shape)
    )
    return ramp + slow + fast
