"""Which pose belongs to which track: costs, duplicates, assignment. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bodyverb.estimate.motion import Body, MotionModel, Prediction, centre_noise, robust_shift
from bodyverb.geometry.boxes import centre_size, iou

__all__ = ["FORBIDDEN", "assign", "pose_cost", "pose_similarity"]

FORBIDDEN = 1e6


def assign(cost: np.ndarray) -> list[tuple[int, int]]:
    """The cheapest one-to-one pairing.

    Args:
        cost: (n, m); entries >= FORBIDDEN are never paired.

    Returns:
        (row, column) pairs, in order of rows.
    """
    if cost.size == 0:
        return []
    if 1 in cost.shape:  # as for one person in the picture; scipy.optimize takes long to import
        best = np.unravel_index(int(np.argmin(cost)), cost.shape)
        rows, columns = [best[0]], [best[1]]
    else:
        from scipy.optimize import linear_sum_assignment

        rows, columns = linear_sum_assignment(np.minimum(cost, FORBIDDEN))
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if cost[r, c] < FORBIDDEN]


def pose_similarity(
    position: np.ndarray, score: np.ndarray, size: np.ndarray, width: float = 0.1
) -> np.ndarray:
    """How far poses are the same body: mean over joints of exp(-d^2 / 2 (width size)^2), score-weighted.

    Args:
        position: (m, J, 2) px, NaN = absent.
        score: (m, J) in [0, 1].
        size: (m,) body sizes in px; the larger one of a pair counts.
        width: tolerance in body sizes.

    Returns:
        (m, m) in [0, 1]; 0 for pairs without a common joint. At the default width two estimates of one
        body with 5 % noise each reach 0.6, two bodies a third of a height apart 0.05.
    """
    known = np.isfinite(position).all(axis=-1)
    xy = np.where(known[..., None], position, 0.0)
    weight = np.where(known, score, 0.0)
    pair = weight[:, None] * weight[None, :]
    square = ((xy[:, None] - xy[None, :]) ** 2).sum(axis=-1)
    scale = np.maximum(size[:, None], size[None, :])[..., None] * width
    total = pair.sum(axis=-1)
    near = (pair * np.exp(-square / (2 * np.maximum(scale, 1e-6) ** 2))).sum(axis=-1)
    return np.where(total > 1e-6, near / np.where(total > 1e-6, total, 1.0), 0.0)


def pose_cost(
    bodies: Sequence[Body],
    predictions: Sequence[Prediction],
    position: np.ndarray,
    score: np.ndarray,
    boxes: np.ndarray,
    *,
    reach: np.ndarray,
    gate_sd: float = 4.0,
    gate_iou: float = 0.4,
    iou_weight: float = 1.0,
) -> np.ndarray:
    """Cost of giving each pose to each track: a negative log likelihood plus box disagreement.

    The terms: squared shift of the body over its predicted variance; squared residual of each joint round
    the shifted body (capped, score-weighted mean); the logarithm of the predicted variance, so that a track
    that was lost for long, and could be anywhere, does not outbid one that is exactly here; 1 - IoU.

    Args:
        bodies: n filter states.
        predictions: their predictions for the time of the poses.
        position: (m, J, 2) px, NaN = absent.
        score: (m, J) in [0, 1].
        boxes: (m, 4) boxes of the poses.
        reach: (n,) longest believable shift from the prediction in px.
        gate_sd: pairs further off than this many standard deviations are forbidden ...
        gate_iou: ... unless their boxes overlap by this.
        iou_weight: weight of 1 - IoU.

    Returns:
        (n, m) float64, FORBIDDEN where a pair is out of the question.
    """
    if not bodies or not len(position):
        return np.zeros((len(bodies), len(position)))
    model: MotionModel = bodies[0].model
    size = np.array([b.size for b in bodies])[:, None]
    offset = np.stack([b.offset for b in bodies])
    known = np.isfinite(position).all(axis=-1)[None] & np.isfinite(offset).all(axis=-1)[:, None]
    expected = np.nan_to_num(offset) + np.stack([p.centre for p in predictions])[:, None]
    difference = np.where(known[..., None], np.nan_to_num(position)[None] - expected[:, None], 0.0)
    weight = np.where(known, np.stack([b.weight for b in bodies])[:, None] * score[None], 0.0)

    predicted_boxes = np.stack([p.box for p in predictions])
    shift = robust_shift(difference, weight, 2 * model.joint * size)
    total = weight.sum(axis=-1)
    blind = total < 1e-3
    centres = centre_size(boxes)[0][None] - centre_size(predicted_boxes)[0][:, None]
    shift = np.where(blind[..., None], centres, shift)

    noise = centre_noise(model, weight) * size**2
    variance = np.array([p.covariance[0, 0] for p in predictions])[:, None] + noise
    square = (shift**2).sum(axis=-1)
    spread = np.stack([p.spread for p in predictions])[:, None] + (model.joint * size[..., None]) ** 2
    residual = ((difference - shift[..., None, :]) ** 2).sum(axis=-1) / spread
    shape = (weight * np.minimum(residual, 9.0)).sum(axis=-1) / np.where(blind, 1.0, total)
    shape = np.where(blind, 2.0, shape)

    overlap = iou(predicted_boxes, boxes)
    cost = 0.5 * np.minimum(square / variance, 25.0) + 0.5 * shape
    cost += np.log(variance / (model.measure * size) ** 2) + iou_weight * (1 - overlap)
    allowed = ((square <= gate_sd**2 * variance) | (overlap >= gate_iou)) & (square <= reach[:, None] ** 2)
    return np.where(allowed, cost, FORBIDDEN)
