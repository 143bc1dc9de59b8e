"""From the journal's rows to people: raw tracks, and the same behind the filter."""

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


def raw_tracks(
    reader: JournalReader, info: MediaInfo, skeleton: Skeleton, source: str, min_score: float = 0.0
) -> Iterator[PoseSequence]:
    """The people of a journal, one at a time: a row for each frame in which they were found.

    A track that is shorter than 0.3 s and has fewer than 8 rows is noise and left out, unless the whole
    source is hardly longer; so is one whose median pose scores below `min_score` (mean of the better half of
    its joints): one good frame makes a wheel a person for the tracker, the whole track does not. People are
    numbered 1, 2, ... in order of appearance.
    """
    times = reader.timestamps_s
    long_source = len(times) > MIN_TRACK_ROWS and times[-1] - times[0] > 2 * MIN_TRACK_S
    names = 0
    for track_id in reader.track_ids:
        rows = reader.track(track_id)
        if (
            long_source
            and rows.time_s[-1] - rows.time_s[0] < MIN_TRACK_S
            and len(rows.time_s) < MIN_TRACK_ROWS
        ):
            continue
        if np.median(pose_score(np.nan_to_num(rows.score))) < min_score:
            continue
        names += 1
        track = [_raw_track(rows, info, skeleton, source, str(names))]
        del rows
        yield track.pop()  # a long track is large: who takes it can let it go


def _raw_track(rows: TrackRows, info: MediaInfo, skeleton: Skeleton, source: str, name: str) -> PoseSequence:
    """The rows as a sequence; it takes over their arrays, for a long track is large."""
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


def smoothed(raw: PoseSequence, timestamps_s: np.ndarray, method: Method) -> PoseSequence:
    """A raw track behind the filter, with rows added for the frames of short gaps.

    Filters need several times a track's memory, so a long one goes through in pieces that overlap by more
    than any filter remembers.

    Args:
        raw: one person.
        timestamps_s: (T,) times of all frames of the source.
        method: of `estimate.smooth`; `none` gives the track back as it is.
    """
    if method == "none":
        return raw
    track = insert_rows(raw, timestamps_s, MAX_GAP_S)
    if track.frames <= PIECE_ROWS + 2 * MARGIN_ROWS:
        return smooth(track, method, cutoff_hz=CUTOFF_HZ, max_gap_s=MAX_GAP_S)
    names = ("position", "score", "state", "box")
    whole = {name: np.empty_like(getattr(track, name)) for name in names}
    for first in range(0, track.frames, PIECE_ROWS):
        low, high = max(0, first - MARGIN_ROWS), min(track.frames, first + PIECE_ROWS + MARGIN_ROWS)
        piece = smooth(
            track.select(frames=slice(low, high)), method, cutoff_hz=CUTOFF_HZ, max_gap_s=MAX_GAP_S
        )
        stop = min(track.frames, first + PIECE_ROWS)
        for name in names:
            whole[name][:, first:stop] = getattr(piece, name)[:, first - low : stop - low]
    return track.replace(**whole)


def posed_rate(info: MediaInfo, every: int, times: np.ndarray) -> float | None:
    """Frames a second that were posed: measured on the time stamps, else the source's own rate."""
    if len(times) > 2:
        step = float(np.median(np.diff(times)))
        return 1 / step if step > 0 else None
    return info.rate_hz / every if info.rate_hz else None
