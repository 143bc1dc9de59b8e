"""MERL Shopping poses (`.pkl`): single pictures of clips with a box and 17 COCO joints each.

A pickled list of `{img_paths, img_width, img_height, image_id, bbox [x, y, w, h], num_keypoints, keypoints
17 x [x, y, flag]}`. Flag 1 is visible, 0 labelled but occluded, 2 not there (x = y = 0). `num_keypoints` may
disagree with the flags. Picture names are `<subject>_<session>_crop_<start>_<end>_<Action>-<frame>.jpg`.
Boxes have their origin in the corner of the first pixel and are moved to pixel centres.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import numpy as np

from bodyverb import skeletons
from bodyverb.core import ABSENT, INFERRED, SEEN, FormatError, InputError, PoseSequence, Sample
from bodyverb.formats import safe_pickle
from bodyverb.formats._format import PIXELS, Format, Given, Item, poses_of
from bodyverb.formats._pickle_write import dump
from bodyverb.formats._pictures import Found, recording_of_pictures
from bodyverb.formats.files import replacing

JOINTS = 17
NAME = re.compile(r"(\d{1,6})_(\d{1,6})_crop_(\d{1,9})_(\d{1,9})_(\w+)-(\d{1,9})\.\w+$")
_STATE_OF_FLAG = np.array([INFERRED, SEEN, ABSENT], np.uint8)
_FLAG_OF_STATE = np.array([2, 0, 1])


@dataclass(frozen=True, kw_only=True)
class PictureName:
    """What the name of a picture says: subject, session, first and last frame of the clip, action, frame."""

    subject: int
    session: int
    start: int
    end: int
    action: str
    frame: int


@dataclass(frozen=True, kw_only=True, eq=False)
class MerlPoses:
    """One file of N pictures, one person each.

    Attributes:
        images: N paths of pictures as the file gives them.
        ids: N identifiers of the pictures, numbers or text as stored.
        sizes: (N, 2) width, height px.
        boxes: (N, 4) float64 x1 y1 x2 y2 px.
        joints: (N, 17, 2) float64 px; NaN where absent.
        state: (N, 17) uint8.
        declared: (N,) the stored `num_keypoints`.
        source: Name of the file.
    """

    images: tuple[str, ...]
    ids: tuple[int | str, ...]
    sizes: np.ndarray
    boxes: np.ndarray
    joints: np.ndarray
    state: np.ndarray
    declared: np.ndarray
    source: str = ""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def disagreeing(self) -> np.ndarray:
        """Indices of pictures whose `num_keypoints` is not the number of their joints."""
        return np.flatnonzero((self.state != ABSENT).sum(axis=1) != self.declared)

    def sample(self, at: int) -> Sample:
        """One picture."""
        poses = PoseSequence.from_arrays(
            self.joints[at][None, None],
            skeleton=skeletons.get("coco17"),
            rate_hz=1.0,
            rate="unknown",
            state=self.state[at][None, None],
            box=self.boxes[at][None, None],
            image_size=(int(self.sizes[at, 0]), int(self.sizes[at, 1])),
            source=self.images[at],
        )
        return Sample(id=self.images[at], image=self.images[at], boxes=self.boxes[at][None], poses=poses)

    def clips(self) -> Iterator[tuple[str, list[int]]]:
        """Name of each clip (all before the frame's number) and its pictures, sorted by frame."""
        groups: dict[str, list[int]] = {}
        for at, image in enumerate(self.images):
            groups.setdefault(PurePosixPath(image).name.rpartition("-")[0] or image, []).append(at)
        for name, members in groups.items():
            yield name, sorted(members, key=lambda at: _frame(self.images[at]))


def parse_name(path: str) -> PictureName:
    """Read the name of a picture.

    Raises:
        FormatError: The name has another form.

    Example:
        >>> parse_name("x/31_2_crop_1150_1171_ReachToShelf-0005.jpg").action
        'ReachToShelf'
    """
    found = NAME.search(PurePosixPath(path).name)
    if found is None:
        raise FormatError(f"Expected a name like 31_2_crop_1150_1171_ReachToShelf-0005.jpg, got: {path}")
    subject, session, start, end = (int(found[at]) for at in range(1, 5))
    return PictureName(
        subject=subject, session=session, start=start, end=end, action=found[5], frame=int(found[6])
    )


def _frame(image: str) -> int:
    found = NAME.search(image)
    return int(found[6]) if found else 0


def read(path: str | Path) -> MerlPoses:
    """Read a file.

    Raises:
        FormatError: The file is absent, damaged or dangerous, or a field is missing or of another shape.
    """
    content = safe_pickle.load(path)
    if not isinstance(content, list):
        raise FormatError(
            f"Expected a list of pictures, got {type(content).__name__}; check the file: {path}"
        )
    boxes, points = np.empty((len(content), 4)), np.empty((len(content), JOINTS, 3))
    sizes, declared = np.empty((len(content), 2), np.int64), np.empty(len(content), np.int64)
    images, ids = [], []
    for at, fields in enumerate(content):
        one = _Fields(fields, at, path)
        images.append(one.text("img_paths"))
        ids.append(one.identifier("image_id"))
        sizes[at] = one.whole("img_width", 1), one.whole("img_height", 1)
        declared[at] = one.whole("num_keypoints", 0)
        boxes[at] = one.floats("bbox", 4)
        points[at] = one.floats("keypoints", JOINTS, 3)
        if not np.isin(points[at, :, 2], (0, 1, 2)).all():
            one.fail("flags 0, 1 or 2 of joints", "others")
        if (boxes[at, 2:] < 0).any():
            one.fail("'bbox' as x, y and a size of 0 or more", str(boxes[at].tolist()))
    state = _STATE_OF_FLAG[points[:, :, 2].astype(np.int64)]
    return MerlPoses(
        images=tuple(images),
        ids=tuple(ids),
        sizes=sizes,
        boxes=np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1) - 0.5,
        joints=np.where((state != ABSENT)[..., None], points[:, :, :2], np.nan),
        state=state,
        declared=declared,
        source=str(path),
    )


def write(path: str | Path, poses: MerlPoses) -> Path:
    """Write a file; `read` gives the same pictures back.

    Raises:
        OutputError: The file cannot be written.
    """
    points = np.concatenate([np.nan_to_num(poses.joints), _FLAG_OF_STATE[poses.state][..., None]], axis=2)
    records = [
        {
            "img_paths": poses.images[at],
            "img_width": int(poses.sizes[at, 0]),
            "img_height": int(poses.sizes[at, 1]),
            "image_id": poses.ids[at],
            "bbox": [
                *(poses.boxes[at, :2] + 0.5).tolist(),
                *(poses.boxes[at, 2:] - poses.boxes[at, :2]).tolist(),
            ],
            "num_keypoints": int(poses.declared[at]),
            "keypoints": [[x, y, int(flag)] for x, y, flag in points[at].tolist()],
        }
        for at in range(len(poses))
    ]
    with replacing(path) as temporary, temporary.open("wb") as stream:
        dump(records, stream)
    return Path(path)


class _Fields:
    """The fields of one picture, checked one by one."""

    def __init__(self, fields: Any, at: int, path: str | Path) -> None:
        self.fields, self.at, self.path = fields, at, path
        if not isinstance(fields, dict):
            self.fail("named fields", type(fields).__name__)

    def text(self, name: str) -> str:
        """A text that is not empty."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            self.fail(f"{name!r} as text", type(value).__name__)
        return value

    def identifier(self, name: str) -> int | str:
        """A number or text."""
        value = self.fields.get(name, self.at)
        return value if isinstance(value, str) else self.whole(name, 0) if name in self.fields else self.at

    def whole(self, name: str, low: int) -> int:
        """A whole number."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value < 2**31:
            self.fail(f"{name!r} as a whole number from {low}", type(value).__name__)
        return int(value)

    def floats(self, name: str, *shape: int) -> np.ndarray:
        """Finite numbers of this shape, nested or in one list."""
        found: list[Any] = []
        self._flatten(self.fields.get(name), len(shape), int(np.prod(shape)), found)
        good = all(isinstance(one, int | float | np.number) and not isinstance(one, bool) for one in found)
        if len(found) != np.prod(shape) or not good or not all(abs(one) < 1e30 for one in found):
            self.fail(f"{name!r} as finite numbers {shape}", f"{len(found)} values")
        return np.array(found, np.float64).reshape(shape)

    def _flatten(self, value: Any, depth: int, limit: int, found: list[Any]) -> None:
        """Append the items of lists within lists, no deeper and no more than may be."""
        if isinstance(value, np.ndarray) and value.size <= limit and value.dtype != object:
            found.extend(value.ravel().tolist())
        elif isinstance(value, list | tuple) and depth and len(value) <= limit:
            for item in value:
                self._flatten(item, depth - 1, limit, found)
        else:
            found.append(value)

    def fail(self, expected: str, found: str) -> NoReturn:
        """Raise the error of this picture."""
        raise FormatError(
            f"Expected {expected}, got {found} in picture {self.at}; check the file: {self.path}"
        )


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    """Every clip: its pictures are its frames, one after the other; an action becomes the label."""
    poses = read(path)
    for name, members in poses.clips():
        sizes = {tuple(size) for size in poses.sizes[members].tolist()}
        found = Found(
            frame=np.arange(len(members)),
            position=poses.joints[members],
            state=poses.state[members],
            box=poses.boxes[members],
            ids=("0",) * len(members),
        )
        recording = recording_of_pictures(
            found,
            len(members),
            skeleton=skeletons.get("coco17"),
            image_size=sizes.pop() if len(sizes) == 1 else None,
            source=name,
            **given.rate(),
        )
        named = NAME.search(poses.images[members[0]])
        yield name, replace(recording, meta={"label": named[5]} if named else {})


def _save(path: Path, items: Iterable[Item]) -> Path:
    """Pictures are called `<name>-<frame>.jpg`; without a box, that of the joints."""
    parts = [_pictures(name, poses_of(recording), path) for name, recording in items]
    join = lambda field: np.concatenate([getattr(part, field) for part in parts])  # noqa: E731
    images = tuple(image for part in parts for image in part.images)
    poses = MerlPoses(
        images=images,
        ids=tuple(range(len(images))),
        sizes=join("sizes"),
        boxes=join("boxes"),
        joints=join("joints"),
        state=join("state"),
        declared=join("declared"),
    )
    return write(path, poses)


def _pictures(name: str, poses: PoseSequence, path: Path) -> MerlPoses:
    if poses.image_size is None:
        raise InputError(f"Expected poses with the size of their picture, got none in {name!r}: {path}")
    where = poses.position[0].astype(np.float64)
    seen = poses.present[0].any(axis=1)
    boxes = np.full((poses.frames, 4), np.nan)
    boxes[seen] = np.concatenate([np.nanmin(where[seen], axis=1), np.nanmax(where[seen], axis=1)], axis=1)
    if poses.box is not None:
        boxes = np.where(np.isfinite(poses.box[0]), poses.box[0].astype(np.float64), boxes)
    kept = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    return MerlPoses(
        images=tuple(f"{name.replace('/', '_')}-{frame:04d}.jpg" for frame in kept.tolist()),
        ids=tuple(kept.tolist()),
        sizes=np.tile(np.array(poses.image_size), (kept.size, 1)),
        boxes=boxes[kept],
        joints=where[kept],
        state=poses.state[0][kept],
        declared=poses.present[0][kept].sum(axis=1),
    )


FORMAT = Format(
    name="merl",
    title="MERL Shopping poses pickle",
    suffixes=(".pkl",),
    says=frozenset({"layout", "unit", "states", "boxes", "image size"}),
    read=_recordings,
    write=_save,
    looks=lambda path, head: head[:1] in (b"\x80", b"(", b"]") and b"img_paths" in head,
    many=True,
    layouts=("coco17",),
    frames=(PIXELS,),
    people=1,
)
