"""Items of data sets: a clip of poses with its label, or one picture with its annotations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bodyverb.core import _check
from bodyverb.core.errors import InputError
from bodyverb.core.pose import PoseSequence
from bodyverb.core.timeline import Segment


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """Poses over time and what happens in them.

    Attributes:
        id: Name of the clip, unique in its data set.
        poses: The poses of everybody in it.
        label: The class of the whole clip; or None.
        segments: Verbs in time, where the clip is not of one class; a clip has a label or segments, not both.
        subject: Who is seen; or None.
        camera: Which view; or None.
        setup: Which placement of the cameras; or None.
        media: Path or address of the video; or None.
        meta: Further facts, ready for JSON.
    """

    id: str
    poses: PoseSequence
    label: str | None = None
    segments: tuple[Segment, ...] = ()
    subject: str | None = None
    camera: str | None = None
    setup: str | None = None
    media: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the id and that label and segments do not compete."""
        _check_id(self.id)
        object.__setattr__(self, "segments", tuple(self.segments))
        if self.label is not None and self.segments:
            raise InputError(f"Expected a label or segments, got both; leave one out of clip {self.id}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One picture with its people.

    Attributes:
        id: Name of the sample, unique in its data set.
        image: Path or address of the picture.
        boxes: (P, 4) float32 x1 y1 x2 y2 in px of the displayed picture; (0, 4) where nobody is marked.
        poses: A sequence of one frame; or None. Its persons are the first rows of `boxes`, in order.
        camera: Arrays of the camera by name (`K` (3, 3), `R` (3, 3), `t` (3,), `distortion`); or None.
        meta: Further facts, ready for JSON.
    """

    id: str
    image: str
    boxes: np.ndarray
    poses: PoseSequence | None = None
    camera: Mapping[str, np.ndarray] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the id, the boxes and that the poses are of one moment."""
        _check_id(self.id)
        boxes = _check.array("boxes", self.boxes, np.float32, ndim=2)
        _check.shape("boxes", boxes, (boxes.shape[0], 4), "(person, xyxy)")
        if not (np.isfinite(boxes).all() and (boxes[:, 2:] >= boxes[:, :2]).all()):
            raise InputError(
                f"Expected finite boxes x1 y1 x2 y2 in rising order, got others; check sample {self.id}"
            )
        object.__setattr__(self, "boxes", boxes)
        if self.poses is not None and self.poses.frames != 1:
            raise InputError(f"Expected poses of one frame, got {self.poses.frames}; check sample {self.id}")
        if self.poses is not None and self.poses.persons > boxes.shape[0]:
            raise InputError(
                f"Expected a box for each of {self.poses.persons} persons, got {boxes.shape[0]}; "
                f"check sample {self.id}"
            )


def _check_id(value: object) -> None:
    if not isinstance(value, str) or not value:
        raise InputError(f"Expected the id of an item as text, got {value!r}; name every item")
