"""Rotation matrices: built from axes, Euler angles and pairs of directions.

All matrices act on column vectors: ``rotated = R @ v``. Angles are radians and follow the right-hand rule.
Every function accepts leading batch dimensions and broadcasts them.
"""

from __future__ import annotations

import numpy as np

_EPS = 1e-9


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) scaled to length 1; a zero vector stays (nearly) zero."""
    vectors = np.asarray(vectors, dtype=np.float64)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _EPS)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross product of vectors (..., 3); a few times faster than numpy's general one."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def rotate(rotation: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Apply rotations (..., 3, 3) to vectors (..., 3), broadcasting the leading dimensions."""
    return np.einsum("...ij,...j->...i", rotation, vectors)


def about_axis(axis: np.ndarray, angle: np.ndarray | float) -> np.ndarray:
    """Rodrigues rotation by ``angle`` (...) radians round ``axis`` (..., 3).

    Returns:
        Rotation matrices (..., 3, 3).
    """
    a = unit(axis)
    angle = np.asarray(angle, dtype=np.float64)
    c, s = np.cos(angle)[..., None, None], np.sin(angle)[..., None, None]
    x, y, z = a[..., 0], a[..., 1], a[..., 2]
    o = np.zeros_like(x)
    skew = np.stack([o, -z, y, z, o, -x, -y, x, o], axis=-1).reshape(*a.shape[:-1], 3, 3)
    outer = a[..., :, None] * a[..., None, :]
    return c * np.eye(3) + s * skew + (1.0 - c) * outer


def about_x(angle: np.ndarray | float) -> np.ndarray:
    """Rotation (..., 3, 3) about +x: y turns towards z."""
    return about_axis(np.array([1.0, 0.0, 0.0]), angle)


def about_y(angle: np.ndarray | float) -> np.ndarray:
    """Rotation (..., 3, 3) about +y: z turns towards x."""
    return about_axis(np.array([0.0, 1.0, 0.0]), angle)


def about_z(angle: np.ndarray | float) -> np.ndarray:
    """Rotation (..., 3, 3) about +z: x turns towards y."""
    return about_axis(np.array([0.0, 0.0, 1.0]), angle)


def yaw_pitch_roll(
    yaw: np.ndarray | float, pitch: np.ndarray | float = 0.0, roll: np.ndarray | float = 0.0
) -> np.ndarray:
    """``about_y(yaw) @ about_x(pitch) @ about_z(roll)``: heading first, then nod, then tilt (in the turned
    frame)."""
    return about_y(yaw) @ about_x(pitch) @ about_z(roll)


def frame(forward: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Rotation (..., 3, 3) whose +z column is ``forward`` and whose +y column is nearest to ``up``.

    Where the two are parallel the result is still a rotation, about an arbitrary axis.
    """
    z = unit(forward)
    up = np.broadcast_to(np.asarray(up, dtype=np.float64), z.shape)
    x = cross(up, z)
    short = np.linalg.norm(x, axis=-1, keepdims=True) < 1e-6
    spare = np.where(np.abs(z[..., :1]) < 0.9, np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]))
    x = unit(np.where(short, cross(cross(z, spare), z), x))
    return np.stack([x, cross(z, x), z], axis=-1)


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """A rotation (3, 3) drawn uniformly over all orientations (normalised Gaussian quaternion)."""
    w, x, y, z = (q := rng.normal(size=4)) / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
