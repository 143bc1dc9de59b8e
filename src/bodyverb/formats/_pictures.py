"""People of single pictures as a recording: a frame a picture, a person a rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bodyverb.core import PoseSequence, Recording, Skeleton
from bodyverb.core.pose import Rate


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """N people of single pictures of J joints, those of a picture in the order of their rank.

    Attributes:
        frame: (N,) int64: which picture.
        position: (N, J, 2) px; NaN where absent.
        state: (N, J) uint8; or None, where what is there is seen.
        score: (N, J) in [0, 1]; or None.
        box: (N, 4) x1 y1 x2 y2 px, NaN where there is none; or None.
        ids: N names of people, unique in a picture; or None, where people are ranks.
    """

    frame: np.ndarray
    position: np.ndarray
    state: np.ndarray | None = None
    score: np.ndarray | None = None
    box: np.ndarray | None = None
    ids: tuple[str, ...] | None = None


def recording_of_pictures(
    found: Found,
    frames: int,
    *,
    skeleton: Skeleton,
    rate_hz: float,
    rate: Rate,
    source: str,
    image_size: tuple[int, int] | None = None,
) -> Recording:
    """A recording whose person k is the k-th of every picture, or, with ids, the one of that id.

    Args:
        found: The people.
        frames: How many pictures, also of nobody.
        skeleton: Their layout.
        rate_hz: Pictures a second, where they are of a video.
        rate: How well that is known.
        source: Name of the file.
        image_size: (width, height) px, where all are of one.
    """
    times = np.arange(frames) / rate_hz
    order = np.argsort(found.frame, kind="stable")
    ids = np.array(found.ids if found.ids is not None else _ranks(found.frame, order), dtype=object)
    tracks = []
    for person in dict.fromkeys(ids[order].tolist()):
        rows = order[ids[order] == person]
        box = None if found.box is None or np.isnan(found.box[rows]).all() else found.box[rows][None]
        tracks.append(
            PoseSequence.from_arrays(
                found.position[rows][None],
                skeleton=skeleton,
                timestamps_s=times[found.frame[rows]],
                rate=rate,
                state=None if found.state is None else found.state[rows][None],
                score=None if found.score is None else found.score[rows][None],
                box=box,
                image_size=image_size,
                person_ids=(person,),
                source=source,
            )
        )
    return Recording(timestamps_s=times, image_size=image_size, source=source, tracks=tuple(tracks))


def _ranks(frame: np.ndarray, order: np.ndarray) -> list[str]:
    """Number of each row among those of its picture, as text."""
    ordered = frame[order]
    rank = np.empty(frame.size, np.int64)
    rank[order] = np.arange(frame.size) - np.searchsorted(ordered, ordered)
    return [str(one) for one in rank.tolist()]
