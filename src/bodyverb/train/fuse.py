"""Fusing the predictions of several classifiers, such as those of four streams, by clip id.

The fused score of a class is the weighted mean of the classifiers' log-probabilities (a logarithmic opinion
pool; Heskes, NIPS 1997). Weights sum to 1; only their ratios matter.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bodyverb.core import InputError
from bodyverb.metrics import classification as metrics
from bodyverb.train.predictions import Predictions

LARGEST = 4
TRIES = 20_000


def aligned(sets: Sequence[Predictions], names: Sequence[str]) -> list[Predictions]:
    """The sets with their clips in the order of the first.

    Raises:
        InputError: they differ in their clips, their classes or the right class of a clip.
    """
    first = sets[0]
    result = [first]
    for other, name in zip(sets[1:], names[1:], strict=True):
        _check_same(first, other, names[0], name)
        place = {key: row for row, key in enumerate(other.ids)}
        moved = other.take([place[key] for key in first.ids])
        odd = np.flatnonzero(moved.label != first.label)
        if len(odd):
            raise InputError(
                f"Expected the same right classes, got others for {len(odd)} clips, the first: "
                f"{first.ids[odd[0]]}; fuse runs of one data set: {names[0]}, {name}"
            )
        result.append(moved)
    return result


def _check_same(first: Predictions, other: Predictions, one: str, two: str) -> None:
    if first.classes != other.classes:
        raise InputError(
            f"Expected the same classes in the same order, got {len(first.classes)} and "
            f"{len(other.classes)} that differ; fuse runs of one data set: {one}, {two}"
        )
    lone = sorted(set(first.ids) ^ set(other.ids))
    if lone:
        raise InputError(
            f"Expected the same clips, got {len(first)} and {len(other)} with {len(lone)} in one only, the "
            f"first: {lone[0]}; evaluate both on one part: {one}, {two}"
        )


def fuse(sets: Sequence[Predictions], weights: Sequence[float]) -> Predictions:
    """The weighted mean of the log-probabilities of aligned sets.

    Args:
        sets: as `aligned` gives them.
        weights: one a set, not negative, not all zero.

    Raises:
        InputError: weights that are no such.
    """
    share = np.asarray(weights, np.float64)
    if share.shape != (len(sets),) or not (np.isfinite(share).all() and (share >= 0).all() and share.any()):
        shown = ":".join(f"{weight:g}" for weight in weights)
        raise InputError(
            f"Expected {len(sets)} weights of 0 or more, not all 0, got {shown}; give one a run, e.g. 2:2:1:1"
        )
    share = share / share.sum()
    first = sets[0]
    score = sum(part * metrics.log_softmax(one.score) for part, one in zip(share, sets, strict=True))
    about = {"weights": share.tolist(), "fused": [dict(one.about) for one in sets]}
    return Predictions(**(vars(first) | {"score": score, "about": about}))


def search(sets: Sequence[Predictions]) -> tuple[int, ...]:
    """The weights, small whole numbers, that name the most clips right; of those the most likely.

    Args:
        sets: aligned predictions of a part that is not the test part.

    Raises:
        InputError: too many sets to try all weights.
    """
    largest = min(LARGEST, math.floor(TRIES ** (1 / len(sets)) + 1e-9) - 1)
    if largest < 1:
        raise InputError(f"Expected at most 14 runs to search weights for, got {len(sets)}; give --weights")
    logs = np.stack([metrics.log_softmax(one.score) for one in sets])
    label = sets[0].label
    best, chosen = (-1.0, -np.inf), (1,) * len(sets)
    for weights in itertools.product(range(largest + 1), repeat=len(sets)):
        if math.gcd(*weights) != 1:  # all zero, or the same ratios as smaller numbers
            continue
        score = np.tensordot(np.array(weights) / sum(weights), logs, axes=1)
        right = float((score.argmax(axis=1) == label).mean())
        if right >= best[0]:
            value = (right, -metrics.nll(score, label))
            if value > best:
                best, chosen = value, weights
    return chosen


def parse_weights(text: str, runs: int) -> tuple[float, ...]:
    """Weights as they are typed, `2:2:1:1`.

    Raises:
        InputError: not a number each.
    """
    try:
        weights = tuple(float(word) for word in text.split(":"))
    except ValueError:
        weights = ()
    if len(weights) != runs:
        raise InputError(
            f"Expected `search` or {runs} weights with colons between, got '{text}'; "
            f"write e.g. --weights {':'.join(['1'] * runs)}"
        )
    return weights


def predictions_file(path: Path, part: str) -> Path:
    """The file of predictions that a path stands for: itself, that of a run, or of a saved evaluation.

    Raises:
        InputError: there is none.
    """
    options = [path] if path.is_file() else [path / "predictions" / f"{part}.npz", path / "predictions.npz"]
    for option in options:
        if option.is_file():
            return option
    raise InputError(
        f"Expected a run with predictions of part '{part}', or a file of predictions, got none; "
        f"make them with `bodyverb evaluate {path} --part {part}`: {path}"
    )


def validation_file(path: Path) -> Path | None:
    """The predictions of the validation part that belong to a path of `predictions_file`, or None."""
    folder = path.parent if path.is_file() else path / "predictions"
    file = folder / "validation.npz"
    return file if file.is_file() else None
