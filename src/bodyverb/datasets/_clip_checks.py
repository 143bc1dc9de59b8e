"""What is damaged or surprising in one clip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from bodyverb.core import Clip, PoseSequence

JUMP_OF_BODY = 0.5  # of its size, from one frame to the next
NEXT_S = 0.15  # frames that follow each other
SIZE_M = (0.4, 3.0)
FAR_M = 30.0
OUTSIDE = 0.5  # of the picture's longer side
GAP_TIMES = 5
STILL_FRAMES = 10

Found = tuple[Literal["damaged", "surprising"], str]


def clip_findings(clip: Clip, classes: tuple[str, ...], *, posed: bool = True) -> Iterator[Found]:
    """Each kind of trouble in a clip, once.

    Args:
        clip: the clip; that its arrays fit together was checked when it was made.
        classes: names that its label and segments may have.
        posed: whether the data set comes with poses.
    """
    yield from _label(clip, classes)
    poses = clip.poses
    if not poses.frames:
        yield "damaged", "no frames"
        return
    yield from _time(clip)
    if posed:
        yield from _presence(poses)
    if poses.present.any():
        yield from _places(poses)
        yield from _motion(poses)
    if clip.meta.get("id_changes"):
        yield "surprising", "the sensor's id of a person changes"
    if clip.meta.get("dropped_rows"):
        yield "surprising", "label rows that end before they start"


def _label(clip: Clip, classes: tuple[str, ...]) -> Iterator[Found]:
    if classes and clip.label is None and not clip.segments:
        yield "surprising", "no label"
    if clip.label is not None and clip.label not in classes:
        yield "damaged", "a label that is no class"
    if any(part.verb not in classes for part in clip.segments):
        yield "damaged", "a segment that is of no class"


def _time(clip: Clip) -> Iterator[Found]:
    times = clip.poses.timestamps_s
    if times.size == 1:
        yield "surprising", "one frame"
        return
    steps = np.diff(times)
    if steps.max() > GAP_TIMES * np.median(steps):
        yield "surprising", f"a gap of more than {GAP_TIMES} frames"
    slack = 1.5 * float(np.median(steps))  # the end of the last frame, and rounding
    if any(part.end_s > times[-1] + slack or part.start_s < times[0] - slack for part in clip.segments):
        yield "damaged", "a segment outside the clip"


def _presence(poses: PoseSequence) -> Iterator[Found]:
    there = poses.present.any(axis=2)
    if not there.any():
        yield "surprising", "nobody"
        return
    if not there.any(axis=0).all():
        yield "surprising", "frames with nobody"
    if poses.present[there].mean() < 0.5:
        yield "surprising", "more than half of the joints missing"
    zero = (poses.position == 0).all(axis=3)
    if (zero & poses.present).sum(axis=2).max() > 1:
        yield "surprising", "several joints at exactly zero"


def _places(poses: PoseSequence) -> Iterator[Found]:
    position = poses.position[poses.present]
    size = _body_size(poses)
    if poses.unit == "m" and not SIZE_M[0] <= size <= SIZE_M[1]:
        yield "surprising", f"bodies smaller than {SIZE_M[0]} m or larger than {SIZE_M[1]:g} m"
    if poses.unit == "m" and np.abs(position).max() > FAR_M:
        yield "surprising", f"joints more than {FAR_M:g} m away"
    if poses.space == "image" and poses.image_size is not None and poses.unit == "px":
        margin = OUTSIDE * max(poses.image_size)
        if (position < -margin).any() or (position > np.asarray(poses.image_size) + margin).any():
            yield "surprising", "joints far outside the picture"


def _motion(poses: PoseSequence) -> Iterator[Found]:
    if poses.frames < 2:
        return
    step = np.diff(poses.position, axis=1)
    known = np.isfinite(step).all(axis=3)
    length = np.where(known, np.linalg.norm(np.nan_to_num(step), axis=3), 0.0)
    if poses.frames >= STILL_FRAMES and known.any() and not length.any():
        yield "surprising", "nothing moves"
    mean = length.sum(axis=2) / np.maximum(known.sum(axis=2), 1)  # (P, T - 1)
    soon = np.diff(poses.timestamps_s) <= NEXT_S
    if (mean[:, soon] > JUMP_OF_BODY * _body_size(poses)).any():
        yield "surprising", "a person jumps by half a body from one frame to the next"


def _body_size(poses: PoseSequence) -> float:
    """Median over persons and frames of the longest side of the box round a body, in the poses' unit."""
    there = poses.present.any(axis=2)
    bodies = poses.position[there]
    return float(np.median((np.nanmax(bodies, axis=1) - np.nanmin(bodies, axis=1)).max(axis=1)))
