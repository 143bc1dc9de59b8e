"""From predictions to numbers: of the whole part, of each class, subject and view, and the worst clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bodyverb.core import InputError
from bodyverb.metrics import classification as metrics
from bodyverb.train.predictions import Predictions


@dataclass(frozen=True, kw_only=True)
class Group:
    """The clips of one subject or one view.

    Attributes:
        name: subject or view, "unknown" where that is not known.
        samples: clips.
        top_1: share that is right.
        mean_class: mean of that over the classes that it has.
    """

    name: str
    samples: int
    top_1: float
    mean_class: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """All that is measured of predictions.

    Attributes:
        predictions: of what.
        overall: `metrics.classification.summary`.
        confusion: (C, C) counts, row = right class.
        each: per class; NaN where a class has no samples.
        average_precision: (C,) NaN where a class has no samples.
        reliability: confidence against accuracy.
        subjects: a group each; empty where nobody is known.
        cameras: likewise.
        worst: rows that are named wrong, the least likely right class first.
    """

    predictions: Predictions
    overall: dict[str, float]
    confusion: np.ndarray
    each: metrics.PerClass
    average_precision: np.ndarray
    reliability: metrics.Reliability
    subjects: tuple[Group, ...]
    cameras: tuple[Group, ...]
    worst: np.ndarray

    @property
    def without_samples(self) -> tuple[str, ...]:
        """Classes that no clip has."""
        empty = np.flatnonzero(self.each.samples == 0)
        return tuple(self.predictions.classes[c] for c in empty)

    def per_class(self) -> list[dict[str, Any]]:
        """A row a class: class, samples, precision, recall, f1, ap, taken_for (the commonest error)."""
        classes = self.predictions.classes
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        return [
            {
                "class": name,
                "samples": int(self.each.samples[c]),
                "precision": float(self.each.precision[c]),
                "recall": float(self.each.recall[c]),
                "f1": float(self.each.f1[c]),
                "ap": float(self.average_precision[c]),
                "taken_for": f"{classes[wrong[c].argmax()]} ({wrong[c].max()})" if wrong[c].any() else "",
            }
            for c, name in enumerate(classes)
        ]

    def worst_clips(self, most: int = 12) -> list[dict[str, Any]]:
        """The worst clips, each with id, class, named, and the chances of both."""
        chances, made = metrics.probability(self.predictions.score), self.predictions
        return [
            {
                "id": made.ids[row],
                "class": made.classes[made.label[row]],
                "named": made.classes[made.named[row]],
                "chance_class": float(chances[row, made.label[row]]),
                "chance_named": float(chances[row, made.named[row]]),
            }
            for row in self.worst[:most].tolist()
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what has no value (a class without samples) is NaN here and null there."""
        return {
            "about": dict(self.predictions.about),
            "overall": self.overall,
            "classes": self.per_class(),
            "without_samples": list(self.without_samples),
            "subjects": [asdict(group) for group in self.subjects],
            "cameras": [asdict(group) for group in self.cameras],
            "confusion": self.confusion,
            "reliability": asdict(self.reliability),
            "worst": self.worst_clips(),
        }


def scores(predictions: Predictions) -> Scores:
    """Measure predictions.

    Raises:
        InputError: there is none.
    """
    score, label = predictions.score, predictions.label
    if not len(predictions):
        raise InputError("Expected at least one clip to score, got none; choose another --part or split")
    counts = metrics.confusion(label, predictions.named, len(predictions.classes))
    wrong = np.flatnonzero(predictions.named != label)
    own = metrics.log_softmax(score)[wrong, label[wrong]]
    return Scores(
        predictions=predictions,
        overall=metrics.summary(score, label),
        confusion=counts,
        each=metrics.per_class(counts),
        average_precision=metrics.class_average_precision(score, label),
        reliability=metrics.reliability(score, label),
        subjects=_groups(predictions, predictions.subject),
        cameras=_groups(predictions, predictions.camera),
        worst=wrong[np.argsort(own, kind="stable")],
    )


def _groups(predictions: Predictions, names: Sequence[str]) -> tuple[Group, ...]:
    """A row a name, numbers in order of size; none where no name is known."""
    found = []
    for name in sorted(set(names), key=lambda text: (not text, not text.isdigit(), len(text), text)):
        rows = np.flatnonzero([other == name for other in names])
        label, named = predictions.label[rows], predictions.named[rows]
        counts = metrics.confusion(label, named, len(predictions.classes))
        found.append(
            Group(
                name=name or "unknown",
                samples=len(rows),
                top_1=float((label == named).mean()),
                mean_class=metrics.mean_class_accuracy(counts),
            )
        )
    return tuple(found) if any(names) else ()
