"""Making a recording fit a format: layout, frame of reference, people, times; and saying what is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from bodyverb import skeletons
from bodyverb.core import ABSENT, SEEN, InputError, PoseSequence, Recording, Skeleton
from bodyverb.core.pose import Axes, Unit
from bodyverb.formats._format import NUMBER_ID, Format, Frame, Word
from bodyverb.formats._notes import Notes
from bodyverb.formats._resample import resampled

LONGEST = "longest"
METRES: dict[str, float] = {"m": 1.0, "mm": 1e-3}
TO_Y_UP: dict[Axes, np.ndarray] = {
    "y-up": np.eye(3),
    "kinect": np.eye(3),
    "cv": np.diag([-1.0, -1.0, 1.0]),
    "z-up": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
}
"""Rotations, row vector @ matrix.T: x to the left or east, y up; all four kinds of axes are right-handed."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the user wants of the result; None: as it is, or as the format needs it.

    Attributes:
        layout: Name of the joint layout, or the file of one.
        unit: `m` or `mm`.
        axes: Axes of 3D poses.
        rate_hz: Frames per second: the poses are resampled to it.
        people: Ids to keep; or ("longest",): those seen longest, as many as the format holds; or () all.
    """

    layout: str | None = None
    unit: Unit | None = None
    axes: Axes | None = None
    rate_hz: float | None = None
    people: tuple[str, ...] = ()


def fit(recording: Recording, target: Format, wanted: Wanted, notes: Notes) -> Recording:
    """The recording as the format can hold it.

    Raises:
        InputError: It cannot: another frame of reference, too many people, or no joint in common.
    """
    recording = _people(recording, target, wanted, notes)
    if recording.tracks:
        layout = _layout(recording.tracks[0], target, wanted)
        recording = _each(recording, lambda track: _joints(track, layout, target, notes, recording.tracks[0]))
        recording = _framed(recording, target, wanted, notes)
    if wanted.rate_hz is not None:
        recording = resampled(recording, wanted.rate_hz, notes)
    return recording


def _each(recording: Recording, change: Callable[[PoseSequence], PoseSequence]) -> Recording:
    tracks = tuple(change(track) for track in recording.tracks)
    return Recording(
        timestamps_s=recording.timestamps_s,
        image_size=recording.image_size,
        source=recording.source,
        tracks=tracks,
        segments=recording.segments,
        meta=recording.meta,
    )


def _people(recording: Recording, target: Format, wanted: Wanted, notes: Notes) -> Recording:
    """Those wanted; no more than the format holds."""
    ids = recording.person_ids
    kept: Iterable[str] = ids
    if wanted.people and wanted.people != (LONGEST,):
        unknown = [one for one in wanted.people if one not in ids]
        if unknown:
            raise InputError(
                f"Expected people of {', '.join(ids) or 'nobody'}, got {', '.join(unknown)}; "
                f"correct --people: {recording.source}"
            )
        kept = wanted.people
    elif target.people is not None and len(ids) > target.people:
        if wanted.people != (LONGEST,):
            raise InputError(
                f"Expected at most {target.people} people for {target.name}, got {len(ids)} "
                f"({', '.join(ids[:9])}); give --people {LONGEST}, or their ids: {recording.source}"
            )
        seen = {track.person_ids[0]: int(track.present.any(axis=2).sum()) for track in recording.tracks}
        kept = sorted(ids, key=lambda one: -seen[one])[: target.people]
    lost = [one for one in ids if one not in kept]
    if not lost:
        return recording
    notes.add("lost", f"{len(lost)} people: {', '.join(lost[:9])}")
    segments = tuple(one for one in recording.segments if not set(one.person_id.split("+")) & set(lost))
    return Recording(
        timestamps_s=recording.timestamps_s,
        image_size=recording.image_size,
        source=recording.source,
        tracks=tuple(track for track in recording.tracks if track.person_ids[0] in kept),
        segments=segments,
        meta=recording.meta,
    )


def _layout(track: PoseSequence, target: Format, wanted: Wanted) -> Skeleton:
    """The layout to write."""
    named = None if wanted.layout is None else skeletons.get(wanted.layout)
    if not target.layouts:
        return named or track.skeleton
    if named is not None and named.name not in target.layouts:
        raise InputError(
            f"Expected layout {' or '.join(target.layouts)} for {target.name}, got {named.name}; "
            "leave out --layout"
        )
    if named is None and track.skeleton.name in target.layouts:
        return track.skeleton
    choices = [named] if named is not None else [skeletons.get(name) for name in target.layouts]
    return max(choices, key=lambda one: len(set(one.joints) & set(track.skeleton.joints)))


def _joints(
    track: PoseSequence,
    layout: Skeleton,
    target: Format,
    notes: Notes,
    first: PoseSequence,
) -> PoseSequence:
    """A track in another layout; noted once a recording."""
    if track.skeleton == layout:
        return track
    made, report = skeletons.convert(track, layout)
    barred = [one for one in report.approximate if target.made is not None and one not in target.made]
    if barred:
        made = _without(made, [layout.index(joint) for joint in barred])
    if track is first:
        notes.add("changed", f"layout {track.skeleton.name} to {layout.name}")
        for joint, rule in report.approximate.items():
            if joint not in barred:
                notes.add("approximate", f"{joint} = {rule}")
        missing = [*report.missing, *barred]
        if missing:
            notes.add("lost", f"joints that {track.skeleton.name} lacks, absent: {', '.join(missing)}")
        if report.lost:
            notes.add("lost", f"joints that {layout.name} lacks: {', '.join(report.lost)}")
    return made


def _without(poses: PoseSequence, joints: list[int]) -> PoseSequence:
    """The poses with some joints absent."""
    position, score, state = (np.array(value) for value in (poses.position, poses.score, poses.state))
    position[:, :, joints], score[:, :, joints], state[:, :, joints] = np.nan, 0, ABSENT
    return poses.replace(position=position, score=score, state=state)


def _framed(recording: Recording, target: Format, wanted: Wanted, notes: Notes) -> Recording:
    """The recording in a frame of reference that the format holds and the user wants."""
    poses = recording.tracks[0]
    dims = poses.position.shape[3]
    now = Frame(space=poses.space, unit=poses.unit, axes=poses.axes, mirrored=poses.mirrored, dims=dims)
    there = _reachable(now, target, wanted)
    if there is None:
        raise InputError(_apart(now, target, wanted, recording.source))
    if (there.unit, there.axes) == (now.unit, now.axes):
        return recording
    if there.unit != now.unit:
        notes.add("changed", f"unit {now.unit} to {there.unit}")
    if there.axes != now.axes:
        notes.add("changed", f"axes {now.axes} to {there.axes}")
        if any("orientation" in track.extras for track in recording.tracks):
            notes.add("lost", "extra orientation: it belongs to the former axes")
    return _each(recording, lambda track: moved(track, there.unit, there.axes))


def _reachable(now: Frame, target: Format, wanted: Wanted) -> Frame | None:
    """The frame to write: the present one as far as may be, then the first of the format's that fits."""
    frames = target.frames or (
        Frame(
            space=now.space,
            unit=wanted.unit or now.unit,
            axes=wanted.axes or now.axes,
            mirrored=now.mirrored,
            dims=now.dims,
        ),
    )
    for exact in (True, False):
        for one in frames:
            same = (one.space, one.dims) == (now.space, now.dims) and one.mirrored in (None, now.mirrored)
            unit = one.unit == now.unit or (one.unit in METRES and now.unit in METRES and now.dims == 3)
            axes = one.axes == now.axes or now.dims == 3
            asked = one.unit == (wanted.unit or one.unit) and one.axes == (wanted.axes or one.axes)
            kept = (one.unit, one.axes) == (now.unit, now.axes) or not exact
            if same and unit and axes and asked and kept:
                return one
    return None


def _apart(now: Frame, target: Format, wanted: Wanted, source: str) -> str:
    """Why no frame can be reached, and what to do."""
    asked = " ".join(filter(None, (wanted.unit, wanted.axes)))
    holds = " or ".join(map(str, target.frames)) or f"{now.dims}D poses in {asked}"
    if now.unit == "none":
        remedy = "say the unit of the file with --from-unit"
    elif now.dims == 2 and target.frames and all(one.dims == 3 for one in target.frames):
        remedy = "2D poses have no depth: lift them first"
    elif now.dims == 3 and target.frames and all(one.dims == 2 for one in target.frames):
        remedy = "project them first (bodyverb project apply), or choose another --space"
    elif asked:
        remedy = "leave out --unit and --axes, or choose another --to"
    else:
        remedy = "choose another --to, or another --space where the file has several"
    return f"Expected {holds} for {target.name}, got {now}; {remedy}: {source}"


def moved(poses: PoseSequence, unit: Unit, axes: Axes) -> PoseSequence:
    """3D poses in another unit (m, mm) and other axes; computed in float64, then rounded to float32 once.

    Exact between m and mm up to that rounding; a turn of axes only swaps and negates. Axes are turned about
    the origin: `kinect` and `y-up` coincide (x to the left, y up, z forward); `cv` has x and y negated;
    `z-up` is `y-up` turned a quarter about x.
    """
    turn = TO_Y_UP[axes].T @ TO_Y_UP[poses.axes]
    scale = METRES[poses.unit] / METRES[unit] if unit != poses.unit else 1.0
    position = (poses.position.astype(np.float64) @ turn.T) * round(scale, 9)
    extras = dict(poses.extras)
    if axes != poses.axes:
        extras.pop("orientation", None)
    return poses.replace(position=position.astype(np.float32), unit=unit, axes=axes, extras=extras)


def tell(recording: Recording, target: Format, notes: Notes) -> None:
    """Note what of a fitted recording the format does not hold."""
    _tell_times(recording, target, notes)
    tracks = recording.tracks
    if not tracks:
        return
    first = tracks[0]
    solid = first.position.shape[3] == 3
    says = target.says if solid else target.says | target.says_flat
    for word, has in _contents(recording).items():
        if has and word not in says and not (word == "ids" and _numbered(recording, says)):
            notes.add("lost", word)
    several = {
        name: not target.frames or len({getattr(frame, name) for frame in target.frames}) > 1
        for name in ("unit", "axes", "space")
    }
    facts = {
        f"the name of the layout, {first.skeleton.name}": "layout" not in says and not target.layouts,
        f"unit of the positions, {first.unit}": "unit" not in says and several["unit"] and solid,
        f"axes of the positions, {first.axes}": "axes" not in says and several["axes"] and solid,
        f"that the positions are in {first.space} space": "space" not in says and several["space"] and solid,
        "that the picture is mirrored": "axes" not in says
        and first.mirrored
        and not any(frame.mirrored for frame in target.frames),
    }
    for text, lost in facts.items():
        if lost:
            notes.add("lost", text)
    if target.fitted:
        notes.add("approximate", target.fitted)
    extras = dict.fromkeys(name for track in tracks for name in track.extras)
    gone = [name for name in extras if "extras" not in says and name not in target.extras]
    if gone:
        notes.add("lost", f"extras: {', '.join(gone)}")
    if target.decimals is not None and any(_rounds(track.position, target.decimals) for track in tracks):
        notes.add("approximate", f"positions to {10.0**-target.decimals:g} {first.unit}")


def _contents(recording: Recording) -> dict[str, bool]:
    """What a recording has beyond positions, by the words of a format.

    Scores that only repeat the states, 1 where seen and 0.5 where inferred, are no content of their own.
    """
    tracks = recording.tracks
    scores = [track.score[track.present] for track in tracks]
    states = [track.state[track.present] for track in tracks]
    return {
        "ids": recording.person_ids != tuple(str(at) for at in range(len(tracks))),
        "scores": any(((a != 1) & (a != b / SEEN)).any() for a, b in zip(scores, states, strict=True)),
        "states": any((one != SEEN).any() for one in states),
        "boxes": any(track.box is not None for track in tracks),
        "image size": recording.image_size is not None or tracks[0].image_size is not None,
        "label": "label" in recording.meta,
        "segments": bool(recording.segments),
    }


def _numbered(recording: Recording, says: frozenset[Word]) -> bool:
    return "number ids" in says and all(NUMBER_ID.fullmatch(one) for one in recording.person_ids)


def _rounds(position: np.ndarray, decimals: int) -> bool:
    rounded = np.round(position.astype(np.float64), decimals).astype(np.float32)
    return not np.array_equal(rounded, position, equal_nan=True)


def _tell_times(recording: Recording, target: Format, notes: Notes) -> None:
    times = recording.timestamps_s
    there = np.unique(np.concatenate([times[:0], *(track.timestamps_s for track in recording.tracks)]))
    if there.size < times.size and "empty frames" not in target.says:
        notes.add("lost", "frames in which nobody is")
    unknown = any(track.rate == "unknown" for track in recording.tracks)
    if "times" in target.says:
        if unknown:
            notes.add("guessed", "the rate, which the file does not say; give --from-fps")
        return
    if times.size < 2 or unknown:
        return
    rate = (times.size - 1) / (times[-1] - times[0])
    even = np.abs(times - times[0] - np.arange(times.size) / rate).max() < 0.002 / rate
    fixed = target.rate_hz
    if not even:
        becomes = f"frames at {fixed:g} Hz" if fixed else "bare frames"
        notes.add("lost", f"uneven times (about {rate:.3g} Hz become {becomes}); --fps resamples")
    elif fixed is not None and abs(rate - fixed) > 1e-3 * fixed:
        notes.add(
            "lost", f"the rate, {rate:.4g} Hz: the format means {fixed:g} Hz; --fps {fixed:g} resamples"
        )
    elif fixed is None and "rate" not in target.says:
        notes.add("lost", f"the rate, {rate:.4g} Hz")
    if abs(times[0]) > 1e-6:
        notes.add("lost", f"that the first frame is not at 0 s (at {times[0]:.3f} s)")
