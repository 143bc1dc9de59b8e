"""The card of an exported classifier: what `bodyverb run`, `evaluate` and `explain` must know of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb import __version__, datasets
from bodyverb.metrics.classification import probability, top_k
from bodyverb.recognize.segments import DEFAULTS
from bodyverb.train.clips import Clips
from bodyverb.train.lab_settings import Sampling
from bodyverb.train.predictions import Predictions
from bodyverb.train.trained import Trained

MIN_SCORE = 0.1
"""Joints that a pose network is less sure of count as missing at run time."""
KEPT = 0.95
"""Share of the rightly named clips that are as sure as a verb must be to begin."""
MOST_S, LEAST_S, STRIDE_S = 10.0, 0.5, 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Clips that an export is checked with.

    Attributes:
        train: what the network was trained on: lengths, people, calibration of int8.
        measured: clips that it was not trained on.
        part: which part these are: validation, or test where there is none.
    """

    train: Clips
    measured: Clips
    part: str


def verbs_card(
    trained: Trained,
    material: Material,
    made: Predictions,
    facts: Mapping[str, Any],
    path: Path,
    data: bytes,
) -> dict[str, Any]:
    """Everything that is known of an exported network.

    Args:
        trained: the run.
        material: the clips it was checked with.
        made: what the exported network says of the measured clips.
        facts: what was measured besides.
        path: where the network goes.
        data: its bytes.
    """
    joints, window_s = len(trained.skeleton), window(material.train, trained.sampling)
    space = ["batch", trained.persons, "time", joints]
    known = _data_facts(trained)
    return {
        "name": path.stem,
        "task": "verbs",
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        **known,
        "architecture": trained.run.task.model if trained.run else "",
        "input": {
            "position": [*space, trained.dims],
            "score": space,
            "seconds": ["batch", "time"],
            "missing": "NaN",
            "unit": "any; y down" if trained.dims == 2 else "any; y up",
        },
        "input_text": f"{joints} joints in {trained.dims}D, up to {window_s:g} s",
        "classes": list(trained.classes),
        "skeleton": trained.skeleton.to_dict(),
        "dims": trained.dims,
        "persons": trained.persons,
        **({"pair_classes": pair_classes(material.train)} if trained.persons == 2 else {}),
        "window_s": window_s,
        "stride_s": min(STRIDE_S, round(window_s / 4, 3)),
        "steps": trained.sampling.steps,
        "sampling": asdict(trained.sampling),
        "min_score": MIN_SCORE if trained.dims == 2 else 0.0,
        "thresholds": thresholds(made) if material.part == "validation" else DEFAULTS,
        "quality": {f"top-1 on the {material.part} part": round(top_k(made.score, made.label), 4)},
        **facts,
        "bodyverb": __version__,
    }


def window(clips: Clips, sampling: Sampling) -> float:
    """Seconds of a window at run time: half of the training clips are longer, but no more than are seen."""
    most = min(MOST_S, (sampling.steps - 1) / sampling.rate_hz) if sampling.rate_hz else MOST_S
    return float(np.clip(round(float(np.median(clips.length_s)), 2), min(LEAST_S, most), most))


def thresholds(made: Predictions) -> dict[str, float]:
    """When a verb begins and ends: as sure as `KEPT` of the rightly named clips are; not trained on."""
    chances = probability(made.score).max(axis=1)[made.named == made.label]
    known_on = (
        float(np.clip(np.quantile(chances, 1 - KEPT), 0.2, 0.9)) if len(chances) else DEFAULTS["known_on"]
    )
    return {"known_on": round(known_on, 3), "known_off": round(0.7 * known_on, 3), "min_s": DEFAULTS["min_s"]}


def pair_classes(clips: Clips) -> list[str]:
    """Classes whose clips show two people more often than not."""
    second = [
        bool(np.isfinite(clips.position[start : start + count, 1:]).all(axis=-1).any())
        for start, count in zip(clips.first, clips.frames, strict=True)
    ]
    there = np.array(second)
    found = [clips.label == k for k in range(len(clips.classes))]
    return [
        name for name, own in zip(clips.classes, found, strict=True) if own.any() and there[own].mean() > 0.5
    ]


def _data_facts(trained: Trained) -> dict[str, Any]:
    """Licence and origin: the weights carry the terms of their data."""
    if trained.data is None:
        return {"licence": "unknown"}
    card = datasets.card(trained.data.data)
    settings = {key: value for key, value in asdict(trained.data).items() if key != "root" and value}
    return {
        "licence": f"that of the data it was trained on, {card['title']}: {card['licence']}",
        "data": {card["title"]: card["licence"]},
        "trained_on": settings,
    }
