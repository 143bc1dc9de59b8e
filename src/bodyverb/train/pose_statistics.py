"""Measuring a pose net's errors as the statistics that spoil true poses in training."""

from __future__ import annotations

import numpy as np

from bodyverb.core import InputError
from bodyverb.train.augment.pose_error import HEIGHT, PoseErrorModel, spread


def measure_errors(
    true: np.ndarray,
    found: np.ndarray,
    flip: np.ndarray,
    *,
    seconds: np.ndarray | None = None,
    source: str,
    far: float = 0.15,
) -> PoseErrorModel:
    """Compares found with true poses.

    A frame whose found pose fits much better with left and right exchanged counts as swapped and is
    exchanged before the rest is measured. Of the joints that are there in both, errors above ``far`` body
    heights are outliers; the everyday standard deviation is 1.4826 x the median absolute error of each
    axis of the others.

    Args:
        true: (sequence, time, joint, 2) true joints, NaN = not annotated.
        found: the same, NaN = not found. Single pictures are sequences of one frame.
        flip: (joint,) index of each joint's partner.
        seconds: (sequence, time), for the memory of the error; None for single pictures (memory 0).
        source: how the numbers came about, for the file.
        far: body heights above which an error is an outlier.

    Returns:
        The statistics, one number a joint.

    Raises:
        InputError: the shapes differ or no joint is there in both.
    """
    if true.shape != found.shape or true.ndim != 4:
        raise InputError(
            f"Expected two arrays (sequence, time, joint, 2), got {true.shape} and {found.shape}; align them"
        )
    height = (HEIGHT * spread(true))[:, None, None, None]
    swapped = _swapped(true, found, flip)
    error = (np.where(swapped[:, :, None, None], found[:, :, flip], found) - true) / height
    there = ~np.isnan(true[..., 0])
    both = ~np.isnan(error[..., 0])
    if not both.any():
        raise InputError("Expected joints that are both true and found, got none; check the layouts")
    distance = np.where(both, np.hypot(error[..., 0], error[..., 1]), 0)
    wrong = both & (distance > far)
    usual = np.where((both & ~wrong)[..., None], error, np.nan)
    joints = range(true.shape[2])
    deviation = [1.4826 * float(np.median(np.abs(_finite(usual[:, :, j])))) for j in joints]
    return PoseErrorModel(
        source=source,
        sd=tuple(round(value, 4) for value in deviation),
        outlier_rate=tuple(_share(wrong[:, :, j], both[:, :, j]) for j in joints),
        outlier_sd=round(float(np.sqrt((distance[wrong] ** 2).mean() / 2)) if wrong.any() else 0.0, 4),
        miss_rate=tuple(_share(there[:, :, j] & ~both[:, :, j], there[:, :, j]) for j in joints),
        swap_rate=round(float(swapped[both.any(axis=2)].mean()), 4),
        memory_s=0.0 if seconds is None else _memory(usual, seconds),
    )


def _finite(values: np.ndarray) -> np.ndarray:
    kept = values[~np.isnan(values)]
    return kept if kept.size else np.zeros(1)


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    return round(float(part.sum() / max(1, whole.sum())), 4)


def _swapped(true: np.ndarray, found: np.ndarray, flip: np.ndarray) -> np.ndarray:
    """(sequence, time) frames that fit at least twice as well, summed over joints, with the sides swapped."""
    straight = np.hypot(*np.moveaxis(found - true, -1, 0))
    crossed = np.hypot(*np.moveaxis(found[:, :, flip] - true, -1, 0))
    both = ~np.isnan(straight) & ~np.isnan(crossed)
    return np.where(both, crossed, 0).sum(axis=2) < 0.5 * np.where(both, straight, 0).sum(axis=2)


def _memory(error: np.ndarray, seconds: np.ndarray) -> float:
    """Time constant in seconds from the correlation of neighbouring frames about each joint's own mean."""
    there = ~np.isnan(error)
    count = np.maximum(there.sum(axis=1, keepdims=True), 1)
    centred = error - np.where(there, error, 0).sum(axis=1, keepdims=True) / count
    product, square = centred[:, 1:] * centred[:, :-1], centred * centred
    if np.isnan(product).all():
        return 0.0
    keep = float(np.nanmean(product) / max(float(np.nanmean(square)), 1e-12))
    step = float(np.median(np.diff(seconds, axis=1)))
    return round(-step / np.log(keep), 4) if 0.01 < keep < 0.999 else 0.0
