"""How well scores name classes: accuracy, per-class measures, average precision and calibration.

Rows are samples, columns classes. `score` (n, C) is a log-probability or a logit of each class: only its
order counts for accuracy; `probability` turns it into chances for the rest. `label` (n,) holds class indices.
Equal scores: the class of the lower index is named, as `argmax` does. No score may be NaN.

A class without samples has no accuracy, precision, recall, F1 or average precision: NaN, and means over
classes leave it out. A class with samples that is never named has precision 0. Without any sample every
measure is NaN. The definitions are scikit-learn's: `precision_recall_fscore_support` with `zero_division=0`
over the classes that have samples, `average_precision_score`, `log_loss`, `brier_score_loss`,
`calibration_curve`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bodyverb.core.errors import InputError

BINS = 15


@dataclass(frozen=True, kw_only=True, eq=False)
class PerClass:
    """Measures of each class, all (C,) float64.

    Attributes:
        precision: share of those named so that are so; 0 where nobody is, NaN without samples.
        recall: share of the class's samples that are named so; the class's accuracy. NaN without samples.
        f1: harmonic mean of the two; 0 where both are 0, NaN without samples.
        samples: how many there are.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    samples: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Reliability:
    """Confidence against accuracy, in bins of equal width over (0, 1]; a bin holds its upper edge.

    Attributes:
        edges: (bins + 1,) from 0 to 1.
        samples: (bins,) how many fall in.
        confidence: (bins,) mean chance of the named class; NaN in an empty bin.
        accuracy: (bins,) share that is right; NaN in an empty bin.
    """

    edges: np.ndarray
    samples: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error (Guo et al., ICML 2017): mean gap weighted by samples."""
        total = self.samples.sum()
        gaps = np.abs(np.nan_to_num(self.confidence) - np.nan_to_num(self.accuracy))
        return float((gaps * self.samples).sum() / total) if total else float("nan")


def log_softmax(score: np.ndarray) -> np.ndarray:
    """Log-probabilities (n, C) of logits, or of log-probabilities that do not sum to 1."""
    score = np.asarray(score, np.float64)
    shifted = score - score.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def probability(score: np.ndarray) -> np.ndarray:
    """Chances (n, C) that sum to 1."""
    return np.exp(log_softmax(score))


def rank(score: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Place (n,) of the right class in each row, from 0; classes of equal score stand by their index.

    Raises:
        InputError: shapes or labels that do not fit, or a NaN.
    """
    score, label = _checked(score, label)
    own = score[np.arange(len(label)), label][:, None]
    earlier = np.arange(score.shape[1])[None] < label[:, None]
    return ((score > own) | ((score == own) & earlier)).sum(axis=1)


def top_k(score: np.ndarray, label: np.ndarray, k: int = 1) -> float:
    """Share of the rows whose right class is among the best k."""
    return _mean(rank(score, label) < k)


def confusion(label: np.ndarray, named: np.ndarray, classes: int) -> np.ndarray:
    """Counts (C, C) int64: row = right class, column = named class."""
    flat = np.asarray(label, np.int64) * classes + np.asarray(named, np.int64)
    return np.bincount(flat, minlength=classes * classes).reshape(classes, classes)


def per_class(counts: np.ndarray) -> PerClass:
    """Precision, recall and F1 of each class from `confusion`."""
    counts = np.asarray(counts, np.float64)
    right, samples, named = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    there = samples > 0
    absent = np.where(there, 0.0, np.nan)
    return PerClass(
        precision=absent + right / np.maximum(named, 1),
        recall=absent + right / np.maximum(samples, 1),
        f1=absent + 2 * right / np.maximum(samples + named, 1),
        samples=samples,
    )


def mean_class_accuracy(counts: np.ndarray) -> float:
    """Mean recall over the classes with samples (balanced accuracy)."""
    return macro(per_class(counts).recall)


def macro(values: np.ndarray) -> float:
    """Mean over the classes that have a value; NaN where none has."""
    return _mean(values[~np.isnan(values)])


def weighted(values: np.ndarray, samples: np.ndarray) -> float:
    """Mean weighted by the samples of each class; NaN without samples."""
    total = samples.sum()
    return float((np.nan_to_num(values) * samples).sum() / total) if total else float("nan")


def average_precision(score: np.ndarray, positive: np.ndarray) -> float:
    """Mean precision at the recall steps of falling thresholds; samples of one score pass together.

    Args:
        score: (n,) any monotone score.
        positive: (n,) bool.

    Returns:
        Area in [0, 1]; NaN where nothing is positive.
    """
    positive = np.asarray(positive, bool)
    if not positive.any():
        return float("nan")
    order = np.argsort(-np.asarray(score, np.float64), kind="stable")
    ordered, hits = np.asarray(score)[order], np.cumsum(positive[order])
    last = np.r_[ordered[1:] != ordered[:-1], True]
    found, passed = hits[last], np.flatnonzero(last) + 1
    return float((np.diff(found, prepend=0) / hits[-1] * (found / passed)).sum())


def class_average_precision(score: np.ndarray, label: np.ndarray) -> np.ndarray:
    """`average_precision` (C,) of each class against the rest, by its chance; their `macro` is the mAP."""
    score, label = _checked(score, label)
    chances = log_softmax(score)
    return np.array([average_precision(chances[:, c], label == c) for c in range(score.shape[1])])


def reliability(score: np.ndarray, label: np.ndarray, bins: int = BINS) -> Reliability:
    """How sure the named class is against how often it is right."""
    score, label = _checked(score, label)
    chance = np.clip(probability(score).max(axis=1), 0.0, 1.0)
    right = score.argmax(axis=1) == label
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.searchsorted(edges[1:-1], chance)
    samples = np.bincount(place, minlength=bins)
    count = np.where(samples == 0, np.nan, samples)
    return Reliability(
        edges=edges,
        samples=samples,
        confidence=np.bincount(place, weights=chance, minlength=bins) / count,
        accuracy=np.bincount(place, weights=right, minlength=bins) / count,
    )


def nll(score: np.ndarray, label: np.ndarray) -> float:
    """Mean negative log-probability of the right class, in nats."""
    score, label = _checked(score, label)
    return _mean(-log_softmax(score)[np.arange(len(label)), label])


def brier(score: np.ndarray, label: np.ndarray) -> float:
    """Mean squared distance of the chances from the truth, summed over the classes: 0 to 2 (Brier, 1950)."""
    score, label = _checked(score, label)
    truth = np.arange(score.shape[1])[None] == label[:, None]
    return _mean(((probability(score) - truth) ** 2).sum(axis=1))


def summary(score: np.ndarray, label: np.ndarray) -> dict[str, float]:
    """Every measure of the whole set by its name; shares in [0, 1].

    Args:
        score: (n, C) log-probabilities or logits.
        label: (n,) class indices.

    Returns:
        samples, top_1, top_5, mean_class, precision, recall and f1 (macro), f1_weighted, map, ece, nll,
        brier.

    Raises:
        InputError: shapes or labels that do not fit, or a NaN.
    """
    score, label = _checked(score, label)
    counts = confusion(label, score.argmax(axis=1), score.shape[1])
    each = per_class(counts)
    return {
        "samples": float(len(label)),
        "top_1": top_k(score, label, 1),
        "top_5": top_k(score, label, 5),
        "mean_class": macro(each.recall),
        "precision": macro(each.precision),
        "recall": macro(each.recall),
        "f1": macro(each.f1),
        "f1_weighted": weighted(each.f1, each.samples),
        "map": macro(class_average_precision(score, label)),
        "ece": reliability(score, label).error,
        "nll": nll(score, label),
        "brier": brier(score, label),
    }


def _checked(score: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Float64 scores and int64 labels that fit."""
    score, label = np.asarray(score, np.float64), np.asarray(label)
    if score.ndim != 2 or score.shape[1] == 0 or label.shape != score.shape[:1]:
        raise InputError(
            f"Expected scores (sample, class) and a label a sample, got {score.shape} and {label.shape}; "
            "pass rows that belong together"
        )
    if np.isnan(score).any():
        raise InputError(
            f"Expected scores without NaN, got {int(np.isnan(score).any(1).sum())} rows with some"
        )
    if len(label) and not (label.min() >= 0 and label.max() < score.shape[1]):
        raise InputError(
            f"Expected labels from 0 to {score.shape[1] - 1}, got {label.min()} to {label.max()}; "
            "pass labels of the same classes"
        )
    return score, label.astype(np.int64)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
