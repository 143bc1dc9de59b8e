"""People in space from their 2D poses in several calibrated cameras."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bodyverb.core import InputError, PoseSequence
from bodyverb.core.pose import Axes, Unit
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.triangulation import triangulate

MAX_APART_PX = 30.0
"""A person of one view is that of another where their joints' rays meet to this, in the median."""
MIN_SHARED = 30
"""Joints that two views must share before they say who is who."""


def in_space(
    cameras: Sequence[Camera],
    views: Sequence[PoseSequence],
    *,
    unit: Unit = "m",
    axes: Axes = "cv",
    outlier_px: float = 5.0,
) -> PoseSequence:
    """Triangulate the people of one view that others see too.

    The view with the most joints says who there is and when. People of the other views, however they are
    numbered there, go to the one whose joints' rays theirs meet best.

    Args:
        cameras: one a view, of one world.
        views: 2D poses, px, of one layout; any numbers of people, clocks that agree.
        unit: of the cameras' translations.
        axes: of their world.
        outlier_px: see `triangulate`.

    Returns:
        3D poses, space `world`: NaN where fewer than two views see a joint. The score is the mean over the
        views that do; extras: `views`, how many, and `apart_px`, the mean distance from their pixels.

    Raises:
        InputError: The views are of several layouts, no pixels, or of other pictures than the cameras.
    """
    _check(cameras, views)
    first = max(range(len(views)), key=lambda at: int(views[at].present.sum()))
    base = views[first]
    pixels = np.full((len(views), *base.position.shape), np.nan)
    scores = np.zeros((len(views), *base.score.shape))
    for at, view in enumerate(views):
        if at == first:
            pixels[at], scores[at] = base.position, base.score
            continue
        place = _nearest(base.timestamps_s, view.timestamps_s)
        seen = np.where((place >= 0)[None, :, None, None], view.position[:, place], np.nan)
        pair = cameras[first], cameras[at]
        for person, other in _same(pair, pixels[first], seen):
            free = np.isnan(pixels[at, person]).any(axis=-1)
            pixels[at, person][free] = seen[other][free]
            scores[at, person][free] = view.score[other, place][free]
    points, distance = triangulate(cameras, pixels, np.where(scores > 0, scores, 1.0), outlier_px=outlier_px)
    there = np.isfinite(points).all(axis=-1)
    used = np.isfinite(pixels).all(axis=-1) & there
    count = used.sum(axis=0)
    mean = lambda values: np.where(used, values, 0).sum(axis=0) / np.maximum(count, 1)  # noqa: E731
    return PoseSequence.from_arrays(
        points,
        skeleton=base.skeleton,
        timestamps_s=base.timestamps_s,
        rate=base.rate,
        score=np.where(there, mean(scores), 0),
        space="world",
        unit=unit,
        axes=axes,
        extras={
            "views": count.astype(np.int16),
            "apart_px": np.where(there, mean(distance), np.nan).astype(np.float32),
        },
        person_ids=base.person_ids,
        source=base.source,
    )


def _check(cameras: Sequence[Camera], views: Sequence[PoseSequence]) -> None:
    if len(views) < 2 or len(cameras) != len(views):
        raise InputError(f"Expected two views or more, a camera each, got {len(views)}; name more files")
    for camera, view in zip(cameras, views, strict=True):
        if view.space != "image" or view.unit != "px":
            raise InputError(
                f"Expected poses in px, got {view.space} {view.unit}; take 2D files: {view.source}"
            )
        if view.skeleton.joints != views[0].skeleton.joints:
            raise InputError(f"Expected views of one layout, got several; convert them: {view.source}")
        if view.mirrored != camera.mirrored:
            raise InputError(
                f"Expected pictures as the camera's, got mirrored ones; flip them: {view.source}"
            )
        if camera.image_size and view.image_size and camera.image_size != view.image_size:
            raise InputError(
                f"Expected pictures of {camera.image_size} px as calibrated, got {view.image_size}; "
                f"calibrate at the size of the video: {view.source}"
            )


def _nearest(times: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(T,) which of the other times is nearest to each; -1 where none is within half an interval."""
    after = np.clip(np.searchsorted(other, times), 1, max(len(other) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(other) - 1)
    place = np.where(np.abs(other[after] - times) < np.abs(other[before] - times), after, before)
    step = max(float(np.median(np.diff(one))) if len(one) > 1 else 0.0 for one in (times, other))
    return np.where(np.abs(other[place] - times) <= 0.5 * step + 1e-9, place, -1)


def _same(cameras: tuple[Camera, Camera], ours: np.ndarray, theirs: np.ndarray) -> list[tuple[int, int]]:
    """(person, other) for people (O, T, J, 2) of another view that are one of ours; the nearest first."""
    found = []
    for other, seen in enumerate(theirs):
        apart = [_apart(cameras, np.stack((person, seen))) for person in ours]
        best = int(np.argmin(apart))
        if apart[best] <= MAX_APART_PX:
            found.append((apart[best], best, other))
    return [(person, other) for _, person, other in sorted(found)]


def _apart(cameras: tuple[Camera, Camera], pixels: np.ndarray) -> float:
    """Median px between the pixels (2, T, J, 2) of two views and the points where their rays nearly meet."""
    shared = np.isfinite(pixels).all(axis=(0, 3))
    if shared.sum() < MIN_SHARED:
        return float("inf")
    chosen = pixels[:, shared][:, :: max(1, int(shared.sum()) // 2000)]
    distance = triangulate(cameras, chosen, outlier_px=1e9)[1]
    known = distance[np.isfinite(distance)]
    return float(np.median(known)) if known.size else float("inf")
