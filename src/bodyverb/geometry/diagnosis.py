"""What is wrong with pairs of 3D joints and pixels that no Kinect v2 could have made, in one line."""

from __future__ import annotations

from itertools import permutations

import numpy as np

MIN_PAIRS = 12
MAX_DEPTH_M = 20.0
ONE_DEPTH = 2e-3
ONE_PLACE = 5e-3
_SCALE = 0.12
_MISFIT = {False: 0.05, True: 0.2}


def diagnose(points: np.ndarray, pixels: np.ndarray, focal: float, *, color: bool) -> str:
    """Look for units, axes, mirroring and scale before anything is fitted.

    Args:
        points: (N, 3) that should be metres in `kinect` axes; finite, z > 0.
        pixels: (N, 2) that should be px of the stored picture.
        focal: The focal length px to be expected.
        color: The pixels are those of the colour camera, which stands a little aside.

    Returns:
        What to say; empty where nothing is wrong.
    """
    if len(points) < MIN_PAIRS:
        return f"Expected at least {MIN_PAIRS} pairs of joints and pixels, got {len(points)}; add files"
    depth = points[:, 2]
    if np.median(depth) > MAX_DEPTH_M:
        return f"Expected metres, got a depth of {np.median(depth):.4g}; are these mm? divide by 1000"
    rays = points[:, :2] / depth[:, None]
    if np.ptp(np.quantile(depth, (0.02, 0.98))) < ONE_DEPTH * np.median(depth):
        return f"Expected joints at many depths, got one, {np.median(depth):.3g} m; add files"
    if (np.ptp(np.quantile(rays, (0.02, 0.98), axis=0), axis=0) < ONE_PLACE).any():
        return "Expected joints over the picture, got one place or line; add joints or files"
    across, down = _line(rays[:, 0], pixels[:, 0]), _line(-rays[:, 1], pixels[:, 1])
    if max(across[1], down[1]) > _MISFIT[color]:
        return _axes(points, pixels, color)
    return _sides(across[0], down[0], focal)


def _axes(points: np.ndarray, pixels: np.ndarray, color: bool) -> str:
    """Which other order of the axes fits; empty where none does."""
    for order in permutations(range(3)):
        turned = points[:, order]
        rays = turned[:, :2] / np.where(turned[:, 2:] == 0, np.nan, turned[:, 2:])
        known = np.isfinite(rays).all(axis=1)
        misfit = max(_line(rays[known, axis], pixels[known, axis])[1] for axis in (0, 1))
        if order != (0, 1, 2) and misfit < _MISFIT[color]:
            found = "".join("xyz"[order.index(axis)] for axis in range(3))
            words = "x and y, or u and v, swapped" if found == "yxz" else f"3D in the order {found}"
            return f"Expected x y z and u v, got {words}; reorder them"
    return ""


def _sides(across: float, down: float, focal: float) -> str:
    """What the slopes du/dX and dv/dY say."""
    if across < 0 and down < 0:
        return "Expected x to the left and y up, got both turned round; negate x and y"
    if across < 0:
        return "Expected the mirrored picture of a Kinect, got left and right swapped; negate x"
    if down < 0:
        return "Expected y up and v down, got one of them turned over; negate y"
    if max(abs(across / focal - 1), abs(down / focal - 1)) > _SCALE:
        return (
            f"Expected a focal length near {focal:g} px, got {across:.4g} and {down:.4g}; "
            f"the pixels are scaled, by about {across / focal:.3g} and {down / focal:.3g}"
        )
    return ""


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope of the trimmed straight line through (x, y), and its median misfit over the spread of y."""
    keep = np.ones(len(x), bool)
    slope, spread = 0.0, float(np.subtract(*np.quantile(y, (0.9, 0.1))))
    off = np.zeros(len(x))
    for _ in range(10):
        middle_x, middle_y = x[keep].mean(), y[keep].mean()
        square = ((x[keep] - middle_x) ** 2).sum()
        slope = float(((x[keep] - middle_x) * (y[keep] - middle_y)).sum() / max(square, 1e-30))
        off = np.abs(y - middle_y - slope * (x - middle_x))
        keep = off <= np.median(off) * 1.5 + 1e-12
    return slope, float(np.median(off)) / max(spread, 1e-30)
