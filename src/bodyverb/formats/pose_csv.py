"""Poses as a flat table: one row a person and frame.

Columns: source, person_id, frame (into the recording's frames), time_s, box_x1 box_y1 box_x2 box_y2, then
for each joint `<joint>_x`, `<joint>_y` (`_z` in 3D), `<joint>_score`, `<joint>_state` (0 absent, 1 inferred,
2 seen). An absent joint or box is an empty cell. Image positions are px, (0, 0) the centre of the first
pixel.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, Recording, Skeleton
from bodyverb.formats._format import Format, Given, Item
from bodyverb.formats._pose_table import LEAD, Rows, joint_columns
from bodyverb.formats.files import replacing

SUFFIX = ".poses.csv"


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
        table.writerow([*LEAD, *_joint_columns(recording)])
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


def _joint_columns(recording: Recording) -> list[str]:
    first = recording.tracks[0] if recording.tracks else None
    return joint_columns(first.skeleton, first.position.shape[3]) if first else []


def _cell(value: float) -> str:
    return "" if value != value else f"{value:.9g}"


def read(path: str | Path, skeleton: Skeleton | None = None) -> Recording:
    """Read such a table back, a row at a time. Frames without anybody are not in it, nor in the recording.

    Args:
        path: The table.
        skeleton: Its layout; by default the known layout with the same joints, else one of their names.

    Raises:
        InputError: there is no such file.
        FormatError: a column or a number is missing or wrong.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as handle:
            table = csv.reader(handle)
            rows = Rows(next(table, []), skeleton, path)
            for cells in table:
                _take(rows, cells, table.line_num)
    except OSError as error:
        raise InputError(f"Expected a pose table, got '{error.strerror}'; check the path: {path}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"Expected UTF-8, got {error.reason} at byte {error.start}: {path}") from None
    except csv.Error as error:
        raise FormatError(
            f"Expected a pose table, got '{error}' in line {table.line_num}; make it anew: {path}"
        ) from None
    return rows.recording()


def _take(rows: Rows, cells: list[str], line: int) -> None:
    if len(cells) != rows.width:
        raise FormatError(
            f"Expected {rows.width} cells, got a row of another length, {len(cells)}; "
            f"check line {line}: {rows.path}"
        )
    try:
        time_s, *numbers = (float(cell) if cell else np.nan for cell in cells[3:])
    except ValueError as error:
        raise FormatError(f"Expected numbers, got '{error}'; check line {line}: {rows.path}") from None
    rows.source = rows.source or cells[0]
    with np.errstate(over="ignore"):
        rows.add(cells[1], [time_s], numbers)


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
