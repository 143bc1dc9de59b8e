"""Random virtual cameras: 3D motion seen from all sides, and small changes of view for motion that is 2D
already."""

from __future__ import annotations

import numpy as np

from bodyverb.geometry.cameras import look_at
from bodyverb.train.augment.pose_error import middle, spread


def random_cameras(
    position: np.ndarray,
    rng: np.random.Generator,
    *,
    azimuth_deg: tuple[float, float] = (0.0, 360.0),
    elevation_deg: tuple[float, float] = (-20.0, 45.0),
    steep: float = 0.15,
    roll_deg: float = 6.0,
) -> np.ndarray:
    """Projects each sequence through its own random pinhole camera.

    Args:
        position: (batch, time, joint, 3), y-up, any unit, NaN = missing.
        rng: source of chance.
        azimuth_deg: range of the camera's direction about the vertical.
        elevation_deg: range of its height above the horizon.
        steep: share of cameras drawn from -40 to 75 degrees instead.
        roll_deg: standard deviation of the turn about the viewing axis.

    Returns:
        (batch, time, joint, 2), y down, in units of the focal length; a joint beside or behind the camera
        is NaN.
    """
    batch = len(position)
    size = 2.5 * spread(position)
    azimuth = np.radians(rng.uniform(*azimuth_deg, batch))
    elevation = rng.uniform(*elevation_deg, batch)
    elevation = np.radians(np.where(rng.random(batch) < steep, rng.uniform(-40, 75, batch), elevation))
    distance = size * np.exp(rng.uniform(np.log(1.6), np.log(8.0), batch))
    direction = np.stack(
        [np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)], axis=-1
    )
    target = middle(position) + rng.normal(0, 0.1, (batch, 3)) * size[:, None]
    rotation, _ = look_at(target + direction * distance[:, None], target)
    roll = np.radians(rng.normal(0, roll_deg, batch))
    local = (position - target[:, None, None]) @ np.swapaxes(rotation, 1, 2)[:, None].astype(np.float32)
    depth = local[..., 2:] + distance[:, None, None, None]
    depth = np.where(depth > 0.2 * size[:, None, None, None], depth, np.nan)
    return turn(local[..., :2] / depth, roll).astype(np.float32)


def turn(position: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotates 2D sequences (batch, time, joint, 2) about the origin by ``angle`` (batch,) or (batch, time)
    radians."""
    shape = angle.shape + (1,) * (position.ndim - 1 - angle.ndim)
    c, s = np.cos(angle).reshape(shape), np.sin(angle).reshape(shape)
    x, y = position[..., 0], position[..., 1]
    return np.stack([c * x - s * y, s * x + c * y], axis=-1).astype(np.float32)


def random_plane(
    position: np.ndarray, rng: np.random.Generator, *, roll_deg: float = 10.0, squeeze: float = 0.25
) -> np.ndarray:
    """Small changes of view of 2D motion: roll, unequal scaling of the axes, shear.

    Args:
        position: (batch, time, joint, 2).
        rng: source of chance.
        roll_deg: standard deviation of the turn.
        squeeze: standard deviation of the logarithm of x against y.

    Returns:
        (batch, time, joint, 2).
    """
    batch = len(position)
    ratio = np.exp(rng.normal(0, squeeze, batch)).astype(np.float32)[:, None, None]
    shear = rng.normal(0, 0.08, batch).astype(np.float32)[:, None, None]
    x, y = position[..., 0] * ratio, position[..., 1]
    return turn(np.stack([x + shear * y, y], axis=-1), np.radians(rng.normal(0, roll_deg, batch)))


def random_flip(
    position: np.ndarray, flip: np.ndarray, rng: np.random.Generator, chance: float = 0.5
) -> np.ndarray:
    """Mirrors some sequences left to right and swaps the paired joints.

    Args:
        position: (batch, time, joint, 2).
        flip: (joint,) index of each joint's partner.
        rng: source of chance.
        chance: share of mirrored sequences.

    Returns:
        (batch, time, joint, 2).
    """
    chosen = rng.random(len(position)) < chance
    result = position.copy()
    result[chosen] = position[chosen][:, :, flip] * np.array([-1, 1], np.float32)
    return result
