"""Recordings at a constant rate: poses between two frames, linear in time."""

from __future__ import annotations

import numpy as np

from bodyverb.core import INFERRED, PoseSequence, Recording
from bodyverb.formats._notes import Notes

MAX_GAP_S = 0.6
"""Frames of a person further apart are not bridged."""
SAME_S = 1e-4
"""Frames nearer to a wanted time are taken as they are."""


def resampled(recording: Recording, rate_hz: float, notes: Notes) -> Recording:
    """The recording at `rate_hz` from its first frame on.

    A joint between two frames in which it is present is interpolated linearly and then `INFERRED`, its score
    the lower one; where one of them lacks it, or they are more than 0.6 s apart, it is absent. Frames at a
    wanted time are copied. Extras are those of the nearest frame.
    """
    times = recording.timestamps_s
    if times.size == 0:
        return recording
    count = int(np.floor((times[-1] - times[0]) * rate_hz + 1e-6)) + 1
    wanted = times[0] + np.arange(count) / rate_hz
    if times.size == wanted.size and np.abs(times - wanted).max() < SAME_S:
        return recording
    tracks = [_track(track, wanted) for track in recording.tracks]
    notes.add("changed", f"resampled to {rate_hz:g} Hz, linear between frames")
    return Recording(
        timestamps_s=wanted,
        image_size=recording.image_size,
        source=recording.source,
        tracks=tuple(tracks),
        segments=recording.segments,
        meta=recording.meta,
    )


def _track(track: PoseSequence, wanted: np.ndarray) -> PoseSequence:
    own = track.timestamps_s
    if own.size == 0:
        return track
    inside = wanted[(wanted >= own[0] - SAME_S) & (wanted <= own[-1] + SAME_S)]
    before = np.clip(np.searchsorted(own, inside, side="right") - 1, 0, own.size - 1)
    after = np.minimum(before + 1, own.size - 1)
    span = np.maximum(own[after] - own[before], 1e-12)
    share = np.clip((inside - own[before]) / span, 0, 1)
    near = np.where(share < 0.5, before, after)
    same = np.abs(own[near] - inside) < SAME_S
    share, before, after = np.where(same, 0, share), np.where(same, near, before), np.where(same, near, after)
    kept = same | (own[after] - own[before] <= MAX_GAP_S)
    inside, share, before, after, near, same = (
        value[kept] for value in (inside, share, before, after, near, same)
    )
    position = _mix(track.position, before, after, share[:, None, None])
    there = np.isfinite(position).all(axis=-1)
    position[~there] = np.nan
    state = np.minimum(track.state[:, before], track.state[:, after])
    state = np.where(same[:, None], state, np.minimum(state, INFERRED))
    return track.replace(
        position=position.astype(np.float32),
        state=np.where(there, state, 0).astype(np.uint8),
        score=np.minimum(track.score[:, before], track.score[:, after]),
        box=None if track.box is None else _mix(track.box, before, after, share[:, None]).astype(np.float32),
        extras={name: value[:, near] for name, value in track.extras.items()},
        timestamps_s=inside,
        rate="nominal" if track.rate == "measured" else track.rate,
    )


def _mix(values: np.ndarray, before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(P, n, ...) float64, linear between two frames; exactly the former where the share is 0."""
    first, second = values[:, before].astype(np.float64), values[:, after].astype(np.float64)
    return np.where(share == 0, first, first + (second - first) * share)
