"""A small software rasteriser: ellipsoids and tapered capsules into depth, normal and paint buffers.

Shapes are given in the camera frame (``cv``: x right, y down, z forward; metres). The buffers are shaded
afterwards
in one go, so that each shape costs only its silhouette. Ellipsoids are exact under perspective; a capsule
is the hull
of its two projected end balls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NOTHING = -1
_NEAR = 0.15


@dataclass
class Buffers:
    """Per pixel: depth (h, w) metres (inf = nothing), normal (h, w, 3) towards the viewer, paint index,
    height along."""

    depth: np.ndarray
    normal: np.ndarray
    paint: np.ndarray
    along: np.ndarray

    @classmethod
    def empty(cls, size: tuple[int, int]) -> Buffers:
        """Buffers for a (w, h) picture with nothing in it."""
        width, height = size
        return cls(
            np.full((height, width), np.inf, np.float32),
            np.zeros((height, width, 3), np.float32),
            np.full((height, width), NOTHING, np.int16),
            np.zeros((height, width), np.float32),
        )


@dataclass(frozen=True)
class Capsules:
    """N tapered capsules: ends (N, 3), radii (N,), paint (N,), and the ``along`` value at both ends (N,
    2)."""

    a: np.ndarray
    b: np.ndarray
    ra: np.ndarray
    rb: np.ndarray
    paint: np.ndarray
    along: np.ndarray


@dataclass(frozen=True)
class Ellipsoids:
    """M ellipsoids: centres (M, 3), axes (M, 3, 3) as columns scaled by the radii, paint (M,), ``along``
    centre (M,).

    ``along`` grows with the second axis, in metres.
    """

    centre: np.ndarray
    axes: np.ndarray
    paint: np.ndarray
    along: np.ndarray
    level: np.ndarray
    """(M,) 1 = shaded as it is, towards 0 = shaded as part of a column along the second axis (no creases)."""


def _window(low: np.ndarray, high: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    x0, y0 = max(int(np.ceil(low[0])), 0), max(int(np.ceil(low[1])), 0)
    x1, y1 = min(int(high[0]) + 1, shape[1]), min(int(high[1]) + 1, shape[0])
    return (slice(y0, y1), slice(x0, x1)) if x1 > x0 and y1 > y0 else None


def _put(
    buffers: Buffers, window: tuple[slice, slice], wins: np.ndarray, depth: np.ndarray,
    normal: tuple[np.ndarray, np.ndarray, np.ndarray], paint: int, along: np.ndarray,
) -> None:  # fmt: skip
    np.copyto(buffers.depth[window], depth, where=wins)
    target = buffers.normal[window]
    for k in range(3):
        np.copyto(target[..., k], normal[k], where=wins)
    np.copyto(buffers.paint[window], np.int16(paint), where=wins)
    np.copyto(buffers.along[window], along, where=wins)


def draw_capsules(buffers: Buffers, shapes: Capsules, matrix: np.ndarray) -> None:
    """Rasterise capsules with a camera matrix (3, 3); those that reach behind the near plane are left out."""
    focal, centre = float(matrix[0, 0]), matrix[:2, 2]
    for i in np.flatnonzero((shapes.a[:, 2] > _NEAR) & (shapes.b[:, 2] > _NEAR)):
        first, last = (shapes.a[i], shapes.b[i])
        r0, r1, (v0, v1) = float(shapes.ra[i]), float(shapes.rb[i]), shapes.along[i]
        if last[2] < first[2]:
            first, last, r0, r1, v0, v1 = last, first, r1, r0, v1, v0
        p0 = focal * first[:2] / first[2] + centre
        p1 = focal * last[:2] / last[2] + centre
        q0, q1 = max(focal * r0 / first[2], 0.45), max(focal * r1 / last[2], 0.45)
        window = _window(np.minimum(p0 - q0, p1 - q1), np.maximum(p0 + q0, p1 + q1), buffers.depth.shape)
        if window is not None:
            axis = last - first
            _capsule(buffers, window, (p0, p1, q0, q1), (float(first[2]), float(last[2]), r0, r1), axis,
                     int(shapes.paint[i]), (float(v0), float(v1)))  # fmt: skip


def _capsule(
    buffers: Buffers, window: tuple[slice, slice], flat: tuple[np.ndarray, np.ndarray, float, float],
    deep: tuple[float, float, float, float], axis: np.ndarray, paint: int, along: tuple[float, float],
) -> None:  # fmt: skip
    p0, p1, q0, q1 = flat
    z0, z1, r0, r1 = deep
    x = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None, :] - np.float32(p0[0])
    y = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] - np.float32(p0[1])
    dx, dy = (float(v) for v in p1 - p0)
    length2 = dx * dx + dy * dy
    t = np.clip(x * np.float32(dx / max(length2, 1e-3)) + y * np.float32(dy / max(length2, 1e-3)), 0.0, 1.0)
    inverse = 1.0 / (np.float32(q0) + t * np.float32(q1 - q0))
    nx, ny = (x - t * np.float32(dx)) * inverse, (y - t * np.float32(dy)) * inverse
    rest = 1.0 - nx * nx - ny * ny
    wins = rest > 0.0
    h = np.sqrt(np.maximum(rest, 0.0))
    depth = np.float32(z0) + t * np.float32(z1 - z0) - h * (np.float32(r0) + t * np.float32(r1 - r0))
    wins &= depth < buffers.depth[window]
    if not wins.any():
        return
    size = max(float(np.sqrt((axis**2).sum())), 1e-6)
    ahead, plane = float(axis[2]) / size, max(float(np.hypot(axis[0], axis[1])), 1e-6)
    tilt_x, tilt_y = ahead * float(axis[0]) / plane, ahead * float(axis[1]) / plane
    inner = (t > 0.0) & (t < 1.0)  # the round ends keep a ball's normal
    tilted = h * inner
    squash = np.where(inner, np.float32(plane / size), np.float32(1.0))
    normal = (nx + tilted * np.float32(tilt_x), ny + tilted * np.float32(tilt_y), -h * squash)
    _put(
        buffers,
        window,
        wins,
        depth,
        normal,
        paint,
        np.float32(along[0]) + t * np.float32(along[1] - along[0]),
    )


def draw_ellipsoids(buffers: Buffers, shapes: Ellipsoids, matrix: np.ndarray) -> None:
    """Rasterise ellipsoids exactly with a camera matrix (3, 3); those near or behind the camera are left
    out."""
    focal, middle = float(matrix[0, 0]), matrix[:2, 2]
    extent = np.linalg.norm(shapes.axes, axis=-1)  # (M, 3) half size along the camera's x, y, z
    inverse = np.linalg.inv(shapes.axes)
    for i in np.flatnonzero(shapes.centre[:, 2] - extent[:, 2] > _NEAR).tolist():
        c, e = shapes.centre[i], extent[i]
        near = c[2] - e[2]
        corners = np.stack([(c[:2] + s * e[:2]) / z for s in (-1, 1) for z in (near, c[2] + e[2])])
        low, high = corners.min(0) * focal + middle, corners.max(0) * focal + middle
        window = _window(low, high, buffers.depth.shape)
        if window is None:
            continue
        m = inverse[i]
        x = (np.arange(window[1].start, window[1].stop, dtype=np.float32)[None, :] - middle[0]) / focal
        y = (np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] - middle[1]) / focal
        _ellipsoid(buffers, window, x.astype(np.float32), y.astype(np.float32), m.astype(np.float32),
                   c.astype(np.float32), int(shapes.paint[i]), shapes, i)  # fmt: skip


def _ellipsoid(
    buffers: Buffers, window: tuple[slice, slice], x: np.ndarray, y: np.ndarray, m: np.ndarray, c: np.ndarray,
    paint: int, shapes: Ellipsoids, i: int,
) -> None:  # fmt: skip
    g = m.T @ m
    k = g @ c
    a = g[0, 0] * x * x + 2 * (g[0, 1] * x * y) + g[1, 1] * y * y + 2 * (g[0, 2] * x + g[1, 2] * y) + g[2, 2]
    b = k[0] * x + k[1] * y + k[2]
    disc = b * b - a * np.float32(k @ c - 1.0)
    wins = disc > 0.0
    depth = (b - np.sqrt(np.maximum(disc, 0.0))) / a
    wins &= depth < buffers.depth[window]
    if not wins.any():
        return
    px, py, pz = x * depth - c[0], y * depth - c[1], depth - c[2]
    n = (m * np.array([1.0, shapes.level[i], 1.0], np.float32)[:, None]).T @ m
    nx, ny, nz = (n[j, 0] * px + n[j, 1] * py + n[j, 2] * pz for j in range(3))
    scale = 1.0 / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-12))
    reach = np.float32(np.linalg.norm(shapes.axes[i][:, 1]))
    along = np.float32(shapes.along[i]) + (m[1, 0] * px + m[1, 1] * py + m[1, 2] * pz) * reach
    _put(buffers, window, wins, depth, (nx * scale, ny * scale, nz * scale), paint, along)
