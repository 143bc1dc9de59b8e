"""The native file `<stem>.poses.h5`: all poses of one source, raw and smoothed, and what they mean.

Layout, version 1 (HDF5; every text is JSON in a scalar string):

    attributes   format "bodyverb.poses", version
    timestamps_s (T,) float64           time of every decoded frame, seconds of the source
    about        source, image_size, frame of reference (rate, space, unit, axes, mirrored, image_size)
    skeleton     the joint layout, whole; null without tracks
    meta         models, versions, options, ... as the caller gave them
    tracks       a list: person_id, source, first_row, rows, and what each layer holds
    rows/        one row a person and frame, sorted by track, then time: track u32, frame u32 (into
                 timestamps_s), layers u8 (1 = row of raw, 2 = row of smoothed)
    raw/         position (rows, J, 2|3) f32, score (rows, J) f32, state (rows, J) u8, box (rows, 4) f32,
                 extras/
    smoothed/    the same behind the filter, whose parameters are the group's attributes; score and box only
                 for tracks where they differ from raw (see `tracks`), else not allocated
    segments     a list of verbs
    timeline     classes, model, thresholds, segments; with windows/ person u32, start_s, end_s, known,
                 probabilities (windows, C)

The file appears under its name only when complete. Writing takes the memory of a piece of a track
(`PosesWriter`), reading that of one track or of a stretch of time (`PosesFile`); `write` and `read` do a
whole `Recording`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bodyverb.core import FormatError, Recording, Timeline
from bodyverb.formats._format import Format, Given, Item
from bodyverb.formats._poses_read import PosesFile, Which, reading
from bodyverb.formats._poses_write import SUFFIX, VERSION, PosesWriter

__all__ = ["SUFFIX", "VERSION", "PosesFile", "PosesWriter", "Which", "read", "read_timeline", "write"]


def write(
    path: str | Path,
    raw: Recording,
    smoothed: Recording | None = None,
    timeline: Timeline | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Path:
    """Write a recording, its smoothed form and its verbs.

    Args:
        path: `<stem>.poses.h5`.
        raw: The estimates as they came.
        smoothed: The same people behind the filter; times among those of `raw`.
        timeline: Verbs with their windows.
        meta: Plain data; `raw.meta` by default. `meta["smoothing"]`, a mapping, holds the filter's
            parameters.

    Raises:
        InputError: the tracks differ in layout or frame of reference.
        OutputError: the file cannot be written.
    """
    meta = dict(raw.meta if meta is None else meta)
    after = {} if smoothed is None else {track.person_ids[0]: track for track in smoothed.tracks}
    before = {track.person_ids[0]: track for track in raw.tracks}
    writer = PosesWriter(
        path, timestamps_s=raw.timestamps_s, image_size=raw.image_size, source=raw.source, meta=meta
    )
    with writer:
        for person in {**before, **after}:
            writer.add([(before.get(person), after.get(person))])
        writer.finish(segments=raw.segments, timeline=timeline, has_smoothed=smoothed is not None)
    return Path(path)


def read(path: str | Path, which: Which = "smoothed") -> Recording:
    """Read a whole file.

    Args:
        path: A file that `write` made.
        which: `smoothed` (falls back to raw where nothing was smoothed) or `raw`.

    Raises:
        InputError: there is no such file.
        FormatError: it is cut, damaged or of another kind.
    """
    with PosesFile(path) as file:
        tracks = tuple(file.tracks(which))
        with reading(file.path):
            return Recording(
                timestamps_s=file.timestamps_s,
                image_size=file.image_size,
                source=file.source,
                tracks=tracks,
                segments=file.segments(),
                meta=file.meta,
            )


def read_timeline(path: str | Path) -> Timeline | None:
    """The verbs with their windows, or None where the run had no recognizer. Errors as `read`."""
    with PosesFile(path) as file:
        return file.timeline()


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    recording = read(path, "raw" if given.space == "raw" else "smoothed")
    yield path.name.removesuffix(SUFFIX), recording


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, recording)


def _looks(path: Path, head: bytes) -> bool:
    try:
        with PosesFile(path):
            return True
    except FormatError:
        return False


FORMAT = Format(
    name="poses",
    title="poses of bodyverb run",
    suffixes=(SUFFIX,),
    says=frozenset(
        {
            "layout", "unit", "axes", "space", "rate", "times", "empty frames", "ids", "scores", "states",
            "boxes", "image size", "label", "segments", "extras", "nobody",
        }
    ),
    read=_recordings,
    write=_save,
    looks=_looks,
    spaces=("smoothed", "raw"),
)  # fmt: skip
