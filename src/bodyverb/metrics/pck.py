"""Percentage of correct keypoints (Yang and Ramanan, PAMI 2013), torso-normalised."""

from __future__ import annotations

import numpy as np


def torso_px(joints: np.ndarray, diagonals: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Longest visible torso diagonal.

    Args:
        joints: (n, joint, 2) px, NaN = not visible.
        diagonals: pairs of joint indices, e.g. (left shoulder, right hip) and (right shoulder, left hip).

    Returns:
        (n,) px; NaN where no diagonal is visible.
    """
    lengths = np.stack([np.linalg.norm(joints[:, a] - joints[:, b], axis=-1) for a, b in diagonals])
    with np.errstate(invalid="ignore"):
        longest = np.where(np.isnan(lengths), -np.inf, lengths).max(0)
    return np.where(np.isfinite(longest), longest, np.nan).astype(np.float64)


def pck(
    estimate: np.ndarray, truth: np.ndarray, scale: np.ndarray, threshold: float = 0.2
) -> tuple[float, np.ndarray]:
    """Share of visible joints that lie within `threshold` times the scale of the truth.

    Args:
        estimate: (n, joint, 2) px; NaN counts as wrong.
        truth: (n, joint, 2) px; NaN joints do not count.
        scale: (n,) px, e.g. `torso_px`; rows with NaN do not count.
        threshold: share of the scale.

    Returns:
        PCK over all joints together, and (joint,) PCK of each (NaN where a joint is never visible).
    """
    distance = np.linalg.norm(estimate.astype(np.float64) - truth, axis=-1)
    counted = np.isfinite(truth).all(-1) & np.isfinite(scale)[:, None]
    right = counted & (
        np.nan_to_num(distance, nan=np.inf) <= threshold * np.nan_to_num(scale, nan=0.0)[:, None]
    )
    total = counted.sum()
    with np.errstate(invalid="ignore"):
        each = right.sum(0) / np.where(counted.sum(0) == 0, np.nan, counted.sum(0))
    return (float(right.sum() / total) if total else float("nan")), each
