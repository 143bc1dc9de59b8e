"""Points in space from their pixels in several calibrated cameras: linear start, then robust refinement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bodyverb.core import InputError
from bodyverb.geometry.camera import Camera

_ROUNDS = 20
_DONE = 1e-9


def triangulate(
    cameras: Sequence[Camera],
    pixels: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    outlier_px: float = 5.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Points that many cameras saw.

    The linear solution makes |depth * (ray - seen ray)| small; Gauss-Newton then makes the distances in the
    undistorted pictures small, and a view counts the less the further it lies beyond `outlier_px` (Huber).

    Args:
        cameras: C calibrated cameras of one world.
        pixels: (C, ..., 2) px; NaN where a camera did not see the point.
        weights: (C, ...) how much each view counts, for example scores; NaN or 0 leaves it out. By default 1.
        outlier_px: From this distance on a view is pulled down.

    Returns:
        points (..., 3) in the unit of the cameras' translations, NaN where fewer than two views are left or
        the rays do not meet; and distance (C, ...) px from each view to the point's pixel, NaN where unseen.

    Raises:
        InputError: There are fewer than two cameras, or the arrays do not fit them.
    """
    pixels = np.asarray(pixels, np.float64)
    if len(cameras) < 2 or pixels.shape[:1] != (len(cameras),) or pixels.shape[-1:] != (2,):
        raise InputError(
            f"Expected two cameras or more and pixels (camera, ..., 2), got {len(cameras)} and "
            f"{pixels.shape}; put the cameras first"
        )
    trust = np.ones(pixels.shape[:-1]) if weights is None else np.asarray(weights, np.float64)
    if trust.shape != pixels.shape[:-1]:
        raise InputError(f"Expected weights {pixels.shape[:-1]}, got {trust.shape}; align them")
    flat = pixels.reshape(len(cameras), -1, 2)
    trust = trust.reshape(len(cameras), -1)
    rays = np.stack([_rays(camera, seen) for camera, seen in zip(cameras, flat, strict=True)])
    seen = np.isfinite(rays).all(axis=-1) & (trust > 0)
    rays, trust = np.where(seen[..., None], rays, 0.0), np.where(seen, trust, 0.0)
    points = _linear(cameras, rays, trust)
    points[seen.sum(axis=0) < 2] = np.nan
    points = _refined(cameras, rays, trust, points, outlier_px)
    with np.errstate(invalid="ignore"):
        again = np.stack([camera.project(points) for camera in cameras])
        distance = np.where(seen, np.linalg.norm(again - flat, axis=-1), np.nan)
    shape = pixels.shape[1:-1]
    return points.reshape(*shape, 3), distance.reshape(len(cameras), *shape)


def _rays(camera: Camera, pixels: np.ndarray) -> np.ndarray:
    """(N, 2) x / z and y / z in the camera's own axes."""
    return camera.rays(pixels) * (1.0, -1.0 if camera.mirrored else 1.0)


def _linear(cameras: Sequence[Camera], rays: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """(N, 3) the least squares solution of (R0 - x R2) p = x t2 - t0 and the same for y, weighted."""
    gram, aim = np.zeros((rays.shape[1], 3, 3)), np.zeros((rays.shape[1], 3))
    for camera, ray, weight in zip(cameras, rays, trust, strict=True):
        for axis in (0, 1):
            row = camera.rotation[axis] - ray[:, axis, None] * camera.rotation[2]
            want = ray[:, axis] * camera.translation[2] - camera.translation[axis]
            gram += weight[:, None, None] * row[:, :, None] * row[:, None, :]
            aim += (weight * want)[:, None] * row
    return _solved(gram, aim)


def _refined(
    cameras: Sequence[Camera], rays: np.ndarray, trust: np.ndarray, points: np.ndarray, outlier_px: float
) -> np.ndarray:
    """Gauss-Newton on the distances in the pictures, reweighted each round."""
    for _ in range(_ROUNDS):
        gram, aim = np.zeros((len(points), 3, 3)), np.zeros((len(points), 3))
        for camera, ray, weight in zip(cameras, rays, trust, strict=True):
            seen = camera.to_camera(points)
            with np.errstate(divide="ignore", invalid="ignore"):
                off = (ray - seen[:, :2] / seen[:, 2:]) * camera.focal
                slope = camera.rotation[:2] - (seen[:, :2] / seen[:, 2:])[:, :, None] * camera.rotation[2]
                slope = slope * camera.focal[:, None] / seen[:, 2, None, None]
                far = np.linalg.norm(off, axis=1)
                pull = weight * np.minimum(1.0, outlier_px / np.maximum(far, 1e-12))
            gram += np.einsum("n,nai,naj->nij", pull, slope, slope)
            aim += np.einsum("n,nai,na->ni", pull, slope, off)
        step = _solved(gram, aim)
        points = points + step
        known = np.isfinite(step).all(axis=1)
        if not (np.abs(step[known]) > _DONE * (1 + np.abs(points[known]))).any():
            break
    return points


def _solved(gram: np.ndarray, aim: np.ndarray) -> np.ndarray:
    """(N, 3) solutions; NaN where the rays leave a direction open."""
    usable = np.isfinite(gram).all(axis=(1, 2)) & np.isfinite(aim).all(axis=1)
    largest = np.abs(np.where(usable[:, None, None], gram, 0)).max(axis=(1, 2))
    usable &= largest > 0
    usable[usable] = np.linalg.cond(gram[usable]) < 1e14
    solution = np.full(aim.shape, np.nan)
    solution[usable] = np.linalg.solve(gram[usable], aim[usable][..., None])[..., 0]
    return solution
