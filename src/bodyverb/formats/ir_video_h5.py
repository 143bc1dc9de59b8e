"""The infrared videos of the NTU conversion project: `ir.h5`, `ir_cropped.h5`, `ir_cropped_moving.h5`.

A group a recording, named like `S001C001P001R001A001`, with one dataset `ir` uint8 (T, H, W), a chunk a
frame, plain, lzf or gzip. `ir.h5` holds whole pictures of 424 x 512, mirrored as the sensor stores them.
`ir_cropped.h5` holds a box round all joints of all bodies of a recording and 20 px more on each side;
`ir_cropped_moving.h5` a box of each frame, made 112 x 112. Beyond the picture a crop is 0. The files do not
say where a crop lies. No times are stored; 30 Hz is nominal.

There, a body that is absent counts as joints at (0, 0), which stretches its boxes to the corner; here absent
joints are left out, a frame of nobody has the box of the frame before (or the first one), and a recording of
nobody the whole picture. Where everybody is there, boxes and pixels are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import _h5_file
from bodyverb.formats.files import Sink, replacing
from bodyverb.formats.ir_skeleton_h5 import Compression, packing

RATE_HZ = 30.0
MARGIN_PX = 20
MOVING_SIDE_PX = 112
_BLOCK_BYTES = 4 * 1024**2


@dataclass(frozen=True, kw_only=True, eq=False)
class IrVideo:
    """One recording of an open file; its pictures are read when asked for.

    Attributes:
        name: Its name.
        shape: T, H and W.
    """

    name: str
    shape: tuple[int, int, int]
    _stored: Any
    _path: str | Path

    def __len__(self) -> int:
        return self.shape[0]

    def frames(self, start: int = 0, end: int | None = None) -> np.ndarray:
        """(n, H, W) uint8: some of the pictures.

        Raises:
            FormatError: They are damaged, or too large for the file.
        """
        span = range(*slice(start, end).indices(len(self)))
        _h5_file.check_size(self._stored, len(span) * self.shape[1] * self.shape[2], self._path)
        with _h5_file.blaming(self._path):
            pictures: np.ndarray = self._stored[span.start : span.start + len(span)]
        return pictures

    def __iter__(self) -> Iterator[np.ndarray]:
        """Every picture (H, W), a few read at a time."""
        step = max(1, _BLOCK_BYTES // max(1, self.shape[1] * self.shape[2]))
        for start in range(0, len(self), step):
            yield from self.frames(start, start + step)


@contextmanager
def videos(path: str | Path) -> Iterator[Iterator[IrVideo]]:
    """The recordings of a file, while it is open.

    Raises:
        FormatError: The file is absent, damaged or of another layout, or a dataset lies elsewhere.
    """
    with _h5_file.opened(path) as file:
        yield _videos(file, path)


def _videos(file: h5py.File, path: str | Path) -> Iterator[IrVideo]:
    if not len(file):
        raise FormatError(f"Expected a group a recording, got an empty file; fetch it again: {path}")
    for name in file:
        group = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
        if not isinstance(group, h5py.Group):
            raise FormatError(
                f"Expected {name!r} as a group with a dataset 'ir', got another; check it: {path}"
            )
        stored = _h5_file.dataset(file, f"{name}/ir", (None, None, None), "u", path)
        if stored.dtype.itemsize != 1:
            raise FormatError(f"Expected pictures of uint8 in {name!r}, got {stored.dtype}; check it: {path}")
        yield IrVideo(name=name, shape=stored.shape, _stored=stored, _path=path)


def write(
    path: str | Path, items: Iterable[tuple[str, Iterable[np.ndarray]]], compression: Compression = "none"
) -> Path:
    """Write recordings, whole or not at all; recordings and pictures are taken one at a time.

    Args:
        path: The file.
        items: Name and pictures (H, W) uint8 of each recording, all of one size in a recording.
        compression: `none`, `lzf`, or `gzip` of level 9.

    Raises:
        InputError: A name stands twice or holds a slash, or pictures are of another kind or size.
        OutputError: The file cannot be written.
    """
    with replacing(path) as temporary, Sink(temporary) as sink, h5py.File(sink, "w") as file:
        for name, pictures in items:
            if not name or "/" in name or name in (".", "..") or name in file:
                raise InputError(f"Expected a name of its own for every recording, got {name!r}; rename it")
            _write(file.create_group(name), pictures, name, compression)
            sink.check()
    return Path(path)


def _write(group: h5py.Group, pictures: Iterable[np.ndarray], name: str, compression: Compression) -> None:
    """One recording, a block of pictures at a time."""
    stored, block = None, []
    size: tuple[int, ...] = ()
    for picture in pictures:
        if picture.dtype != np.uint8 or picture.ndim != 2 or picture.shape != (size or picture.shape):
            raise InputError(
                f"Expected pictures {size or '(H, W)'} of uint8 in {name}, got {picture.dtype} "
                f"{picture.shape}; convert them"
            )
        if not size:
            size = picture.shape
            stored = group.create_dataset(
                "ir", (0, *size), "u1", maxshape=(None, *size), chunks=(1, *size), **packing(compression)
            )
        block.append(picture)
        if len(block) * picture.size >= _BLOCK_BYTES:
            _append(stored, block)
    if stored is None:
        raise InputError(f"Expected at least one picture in {name}, got none; leave it out")
    _append(stored, block)


def _append(stored: Any, block: list[np.ndarray]) -> None:
    if block:
        start = stored.shape[0]
        stored.resize(start + len(block), axis=0)
        stored[start:] = np.stack(block)
        block.clear()


def boxes(poses: PoseSequence, size: tuple[int, int], *, moving: bool) -> np.ndarray:
    """Where the crops of a recording lie: the joints of all bodies and a margin.

    Args:
        poses: Mirrored infrared px, as `ir_skeleton.h5` holds them.
        size: Width and height of the pictures.
        moving: A box of each frame; else one of the whole recording.

    Returns:
        (T, 4) int64 x1 y1 x2 y2, the ends not included; partly beyond the picture.

    Raises:
        InputError: The poses are no px.
    """
    if poses.space != "image" or poses.unit != "px":
        raise InputError(f"Expected poses in image px, got {poses.space} {poses.unit}; project them first")
    with np.errstate(invalid="ignore"):
        points = np.clip(poses.position, 0, np.array(size, np.float32))
    there = poses.present.any(axis=(0, 2))
    if not there.any():
        return np.tile([0, 0, *size], (poses.frames, 1))
    axes = (0, 2) if moving else (0, 1, 2)
    low = np.min(np.where(np.isnan(points), np.inf, points), axis=axes)
    high = np.max(np.where(np.isnan(points), -np.inf, points), axis=axes)
    ends = np.concatenate([low, high], axis=-1)
    if moving:
        known = np.flatnonzero(there)
        ends = ends[known[np.maximum(np.searchsorted(known, np.arange(poses.frames), side="right") - 1, 0)]]
    box = np.floor(ends).astype(np.int64) + np.array([-1, -1, 1, 1]) * MARGIN_PX
    return np.broadcast_to(box, (poses.frames, 4)).copy()


def cropped(pictures: Iterable[np.ndarray], box: np.ndarray) -> Iterator[np.ndarray]:
    """The crops of `ir_cropped.h5`: the first box of all, from every picture."""
    for picture in pictures:
        yield _cut(picture, box[0])


def cropped_moving(pictures: Iterable[np.ndarray], box: np.ndarray) -> Iterator[np.ndarray]:
    """The crops of `ir_cropped_moving.h5`: the box of each frame, 112 x 112; where boxes end, the last."""
    import cv2

    for at, picture in enumerate(pictures):
        part = _cut(picture, box[min(at, len(box) - 1)])
        yield cv2.resize(part, (MOVING_SIDE_PX, MOVING_SIDE_PX)).astype(np.uint8)


def _cut(picture: np.ndarray, box: Sequence[int] | np.ndarray) -> np.ndarray:
    """A part of a picture, 0 beyond it."""
    x1, y1, x2, y2 = (int(side) for side in box)
    height, width = picture.shape
    part = np.zeros((y2 - y1, x2 - x1), picture.dtype)
    left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if right > left and bottom > top:
        part[top - y1 : bottom - y1, left - x1 : right - x1] = picture[top:bottom, left:right]
    return part
