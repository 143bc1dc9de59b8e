"""Classifiers in int8: as much as the verdicts allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import InputError
from bodyverb.infer.quantize import convolutions, quantize_int8
from bodyverb.metrics.classification import top_k
from bodyverb.train.clips import Clips
from bodyverb.train.lab_settings import Sampling
from bodyverb.train.predict import Classifier, predict
from bodyverb.train.predictions import Predictions
from bodyverb.train.sampling import batch, moments
from bodyverb.train.trained import Trained
from bodyverb.train.verbs_card import Material

LEAST_SAME, MOST_LOST = 0.99, 0.3
"""Share of the verdicts that must stay, and points of top-1 accuracy that may be lost."""
CALIBRATION = 256
ROWS = 16


def quantized(
    source: Path,
    target: Path,
    trained: Trained,
    material: Material,
    before: Predictions,
    opened: Callable[[Path], Classifier],
) -> tuple[dict[str, Any], Predictions]:
    """Write an int8 network that says what the float one says.

    All convolutions become int8; where that changes too much, the first ones, which take the raw channels,
    stay in float, and then the last ones, one more at a time.

    Args:
        source: the float32 file.
        target: the int8 file.
        trained: the run.
        material: training clips to calibrate on, and others to compare on.
        before: what the float network says of the others.
        opened: a file as a function.

    Returns:
        What was measured, and what the int8 network says.

    Raises:
        InputError: there is nothing to quantise, or even the mildest form changes too much.
    """
    count = convolutions(source)
    if not count:
        raise InputError(
            f"Expected a network with convolutions for --int8, got none; export it without: {trained.name}"
        )
    told = {}
    for kept in _ladder(count):
        samples = calibration(material.train, trained.sampling)
        quantize_int8(source, target, samples, keep_convolutions=kept)
        after = predict(opened(target), material.measured, trained.sampling)
        found = agreement(before, after)
        told = found | {"clips": len(after), "convolutions in float": f"{len(kept)} of {count}"}
        if found["same"] >= LEAST_SAME and found["points lost"] <= MOST_LOST:
            return {**told, "bytes": target.stat().st_size, "float bytes": source.stat().st_size}, after
    raise InputError(
        f"Expected int8 to keep {LEAST_SAME:.0%} of the verdicts and to lose at most {MOST_LOST} points, got "
        f"{told['same']:.2%} and {told['points lost']:.2f} at best; export without --int8: {trained.name}"
    )


def agreement(before: Predictions, after: Predictions) -> dict[str, float]:
    """Share of clips named alike, and points of top-1 accuracy lost."""
    lost = top_k(before.score, before.label) - top_k(after.score, after.label)
    return {"same": float((before.named == after.named).mean()), "points lost": 100 * lost}


def calibration(clips: Clips, sampling: Sampling) -> Iterator[dict[str, np.ndarray]]:
    """Batches of training clips spread over the set, as the network gets them."""
    rows = np.unique(np.linspace(0, len(clips) - 1, min(CALIBRATION, len(clips))).round().astype(int))
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        made = batch(clips, some, moments(clips, some, sampling, None))
        yield {name: made[name].numpy() for name in ("position", "score", "seconds")}


def _ladder(count: int) -> Iterator[set[int]]:
    """Places of the convolutions that stay in float, more and more: first, last, second ..."""
    ends = [at // 2 if at % 2 == 0 else count - 1 - at // 2 for at in range(count)]
    for kept in (0, 1, 2, 4, 8):
        if kept <= count // 2:
            yield set(ends[:kept])
