"""Smoothing of whole tracks: spikes out, short holes filled and marked, then a filter on true time stamps."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from bodyverb.core.errors import InputError
from bodyverb.core.pose import ABSENT, INFERRED, PoseSequence
from bodyverb.core.recording import stack
from bodyverb.estimate.one_euro import OneEuro
from bodyverb.estimate.signals import fill_gaps, filter_runs, one_euro, period_of, spikes

__all__ = ["METHODS", "Method", "OneEuro", "default_method", "insert_rows", "smooth"]

Method = Literal["butterworth", "one-euro", "savgol", "none"]
METHODS: tuple[str, ...] = get_args(Method)


def default_method(rate_hz: float | None, live: bool = False) -> Method:
    """The method for a source: Butterworth for files of at least 15 frames/s, else one-euro.

    Args:
        rate_hz: Frames per second that are posed, None where not known.
        live: Whether the source is a camera or a stream.

    Example:
        >>> default_method(30.0), default_method(5.0), default_method(30.0, live=True)
        ('butterworth', 'one-euro', 'one-euro')
    """
    if live or rate_hz is None or not rate_hz >= 15 - 0.05:
        return "one-euro"
    return "butterworth"


def smooth(
    track: PoseSequence,
    method: Method = "butterworth",
    *,
    cutoff_hz: float = 6.0,
    max_gap_s: float = 0.25,
    min_score: float = 0.1,
    reject_spikes: bool = True,
) -> PoseSequence:
    """Smooth the positions and boxes of every person.

    In order: joints with a score below `min_score` count as missing, and so do spikes (single samples that
    jump away and back; `signals.spikes`). Holes of at most `max_gap_s` between two seen samples are filled by
    a straight line and marked: state 1, half the interpolated score. Longer holes and holes at an end are
    NaN, state 0, score 0, and are never filtered across. Every unbroken run is then filtered:

    - `butterworth`: zero-phase low-pass, -3 dB at `cutoff_hz`;
    - `savgol`: zero-phase local cubics of about the same cut-off; keeps peaks better, noise too;
    - `one-euro`: causal, as on a camera (only the filling looks ahead); `cutoff_hz / 4` at rest;
    - `none`: the track comes back as it is.

    Seen joints keep their raw score and state. A run shorter than a filter needs is left as it is.

    Args:
        track: Any sequence; persons are smoothed apart.
        method: See above.
        cutoff_hz: Cut-off in Hz.
        max_gap_s: Longest hole that is filled, in s of missing samples (at 5 frames/s one frame is 0.2 s).
        min_score: Lowest score that counts as seen; 0 keeps everything that has a position.
        reject_spikes: Whether single-sample jumps count as missing.

    Returns:
        A sequence with the same times, persons and extras.

    Raises:
        InputError: An unknown method or a cut-off or gap that makes no sense.
    """
    if method not in METHODS:
        raise InputError(f"Expected a method among {', '.join(METHODS)}, got {method!r}; choose one of them")
    if not cutoff_hz > 0 or not max_gap_s >= 0:
        raise InputError(
            f"Expected cutoff_hz > 0 and max_gap_s >= 0, got {cutoff_hz} and {max_gap_s}; correct them"
        )
    if method == "none":
        return track
    position = np.array(track.position, dtype=np.float64)
    position[track.score < min_score] = np.nan
    boxes = None if track.box is None else np.array(track.box, dtype=np.float64)
    times = track.timestamps_s
    score = np.array(track.score)
    kept = np.zeros(score.shape, dtype=bool)
    for person in range(track.persons):
        values = position[person]
        size = _body_size(values)
        if reject_spikes:
            values[spikes(values, times, size)] = np.nan
        seen = kept[person] = np.isfinite(values).all(axis=-1)
        position[person] = _filtered(values, times, method, cutoff_hz, max_gap_s, size)
        known = np.where(seen, track.score[person], np.nan)[..., None]
        score[person] = np.where(seen, track.score[person], 0.5 * fill_gaps(known, times, max_gap_s)[..., 0])
        if boxes is not None:
            box = _filtered(boxes[person][:, None], times, method, cutoff_hz, max_gap_s, size)[:, 0]
            low, high = np.minimum(box[:, :2], box[:, 2:]), np.maximum(box[:, :2], box[:, 2:])
            boxes[person] = np.concatenate([low, high], axis=1)
    return _rebuilt(track, kept, position, score, boxes)


def _filtered(
    values: np.ndarray, times: np.ndarray, method: str, cutoff_hz: float, max_gap_s: float, size: float
) -> np.ndarray:
    """Fill and filter (T, N, D)."""
    whole = fill_gaps(values, times, max_gap_s)
    if method == "one-euro":
        return one_euro(whole, times, size, cutoff_hz, max_gap_s)
    return filter_runs(whole, times, method, cutoff_hz, max_gap_s)


def _rebuilt(
    track: PoseSequence, kept: np.ndarray, position: np.ndarray, score: np.ndarray, boxes: np.ndarray | None
) -> PoseSequence:
    """The sequence of the result; `kept` (P, T, J) tells raw joints from filled ones."""
    present = np.isfinite(position).all(axis=-1)
    state = np.where(kept, track.state, np.where(present, INFERRED, ABSENT)).astype(np.uint8)
    return track.replace(
        position=np.where(present[..., None], position, np.nan).astype(np.float32),
        score=np.where(present, score, 0.0).astype(np.float32),
        state=state,
        box=None if boxes is None else boxes.astype(np.float32),
    )


def _body_size(values: np.ndarray) -> float:
    """Median over time of the longer side of the box of the joints (T, J, D); 0 where nothing is known."""
    seen = np.isfinite(values).all(axis=-1)[..., None]
    rows = seen[..., 0].sum(axis=1) >= 2
    if not rows.any():
        return 0.0
    low = np.where(seen, values, np.inf).min(axis=1)[rows]
    high = np.where(seen, values, -np.inf).max(axis=1)[rows]
    return float(np.median((high - low).max(axis=1)))


def insert_rows(track: PoseSequence, timestamps_s: npt.ArrayLike, max_gap_s: float = 0.25) -> PoseSequence:
    """Add empty rows for the frames of the source at which a person was missed for a short time.

    A tracker reports only what it sees: a missed frame is no row at all. `smooth` fills rows, so the rows of
    the holes that are short enough must exist.

    Args:
        track: Any sequence.
        timestamps_s: (T',) times of all frames of the source in s.
        max_gap_s: Only holes up to this length (as in `smooth`) get rows.

    Returns:
        The sequence with more rows: NaN, score 0, state absent; the same sequence where none is missing.
    """
    own = track.timestamps_s
    if len(own) < 2:
        return track
    times = np.asarray(timestamps_s, dtype=np.float64)
    new = np.setdiff1d(times[(times > own[0]) & (times < own[-1])], own)
    if not len(new):
        return track
    frames = np.union1d(times, own)
    period = min(period_of(own), period_of(frames))
    right = np.searchsorted(own, new)
    new = new[own[right] - own[right - 1] - period <= max_gap_s + 1e-6]
    return stack([track], np.union1d(own, new)) if len(new) else track
