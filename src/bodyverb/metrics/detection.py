"""How many people a detector finds at how many false alarms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def match_detections(
    found: np.ndarray, truth: np.ndarray, ignored: np.ndarray, threshold: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Match one picture's boxes greedily, surest first.

    Args:
        found: (n, 5) xyxy px and score.
        truth: (m, 4) xyxy px.
        ignored: (m,) bool: boxes that are neither to be found nor false to find (crowds, too small).
        threshold: least intersection over union.

    Returns:
        verdict (n,) int: 1 right, 0 false, -1 does not count; in order of falling score, with those scores
        (n,).
    """
    order = np.argsort(-found[:, 4], kind="stable")
    verdict = np.zeros(len(found), int)
    taken = np.zeros(len(truth), bool)
    for rank, row in enumerate(order):
        if not len(truth):
            break
        overlap = _iou(found[row, :4], truth)
        free = np.where(taken | ignored, -1.0, overlap)
        if free.max() >= threshold:
            taken[int(free.argmax())] = True
            verdict[rank] = 1
        elif ignored.any():
            inside = _covered(found[row, :4], truth[ignored])
            if max(np.where(ignored, overlap, -1.0).max(), inside.max()) >= threshold:
                verdict[rank] = -1
    return verdict, found[order, 4]


def recall_at_false_alarms(
    verdicts: Sequence[np.ndarray], scores: Sequence[np.ndarray], wanted: int, rate: float
) -> tuple[float, float]:
    """Recall at the lowest score threshold that keeps false boxes at or below `rate` a picture.

    Args:
        verdicts: a picture each, from `match_detections`.
        scores: likewise.
        wanted: people to be found in all pictures.
        rate: false boxes a picture, on average.

    Returns:
        recall and the threshold (infinite where even the surest box is false).
    """
    verdict, score = np.concatenate(list(verdicts)), np.concatenate(list(scores))
    order = np.argsort(-score, kind="stable")
    verdict, score = verdict[order], score[order]
    allowed = np.cumsum(verdict == 0) <= rate * len(verdicts)
    # equal scores stand or fall together
    last = np.r_[score[1:] != score[:-1], True] if len(score) else np.zeros(0, bool)
    good = np.flatnonzero(allowed & last)
    if not len(good) or not wanted:
        return 0.0, float("inf")
    end = int(good[-1])
    return float((verdict[: end + 1] == 1).sum() / wanted), float(score[end])


def _iou(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    inter = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None).prod(1)
    areas = (others[:, 2:] - others[:, :2]).prod(1)
    return inter / np.maximum((box[2:] - box[:2]).prod() + areas - inter, 1e-9)


def _covered(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Share of the box inside each other one (COCO's rule for crowds)."""
    inter = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None).prod(1)
    return inter / max(float((box[2:] - box[:2]).prod()), 1e-9)
