"""What is damaged or surprising in one picture and its annotations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bodyverb.core import PoseSequence, Sample
from bodyverb.datasets._clip_checks import Found

OUTSIDE_PX = 2.0
FAR_OF_BOX = 1.0
JPEG_BEGIN, JPEG_END = b"\xff\xd8", b"\xff\xd9"


def sample_findings(sample: Sample, data: bytes | None) -> Iterator[Found]:
    """Each kind of trouble in a picture, once.

    Args:
        sample: its annotations; that boxes and poses fit together was checked when it was made.
        data: bytes of the picture; None where it is not there.
    """
    size = None if sample.poses is None else sample.poses.image_size
    if data is not None:
        found = _size(data)
        if found is None:
            yield "damaged", "a picture that cannot be decoded"
        elif data.startswith(JPEG_BEGIN) and JPEG_END not in data[-256:]:
            yield "damaged", "a picture that ends early"
        if (
            found is not None
            and size is not None
            and max(abs(a - b) for a, b in zip(found, size, strict=True))
        ):
            yield "damaged", "a picture of another size than its annotation says"
        size = size or found
    yield from _boxes(sample.boxes, size)
    if sample.poses is not None:
        yield from _joints(sample.poses, sample.boxes, size)


def _size(data: bytes) -> tuple[int, int] | None:
    """(width, height) px, or None where it is no picture."""
    import cv2

    pixels = np.frombuffer(data, np.uint8)
    image = (
        cv2.imdecode(pixels, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION) if pixels.size else None
    )
    return None if image is None else (image.shape[1], image.shape[0])


def _boxes(boxes: np.ndarray, size: tuple[int, int] | None) -> Iterator[Found]:
    if ((boxes[:, 2:] - boxes[:, :2]) <= 0).any():
        yield "surprising", "a box without area"
    if size is not None and len(boxes):
        away = (boxes[:, 2:] < 0).any(axis=1) | (boxes[:, :2] > np.asarray(size) - 1).any(axis=1)
        if away.any():
            yield "damaged", "a box outside of the picture"


def _joints(poses: PoseSequence, boxes: np.ndarray, size: tuple[int, int] | None) -> Iterator[Found]:
    points = poses.position[:, 0]
    known = poses.present[:, 0]
    if not known.any(axis=1).all():
        yield "surprising", "somebody without joints"
    if size is not None:
        beyond = (points < -OUTSIDE_PX) | (points > np.asarray(size) - 1 + OUTSIDE_PX)
        if beyond.any():
            yield "surprising", f"joints more than {OUTSIDE_PX:g} px outside of the picture"
    own = boxes[: len(points), None]
    reach = FAR_OF_BOX * np.maximum(own[..., 2:] - own[..., :2], 1)
    if ((points < own[..., :2] - reach) | (points > own[..., 2:] + reach)).any():
        yield "surprising", "joints farther from their box than it is large"
    for person in range(len(points)):
        places = points[person, known[person]]
        if len(places) - len(np.unique(places, axis=0)) > 1:
            yield "surprising", "several joints at the same place"
            return
