"""Poses without their video, drawn as an animation: 2D as they are, 3D from the front and from the side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bodyverb.core import InputError, PoseSequence
from bodyverb.outputs.figures import Figure, draw_figure, draw_text, fit_text, paste, tag_picture
from bodyverb.outputs.gif import write_gif
from bodyverb.outputs.palette import RGB, person_colour

GROUND, LINE, INK, SOFT = (250, 250, 251), (222, 226, 233), (28, 32, 40), (104, 110, 122)
TO_CV = {
    "cv": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "kinect": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "y-up": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "z-up": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
}
"""Rotations from the axes of poses to x right, y down, z away from who looks."""
VIEWS = ((0.0, 0.0), (55.0, 14.0))  # degrees to the side and from above
SUFFIXES = (".gif", ".mp4")
_HEAD, _MARGIN, _LETTERS = 34, 0.12, 15
_STRIDE_M = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """What is seen from one side.

    Attributes:
        points: (P, T, J, 2) right and down, in the unit of the poses.
        floor: ends of lines on the floor, (n, 2, 2).
        low: (2,) left top corner of all that is drawn.
        size: (2,) its width and height.
    """

    points: np.ndarray
    floor: np.ndarray
    low: np.ndarray
    size: np.ndarray


class Film:
    """Draws the frames of a sequence.

    Args:
        poses: at least one frame in which somebody is there.
        title: what stands above.
        height: of the drawing in px, about.

    Raises:
        InputError: there is nobody to draw.
    """

    def __init__(self, poses: PoseSequence, title: str = "", *, height: int = 400) -> None:
        if not poses.present.any():
            raise InputError(f"Expected poses to draw, got nobody; choose another clip: {title}")
        self.poses, self.title = poses, title
        self._views = [_flat(poses)] if poses.position.shape[3] == 2 else _sides(poses)
        tallest = max(float(view.size[1]) for view in self._views)
        widest = sum(float(view.size[0]) for view in self._views)
        self._scale = min(height / tallest, 2.2 * height / widest)
        widths = [max(160, round(float(view.size[0]) * self._scale)) for view in self._views]
        self._left = np.cumsum([0, *widths])
        tall = max(120, round(tallest * self._scale)) + _HEAD
        self.size = (int(self._left[-1]) + int(self._left[-1]) % 2, tall + tall % 2)

    def picture(self, frame: int) -> np.ndarray:
        """(h, w, 3) uint8 RGB of one frame."""
        image = np.full((self.size[1], self.size[0], 3), GROUND, np.uint8)
        for left, right, view in zip(self._left, self._left[1:], self._views, strict=False):
            room = np.array([right - left, self.size[1] - _HEAD]) - view.size * self._scale
            offset = np.array([left, _HEAD]) + room / 2 - view.low * self._scale
            for start, end in np.rint(view.floor * self._scale + offset).astype(int).tolist():
                cv2.line(image, start, end, LINE, 1, cv2.LINE_AA)
            for person in range(self.poses.persons):
                self._draw(image, view.points[person, frame] * self._scale + offset, person, frame)
        time = f"{self.poses.timestamps_s[frame] - self.poses.timestamps_s[0]:.2f} s"
        draw_text(image, time, (self.size[0] - 74, 9), _LETTERS, SOFT)
        draw_text(image, fit_text(self.title, _LETTERS, self.size[0] - 96), (10, 9), _LETTERS, INK, bold=True)
        return image

    def _draw(self, image: np.ndarray, points: np.ndarray, person: int, frame: int) -> None:
        colour: RGB = person_colour(person)
        figure = Figure(
            position=points.astype(np.float32),
            score=np.maximum(self.poses.score[person, frame], 0.5),
            state=self.poses.state[person, frame],
            skeleton=self.poses.skeleton,
            colour=colour,
        )
        draw_figure(image, figure)
        there = np.isfinite(points).all(axis=1)
        if self.poses.persons > 1 and there.any():
            picture, opacity = tag_picture(str(person + 1), "", colour, 12, 60)
            x, y = points[there][:, 0].mean() - picture.shape[1] / 2, points[there][:, 1].min() - 26
            paste(image, picture, opacity, round(float(x)), max(_HEAD, round(float(y))))

    def frames(self) -> Iterator[tuple[np.ndarray, float]]:
        """Each frame and its time from 0 in seconds."""
        for frame, time_s in enumerate(self.poses.timestamps_s - self.poses.timestamps_s[0]):
            yield self.picture(frame), float(time_s)


def write_film(path: str | Path, poses: PoseSequence, title: str = "", *, height: int = 400) -> Path:
    """Write the animation as .gif or .mp4; it appears when complete.

    Raises:
        InputError: another ending, or nobody to draw.
        OutputError: it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"Expected a name that ends with .gif or .mp4, got '{path.name}'; rename it: {path}")
    film = Film(poses, title, height=height)
    if path.suffix.lower() == ".gif":
        samples = np.linspace(0, poses.frames - 1, 6).astype(int).tolist()
        write_gif(path, film.frames(), film.size, [film.picture(frame) for frame in samples])
        return path
    from bodyverb.media import VideoWriter

    steps = np.diff(poses.timestamps_s)
    with VideoWriter(path, film.size, 1 / float(np.median(steps)) if steps.size else 1.0) as writer:
        for picture, time_s in film.frames():
            writer.write(picture, time_s)
    return path


def _flat(poses: PoseSequence) -> _View:
    return _view(poses.position, np.zeros((0, 2, 2)))


def _sides(poses: PoseSequence) -> list[_View]:
    """3D poses from two sides, with a floor under the lowest joint where the unit is known."""
    points = poses.position @ np.array(TO_CV[poses.axes], np.float32).T
    known = points[poses.present]
    middle = (known.min(axis=0) + known.max(axis=0)) / 2
    lines = _floor(known, {"m": 1.0, "mm": 1000.0}.get(poses.unit, 0.0) * _STRIDE_M)
    made = []
    for side, above in VIEWS:
        turn = _turn(np.radians(side), np.radians(above))
        made.append(_view(((points - middle) @ turn)[..., :2], ((lines - middle) @ turn)[..., :2]))
    return made


def _floor(known: np.ndarray, stride: float) -> np.ndarray:
    """(n, 2, 3) ends of the lines of a grid around where people are; none without a stride."""
    low, high = known.min(axis=0), known.max(axis=0)
    if stride <= 0 or (high - low).max() > 40 * stride:
        return np.zeros((0, 2, 3))
    first, last = np.floor(low / stride) * stride, np.ceil(high / stride) * stride
    floor = high[1]
    along = [
        [(x, floor, first[2]), (x, floor, last[2])] for x in np.arange(first[0], last[0] + stride / 2, stride)
    ]
    across = [
        [(first[0], floor, z), (last[0], floor, z)] for z in np.arange(first[2], last[2] + stride / 2, stride)
    ]
    return np.array(along + across)


def _turn(side: float, above: float) -> np.ndarray:
    """(3, 3) to multiply rows with: about the vertical, then about the horizontal axis."""
    yaw = np.array([[np.cos(side), 0, np.sin(side)], [0, 1, 0], [-np.sin(side), 0, np.cos(side)]])
    pitch = np.array([[1, 0, 0], [0, np.cos(above), -np.sin(above)], [0, np.sin(above), np.cos(above)]])
    return np.asarray((pitch @ yaw).T)


def _view(points: np.ndarray, floor: np.ndarray) -> _View:
    known = np.concatenate([points[np.isfinite(points).all(axis=-1)], floor.reshape(-1, 2)])
    low, high = known.min(axis=0), known.max(axis=0)
    size = np.maximum(high - low, 1e-3 + 0.05 * (high - low).max())
    margin = _MARGIN * float(size.max())
    return _View(points=points, floor=floor, low=low - margin, size=size + 2 * margin)
