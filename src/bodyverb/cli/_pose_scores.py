"""PCK of a run-time pose estimator on whole data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import PoseSequence, Skeleton
from bodyverb.datasets import coco_keypoints, lspet
from bodyverb.estimate.pose import PoseEstimator
from bodyverb.media import read_image
from bodyverb.metrics.pck import pck_report
from bodyverb.train.augment.pose_error import PoseErrorModel
from bodyverb.train.pose_statistics import measure_errors

COMMON = tuple(
    f"{side}_{part}"
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)


def lspet_joints(
    estimator: PoseEstimator, root: Path, split: str = "validation"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Found and true joints of LSP-style people; boxes are the extents of the visible joints (the card adds
    padding).

    Returns:
        found (n, own joint, 2) px, its scores (n, own joint), truth (n, 14, 2) px with NaN where not visible.
    """
    data = lspet.pictures(root)
    rows = [r for r in data.split(split) if np.isfinite(data.joints[r]).all(-1).sum() >= 2]
    pairs = [estimator(data.picture(int(r)), _extent(data.joints[r])[None]) for r in rows]
    return np.concatenate([p for p, _ in pairs]), np.concatenate([s for _, s in pairs]), data.joints[rows]


def score_lspet(estimator: PoseEstimator, root: Path, split: str = "validation") -> dict[str, float]:
    """PCK@0.2 on LSP-style data, on the joints that both layouts have."""
    found, _, truth = lspet_joints(estimator, root, split)
    names, layout = estimator.skeleton.joints, skeletons.get("lsp14").joints
    shared = [name for name in layout if name in names]
    found = found[:, [names.index(name) for name in shared]]
    return pck_report(found, truth[:, [layout.index(name) for name in shared]], tuple(shared))


def error_statistics(estimator: PoseEstimator, root: Path, min_score: float, source: str) -> PoseErrorModel:
    """How a pose network errs on upright validation people, as the verb classifier's training wants it
    (penn13)."""
    found, score, truth = lspet_joints(estimator, root)
    at = [
        skeletons.get("lsp14").index(f"{side}_{part}")
        for part in ("shoulder", "hip")
        for side in ("left", "right")
    ]
    four = np.isfinite(truth[:, at]).all((1, 2))
    upright = four & (np.nan_to_num(truth[:, at[:2], 1]).mean(1) < np.nan_to_num(truth[:, at[2:], 1]).mean(1))
    found = np.where(score[..., None] < min_score, np.nan, found)
    true, seen = _penn(truth[upright], skeletons.get("lsp14")), _penn(found[upright], estimator.skeleton)
    return measure_errors(true, seen, np.array(skeletons.get("penn13").flip), source=source)


def _penn(joints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(n, joint, 2) of a layout as (n, 1, 13, 2) of penn13."""
    poses = PoseSequence.from_arrays(joints[:, None], skeleton=skeleton, rate_hz=1.0)
    return skeletons.convert(poses, skeletons.get("penn13"))[0].position


def score_coco(estimator: PoseEstimator, root: Path) -> dict[str, float]:
    """PCK@0.2 of the twelve limb joints on COCO people with at least 8 labelled ones, boxes as annotated."""
    layout = skeletons.get("coco17").joints
    own, theirs = [estimator.skeleton.index(n) for n in COMMON], [layout.index(n) for n in COMMON]
    found, truth = [], []
    for scene in coco_keypoints.scenes(root):
        keep = ~scene.crowd & (np.isfinite(scene.joints[:, theirs]).all(-1).sum(1) >= 8)
        if keep.any():
            position, _ = estimator(read_image(scene.path), scene.boxes[keep])
            found.append(position[:, own])
            truth.append(scene.joints[keep][:, theirs])
    return pck_report(np.concatenate(found), np.concatenate(truth), COMMON)


def _extent(joints: np.ndarray) -> np.ndarray:
    low, high = np.nanmin(joints, 0), np.nanmax(joints, 0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 4.0)
    return np.concatenate([middle - half, middle + half])
