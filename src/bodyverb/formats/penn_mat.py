"""Penn Action label files (`labels/NNNN.mat`): one video's 13 joints in 2D, boxes and action name.

Fields: ``x``, ``y``, ``visibility`` (frame, 13); ``bbox`` (frames that may differ from the joints' by one,
4) as x1 y1 x2 y2 (rows in another order become NaN); ``dimensions`` (height, width, frames); ``action``;
``pose`` (viewpoint); ``train`` 1 or -1. Pixels are 1-based in the file and 0-based here. About two thirds
of the joints with visibility 0 hold a coordinate: they are state 1 (inferred). The rest hold a
placeholder, the scaled point (1, 1) or (0, 0): they are NaN, state 0. The file stores no frame rate; 30 Hz
is nominal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, PoseSequence
from bodyverb.formats import _mat5
from bodyverb.formats._format import Format, Given, Item, recording_of

RATE_HZ = 30.0
JOINTS = 13
PLACEHOLDER_PX = 1.6
MAX_FRAMES = 100_000
FIELDS = ("x", "y", "visibility", "bbox", "dimensions", "action", "pose", "train")


@dataclass(frozen=True, kw_only=True)
class PennLabel:
    """One label file.

    Attributes:
        poses: one person, layout penn13, image pixels (0-based).
        action: the verb, for example ``squat``.
        view: the viewpoint as the file names it (``back``, ``front``, ``left``, ``right``).
        train: whether the official split trains on it.
    """

    poses: PoseSequence
    action: str
    view: str
    train: bool


def parse(fields: dict[str, Any], source: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turns the fields of a label file into arrays.

    Args:
        fields: the file's variables by name.
        source: the file's name, for messages.

    Returns:
        position (frame, 13, 2) pixels 0-based with NaN, state (frame, 13) uint8, box (frame, 4) with NaN.

    Raises:
        FormatError: a field is missing or has another shape.
    """
    try:
        x, y = np.asarray(fields["x"], np.float64), np.asarray(fields["y"], np.float64)
        visible = np.asarray(fields["visibility"]) > 0
        boxes = np.asarray(fields["bbox"], np.float64).reshape(-1, 4)
    except (KeyError, ValueError) as error:
        raise FormatError(
            f"Expected x, y, visibility and bbox, got {error!r}; check the file: {source}"
        ) from error
    if (
        x.ndim != 2
        or x.shape[1] != JOINTS
        or x.shape != y.shape
        or x.shape != visible.shape
        or len(x) > MAX_FRAMES
    ):
        raise FormatError(
            f"Expected (frame, {JOINTS}) joints, got x {x.shape}, y {y.shape}, visibility {visible.shape}; "
            f"check the file: {source}"
        )
    finite = np.isfinite(x) & np.isfinite(y)
    absent = ~finite | (~visible & (x == y) & (x < PLACEHOLDER_PX))
    position = np.stack([x, y], axis=-1) - 1.0
    position[absent] = np.nan
    state = np.where(absent, 0, np.where(visible, 2, 1)).astype(np.uint8)
    box = np.full((len(x), 4), np.nan)
    known = min(len(x), len(boxes))
    box[:known] = boxes[:known] - 1.0
    box[~(box[:, 2:] >= box[:, :2]).all(axis=1)] = np.nan
    return position.astype(np.float32), state, box.astype(np.float32)


def read(path: str | Path, *, data: bytes | None = None) -> PennLabel:
    """Reads one label file.

    Args:
        path: ``labels/NNNN.mat``.
        data: its bytes, where it lies inside an archive.

    Returns:
        Poses, action, viewpoint and split.

    Raises:
        FormatError: the file is absent, broken or holds something else.
    """
    path = Path(path)
    fields = _mat5.load(path, *FIELDS, data=data)
    position, state, box = parse(fields, str(path))
    try:
        height, width = (int(v) for v in np.ravel(fields["dimensions"])[:2])
        action, view = str(np.ravel(fields["action"])[0]), str(np.ravel(fields["pose"])[0])
        train = int(np.ravel(fields["train"])[0]) == 1
    except (KeyError, ValueError, IndexError) as error:
        raise FormatError(
            f"Expected a Penn Action label file, got {error!r}; check the file: {path}"
        ) from error
    poses = PoseSequence.from_arrays(
        position[None],
        skeleton=skeletons.get("penn13"),
        rate_hz=RATE_HZ,
        state=state[None],
        score=(np.array([0.0, 0.5, 1.0], np.float32)[state])[None],
        box=box[None],
        image_size=(width, height),
        source=path.name,
    )
    return PennLabel(poses=poses, action=action, view=view, train=train)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    found = read(path)
    poses = found.poses
    if given.rate_hz is not None:
        poses = poses.replace(timestamps_s=np.arange(poses.frames) / given.rate_hz)
    yield path.stem, recording_of(poses, {"label": found.action})


FORMAT = Format(
    name="penn",
    title="Penn Action label .mat",
    suffixes=(".mat",),
    says=frozenset({"layout", "unit", "rate", "states", "boxes", "image size", "label"}),
    read=_recordings,
    looks=lambda path, head: _mat5.has(path, "visibility"),
)
