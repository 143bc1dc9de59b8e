"""PCK of a run-time pose estimator on whole data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.datasets import coco_keypoints, lspet
from bodyverb.estimate.pose import PoseEstimator
from bodyverb.media import read_image
from bodyverb.metrics.pck import pck_report

COMMON = tuple(
    f"{side}_{part}"
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)


def score_lspet(estimator: PoseEstimator, root: Path, split: str = "validation") -> dict[str, float]:
    """PCK@0.2 on LSP-style data; boxes are the extents of the visible joints (the network's card adds the
    padding)."""
    data = lspet.open(root)
    skeleton = skeletons.get("lsp14")
    rows = [r for r in data.split(split) if np.isfinite(data.joints[r]).all(-1).sum() >= 2]
    found = np.stack([estimator(data.picture(int(r)), _extent(data.joints[r])[None])[0][0] for r in rows])
    names, truth = estimator.skeleton.joints, data.joints[rows]
    if names != skeleton.joints:  # another layout: the joints both have
        shared = [n for n in skeleton.joints if n in names]
        found = found[:, [names.index(n) for n in shared]]
        truth = truth[:, [skeleton.joints.index(n) for n in shared]]
        return pck_report(found, truth, tuple(shared))
    return pck_report(found, truth, skeleton.joints)


def score_coco(estimator: PoseEstimator, root: Path) -> dict[str, float]:
    """PCK@0.2 of the twelve limb joints on COCO people with at least 8 labelled ones, boxes as annotated."""
    layout = skeletons.get("coco17").joints
    own, theirs = [estimator.skeleton.index(n) for n in COMMON], [layout.index(n) for n in COMMON]
    found, truth = [], []
    for scene in coco_keypoints.open(root):
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
