"""People of PYSKL's Kinetics variant, which lie in separate pickles: put into a record, and parted again."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from bodyverb.core import FormatError, InputError
from bodyverb.formats import safe_pickle

if TYPE_CHECKING:
    from bodyverb.formats.pyskl import PysklRecord

MAX_HOLES_BYTES = 24 * 1024**2


def joined(record: PysklRecord, folder: Path) -> dict[str, Any]:
    """The fields of a record with its people, read from its separate file; see `PysklFile.with_people`."""
    name = record.extras.get("raw_file")
    if record.frame_inds is None or type(name) is not str or not name:
        raise InputError(
            f"Expected a record with 'raw_file' and 'frame_inds', got clip {record.id!r} without; "
            f"its people cannot be found in {folder}"
        )
    path = _inside(folder, name)
    content = safe_pickle.load(path)
    rows = content.get(record.id) if isinstance(content, dict) else None
    rows = rows.get("keypoint") if isinstance(rows, dict) else rows
    if not isinstance(rows, np.ndarray) or rows.dtype.kind not in "fiu" or rows.ndim != 3:
        raise FormatError(
            f"Expected people of clip {record.id!r} as an array, got none; check the file: {path}"
        )
    if (rows.shape[0], rows.shape[2]) != (record.frame_inds.size, 3):
        raise FormatError(
            f"Expected people ({record.frame_inds.size} rows, joint, x y score) of clip {record.id!r}, "
            f"got {rows.shape}; take the file of the same release: {path}"
        )
    return _spread(rows, record, path)


def _inside(folder: Path, name: str) -> Path:
    """The named file in the folder, with its own sub-folders or without; never outside."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    path = folder.joinpath(*parts)
    return path if path.is_file() or not parts else folder / parts[-1]


def _spread(rows: np.ndarray, record: PysklRecord, path: Path) -> dict[str, Any]:
    """Rows (N, V, x y score) as people (M, T, V): the k-th row of a frame is person k."""
    frames = np.asarray(record.frame_inds, np.int64)
    if frames.size and not (frames.min() >= 0 and frames.max() < record.frames):
        raise FormatError(
            f"Expected frames 0 to {record.frames - 1} in clip {record.id!r}, got others; check: {path}"
        )
    rank = _ranks(frames)
    shape = (int(rank.max(initial=-1)) + 1, record.frames, rows.shape[1], 3)
    if math.prod(shape) * rows.itemsize > 2 * rows.nbytes + MAX_HOLES_BYTES:
        raise FormatError(
            f"Expected people in most frames, got {shape[0]} of {shape[1]} frames from {frames.size} rows "
            f"of clip {record.id!r}; check the file: {path}"
        )
    cells = np.zeros(shape, rows.dtype)
    cells[rank, frames] = rows
    stored = record.box_score
    kind = stored.dtype if stored is not None and stored.dtype.kind == "f" else np.float32
    boxes = np.full(shape[:2], np.nan, kind)
    if stored is not None:
        boxes[rank, frames] = stored
    return {"keypoint": cells[..., :2], "score": cells[..., 2], "box_score": boxes}


def _ranks(frames: np.ndarray) -> np.ndarray:
    """(N,) the place of each row among those of its frame."""
    order = np.argsort(frames, kind="stable")
    ordered = frames[order]
    rank = np.empty(frames.size, np.int64)
    rank[order] = np.arange(frames.size) - np.searchsorted(ordered, ordered)
    return rank


def parted(record: PysklRecord) -> tuple[np.ndarray, dict[str, Any]]:
    """The inverse of `joined`: rows (N, V, x y score), and the fields of the record without its people."""
    assert record.keypoint is not None and record.score is not None
    assert record.frame_inds is not None and record.box_score is not None
    frames = np.asarray(record.frame_inds, np.int64)
    rank = _ranks(frames)
    rows = np.concatenate([record.keypoint, record.score[..., None]], axis=-1)[rank, frames]
    boxes = record.box_score[rank, frames]
    known = boxes.size and np.isfinite(boxes).any()
    return rows, {"keypoint": None, "score": None, "box_score": boxes if known else None}
