"""How many clips of which class, how long they are, which joints are missing: every clip is read once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from bodyverb.core import Clip, PoseSequence, Sample
from bodyverb.datasets._samples import SampleTable
from bodyverb.datasets._table import ClipTable


@dataclass(frozen=True, kw_only=True)
class Group:
    """Clips, or segments, of one class.

    Attributes:
        count: how many.
        seconds: length of each.
        missing: share of their joints that are missing, of persons who are there at that moment.
    """

    count: int
    seconds: tuple[float, ...]
    missing: float


@dataclass(frozen=True, kw_only=True)
class Stats:
    """What a data set holds.

    Attributes:
        clips: how many; or pictures.
        frames: of each clip.
        persons: of each clip, those who are there at any time.
        classes: by name, in the order of the data set; `(none)` are those without label.
        joints: name of a joint -> share of the moments of a person in which it is missing.
    """

    clips: int
    frames: tuple[int, ...]
    persons: tuple[int, ...]
    classes: dict[str, Group]
    joints: dict[str, float]


@dataclass(kw_only=True)
class _Sums:
    seconds: list[float] = field(default_factory=list)
    missing: int = 0
    joints: int = 0


NONE = "(none)"


def stats(table: ClipTable | SampleTable, *, seen: Callable[[int, int], None] | None = None) -> Stats:
    """Reads every clip; of a picture it counts the people who are marked in it, and their joints.

    Args:
        table: the data set.
        seen: told how many clips were read, and of how many.

    Raises:
        InputError: a clip cannot be read; `bodyverb data check` finds them all.
    """
    frames: list[int] = []
    persons: list[int] = []
    classes = table.classes if isinstance(table, ClipTable) else ()
    sums: dict[str, _Sums] = {name: _Sums() for name in (*classes, NONE)}
    joints: dict[str, list[int]] = {}
    items: Iterator[Clip | Sample] = iter(table)
    for number, item in enumerate(items, 1):
        frames.append(1 if item.poses is None else item.poses.frames)
        persons.append(0 if item.poses is None else _add_joints(item.poses, joints))
        if isinstance(item, Clip):
            _add_classes(item, sums)
        if seen is not None:
            seen(number, len(table))
    if not sums[NONE].seconds:
        del sums[NONE]
    return Stats(
        clips=len(frames),
        frames=tuple(frames),
        persons=tuple(persons),
        classes={name: _group(one) for name, one in sums.items()},
        joints={name: missing / max(moments, 1) for name, (missing, moments) in joints.items()},
    )


def _add_joints(poses: PoseSequence, joints: dict[str, list[int]]) -> int:
    """Count the missing joints of the people who are there; how many those are."""
    there = np.asarray(poses.present.any(axis=2))
    absent = (~poses.present & there[..., None]).sum(axis=(0, 1)).tolist()
    for name, missing in zip(poses.skeleton.joints, absent, strict=True):
        sum_of = joints.setdefault(name, [0, 0])
        sum_of[0] += missing
        sum_of[1] += int(there.sum())
    return int(there.any(axis=1).sum())


def _add_classes(clip: Clip, sums: dict[str, _Sums]) -> None:
    """Count a clip under its label, or its segments under their verbs."""
    poses = clip.poses
    times = poses.timestamps_s
    spans = [(part.verb, part.start_s, part.end_s) for part in clip.segments]
    if not spans:
        first, last = (float(times[0]), float(times[-1])) if times.size else (0.0, 0.0)
        spans = [(clip.label or NONE, first, last)]
    for name, first, last in spans:
        inside = (times >= first - 1e-6) & (times <= last + 1e-6)
        present = poses.present[:, inside]
        there = np.asarray(present.any(axis=2))
        one = sums.setdefault(name, _Sums())
        one.seconds.append(last - first)
        one.missing += int((~present & there[..., None]).sum())
        one.joints += int(there.sum()) * present.shape[2]


def _group(sums: _Sums) -> Group:
    return Group(
        count=len(sums.seconds), seconds=tuple(sums.seconds), missing=sums.missing / max(sums.joints, 1)
    )


def histogram(values: tuple[float, ...], bins: int = 12) -> dict[str, int]:
    """How many values lie between round numbers, e.g. `2 to 4`; at most about `bins` of them."""
    if not values:
        return {}
    rough = max(max(values) / bins, 1e-3)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)
    places = np.floor(np.asarray(values) / step + 1e-9).astype(int)
    return {
        f"{place * step:.4g} to {(place + 1) * step:.4g}": int((places == place).sum())
        for place in range(int(places.max()) + 1)
    }
