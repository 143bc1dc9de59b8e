"""Who stands near whom and when: the pairs that a two-person network looks at.

Works on a few numbers a second and person (`presence`), so that all people of a long recording fit in memory
at once while their poses stay on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from bodyverb.core import PoseSequence
from bodyverb.recognize.tracks import Track

STEP_S = 0.2
"""Step of the coarse clock in s."""
NEAR_ON, NEAR_OFF = 1.5, 2.0
"""A pair is near once the middles of the two boxes are closer than the first times the smaller body's size,
for as long before and after as they are closer than the second."""
BRIDGE = 5
"""Steps (1 s) of absence or distance that do not end it; a track id survives as long."""
BLOCK = 4096
"""Rows looked at at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Presence:
    """Where one person was, on a coarse clock.

    Attributes:
        person_id: id of the track.
        start_s: first time of the track.
        end_s: last time of the track.
        step: (n,) int64 rising, time divided by `STEP_S`; steps in which the person is not there are left
            out.
        box: (n, 4) float32 xyxy px, the mean over the step.
    """

    person_id: str
    start_s: float
    end_s: float
    step: np.ndarray
    box: np.ndarray


@dataclass(frozen=True, kw_only=True)
class NearPair:
    """Two people and when they stand near each other.

    Attributes:
        first: id of the one.
        second: id of the other; the greater number.
        intervals: (start, end) in s, rising and apart; inside the spans of both tracks.
    """

    first: str
    second: str
    intervals: tuple[tuple[float, float], ...]


def pair_id(one: str, other: str) -> str:
    """The person id of a pair.

    Examples:
        >>> pair_id("10", "9")
        '9+10'
    """
    return "+".join(sorted((one, other), key=numeric))


def numeric(person_id: str) -> tuple[bool, int, str]:
    """Sorts ids that are numbers by their value, before those that are none."""
    number = person_id.isdecimal()
    return not number, int(person_id) if number else 0, person_id


def presence(track: Track) -> Presence:
    """Thins a track to the boxes of the coarse clock.

    Args:
        track: one person in 2D. Where a frame has no box, the extent of its joints counts; where it has
            neither, the person is not there. Memory is that of `BLOCK` of its rows.

    Returns:
        24 bytes for each 0.2 s in which the person is there.
    """
    times = track.timestamps_s
    parts = [(np.zeros(0, np.int64), np.zeros((0, 4)))]
    for first in range(0, len(times), BLOCK):
        part = track.select(frames=slice(first, first + BLOCK))
        box = _boxes(part)
        there = np.isfinite(box).all(axis=1)
        parts.append(_mean(np.floor(part.timestamps_s[there] / STEP_S + 1e-6).astype(np.int64), box[there]))
    step, box = _mean(*map(np.concatenate, zip(*parts, strict=True)))
    return Presence(
        person_id=track.person_ids[0],
        start_s=float(times[0]) if len(times) else 0.0,
        end_s=float(times[-1]) if len(times) else 0.0,
        step=step,
        box=box.astype(np.float32),
    )


def _boxes(part: PoseSequence) -> np.ndarray:
    """(T, 4) boxes of one person, from the joints where there is none; NaN where nothing is there."""
    box = np.full((part.frames, 4), np.nan, np.float32) if part.box is None else np.array(part.box[0])
    bare = np.isnan(box[:, 0]) & part.present[0].any(axis=-1)
    joints = part.position[0, bare, :, :2]
    if len(joints):
        box[bare] = np.concatenate([np.nanmin(joints, axis=1), np.nanmax(joints, axis=1)], axis=1)
    return box


def _mean(step: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each step (n,) of rising ones once, and the mean (n, 4) of its boxes."""
    once, begin, count = np.unique(step, return_index=True, return_counts=True)
    if not len(once):
        return once, np.zeros((0, 4))
    return once, np.add.reduceat(box.astype(np.float64), begin) / count[:, None]


def near_pairs(people: Sequence[Presence], *, min_s: float = 0.4) -> list[NearPair]:
    """The pairs of people that stand near each other in the picture, and when.

    The size of a body is the longer side of its box, so that lying down and crouching change little. A pair
    is near over a stretch in which it stays within `NEAR_OFF` sizes and comes within `NEAR_ON` at least once;
    absences and distances of up to 1 s in between do not tear it. Nearness is that of the picture: somebody
    behind another counts as near too. The search costs n log n for n people, and what there is to find.

    Args:
        people: as `presence` gives them, of one recording, in any order; ids unique.
        min_s: shorter stretches are left out (a verb's least duration, the card's `min_s`).

    Returns:
        Pairs with at least one interval, in the order of their numbers.
    """
    runs: dict[tuple[int, int], list[list[int]]] = {}  # of each pair: [first step, last step, met]
    for one, other, first, last, met in _runs(people):
        own = runs.setdefault((one, other), [])
        if own and first - own[-1][1] <= BRIDGE:
            own[-1][1:] = [last, own[-1][2] or met]
            continue
        if own and not own[-1][2]:
            own.pop()  # what never came close is forgotten
        own.append([first, last, met])
    found = []
    for who, own in runs.items():
        a, b = sorted((people[at] for at in who), key=lambda person: numeric(person.person_id))
        low, high = max(a.start_s, b.start_s), min(a.end_s, b.end_s)
        spans = ((max(low, s * STEP_S), min(high, (e + 1) * STEP_S)) for s, e, met in own if met)
        intervals = tuple((start, end) for start, end in spans if end - start >= min_s)
        if intervals:
            found.append(NearPair(first=a.person_id, second=b.person_id, intervals=intervals))
    return sorted(found, key=lambda pair: (numeric(pair.first), numeric(pair.second)))


def _runs(people: Sequence[Presence]) -> Iterator[tuple[int, int, int, int, int]]:
    """Stretches without a hole longer than `BRIDGE` steps in which a pair stays within `NEAR_OFF`: two
    indices, first step, last step, whether it came within `NEAR_ON`. In the order of time; a stretch may come
    in several parts."""
    for step, who, box in _blocks(people):
        middle, size = (box[:, :2] + box[:, 2:]) / 2, (box[:, 2:] - box[:, :2]).max(axis=1)
        one, other = _within(step, middle, NEAR_OFF * size)
        smaller = (size[one] < size[other]) | ((size[one] == size[other]) & (one < other))
        one, other = one[smaller], other[smaller]
        if not len(one):
            continue
        close = np.hypot(*(middle[one] - middle[other]).T) <= NEAR_ON * size[one]
        key = np.minimum(who[one], who[other]) * len(people) + np.maximum(who[one], who[other])
        order = np.lexsort((step[one], key))
        key, when = key[order], step[one][order]
        begin = np.flatnonzero(np.r_[True, (np.diff(key) != 0) | (np.diff(when) > BRIDGE)])
        met, last = np.logical_or.reduceat(close[order], begin), when[np.r_[begin[1:], len(key)] - 1]
        pair = np.divmod(key[begin], len(people))
        yield from zip(*(part.tolist() for part in (*pair, when[begin], last, met)), strict=True)


def _blocks(people: Sequence[Presence]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Step, person (index) and box of about `BLOCK` rows at a time, sorted by step; no step is split."""
    if not people:
        return
    step = np.concatenate([person.step for person in people])
    order = np.argsort(step, kind="stable")
    step = step[order]
    who = np.repeat(np.arange(len(people)), [len(person.step) for person in people])[order]
    box = np.concatenate([person.box for person in people])[order]
    begin = 0
    while begin < len(step):
        end = int(np.searchsorted(step, step[min(begin + BLOCK, len(step)) - 1], side="right"))
        yield step[begin:end], who[begin:end], box[begin:end].astype(np.float64)
        begin = end


def _within(step: np.ndarray, middle: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices (pair,), (pair,): for each row those of its step within its own reach, itself among them."""
    apart = (step - step[0]) * (2 * reach.max() + 1)  # steps are so far apart that no reach leads over
    point = np.column_stack([middle, apart])
    found = cKDTree(point).query_ball_point(point, reach)
    one = np.repeat(np.arange(len(found)), [len(near) for near in found])
    return one, np.concatenate(found).astype(np.int64)
