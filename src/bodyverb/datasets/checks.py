"""What is missing, damaged or surprising in a data set: every clip or picture is read once and forgotten."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from bodyverb.core import BodyverbError, Clip, PoseSequence
from bodyverb.datasets._clip_checks import clip_findings
from bodyverb.datasets._sample_checks import sample_findings
from bodyverb.datasets._samples import SampleTable
from bodyverb.datasets._table import ClipTable

Level = Literal["missing", "damaged", "surprising"]
EXAMPLES = 3
LONG_TIMES = 10  # as long as so many usual clips


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One kind of trouble.

    Attributes:
        level: `missing` (published, not here), `damaged` (cannot be what was meant) or `surprising`
            (possible, but worth a look).
        what: what it is.
        count: how many clips, or other things, it concerns.
        examples: some of their ids; of damaged files, with what is wrong.
    """

    level: Level
    what: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a check found.

    Attributes:
        findings: the worst first.
        clips: how many could be read; or pictures.
        people: in the pictures; None for clips.
        frames: their frames together.
        seconds: their lengths together.
        parts: how many clips each part of each split has (`cross-view/train`).
        classes: how many clips, or segments, each class has.
    """

    findings: tuple[Finding, ...]
    clips: int
    people: int | None = None
    frames: int
    seconds: float
    parts: dict[str, int]
    classes: dict[str, int]

    @property
    def sound(self) -> bool:
        """Whether nothing is missing or damaged."""
        return not any(finding.level in ("missing", "damaged") for finding in self.findings)


@dataclass(kw_only=True)
class _Tally:
    """Findings as they come, and what is known of the clips so far."""

    found: dict[tuple[Level, str], list[str]] = field(default_factory=dict)
    frames: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    people: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    prints: dict[bytes, list[str]] = field(default_factory=dict)

    def add(self, level: Level, what: str, *ids: str) -> None:
        if ids:
            self.found.setdefault((level, what), []).extend(ids)

    def findings(self) -> tuple[Finding, ...]:
        order: tuple[Level, ...] = ("missing", "damaged", "surprising")
        made = [
            Finding(level=level, what=what, count=len(ids), examples=tuple(ids[:EXAMPLES]))
            for (level, what), ids in self.found.items()
        ]
        return tuple(sorted(made, key=lambda one: (order.index(one.level), -one.count)))


def check(
    table: ClipTable | SampleTable, *, whole: bool = True, seen: Callable[[int, int], None] | None = None
) -> Report:
    """Reads every clip, or every picture, and looks for trouble.

    Args:
        table: the data set.
        whole: whether all published clips should be here.
        seen: told how many clips were read, and of how many.

    Returns:
        The findings. A clip that cannot be read is one of them; nothing is raised for it.
    """
    if isinstance(table, SampleTable):
        return _check_pictures(table, whole, seen)
    tally = _Tally()
    for number, clip in enumerate(_read(table, tally), 1):
        if clip is not None:
            _take(clip, table, tally)
        if seen is not None:
            seen(number, len(table))
    _look_at_lengths(tally)
    _look_at_ids(table, tally)
    _look_at_parts(table, tally)
    tally.add(
        "missing", "videos without poses (`bodyverb data poses`)", *(str(one.media) for one in table.unposed)
    )
    for note in table.notes:
        tally.add("surprising", note, "the whole")
    parts = _parts(table)
    here = {"clips": len(tally.frames), **parts}
    for name, count in table.published.items() if whole else ():
        if here.get(name, 0) < count:
            tally.add("missing", f"{name}: {here.get(name, 0):,} of {count:,} published are here", name)
        elif here[name] > count:
            tally.add("surprising", f"{name}: {here[name]:,}, but only {count:,} are published", name)
    if whole and (empty := [name for name in table.classes if not tally.classes[name]]):
        tally.add("missing", "classes without a clip", *empty)
    return Report(
        findings=tally.findings(),
        clips=len(tally.frames),
        frames=sum(tally.frames.values()),
        seconds=tally.seconds,
        parts=parts,
        classes={name: tally.classes[name] for name in table.classes},
    )


def _check_pictures(table: SampleTable, whole: bool, seen: Callable[[int, int], None] | None) -> Report:
    tally = _Tally()
    absent: list[str] = []
    for number, name in enumerate(table.ids, 1):
        try:
            sample = table[name]
            tally.frames[name], tally.people = 1, tally.people + len(sample.boxes)
            data = table.picture(name)
        except FileNotFoundError:
            absent.append(name)
            data = None
        except (BodyverbError, OSError, KeyError) as error:
            tally.add("damaged", "cannot be read", f"{name}: {error}")
            continue
        for level, what in sample_findings(sample, data):
            tally.add(level, what, name)
        if sample.poses is not None and sample.poses.present.any():
            tally.prints.setdefault(_print_of(sample.poses), []).append(name)
        if seen is not None:
            seen(number, len(table))
    tally.add("missing", "pictures that are not there", *absent if whole else ())
    _look_at_ids(table, tally)
    _look_at_parts(table, tally)
    return Report(
        findings=tally.findings(), clips=len(tally.frames), people=tally.people, frames=0, seconds=0.0,
        parts=_parts(table), classes={},
    )  # fmt: skip


def _parts(table: ClipTable | SampleTable) -> dict[str, int]:
    return {f"{split}/{part}": len(ids) for split, of in table.splits.items() for part, ids in of.items()}


def _print_of(poses: PoseSequence) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(poses.position).data, digest_size=16).digest()


def _read(table: ClipTable, tally: _Tally) -> Iterator[Clip | None]:
    for name in table.ids:
        try:
            yield table[name]
        except (BodyverbError, OSError) as error:
            tally.add("damaged", "cannot be read", f"{name}: {error}")
            yield None


def _take(clip: Clip, table: ClipTable, tally: _Tally) -> None:
    poses = clip.poses
    tally.frames[clip.id] = poses.frames
    tally.seconds += float(np.ptp(poses.timestamps_s)) if poses.frames else 0.0
    tally.classes.update([clip.label] if clip.label else (part.verb for part in clip.segments))
    if poses.present.any():
        tally.prints.setdefault(_print_of(poses), []).append(clip.id)
    for level, what in clip_findings(clip, table.classes, posed=table.posed):
        tally.add(level, what, clip.id)


def _look_at_lengths(tally: _Tally) -> None:
    lengths = {name: count for name, count in tally.frames.items() if count > 0}
    usual = float(np.median(list(lengths.values()))) if lengths else 0.0
    long = [name for name, count in lengths.items() if count > LONG_TIMES * usual]
    tally.add("surprising", f"more than {LONG_TIMES} times the usual {usual:.0f} frames", *long)


def _look_at_ids(table: ClipTable | SampleTable, tally: _Tally) -> None:
    twice = [name for name, count in Counter(table.ids).items() if count > 1]
    tally.add("damaged", "ids that several have", *twice)
    if isinstance(table, ClipTable):
        tally.add("damaged", "files of one name in several folders, of which one counts", *table.twice)
    same = [" = ".join(ids) for ids in tally.prints.values() if len(ids) > 1]
    tally.add("surprising", "the same poses under several ids", *same)


def _look_at_parts(table: ClipTable | SampleTable, tally: _Tally) -> None:
    for split, parts in table.splits.items():
        homes: dict[str, set[str]] = {}
        for part, ids in parts.items():
            for name in ids:
                homes.setdefault(name, set()).add(part)
        both = [name for name, where in homes.items() if len(where) > 1]
        tally.add("damaged", f"{split}: in several parts", *both)
        tally.add("damaged", f"{split}: ids that are not there", *sorted(set(homes) - set(table.ids)))
        tally.add("surprising", f"{split}: in no part", *(name for name in tally.frames if name not in homes))
        leaks = [
            " = ".join(ids)
            for ids in tally.prints.values()
            if len({part for name in ids for part in homes.get(name, ())}) > 1
        ]
        tally.add("surprising", f"{split}: the same poses in several parts", *leaks)
