"""Boxes: overlap, suppression, the box of a pose.

A box is `(x1, y1, x2, y2)` in continuous pixel coordinates where (0, 0) is the centre of the first
pixel; a box round a whole picture of w x h pixels is therefore (-0.5, -0.5, w - 0.5, h - 0.5).
A box that is unknown holds NaN in all four numbers and overlaps nothing.
"""

from __future__ import annotations

import numpy as np

from bodyverb.core.errors import InputError

__all__ = ["area", "box_of_pose", "centre_size", "clip_box", "expand_box", "iou", "nms"]


def _as_boxes(boxes: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(boxes, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] != 4:
        raise InputError(
            f"Expected {name} of shape (..., 4) as x1 y1 x2 y2, got {array.shape}; pass corners."
        )
    return array


def area(boxes: np.ndarray) -> np.ndarray:
    """Area of boxes in px^2.

    Args:
        boxes: (..., 4) xyxy in px; NaN where unknown.

    Returns:
        (...) float64; 0 for empty or inverted boxes, NaN for unknown ones.
    """
    b = _as_boxes(boxes, "boxes")
    sides = np.maximum(b[..., 2:] - b[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def centre_size(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre (..., 2) and width and height (..., 2) of boxes (..., 4), all in px."""
    b = _as_boxes(boxes, "boxes")
    return (b[..., :2] + b[..., 2:]) / 2, b[..., 2:] - b[..., :2]


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of every box in `a` with every box in `b`.

    Args:
        a: (n, 4) xyxy in px.
        b: (m, 4) xyxy in px.

    Returns:
        (n, m) float64 in [0, 1]; 0 where either box is unknown (NaN) or has no area.
    """
    first, second = _as_boxes(a, "a").reshape(-1, 1, 4), _as_boxes(b, "b").reshape(1, -1, 4)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    sides = np.maximum(high - low, 0.0)
    shared = sides[..., 0] * sides[..., 1]
    union = area(first) + area(second) - shared
    known = np.isfinite(union) & (union > 0) & np.isfinite(shared)
    return np.where(known, shared / np.where(known, union, 1.0), 0.0)


def nms(boxes: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Greedy non-maximum suppression.

    Args:
        boxes: (n, 4) xyxy in px.
        scores: (n,) higher is better.
        threshold: a box is dropped when its IoU with a kept, better box is above this.

    Returns:
        (k,) int64 indices of the kept boxes, best first (equal scores: earlier first). Unknown
        boxes (NaN) and NaN scores are never kept.
    """
    b = _as_boxes(boxes, "boxes").reshape(-1, 4)
    s = np.asarray(scores, dtype=np.float64).reshape(-1)
    if len(b) != len(s):
        raise InputError(
            f"Expected one score a box, got {len(s)} scores for {len(b)} boxes; pass equal lengths."
        )
    order = np.argsort(-s, kind="stable")
    order = order[np.isfinite(s[order]) & np.isfinite(b[order]).all(axis=1)]
    keep: list[int] = []
    while len(order):
        best = int(order[0])
        keep.append(best)
        rest = order[1:]
        order = rest[iou(b[best][None], b[rest])[0] <= threshold]
    return np.asarray(keep, dtype=np.int64)


def expand_box(boxes: np.ndarray, scale: float | tuple[float, float]) -> np.ndarray:
    """Scale boxes about their centres.

    Args:
        boxes: (..., 4) xyxy in px.
        scale: one factor, or (width factor, height factor).

    Returns:
        (..., 4) float64.
    """
    centre, size = centre_size(boxes)
    half = size * np.asarray(scale, dtype=np.float64) / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def clip_box(boxes: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Clip boxes (..., 4) to the pixels of a picture of (w, h); outside boxes come out with no area."""
    limit = np.asarray(image_size, dtype=np.float64) - 0.5
    return np.clip(_as_boxes(boxes, "boxes"), -0.5, np.concatenate([limit, limit]))


def box_of_pose(
    position: np.ndarray, score: np.ndarray | None = None, *, min_score: float = 0.0
) -> np.ndarray:
    """The tight box round the visible joints of poses.

    Args:
        position: (..., J, 2 or more) in px; only x and y are read; NaN = absent joint.
        score: (..., J) or None; joints below `min_score` are left out.
        min_score: lowest score that counts as visible.

    Returns:
        (..., 4) float64 xyxy; NaN for a pose with fewer than two visible joints.
    """
    xy = np.asarray(position, dtype=np.float64)[..., :2]
    seen = np.asarray(np.isfinite(xy).all(axis=-1))
    if score is not None:
        seen &= np.asarray(score) >= min_score
    low = np.where(seen[..., None], xy, np.inf).min(axis=-2, initial=np.inf)
    high = np.where(seen[..., None], xy, -np.inf).max(axis=-2, initial=-np.inf)
    box = np.concatenate([low, high], axis=-1)
    return np.where((seen.sum(axis=-1) >= 2)[..., None], box, np.nan)
