"""Skeletons, ids and verbs drawn over the picture, frame by frame, and the overlay video made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from bodyverb.core import PoseSequence, Recording, Segment, Timeline
from bodyverb.media import VideoWriter, scaled_size
from bodyverb.outputs.figures import Figure, draw_figure, paste, tag_height, tag_picture
from bodyverb.outputs.palette import RGB, mix, person_colour

MAX_GAP_S = 0.25
_SAME_S = 1e-4
_STRETCH_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Tag:
    """What is written above people.

    Attributes:
        name: Id of a person or a pair, in the coloured part.
        label: Text behind it (the verb), may be empty.
        colour: The person's colour, or the mean of the pair's.
        points: (n, 2) px; the tag goes above their middle. NaN ones are left out.
    """

    name: str
    label: str
    colour: RGB
    points: np.ndarray


def draw_poses(image: np.ndarray, figures: Sequence[Figure], pairs: Sequence[Tag] = ()) -> np.ndarray:
    """Draw every figure, then every tag (so that no limb hides a tag), into `image` and return it.

    Args:
        image: (h, w, 3) uint8 RGB, changed in place.
        figures: People in px of this picture, in drawing order.
        pairs: Tags of more than one person.
    """
    for figure in figures:
        draw_figure(image, figure)
    own = [Tag(name=f.name, label=f.label, colour=f.colour, points=f.position) for f in figures if f.name]
    taken: list[tuple[int, int, int, int]] = []
    for tag in [*own, *pairs]:
        _draw_tag(image, tag, taken)
    return image


def _draw_tag(image: np.ndarray, tag: Tag, taken: list[tuple[int, int, int, int]]) -> None:
    points = tag.points[np.isfinite(tag.points).all(axis=1)]
    if not len(points):
        return
    height, width = image.shape[:2]
    low, high = points.min(axis=0), points.max(axis=0)
    if low[0] > width or low[1] > height or high[0] < 0 or high[1] < 0:
        return
    letters = tag_height(image)
    picture, opacity = tag_picture(tag.name, tag.label, tag.colour, letters, width)
    tall, wide = picture.shape[:2]
    x = int(np.clip((low[0] + high[0] - wide) / 2, 0, max(0, width - wide)))
    y = int(np.clip(low[1] - tall - letters / 2 - 0.07 * (high[1] - low[1]), 0, max(0, height - tall)))
    for step in (0, 1, -1, 2, -2, 3, -3):
        spot = y - step * (tall + 2)
        if 0 <= spot <= height - tall and not any(_overlap(x, spot, wide, tall, other) for other in taken):
            y = spot
            break
    taken.append((x, y, wide, tall))
    paste(image, picture, opacity, x, y)


def _overlap(x: int, y: int, wide: int, tall: int, other: tuple[int, int, int, int]) -> bool:
    return x < other[0] + other[2] and other[0] < x + wide and y < other[1] + other[3] and other[1] < y + tall


def verb_text(segment: Segment | None) -> str:
    """What a tag says about a segment: `squat 93%`; `unknown` without a number; empty without a segment."""
    if segment is None:
        return ""
    name = segment.verb.replace("_", " ")
    return name if segment.verb == "unknown" else f"{name} {segment.confidence:.0%}"


class OverlayDrawer:
    """Draws a recording at any time; looking a frame up costs a binary search per person in view.

    Between two rows at most `MAX_GAP_S` apart the pose is interpolated, so a recording of every Nth frame
    gives a smooth video; a longer gap draws nobody.

    Args:
        recording: 2D tracks in image px of `recording.image_size`.
        timeline: Whose segments to name; the recording's own segments by default.
    """

    def __init__(self, recording: Recording, timeline: Timeline | None = None) -> None:
        self.recording = recording
        spans = [t.timestamps_s[[0, -1]] if t.frames else (np.inf, -np.inf) for t in recording.tracks]
        self._starts, self._ends = np.array(spans, np.float64).reshape(-1, 2).T
        segments = recording.segments if timeline is None else timeline.segments
        self._segments: dict[str, list[Segment]] = {}
        for segment in segments:
            for person in {segment.person_id, *segment.person_id.split("+")}:
                self._segments.setdefault(person, []).append(segment)

    def segments_of(self, person_id: str) -> tuple[Segment, ...]:
        """All segments of a person, those of pairs with them."""
        return tuple(self._segments.get(person_id, ()))

    def segment_at(self, person_id: str, time_s: float) -> Segment | None:
        """The surest segment of a person at a time, or None."""
        return _surest(self._now(person_id, time_s))

    def _now(self, person_id: str, time_s: float) -> list[Segment]:
        return [
            s for s in self._segments.get(person_id, ()) if s.start_s - _SAME_S <= time_s <= s.end_s + _SAME_S
        ]

    def figures(self, time_s: float, size: tuple[int, int] | None = None) -> list[Figure]:
        """Everybody in view at `time_s`, in px of a picture of `size` (w, h), by default the source's."""
        found = []
        inside = (self._starts - _SAME_S <= time_s) & (time_s <= self._ends + _SAME_S)
        for order in np.flatnonzero(inside):
            track = self.recording.tracks[order]
            row = _pose_at(track, time_s)
            if row is None:
                continue
            name = track.person_ids[0]
            own = _surest([s for s in self._now(name, time_s) if s.person_id == name])
            found.append(
                Figure(
                    position=_scaled(row[0], self.recording.image_size, size),
                    score=row[1],
                    state=row[2],
                    skeleton=track.skeleton,
                    colour=person_colour(int(order)),
                    name=name,
                    label=verb_text(own),
                )
            )
        return found

    def draw(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Draw everybody in view at `time_s` into `image` (h, w, 3) uint8 RGB, of any size; returns it."""
        figures = self.figures(time_s, (image.shape[1], image.shape[0]))
        return draw_poses(image, figures, self.pairs(time_s, figures))

    def pairs(self, time_s: float, figures: Sequence[Figure]) -> list[Tag]:
        """What pairs do at `time_s`, to be written between the two; nothing where it is unknown."""
        people: dict[Segment, list[Figure]] = {}
        for figure in figures:
            for segment in self._now(figure.name, time_s):
                if segment.person_id != figure.name and segment.verb != "unknown":
                    people.setdefault(segment, []).append(figure)
        return [
            Tag(
                name=segment.person_id,
                label=verb_text(segment),
                colour=mix(both[0].colour, both[-1].colour, 0.5),
                points=np.concatenate([figure.position for figure in both]),
            )
            for segment, both in people.items()
        ]


def _surest(segments: Sequence[Segment]) -> Segment | None:
    return max(segments, key=lambda s: (s.verb != "unknown", s.confidence), default=None)


class Drawer(Protocol):
    """Draws what belongs over the picture of a time."""

    def draw(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Draw into `image` (h, w, 3) uint8 RGB; returns it."""
        ...


class StretchDrawer:
    """Draws a recording too long for memory: only a stretch of it is held. Times should rise.

    Args:
        between: (start_s, end_s) -> the recording's part in that stretch, e.g. `PosesFile.between`.
        timeline: Whose segments to name, or None.
    """

    def __init__(self, between: Callable[[float, float], Recording], timeline: Timeline | None) -> None:
        self._between, self._timeline = between, timeline
        self._start, self._end = np.inf, -np.inf

    def draw(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """As `OverlayDrawer.draw`."""
        if not self._start <= time_s < self._end:
            self._start, self._end = time_s, time_s + _STRETCH_S
            part = self._between(self._start - MAX_GAP_S, self._end + MAX_GAP_S)
            self._drawer = OverlayDrawer(part, self._timeline)
        return self._drawer.draw(image, time_s)


def _pose_at(track: PoseSequence, time_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Position (J, 2), score (J,), state (J,) at a time; None where the track has a long gap."""
    times = track.timestamps_s
    after = int(np.searchsorted(times, time_s - _SAME_S))
    if after >= len(times):
        return None
    if abs(times[after] - time_s) <= _SAME_S:
        return track.position[0, after, :, :2], track.score[0, after], track.state[0, after]
    before = after - 1
    if before < 0 or times[after] - times[before] > MAX_GAP_S:
        return None
    share = (time_s - times[before]) / (times[after] - times[before])
    position = track.position[0, before, :, :2] * (1 - share) + track.position[0, after, :, :2] * share
    score = track.score[0, before] * (1 - share) + track.score[0, after] * share
    return position, score, np.minimum(track.state[0, before], track.state[0, after])


def _scaled(position: np.ndarray, source: tuple[int, int] | None, size: tuple[int, int] | None) -> np.ndarray:
    """Positions moved to a picture of another size; (0, 0) is the centre of the first pixel in both."""
    if size is None or source is None or tuple(size) == tuple(source):
        return position
    scale = np.array(size, np.float64) / np.array(source, np.float64)
    return (position + 0.5) * scale - 0.5


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """What became of an overlay: `frames` written (0: there is no file) and the writer's `warnings`."""

    frames: int
    warnings: tuple[str, ...] = ()


def write_overlay(
    frames: Iterable[Any],
    drawer: Drawer,
    path: str | Path,
    long_side: int = 1280,
    *,
    image_size: tuple[int, int] | None = None,
    rate_hz: float = 30.0,
    **writer_options: Any,
) -> Overlay:
    """Draw over each frame and write the video.

    Args:
        frames: `bodyverb.media.Frame` items (`image`, `time_s`), any iterable; memory is that of one frame.
        drawer: What is drawn over them.
        path: Where the mp4 goes; it appears there only when complete.
        long_side: Longest side of the video in px.
        image_size: (w, h) of the displayed frames; the first frame's by default.
        rate_hz: Nominal rate handed to the writer.
        writer_options: Further options of `bodyverb.media.VideoWriter` (`audio_from`, `start_s`, `end_s`).

    Returns:
        How many frames were written, and a line where sound had to be left out.
    """
    source = iter(frames)
    first = next(source, None)
    if first is None:
        return Overlay(frames=0)
    size = scaled_size(image_size or (first.image.shape[1], first.image.shape[0]), long_side)
    count = 0
    with VideoWriter(path, size, rate_hz, **writer_options) as writer:
        for frame in chain([first], source):
            image = frame.image
            if (image.shape[1], image.shape[0]) == size:
                image = image.copy()
            else:
                # averaging is worth its price (four times) only where bilinear sampling would skip pixels
                method = cv2.INTER_AREA if image.shape[1] >= 2 * size[0] else cv2.INTER_LINEAR
                image = cv2.resize(image, size, interpolation=method)
            writer.write(drawer.draw(image, frame.time_s), frame.time_s)
            count += 1
    return Overlay(frames=count, warnings=tuple(writer.warnings))
