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


def pck_report(estimate: np.ndarray, truth: np.ndarray, names: tuple[str, ...]) -> dict[str, float]:
    """PCK@0.2 over everybody and over upright people.

    The scale is the longer visible diagonal of left shoulder - right hip and right shoulder - left hip;
    rows with
    neither do not count. Upright: mean shoulder above mean hip, among rows with all four visible.

    Args:
        estimate: (n, joint, 2) px.
        truth: (n, joint, 2) px, NaN = not visible.
        names: joint names; the shoulders and hips must be among them.

    Returns:
        `pck`, `pck_upright`, `rows`, `rows_upright` and `pck_<joint>`.
    """
    shoulders = [names.index("left_shoulder"), names.index("right_shoulder")]
    hips = [names.index("left_hip"), names.index("right_hip")]
    scale = torso_px(truth, ((shoulders[0], hips[1]), (shoulders[1], hips[0])))
    four = np.isfinite(truth[:, shoulders + hips]).all((1, 2))
    upright = four & (
        np.nan_to_num(truth[:, shoulders, 1]).mean(1) < np.nan_to_num(truth[:, hips, 1]).mean(1)
    )
    everybody, each = pck(estimate, truth, scale)
    report = {"pck": everybody, "pck_upright": pck(estimate[upright], truth[upright], scale[upright])[0]}
    report |= {"rows": float(np.isfinite(scale).sum()), "rows_upright": float(upright.sum())}
    return report | {f"pck_{name}": float(value) for name, value in zip(names, each, strict=True)}
