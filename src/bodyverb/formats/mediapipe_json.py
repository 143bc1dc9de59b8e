"""Landmarks of MediaPipe and its kin for browsers (tfjs), as JSON: a list with an entry a frame, one person.

An entry is a list of 33 `[x, y, z]` (BlazePose), or an object `{joint: {x, y[, z][, score]}}` with the joints
named (17 of COCO from MoveNet and PoseNet, or others). `null` stands for nobody, or for an absent joint.

In the picture, x and y are px from its corner, and z is depth in px, 0 at the middle of the hips, growing
away from the camera: here px from the centre of the first pixel, and the extra `depth_px`. World landmarks
are metres about the middle of the hips, x right, y down, z forward. Which of the two a file holds is not
said: it is the world where the middle of the hips never leaves the origin. No times are stored.

Source of the form: the golden files of the tfjs pose-detection models.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Skeleton
from bodyverb.formats import _json_file, _marks, _numbers
from bodyverb.formats._format import PIXELS, Format, Frame, Given, Item, poses_of, recording_of
from bodyverb.formats.files import replacing, to_json

GUESSED_RATE_HZ = 30.0
LANDMARKS = 33
MAX_JOINTS = 1000
HIPS_M = 0.1
CORNER_PX = 0.5
_HIPS = ("left_hip", "right_hip")


def read(
    path: str | Path, *, space: Literal["image", "root"] | None = None, rate_hz: float | None = None
) -> PoseSequence:
    """Read a file, a frame at a time.

    Args:
        path: The file.
        space: `image` or `root` (the world about the hips), where the numbers do not tell.
        rate_hz: Frames per second; else those of 30 Hz, marked unknown.

    Returns:
        One person (1, T, J, 2) in px with the extra `depth_px` where there is depth, or (1, T, J, 3) in m.

    Raises:
        FormatError: The file is absent or damaged, or frames differ in their joints.
    """
    values = array("f")
    names: tuple[str, ...] = ()
    missing = 0
    for line, entry in _json_file.entries(path):
        found = _Entry(entry, line, path)
        mine = found.names()
        if not mine:
            missing += 1 if not names else 0
            values.extend([math.nan] * 4 * len(names))
            continue
        if not names:
            names = mine
            values.extend([math.nan] * 4 * len(names) * missing)
        elif mine != names:
            found.fail(f"the {len(names)} joints of the frames before", f"{len(mine)} others")
        for joint in names:
            values.extend(found.point(joint))
    if not names:
        raise FormatError(f"Expected landmarks of somebody, got {missing} empty frames; check it: {path}")
    points = np.array(values, np.float32).reshape(-1, len(names), 4)
    return _poses(points, _marks.layout(f"landmarks{len(names)}", names), space, rate_hz, Path(path).name)


class _Entry:
    """A frame: its joints by name."""

    def __init__(self, entry: Any, line: int, path: str | Path) -> None:
        self.line, self.path = line, path
        self.entry = entry
        if isinstance(entry, list) and len(entry) not in (0, LANDMARKS):
            self.fail(f"{LANDMARKS} landmarks", str(len(entry)))
        if isinstance(entry, list):
            self.entry = dict(zip(skeletons.get("blazepose33").joints, entry, strict=False))

    def names(self) -> tuple[str, ...]:
        """The joints; none where nobody is."""
        if len(self.entry) > MAX_JOINTS:
            self.fail(f"at most {MAX_JOINTS} joints", str(len(self.entry)))
        return tuple(self.entry)

    def point(self, joint: str) -> list[float]:
        """x, y, z and score of a joint, NaN where there is none."""
        value = self.entry[joint]
        if value is None:
            return [math.nan] * 4
        if isinstance(value, dict):
            numbers = [value.get("x"), value.get("y"), value.get("z", math.nan), value.get("score", 1.0)]
        elif isinstance(value, list) and len(value) in (2, 3):
            numbers = [*value, *([math.nan] * (3 - len(value))), 1.0]
        else:
            numbers = []
        if not numbers or any(isinstance(one, bool) or not isinstance(one, int | float) for one in numbers):
            self.fail(f"numbers of {joint[:40]!r}", type(value).__name__)
        if not all(abs(one) < 1e30 for one in numbers[:2] + numbers[3:]) or abs(numbers[2]) >= 1e30:
            self.fail(f"finite numbers of {joint[:40]!r}", "others")
        return [float(one) for one in numbers]

    def fail(self, expected: str, found: str) -> NoReturn:
        """Raise the error of this frame."""
        raise FormatError(
            f"Expected {expected}, got {found} in the frame of line {self.line}; check the file: {self.path}"
        )


def _poses(
    points: np.ndarray, skeleton: Skeleton, space: str | None, rate_hz: float | None, source: str
) -> PoseSequence:
    """Landmarks (T, J, x y z score) in the frame of reference that they are in."""
    solid = bool(np.isfinite(points[..., 2]).any())
    if space is None:
        space = "root" if solid and _at_origin(points, skeleton) else "image"
    shared: dict[str, Any] = {
        "skeleton": skeleton,
        "rate_hz": rate_hz or GUESSED_RATE_HZ,
        "rate": "unknown" if rate_hz is None else "nominal",
        "score": np.clip(np.nan_to_num(points[None, ..., 3]), 0, 1),
        "source": source,
    }
    if space == "root":
        return PoseSequence.from_arrays(points[None, ..., :3], space="root", **shared)
    extras = {"depth_px": points[None, ..., 2]} if solid else {}
    return PoseSequence.from_arrays(points[None, ..., :2] - np.float32(CORNER_PX), extras=extras, **shared)


def _at_origin(points: np.ndarray, skeleton: Skeleton) -> bool:
    """Whether the middle of the hips is never far from the origin."""
    if not set(_HIPS) <= set(skeleton.joints):
        return False
    middle = points[:, [skeleton.index(hip) for hip in _HIPS], :3].mean(axis=1)
    return bool(np.nanmax(np.abs(middle), initial=0.0) < HIPS_M)


def write(path: str | Path, poses: PoseSequence) -> Path:
    """Write a file: BlazePose's 33 joints as lists, other layouts by name, with their scores.

    What a list has no place for is lost: scores of 33 joints. Px lie half a pixel further, which can cost
    the last digit of a float32.

    Raises:
        InputError: The poses are of several people, or neither in image px nor m about the root.
        OutputError: The file cannot be written.
    """
    flat = poses.space == "image" and poses.unit == "px"
    if poses.persons != 1 or not (flat or (poses.space == "root" and poses.unit == "m")):
        raise InputError(
            f"Expected one person in image px or m about the root, got {poses.persons} in {poses.space} "
            f"{poses.unit}; select one or convert them: {path}"
        )
    numbers = poses.position[0]
    if flat:
        depth = poses.extras.get("depth_px")
        shifted = _numbers.decimals(numbers + np.float32(CORNER_PX))
        parts = (
            [shifted]
            if depth is None
            else [shifted, _numbers.decimals(np.asarray(depth[0], np.float32))[..., None]]
        )
        numbers = np.concatenate(parts, axis=-1)
    else:
        numbers = _numbers.decimals(numbers)
    score = _numbers.decimals(poses.score[0])
    lists = poses.skeleton.joints == skeletons.get("blazepose33").joints
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write("[")
        for at, (frame, scores) in enumerate(zip(numbers.tolist(), score.tolist(), strict=True)):
            there = poses.present[0, at].tolist()
            entry: Any = [point if known else None for point, known in zip(frame, there, strict=True)]
            if not lists:
                named = zip(poses.skeleton.joints, entry, scores, strict=True)
                entry = {
                    joint: point and {**dict(zip("xyz", point, strict=False)), "score": one}
                    for joint, point, one in named
                }
            stream.write(("," if at else "") + "\n" + to_json(entry))
        stream.write("\n]\n")
    return Path(path)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    space: Any = given.space
    yield path.stem, recording_of(read(path, space=space, rate_hz=given.rate_hz))


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, poses_of(recording))


def _looks(path: Path, head: bytes) -> bool:
    """Whether a list begins with triples of numbers or joints by name, perhaps after frames of nobody."""
    start = b"".join(head.split())
    return re.match(rb'\[(null,)*(\[(null,)*\[|\{"[a-z_]+":(\{"x":|null))', start) is not None


FORMAT = Format(
    name="landmarks",
    title="MediaPipe landmarks JSON (tfjs)",
    suffixes=(".landmarks.json",),
    says=frozenset({"layout", "unit", "empty frames"}),
    extras=("depth_px",),
    read=_recordings,
    write=_save,
    frames=(PIXELS, Frame(space="root", unit="m", axes="cv")),
    people=1,
    looks=_looks,
)
