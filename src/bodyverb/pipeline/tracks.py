"""From the journal's rows to people: their rows as they came, and the same behind the filter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bodyverb.core import PoseSequence, Skeleton
from bodyverb.estimate.smooth import Method, insert_rows, smooth
from bodyverb.estimate.tracks import pose_score
from bodyverb.formats.journal import JournalReader, TrackRows
from bodyverb.media import MediaInfo

SEEN_SCORE = 0.3
MIN_TRACK_S = 0.3
MIN_TRACK_ROWS = 8
CUTOFF_HZ = 6.0
MAX_GAP_S = 0.25

PIECE_ROWS = 2000
MARGIN_ROWS = 300


Piece = tuple[PoseSequence, PoseSequence]
"""Some rows of a person: raw, and behind the filter with rows added for the frames of short gaps."""


def people(reader: JournalReader, min_score: float = 0.0) -> Iterator[tuple[int, str]]:
    """Track ids of the people of a journal, with the names 1, 2, ... in order of appearance.

    A track that is shorter than 0.3 s and has fewer than 8 rows is noise and left out, unless the whole
    source is hardly longer; so is one whose median pose scores below `min_score` (mean of the better half of
    its joints): one good frame makes a wheel a person for the tracker, the whole track does not.
    """
    times = reader.timestamps_s
    long_source = len(times) > MIN_TRACK_ROWS and times[-1] - times[0] > 2 * MIN_TRACK_S
    names = 0
    for track_id in reader.track_ids:
        rows = reader.rows_of(track_id)
        if long_source and rows < MIN_TRACK_ROWS:
            own = reader.track(track_id).time_s
            if own[-1] - own[0] < MIN_TRACK_S:
                continue
        if min_score > 0 and _median_score(reader, track_id) < min_score:
            continue
        names += 1
        yield track_id, str(names)


def _median_score(reader: JournalReader, track_id: int) -> float:
    starts = range(0, reader.rows_of(track_id), PIECE_ROWS)
    parts = (reader.track(track_id, slice(at, at + PIECE_ROWS)) for at in starts)
    return float(np.median(np.concatenate([pose_score(np.nan_to_num(part.score)) for part in parts])))


def pieces(
    reader: JournalReader, track_id: int, name: str, info: MediaInfo, skeleton: Skeleton, method: Method
) -> Iterator[Piece]:
    """One person's rows, raw and smoothed, in order, in bounded memory.

    Filters need several times a track's memory, so a long one goes through in pieces that overlap by more
    than any filter remembers.

    Args:
        reader: the journal.
        track_id: of `people`.
        name: the person's id.
        info: of the source.
        skeleton: layout of the journal's joints.
        method: of `estimate.smooth`; with `none` both are the same.
    """
    times, rows = reader.timestamps_s, reader.rows_of(track_id)
    step = rows if rows <= PIECE_ROWS + 2 * MARGIN_ROWS else PIECE_ROWS
    for first in range(0, rows, step):
        stop = min(rows, first + step)
        low, high = max(0, first - MARGIN_ROWS), min(rows, stop + MARGIN_ROWS)
        raw = _raw_track(
            reader.track(track_id, slice(low, high)), info, skeleton, reader.meta["source"], name
        )
        own = raw.select(frames=slice(first - low, stop - low))
        if method == "none":
            yield own, own
            continue
        track = insert_rows(raw, times, MAX_GAP_S)
        track = smooth(track, method, cutoff_hz=CUTOFF_HZ, max_gap_s=MAX_GAP_S)
        begin = np.searchsorted(track.timestamps_s, own.timestamps_s[0])
        end = (
            track.frames
            if high == stop
            else np.searchsorted(track.timestamps_s, raw.timestamps_s[stop - low])
        )
        yield own, track.select(frames=slice(int(begin), int(end)))


def _raw_track(rows: TrackRows, info: MediaInfo, skeleton: Skeleton, source: str, name: str) -> PoseSequence:
    present = np.isfinite(rows.position).all(-1)
    rows.position[~present] = np.nan
    rows.score[~present] = 0
    np.clip(rows.score, 0, 1, out=rows.score)
    state = np.where(present, np.where(rows.score >= SEEN_SCORE, 2, 1).astype(np.uint8), np.uint8(0))
    return PoseSequence(
        position=rows.position[None],
        score=rows.score[None],
        state=state[None],
        box=rows.box[None],
        extras={name: values[None] for name, values in rows.extras.items()},
        skeleton=skeleton,
        timestamps_s=rows.time_s,
        rate=info.rate,
        space="image",
        unit="px",
        axes="cv",
        image_size=info.image_size,
        person_ids=(name,),
        source=source,
    )


def posed_rate(info: MediaInfo, every: int, times: np.ndarray) -> float | None:
    """Frames a second that were posed: measured on the time stamps, else the source's own rate."""
    if len(times) > 2:
        step = float(np.median(np.diff(times)))
        return 1 / step if step > 0 else None
    return info.rate_hz / every if info.rate_hz else None
