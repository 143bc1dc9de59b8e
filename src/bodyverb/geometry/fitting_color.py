"""A Kinect v2 colour camera, about 5 cm beside the infrared one, from pairs of 3D joints and their pixels.

A pinhole with rotation and translation, `kinect` axes. People stand in a narrow range of depths, so that a
turn, a shift and another centre look alike: a prior, wide beside what sensors differ by, keeps the numbers
where a Kinect v2 has them. Linear start without rotation, then Gauss-Newton, bad pairs left out each round.
"""

from __future__ import annotations

import numpy as np

from bodyverb.core import InputError
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.diagnosis import MIN_PAIRS, diagnose
from bodyverb.geometry.fitting import MAX_RESIDUAL_PX, CameraFit, usable
from bodyverb.geometry.known_cameras import COLOR_SIZE
from bodyverb.geometry.rotation import about_axis

NAMES = ("fx", "fy", "cx", "cy", "rx", "ry", "rz", "tx", "ty", "tz")
TYPICAL = np.array([1058.0, 1058.0, 962.0, 550.0, 0, 0, 0, 0.053, 0, 0])
SPREAD = np.array([10.0, 10.0, 10.0, 30.0, 0.03, 0.03, 0.03, 0.003, 0.01, 0.01])
"""Mean and sd of the parameters over sensors: px, radians, metres."""
_STEPS = 1e-6 * np.array([1e3, 1e3, 1e3, 1e3, 1, 1, 1, 1, 1, 1])
_ROUNDS = 25
_KEEP_SIGMAS, _LEAST_PX = 6.0, 0.5


def fit_color(points: np.ndarray, pixels: np.ndarray) -> CameraFit:
    """Fit the colour camera of one recording.

    Args:
        points: (N, 3) metres of the infrared camera, `kinect` axes. NaN and zero rows are left out.
        pixels: (N, 2) px of the stored 1920 x 1080 picture.

    Raises:
        InputError: There are too few pairs, they say too little, or are none of a Kinect v2.
    """
    points, pixels = np.asarray(points, np.float64), np.asarray(pixels, np.float64)
    good = usable(points, pixels)
    left_out, points, pixels = int((~good).sum()), points[good], pixels[good]
    trouble = diagnose(points, pixels, float(TYPICAL[0]), color=True)
    if trouble:
        raise InputError(trouble)
    values, keep, sigma = TYPICAL.copy(), np.ones(len(points), bool), 30.0
    away, inner = np.zeros(len(points)), np.eye(10)
    for _ in range(_ROUNDS):
        off = pixels - _camera(values).project(points)
        away = np.linalg.norm(off, axis=1)
        sigma = max(1.4826 * float(np.median(np.abs(off - np.median(off, axis=0) * (sigma > 3)))), 1e-4)
        keep = away < max(_KEEP_SIGMAS * np.sqrt(2) * sigma, float(np.median(away)) * 1.5, _LEAST_PX)
        slope = _slope(values, points[keep])
        precision = slope.T @ slope / sigma**2 + np.diag(SPREAD**-2.0)
        pull = slope.T @ off[keep].ravel() / sigma**2 + (TYPICAL - values) / SPREAD**2
        inner = np.linalg.inv(precision)
        step = inner @ pull
        values = values + step
        if (np.abs(step) < 1e-9 * np.maximum(np.abs(values), 1)).all():
            break
    middle = float(np.median(away[keep])) if keep.any() else float("inf")
    if keep.sum() < max(MIN_PAIRS, 0.5 * len(keep)) or not middle < MAX_RESIDUAL_PX:
        raise InputError(
            f"Expected colour pixels of one recording, got {keep.mean():.0%} of pairs that agree with a "
            f"camera, to {middle:.2g} px; fit the files one at a time"
        )
    return CameraFit(
        camera=_camera(values),
        sd=dict(zip(NAMES, np.sqrt(np.diag(inner)).tolist(), strict=True)),
        border_sd_px=_border_sd(values, inner, float(np.median(points[:, 2]))),
        residual_px=away[keep],
        used=int(keep.sum()),
        left_out=left_out,
        bad=int((~keep).sum()),
    )


def _camera(values: np.ndarray) -> Camera:
    return Camera(
        focal=values[:2],
        centre=values[2:4],
        rotation=about_axis(values[4:7], float(np.linalg.norm(values[4:7]))),
        translation=values[7:],
        image_size=COLOR_SIZE,
        axes="kinect",
    )


def _slope(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(2 N, 10) how the pixels move with each parameter."""
    columns = []
    for at, step in enumerate(_STEPS):
        change = np.zeros(len(values))
        change[at] = step
        moved = _camera(values + change).project(points) - _camera(values - change).project(points)
        columns.append(moved.ravel() / (2 * step))
    return np.stack(columns, axis=1)


def _border_sd(values: np.ndarray, inner: np.ndarray, depth: float) -> float:
    """The largest standard error along the border, px, for points at this depth."""
    width, height = COLOR_SIZE
    edge = [(x, y) for x in np.linspace(0, width - 1, 17) for y in (0, height - 1)]
    edge += [(x, y) for x in (0, width - 1) for y in np.linspace(0, height - 1, 17)]
    slope = _slope(values, _camera(values).unproject(np.array(edge), np.full(len(edge), depth)))
    variance = np.einsum("ij,jk,ik->i", slope, inner, slope).reshape(-1, 2).sum(axis=1)
    return float(np.sqrt(variance.max()))
