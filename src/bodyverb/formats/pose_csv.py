"""Poses as a flat table: one row a person and frame.

Columns: source, person_id, frame (into the recording's frames), time_s, box_x1 box_y1 box_x2 box_y2, then
for each joint `<joint>_x`, `<joint>_y` (`_z` in 3D), `<joint>_score`, `<joint>_state` (0 absent, 1 inferred,
2 seen). An absent joint or box is an empty cell. Image positions are px, (0, 0) the centre of the first
pixel.
"""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Recording, Skeleton
from bodyverb.formats._format import Format, Given, Item
from bodyverb.formats.files import replacing

SUFFIX = ".poses.csv"

_LEAD = ("source", "person_id", "frame", "time_s", "box_x1", "box_y1", "box_x2", "box_y2")


def write(path: str | Path, recording: Recording) -> Path:
    """Write all tracks, one after the other; a recording of nobody gives one header line.

    Raises:
        OutputError: the file cannot be written.
    """
    with (
        replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as handle,
    ):
        table = csv.writer(handle, lineterminator="\n")
        table.writerow([*_LEAD, *(_joint_columns(recording.tracks[0]) if recording.tracks else ())])
        for track in recording.tracks:
            frames = np.searchsorted(recording.timestamps_s, track.timestamps_s)
            nothing = np.full(4, np.nan)
            for row, frame in enumerate(frames.tolist()):
                box = nothing if track.box is None else track.box[0, row]
                numbers = np.concatenate((track.position[0, row], track.score[0, row][:, None]), axis=1)
                cells = [
                    cell
                    for joint, state in zip(numbers.tolist(), track.state[0, row].tolist(), strict=True)
                    for cell in (*map(_cell, joint), state)
                ]
                lead = (recording.source, track.person_ids[0], frame, repr(float(track.timestamps_s[row])))
                table.writerow([*lead, *map(_cell, box.tolist()), *cells])
    return Path(path)


def _joint_columns(track: PoseSequence) -> list[str]:
    axes = "xyz"[: track.position.shape[3]]
    return [f"{joint}_{part}" for joint in track.skeleton.joints for part in (*axes, "score", "state")]


def _cell(value: float) -> str:
    return "" if value != value else f"{value:.9g}"


def read(path: str | Path, skeleton: Skeleton | None = None) -> Recording:
    """Read such a table back. Frames without anybody are not in it, so they are not in the recording either.

    Args:
        path: The table.
        skeleton: Its layout; by default the known layout with the same joints.

    Raises:
        InputError: there is no such file, or no layout has these joints.
        FormatError: a column or a number is missing.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as handle:
            header, *rows = csv.reader(handle)
    except OSError as error:
        raise InputError(f"Expected a pose table, got '{error.strerror}'; check the path: {path}") from None
    except (ValueError, csv.Error) as error:
        raise FormatError(f"Expected a pose table, got {error}; make it anew: {path}") from None
    if tuple(header[: len(_LEAD)]) != _LEAD:
        raise FormatError(f"Expected columns {', '.join(_LEAD)}, got others; see pose_csv: {path}")
    source = rows[0][0] if rows else ""
    if not rows:
        return Recording(timestamps_s=np.zeros(0), image_size=None, source=source)
    layout = skeleton or _layout(header, path)
    people: dict[str, list[list[str]]] = {}
    for row in rows:
        people.setdefault(row[1] if len(row) > 1 else "", []).append(row)
    try:
        tracks = tuple(_track(person, mine, layout, len(header)) for person, mine in people.items())
    except (ValueError, IndexError) as error:
        raise FormatError(f"Expected numbers in every row, got {error}; make it anew: {path}") from None
    times = np.unique(np.concatenate([track.timestamps_s for track in tracks]))
    return Recording(timestamps_s=times, image_size=None, source=source, tracks=tracks)


def _layout(header: list[str], path: str | Path) -> Skeleton:
    joints = tuple(re.sub("_x$", "", name) for name in header[len(_LEAD) :] if name.endswith("_x"))
    for name in skeletons.names():
        if skeletons.get(name).joints == joints:
            return skeletons.get(name)
    raise InputError(
        f"Expected the joints of a known layout, got {', '.join(joints)}; pass a skeleton: {path}"
    )


def _track(person: str, rows: list[list[str]], skeleton: Skeleton, width: int) -> PoseSequence:
    if any(len(row) != width for row in rows):
        raise ValueError("rows of another length")
    values = np.array([[float(cell) if cell else np.nan for cell in row[3:]] for row in rows])
    joints = values[:, 5:].reshape(len(rows), len(skeleton), -1)
    box = values[:, 1:5].astype(np.float32)
    return PoseSequence.from_arrays(
        joints[None, :, :, :-2],
        skeleton=skeleton,
        timestamps_s=values[:, 0],
        score=joints[None, :, :, -2],
        state=joints[None, :, :, -1],
        box=None if np.isnan(box).all() else box[None],
        person_ids=(person,),
        source=rows[0][0],
    )


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    """Columns name the joints, not unit and axes: 3D is in those given, else m in `cv` axes."""
    named = None if given.layout is None else skeletons.get(given.layout)
    recording = read(path, named)
    solid = {"unit": given.unit or "m", "axes": given.axes or "cv"}
    tracks = tuple(
        track.replace(**solid) if track.position.shape[3] == 3 else track for track in recording.tracks
    )
    yield path.name.removesuffix(SUFFIX).removesuffix(".csv"), dataclasses.replace(recording, tracks=tracks)


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, recording)


FORMAT = Format(
    name="csv",
    title="flat table, a row a person and frame",
    suffixes=(SUFFIX, ".csv"),
    says=frozenset({"layout", "rate", "times", "ids", "scores", "states", "boxes", "nobody"}),
    says_flat=frozenset({"unit"}),
    read=_recordings,
    write=_save,
)
