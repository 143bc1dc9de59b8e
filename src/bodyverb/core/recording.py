"""A recording: one source's time base and the people who come and go in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from bodyverb.core import _check
from bodyverb.core.errors import InputError
from bodyverb.core.pose import PoseSequence
from bodyverb.core.timeline import Segment

_SHARED = ("skeleton", "space", "unit", "axes", "mirrored", "image_size")


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """What was found in one source; valid with no frames, no tracks and no segments.

    Attributes:
        timestamps_s: (T,) float64, the time of every decoded frame in seconds of the source, strictly rising.
        image_size: (width, height) of the displayed picture in px, or None.
        source: Where it comes from; free text, often a path.
        tracks: One `PoseSequence` of exactly one person each, over its own span; its times are among
            `timestamps_s` (equal as float64) and its id is unique.
        segments: Verbs; each names a track, or several as `3+5`.
        meta: Further facts, ready for JSON.

    Raises:
        InputError: Where tracks or segments do not belong to this recording.
    """

    timestamps_s: np.ndarray
    image_size: tuple[int, int] | None
    source: str
    tracks: tuple[PoseSequence, ...] = ()
    segments: tuple[Segment, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that every track and segment belongs to the recording."""
        object.__setattr__(self, "timestamps_s", _check.times("timestamps_s", self.timestamps_s))
        object.__setattr__(self, "image_size", _check.size("image_size", self.image_size))
        object.__setattr__(self, "tracks", tuple(self.tracks))
        object.__setattr__(self, "segments", tuple(self.segments))
        for track in self.tracks:
            if track.persons != 1:
                raise InputError(f"Expected tracks of one person, got {track.persons}; split it by person")
            if not np.isin(track.timestamps_s, self.timestamps_s).all():
                raise InputError(
                    f"Expected the times of track {track.person_ids[0]!r} among the recording's, got others; "
                    "use the time stamps of the decoded frames"
                )
        ids = self.person_ids
        if len(set(ids)) != len(ids):
            raise InputError(f"Expected one track a person id, got {ids}; merge or rename tracks")
        for segment in self.segments:
            if segment.person_id not in ids and not set(segment.person_id.split("+")) <= set(ids):
                raise InputError(
                    f"Expected segments of known persons, got id {segment.person_id!r}; "
                    f"known are {', '.join(ids) or 'none'}"
                )

    @property
    def person_ids(self) -> tuple[str, ...]:
        """The ids of the tracks, in their order."""
        return tuple(track.person_ids[0] for track in self.tracks)

    def track(self, person_id: str) -> PoseSequence:
        """The track of one person.

        Raises:
            InputError: Where there is no such person.
        """
        for track in self.tracks:
            if track.person_ids[0] == person_id:
                return track
        raise InputError(
            f"Expected the id of a track, got {person_id!r}; known are {', '.join(self.person_ids) or 'none'}"
        )


def stack(tracks: Sequence[PoseSequence], timestamps_s: npt.ArrayLike | None = None) -> PoseSequence:
    """Put tracks into one dense sequence on a common time base.

    Args:
        tracks: At least one sequence; all of one layout and frame of reference, person ids unique together.
        timestamps_s: (T,) the wanted times; by default every time of any track. Frames of a track at other
            times are left out.

    Returns:
        All persons in order; NaN, score 0 and state absent where a person is not there. Only extras that
        every track has are kept, filled with NaN (numbers with a fraction), -1 (whole numbers) or False.

    Raises:
        InputError: Where there is nothing to stack or the tracks do not agree.
    """
    if not tracks:
        raise InputError("Expected at least one track to stack, got none; check for an empty recording first")
    first = tracks[0]
    for name in _SHARED:
        if any(getattr(track, name) != getattr(first, name) for track in tracks):
            raise InputError(f"Expected tracks of one {name} to stack, got several; convert them first")
    if len({track.position.shape[3] for track in tracks}) > 1:
        raise InputError("Expected tracks with equally many coordinates, got 2D and 3D; stack them apart")
    if timestamps_s is None:
        timestamps_s = np.unique(np.concatenate([track.timestamps_s for track in tracks]))
    times = _check.times("timestamps_s", timestamps_s)
    places = [_places(track.timestamps_s, times) for track in tracks]
    dense = partial(_dense, places=places, frames=times.size)
    names = [name for name in first.extras if all(name in track.extras for track in tracks)]
    boxed = any(track.box is not None for track in tracks)
    return first.replace(
        position=dense([track.position for track in tracks]),
        score=dense([track.score for track in tracks], 0),
        state=dense([track.state for track in tracks], 0),
        box=dense([_box(track) for track in tracks]) if boxed else None,
        extras={name: dense([track.extras[name] for track in tracks]) for name in names},
        timestamps_s=times,
        rate=first.rate if all(track.rate == first.rate for track in tracks) else "unknown",
        person_ids=tuple(one for track in tracks for one in track.person_ids),
    )


def _places(own: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(indices into own, indices into times) of the times that both have."""
    _, mine, theirs = np.intersect1d(own, times, assume_unique=True, return_indices=True)
    return mine, theirs


def _dense(
    arrays: list[np.ndarray],
    fill: float | None = None,
    *,
    places: list[tuple[np.ndarray, np.ndarray]],
    frames: int,
) -> np.ndarray:
    """(sum of P, frames, ...) with every track's rows at their times, filled where there are none."""
    dtype = np.result_type(*arrays)
    if fill is None:
        fill = {"f": np.nan, "b": False}.get(dtype.kind, -1)
    rows = []
    for array, (mine, theirs) in zip(arrays, places, strict=True):
        block = np.full((array.shape[0], frames, *array.shape[2:]), fill, dtype=dtype)
        block[:, theirs] = array[:, mine]
        rows.append(block)
    return np.concatenate(rows)


def _box(track: PoseSequence) -> np.ndarray:
    """(P, T, 4) boxes of a track, NaN where it has none."""
    if track.box is not None:
        return track.box
    return np.full((*track.position.shape[:2], 4), np.nan, dtype=np.float32)
