"""From trained weights to a bundled model: ONNX file, thresholds set on the validation part, card."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from bodyverb import skeletons
from bodyverb.core import Window
from bodyverb.core.timeline import UNKNOWN
from bodyverb.recognize.recognizer import Recognizer
from bodyverb.train.augment.pose_error import PoseErrorModel
from bodyverb.train.evaluate_verbs import Measured, frozen, sequence, through_cameras, with_errors
from bodyverb.train.export_verbs import write_network
from bodyverb.train.verbs_data import DataConfig, VerbStore

STRIDE_S = 0.5
HEADLINES = {
    "penn, true poses: top-1": "Penn test top-1",
    "penn, pose errors: top-1": "Penn test under pose-lite's errors",
    "penn, true poses: named, open set": "Penn test, named past the open set",
    "utd-verbs, unseen cameras: top-1": "UTD even subjects, unseen cameras",
    "all real negatives, pose errors": "share of other motion that gets a verb",
}
"""The measured numbers that a list of models shows, and what they are called there."""


def export_verbs(module: nn.Module, joints: int, steps: int, path: Path) -> Path:
    """Writes the classifier's ONNX file with free batch, person and time axes.

    Args:
        module: the network.
        joints: joints of its layout.
        steps: time steps of the example.
        path: the file.

    Returns:
        The path.
    """
    return write_network(
        module, (2, steps, joints, 2), path, free=("batch", "person"), known=True, half_weights=True
    )


def facts(classes: tuple[str, ...], data: DataConfig) -> dict[str, Any]:
    """The part of the card that the recognizer needs."""
    return {
        "classes": list(classes),
        "skeleton": "penn13",
        "window_s": data.window_s,
        "stride_s": STRIDE_S,
        "steps": data.steps,
        "min_score": 0.1,
    }


def choose_thresholds(
    recognizer: Recognizer, store: VerbStore, errors: PoseErrorModel, *, share: float = 0.01, seed: int = 7
) -> dict[str, float]:
    """The lowest ``known_on`` at which the negatives of a part get a verb for at most ``share`` of their
    seconds.

    Args:
        recognizer: the classifier.
        store: clips that were not trained on, usually the ``validation`` part.
        errors: pose-error statistics.
        share: allowed share of seconds.
        seed: seed of cameras and errors.

    Returns:
        ``known_on``, ``known_off`` (0.7 of it) and ``min_s``.
    """
    rng = np.random.default_rng(seed)
    flip = np.array(recognizer.skeleton.flip)
    groups: dict[str, list[list[Window]]] = {}
    for i in range(len(store)):
        track = through_cameras(store.clip(i), rng)
        if store.label[i] >= 0 and not store.flat[i]:
            continue
        if store.label[i] >= 0:
            track = frozen(track, rng, flip, errors)
        elif len(track[0]) > 4:
            track = with_errors(track, errors, flip, rng)
        else:
            continue
        group = "frozen" if store.label[i] >= 0 else str(store.source[i])
        groups.setdefault(group, []).append(recognizer.windows(sequence(*track, recognizer)))
    for known_on in np.arange(0.1, 0.99, 0.02):
        limits = {"known_on": float(known_on), "known_off": float(0.7 * known_on), "min_s": 0.4}
        shares = [_verb_share(tracks, recognizer, limits) for tracks in groups.values()]
        if np.mean(shares) <= share:
            break
    return {key: round(value, 3) for key, value in limits.items()}


def _verb_share(tracks: list[list[Window]], recognizer: Recognizer, limits: dict[str, float]) -> float:
    from bodyverb.recognize.segments import merge

    segments = [s for windows in tracks for s in merge(windows, recognizer.classes, limits)]
    total = sum(s.end_s - s.start_s for s in segments)
    return sum(s.end_s - s.start_s for s in segments if s.verb != UNKNOWN) / max(total, 1e-9)


def write_card(
    path: Path,
    known: dict[str, Any],
    thresholds: dict[str, float],
    measured: list[Measured],
    about: dict[str, Any],
) -> None:
    """Writes the card beside the network.

    Args:
        path: the ONNX file.
        known: what `facts` returned.
        thresholds: of the open set.
        measured: numbers on the test part.
        about: name, licence, data, training command, limits.
    """
    joints = len(skeletons.get(known["skeleton"]).joints)
    numbers = {line.name: round(line.value, 4) for line in measured}
    card = {
        **about,
        "task": "verbs",
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "input": {
            "position": ["batch", "person", "time", joints, 2],
            "score": ["batch", "person", "time", joints],
            "seconds": ["batch", "time"],
            "missing": "NaN",
            "unit": "any; y down",
        },
        **known,
        "thresholds": thresholds,
        "input_text": f"{joints} joints in 2D, up to {known['window_s']:g} s",
        "quality": {HEADLINES[k]: v for k, v in numbers.items() if k in HEADLINES},
        "measured": numbers,
    }
    (path.parent / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
