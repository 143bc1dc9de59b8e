"""How good a pose network is on LSP-style data: PCK@0.2 on everybody and on upright people."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bodyverb.core import Skeleton
from bodyverb.metrics.pck import pck, torso_px
from bodyverb.train.pose_data import crop_affine, pose_box


def pck_report(estimate: np.ndarray, truth: np.ndarray, skeleton: Skeleton) -> dict[str, float]:
    """PCK@0.2 of (n, joint, 2) px estimates against truth (NaN = not visible).

    The scale is the longer visible diagonal of left shoulder - right hip and right shoulder - left hip; rows with
    neither do not count. Upright: mean shoulder above mean hip, among rows with all four visible.
    """
    at = skeleton.joints.index
    shoulders = [at("left_shoulder"), at("right_shoulder")]
    hips = [at("left_hip"), at("right_hip")]
    scale = torso_px(truth, ((shoulders[0], hips[1]), (shoulders[1], hips[0])))
    four = np.isfinite(truth[:, shoulders + hips]).all((1, 2))
    upright = four & (
        np.nan_to_num(truth[:, shoulders, 1]).mean(1) < np.nan_to_num(truth[:, hips, 1]).mean(1)
    )
    everybody, each = pck(estimate, truth, scale)
    report = {"pck": everybody, "pck_upright": pck(estimate[upright], truth[upright], scale[upright])[0]}
    report |= {"rows": float(np.isfinite(scale).sum()), "rows_upright": float(upright.sum())}
    return report | {f"pck_{name}": float(value) for name, value in zip(skeleton.joints, each, strict=True)}


def evaluate_crops(
    predict: Callable[[np.ndarray], np.ndarray], crops: np.ndarray, truth: np.ndarray, skeleton: Skeleton
) -> dict[str, float]:
    """Score `predict`: (n, size, size, 3) uint8 crops -> (n, joint, 2) crop px; every crop shows the whole box."""
    return pck_report(predict(crops), truth, skeleton)


__all__ = ["crop_affine", "evaluate_crops", "pck_report", "pose_box"]
