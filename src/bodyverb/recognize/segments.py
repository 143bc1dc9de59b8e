"""Merging overlapping scored windows into timed verbs, with hysteresis and an open set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from bodyverb.core.timeline import UNKNOWN, Segment, Window

#: Used where a model's card names no thresholds.
DEFAULTS = {"known_on": 0.6, "known_off": 0.4, "min_s": 0.4}
#: Cells averaged at once.
BLOCK = 128


def openness(window: Window) -> float:
    """How sure it is that a window shows its best verb: known x probability of the best verb, in [0, 1]."""
    return float(window.known) * float(window.probabilities.max())


def merge(
    windows: Sequence[Window], classes: Sequence[str], thresholds: Mapping[str, float]
) -> list[Segment]:
    """Merges windows into segments, each person apart.

    Time is cut at the windows' edges into cells. A cell's scores are the mean over the windows that cover
    it, windows centred near it counting most. A verb begins where its share (known x probability) reaches
    ``known_on`` and lasts while it stays the best verb and at least ``known_off``. Verbs shorter than
    ``min_s`` become unknown, unless the whole track is no longer than that.

    Args:
        windows: scored windows of any number of people, in any order.
        classes: the verbs in the order of the probabilities.
        thresholds: ``known_on``, ``known_off``, ``min_s``; missing ones as in `DEFAULTS`.

    Returns:
        Segments by person and time, without gaps where a person's windows touch or overlap; what is no verb
        is ``unknown``. Time that no window covers (a pair that parted) belongs to no segment.
    """
    limits = DEFAULTS | dict(thresholds)
    people: dict[str, list[Window]] = {}
    for window in windows:
        people.setdefault(window.person_id, []).append(window)
    result: list[Segment] = []
    for person, own in people.items():
        for stretch in _stretches(sorted(own, key=lambda w: (w.start_s, w.end_s))):
            edges, share, known = _cells(stretch)
            verbs = _label(share, limits)
            result.extend(_segments(person, edges, share, known, verbs, classes, limits["min_s"]))
    return result


def _stretches(windows: Sequence[Window]) -> list[list[Window]]:
    """The windows, sorted by start, cut where no window covers the time between two of them."""
    result: list[list[Window]] = []
    end = -np.inf
    for window in windows:
        if window.start_s > end + 1e-6:
            result.append([])
        result[-1].append(window)
        end = max(end, window.end_s)
    return result


def _cells(windows: Sequence[Window]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges (cell + 1,), share of each verb (cell, class) = mean of known x probability, known (cell,).

    Cells go through in blocks with the windows over them, so memory grows with the length, not its square.
    """
    edges = np.unique(np.round([edge for w in windows for edge in (w.start_s, w.end_s)], 6))
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0]])
    centre = 0.5 * (edges[1:] + edges[:-1])
    start = np.array([w.start_s for w in windows])
    end = np.array([w.end_s for w in windows])
    known = np.array([w.known for w in windows])
    share = np.stack([w.probabilities for w in windows]) * known[:, None]
    shares, knowns = [], []
    for first in range(0, len(centre), BLOCK):
        block = centre[first : first + BLOCK]
        near = np.flatnonzero((start <= block[-1] + 1e-3) & (end >= block[0] - 1e-3))
        weight = _weights(block, start[near], end[near])
        total = np.maximum(weight.sum(axis=1), 1e-9)
        shares.append(weight @ share[near] / total[:, None])
        knowns.append(weight @ known[near] / total)
    return edges, np.concatenate(shares), np.concatenate(knowns)


def _weights(centre: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(cell, window): how much a window says about a cell; 1 at its middle, 0 outside it."""
    half = np.maximum(0.5 * (end - start), 1e-6)
    away = np.abs(centre[:, None] - 0.5 * (start + end)[None]) / half[None]
    return np.where(away <= 1 + 1e-6, np.maximum(1 - away, 0.05), 0.0)


def _label(share: np.ndarray, limits: Mapping[str, float]) -> np.ndarray:
    """Verb index of each cell, -1 = unknown: on above `known_on`, extended both ways while above
    `known_off`."""
    best = share.argmax(axis=1)
    height = share.max(axis=1)
    verbs = np.where(height >= limits["known_on"], best, -1)
    weak = height >= limits["known_off"]
    for order in (range(1, len(verbs)), range(len(verbs) - 2, -1, -1)):
        step = -1 if order.step > 0 else 1
        for i in order:
            if verbs[i] < 0 and weak[i] and verbs[i + step] == best[i]:
                verbs[i] = best[i]
    return verbs


def _segments(
    person: str,
    edges: np.ndarray,
    share: np.ndarray,
    known: np.ndarray,
    verbs: np.ndarray,
    classes: Sequence[str],
    min_s: float,
) -> list[Segment]:
    """Runs of equal cells as segments; short verbs become unknown first."""
    whole = edges[-1] - edges[0]
    for begin, stop in _runs(verbs):
        if verbs[begin] >= 0 and edges[stop] - edges[begin] < min(min_s, whole) - 1e-9:
            verbs[begin:stop] = -1
    result = []
    for begin, stop in _runs(verbs):
        length = np.maximum(np.diff(edges[begin : stop + 1]), 1e-9)
        mean = (share[begin:stop] * length[:, None]).sum(axis=0) / length.sum()
        sure = float((known[begin:stop] * length).sum() / length.sum())
        verb = int(verbs[begin])
        order = np.argsort(-mean)[:5]
        result.append(
            Segment(
                person_id=person,
                verb=classes[verb] if verb >= 0 else UNKNOWN,
                start_s=float(edges[begin]),
                end_s=float(edges[stop]),
                confidence=float(np.clip(mean[verb] if verb >= 0 else 1 - sure, 0, 1)),
                top5=tuple((classes[i], float(mean[i])) for i in order),
            )
        )
    return result


def _runs(values: np.ndarray) -> list[tuple[int, int]]:
    """(begin, stop) of each run of equal values."""
    cuts = np.flatnonzero(np.diff(values)) + 1
    bounds = [0, *cuts.tolist(), len(values)]
    return list(pairwise(bounds))
