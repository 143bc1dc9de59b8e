"""PYSKL pickles (`.pkl`): clips of several people with a class each, 2D with scores or 3D.

`{"split": {name: [clip]}, "annotations": [record]}`, or the bare list of records. A record holds `frame_dir`
(the clip's name), `total_frames`, `label`, `img_shape` and `original_shape` as (height, width), `keypoint`
(person, time, joint, 2 or 3) in float16 or float32 and, in 2D, `keypoint_score` (person, time, joint). The
Kinetics variant has no `keypoint`: its people lie in a separate pickle, the record's `raw_file`, as `{clip:
{"keypoint": (person and frame, joint, x y score)}}`, and `frame_inds` and `box_score` give the frame and the
detector's score of each row.

The file says neither layout nor unit, axes or frame rate. The layout follows from the number of joints where
only one has so many. 2D is in px. 3D is in no unit, in `kinect` axes where the layout is a Kinect's, else
`cv`. Without a rate the times are those of 30 Hz and of rate `unknown`. A joint at exactly zero (in 2D: with
score 0) is absent; a 2D joint of score 0 elsewhere is inferred. Scores above 1 occur: they are clipped, and
kept as they are in the extra `stored_score`.

Format: `tools/data/README.md` of PYSKL (Duan et al., 2022). Read without running anything (`safe_pickle`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np

from bodyverb import skeletons
from bodyverb.core import INFERRED, SEEN, FormatError, InputError, PoseSequence, Skeleton
from bodyverb.core.pose import Axes, Unit
from bodyverb.formats import _pyskl_people, safe_pickle
from bodyverb.formats._format import GUESSED_RATE_HZ, PIXELS, Format, Given, Item, poses_of, recording_of
from bodyverb.formats._layout import of_count
from bodyverb.formats._pickle_write import dump
from bodyverb.formats.files import replacing

MAX_FRAMES = 2**20
_OWN = ("frame_dir", "label", "img_shape", "original_shape", "total_frames", "keypoint", "keypoint_score")


@dataclass(frozen=True, kw_only=True, eq=False)
class PysklRecord:
    """One clip as the file holds it: M people, T frames, V joints, N rows of the Kinetics variant.

    Attributes:
        id: Name of the clip (`frame_dir`).
        frames: T.
        keypoint: (M, T, V, 2 or 3) as stored; or None, where a separate file holds it.
        score: (M, T, V) as stored; or None.
        label: Number of the class; or None.
        image_size: (width, height) in px; or None.
        original_size: (width, height) in px before any scaling; or None.
        frame_inds: (N,) frame of each row of the separate file; or None.
        box_score: (N,) the detector's score of each row; or None.
        extras: All other fields as they are.
    """

    id: str
    frames: int
    keypoint: np.ndarray | None = None
    score: np.ndarray | None = None
    label: int | None = None
    image_size: tuple[int, int] | None = None
    original_size: tuple[int, int] | None = None
    frame_inds: np.ndarray | None = None
    box_score: np.ndarray | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class PysklFile:
    """A whole file, and what it does not say.

    Attributes:
        records: The clips, in the order of the file.
        splits: Names of the clips of each split; None for a bare list.
        skeleton: The layout; None where no record holds poses and none is given.
        unit: Unit of the poses.
        axes: Their axes.
        rate_hz: Frames per second; None where nobody knows.
        source: Name of the file.
    """

    records: tuple[PysklRecord, ...]
    splits: Mapping[str, tuple[str, ...]] | None = None
    skeleton: Skeleton | None = None
    unit: Unit = "px"
    axes: Axes = "cv"
    rate_hz: float | None = None
    source: str = ""

    def poses(self, record: PysklRecord) -> PoseSequence:
        """The poses of one clip: float32, absent joints NaN, people named "0", "1", ... in the file's order.

        Raises:
            InputError: Where the poses lie in a separate file (see `with_people`), or of several layouts with
                as many joints none is given.
            FormatError: Where the layout has another number of joints.
        """
        if record.keypoint is None:
            raise InputError(
                f"Expected poses in the file, got those of clip {record.id!r} in a separate one; "
                f"give the folder of {record.extras.get('raw_file', 'its kpfiles')}: {self.source}"
            )
        skeleton = of_count(record.keypoint.shape[2], self.skeleton, self.source)
        with np.errstate(over="ignore"):
            position = record.keypoint.astype(np.float32)
        extras = {}
        score = np.ones(position.shape[:3], np.float32)
        if record.score is not None:
            with np.errstate(over="ignore"):
                stored = record.score.astype(np.float32)
            score = np.clip(np.nan_to_num(stored, nan=0.0), 0, 1)
            if not np.array_equal(stored, score):
                extras["stored_score"] = stored
        if record.box_score is not None and record.box_score.ndim == 2:
            extras["box_score"] = record.box_score
        absent = (position == 0).all(axis=-1) & ((score == 0) | (record.score is None))
        position[absent] = np.nan
        flat = position.shape[3] == 2
        return PoseSequence.from_arrays(
            position,
            skeleton=skeleton,
            rate_hz=self.rate_hz or GUESSED_RATE_HZ,
            rate="unknown" if self.rate_hz is None else "nominal",
            score=score,
            state=np.where(score > 0, SEEN, INFERRED),
            space="image" if flat else "camera",
            unit=self.unit,
            axes=self.axes,
            image_size=record.image_size if flat else None,
            extras=extras,
            source=record.id,
        )

    def with_people(self, record: PysklRecord, folder: str | Path) -> PysklRecord:
        """A record of the Kinetics variant with its people, read from its file in `folder`.

        Rows of one frame become people in their order: a person's number is a rank, not an identity.

        Raises:
            FormatError: The separate file is absent or damaged, or does not fit the record.
            InputError: The record names no separate file.
        """
        return replace(record, **_pyskl_people.joined(record, Path(folder)))


def read(
    path: str | Path,
    *,
    layout: Skeleton | str | None = None,
    unit: Unit | None = None,
    axes: Axes | None = None,
    rate_hz: float | None = None,
) -> PysklFile:
    """Read a file; `layout`, `unit`, `axes` and `rate_hz` say what it does not.

    Raises:
        FormatError: The file is absent, damaged or dangerous, or a field is missing or of another shape.
        InputError: Several layouts have as many joints and none is given.
    """
    content = safe_pickle.load(path)
    splits = None
    if isinstance(content, dict):
        splits = _splits(content.get("split", {}), path)
        content = content.get("annotations")
    if type(content) is not list:
        raise FormatError(
            f"Expected a list of records or a dict with 'split' and 'annotations', got "
            f"{type(content).__name__}; check that it is a PYSKL file: {path}"
        )
    records = tuple(_Fields(one, at, path).record() for at, one in enumerate(content))
    shapes = {record.keypoint.shape[2:] for record in records if record.keypoint is not None}
    if len(shapes) > 1:
        raise FormatError(
            f"Expected one number of joints and coordinates in all records, got {sorted(shapes)}; "
            f"split the file: {path}"
        )
    joints, space = shapes.pop() if shapes else (0, 2)
    skeleton = skeletons.get(layout) if isinstance(layout, str) else layout
    if joints:
        skeleton = of_count(joints, skeleton, path)
    kinect = skeleton is not None and skeleton.name in ("kinect20", "kinect25", "utd20")
    return PysklFile(
        records=records,
        splits=splits,
        skeleton=skeleton,
        unit=unit or ("px" if space == 2 else "none"),
        axes=axes or ("kinect" if space == 3 and kinect else "cv"),
        rate_hz=rate_hz,
        source=str(path),
    )


def write(path: str | Path, file: PysklFile) -> Path:
    """Write a file; `read` gives the same records back, arrays in their own precision.

    Raises:
        InputError: An extra field is no plain data.
        OutputError: The file cannot be written.
    """
    records = [_plain(record) for record in file.records]
    content: Any = records
    if file.splits is not None:
        content = {"split": {name: list(ids) for name, ids in file.splits.items()}, "annotations": records}
    with replacing(path) as temporary, temporary.open("wb") as stream:
        dump(content, cast(BinaryIO, stream))
    return Path(path)


def write_people(folder: str | Path, file: PysklFile) -> PysklFile:
    """Write the people of the Kinetics variant (`with_people`) to their separate files, as they were.

    Args:
        folder: Where the files go, each by the last part of its `raw_file`.
        file: Its records of people from separate files; others stay as they are.

    Returns:
        The file with those records as they stand beside the separate files; for `write`.

    Raises:
        OutputError: A file cannot be written.
    """
    contents: dict[str, dict[str, Any]] = {}
    records = []
    for record in file.records:
        if record.box_score is not None and record.box_score.ndim == 2:
            rows, fields = _pyskl_people.parted(record)
            name = PurePosixPath(str(record.extras["raw_file"]).replace("\\", "/")).name
            contents.setdefault(name, {})[record.id] = {"keypoint": rows}
            record = replace(record, **fields)
        records.append(record)
    for name, content in contents.items():
        with replacing(Path(folder) / name) as temporary, temporary.open("wb") as stream:
            dump(content, cast(BinaryIO, stream))
    return replace(file, records=tuple(records))


def record_of(
    poses: PoseSequence, *, id: str, label: int | None = None, dtype: str = "float32"
) -> PysklRecord:
    """Poses as a record: absent joints become zeros, and times, unit, boxes, ids and states are lost.

    Args:
        poses: The people of one clip; 2D or 3D.
        id: Name of the clip.
        label: Number of its class.
        dtype: Precision to store: `float16`, `float32` or `float64`.
    """
    flat = poses.position.shape[3] == 2
    score = np.where(poses.present, poses.extras.get("stored_score", poses.score), 0)
    return PysklRecord(
        id=id,
        frames=poses.frames,
        keypoint=np.nan_to_num(poses.position, nan=0.0).astype(dtype),
        score=score.astype(dtype) if flat else None,
        label=label,
        image_size=poses.image_size,
        original_size=poses.image_size,
    )


def _plain(record: PysklRecord) -> dict[str, Any]:
    """The dict of the file; people that were read from a separate file stand in it, and need no rows."""
    if record.box_score is not None and record.box_score.ndim == 2:
        extras = {name: value for name, value in record.extras.items() if name != "raw_file"}
        record = replace(record, frame_inds=None, box_score=None, extras=extras)
    fields: dict[str, Any] = {"frame_dir": record.id}
    if record.label is not None:
        fields["label"] = record.label
    if record.image_size is not None:
        fields["img_shape"] = record.image_size[::-1]
    if record.original_size is not None:
        fields["original_shape"] = record.original_size[::-1]
    fields["total_frames"] = record.frames
    arrays = {
        "keypoint": record.keypoint,
        "keypoint_score": record.score,
        "frame_inds": record.frame_inds,
        "box_score": record.box_score,
    }
    return fields | {name: array for name, array in arrays.items() if array is not None} | dict(record.extras)


class _Fields:
    """The fields of one record, checked one by one."""

    def __init__(self, fields: Any, at: int, path: str | Path) -> None:
        self.fields, self.at, self.path = fields, at, path
        if type(fields) is not dict or not all(type(key) is str for key in fields):
            self.fail("a dict with named fields", type(fields).__name__)

    def record(self) -> PysklRecord:
        """The record.

        Raises:
            FormatError: A field is missing or of another kind or shape.
        """
        name = self.fields.get("frame_dir", self.fields.get("filename"))
        if type(name) is not str or not name:
            self.fail("'frame_dir' as text", type(name).__name__)
        keypoint = self.array("keypoint", 4)
        score = self.array("keypoint_score", 3)
        rows, boxes = self.array("frame_inds", 1), self.array("box_score", 1)
        frames = self.number("total_frames", None if keypoint is None else keypoint.shape[1])
        if keypoint is None and (rows is None or score is not None):
            self.fail("'keypoint', or 'frame_inds' of a separate file", "neither")
        if keypoint is not None and (keypoint.shape[1] != frames or keypoint.shape[3] not in (2, 3)):
            self.fail(f"'keypoint' (person, {frames} frames, joint, 2 or 3)", str(keypoint.shape))
        if score is not None and keypoint is not None and score.shape != keypoint.shape[:3]:
            self.fail(f"'keypoint_score' of shape {keypoint.shape[:3]}", str(score.shape))
        if boxes is not None and (rows is None or boxes.shape != rows.shape):
            self.fail("'box_score' as long as 'frame_inds'", str(boxes.shape))
        label = self.fields.get("label")
        own = {*_OWN, "frame_inds", "box_score"} - (set() if _whole(label) else {"label"})
        return PysklRecord(
            id=name,
            frames=frames,
            keypoint=keypoint,
            score=score,
            label=int(label) if _whole(label) else None,
            image_size=self.size("img_shape"),
            original_size=self.size("original_shape"),
            frame_inds=rows,
            box_score=boxes,
            extras={key: value for key, value in self.fields.items() if key not in own},
        )

    def array(self, name: str, axes: int) -> np.ndarray | None:
        """An array of numbers with so many axes; None where the field is absent."""
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu" or value.ndim != axes:
            found = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            self.fail(f"{name!r} as an array of numbers with {axes} axes", found)
        return value

    def number(self, name: str, default: int | None) -> int:
        """A count of frames."""
        value = self.fields.get(name, default)
        if not _whole(value) or not 0 <= value <= MAX_FRAMES:
            self.fail(f"{name!r} as a number up to {MAX_FRAMES}", str(value)[:40])
        return int(value)

    def size(self, name: str) -> tuple[int, int] | None:
        """(width, height) from the file's (height, width)."""
        value = self.fields.get(name)
        if value is None:
            return None
        sides = value.tolist() if isinstance(value, np.ndarray) and value.size == 2 else value
        if not isinstance(sides, list | tuple) or len(sides) != 2 or not all(map(_whole, sides)):
            self.fail(f"{name!r} as (height, width)", type(value).__name__)
        height, width = (int(side) for side in sides)
        if not (0 < height < 2**31 and 0 < width < 2**31):
            self.fail(f"{name!r} of at least 1 x 1", f"{height} x {width}")
        return width, height

    def fail(self, expected: str, found: str) -> NoReturn:
        """Raise the error of this record."""
        raise FormatError(
            f"Expected {expected}, got {found} in record {self.at}; check the file: {self.path}"
        )


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _splits(splits: Any, path: str | Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    if type(splits) is dict:
        for name, ids in splits.items():
            ids = ids.tolist() if isinstance(ids, np.ndarray) and ids.ndim == 1 else ids
            if type(name) is not str or not isinstance(ids, Sequence) or isinstance(ids, str | bytes):
                break
            if not all(type(one) is str for one in ids):
                break
            found[name] = tuple(ids)
        else:
            return found
    raise FormatError(f"Expected 'split' as lists of clip names, got others; check the file: {path}")


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    """Each clip, with its class as `label` and its splits as `splits`."""
    rate_hz = given.rate_hz or given.wanted_rate_hz
    file = given.settle(lambda layout: read(path, layout=layout, rate_hz=rate_hz))
    if file.unit != "px":
        file = replace(file, unit=given.unit or file.unit, axes=given.axes or file.axes)
    parts: dict[str, list[str]] = {}
    for name, ids in (file.splits or {}).items():
        for one in ids:
            parts.setdefault(one, []).append(name)
    for record in file.records:
        if record.keypoint is None:
            record = file.with_people(record, given.beside or path.parent)
        label = record.extras.get("label") if record.label is None else record.label
        meta: dict[str, Any] = {} if label is None else {"label": label}
        if file.splits is not None:
            meta["splits"] = parts.get(record.id, [])
        yield record.id, recording_of(file.poses(record), meta)


def _save(path: Path, items: Iterable[Item]) -> Path:
    """A label that is no number stays text; a clip of nobody has as many joints as the others."""
    records: list[PysklRecord] = []
    splits: dict[str, list[str]] = {}
    shape: tuple[int, ...] | None = None
    for name, recording in items:
        poses = poses_of(recording, "coco17", PIXELS)
        shape = shape or (poses.position.shape[2:] if poses.persons else None)
        label: Any = recording.meta.get("label")
        record = record_of(poses, id=name, label=int(label) if _whole(label) else None)
        named = label is not None and record.label is None
        records.append(replace(record, extras={"label": str(label)}) if named else record)
        for part in recording.meta.get("splits", ()):
            splits.setdefault(str(part), []).append(name)
    same = tuple(record if shape is None else _as_others(record, shape) for record in records)
    parts = {part: tuple(ids) for part, ids in splits.items()}
    return write(path, PysklFile(records=same, splits=parts or None))


def _as_others(record: PysklRecord, shape: tuple[int, ...]) -> PysklRecord:
    """A record of nobody with (joints, coordinates) as in the rest of the file."""
    if record.keypoint is None or record.keypoint.shape[0]:
        return record
    score = np.zeros((0, record.frames, shape[0]), np.float32) if shape[1] == 2 else None
    return replace(record, keypoint=np.zeros((0, record.frames, *shape), np.float32), score=score)


def _looks(path: Path, head: bytes) -> bool:
    words = (b"frame_dir", b"annotations", b"split", b"keypoint", b"total_frames")
    pickled = head[:1] in (b"\x80", b"(", b"]", b"}")
    return pickled and b"img_paths" not in head and any(word in head for word in words)


FORMAT = Format(
    name="pyskl",
    title="PYSKL pickle",
    suffixes=(".pkl", ".pickle"),
    says=frozenset({"empty frames", "label", "nobody"}),
    says_flat=frozenset({"unit", "scores", "image size"}),
    extras=("stored_score",),
    read=_recordings,
    write=_save,
    looks=_looks,
    many=True,
)
