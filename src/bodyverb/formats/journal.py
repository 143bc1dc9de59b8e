"""The journal of a run's first pass: append-only, checksummed, readable after a crash at any byte.

Layout (little-endian): the magic `BVJRNL1\\n`, then records of
`length u32 (payload bytes) | CRC-32 u32 (of type and payload) | type u8 | payload`:

- `M` meta, JSON, exactly one and first;
- `F` one frame: index i64, time_s f64, people u32, joints u16, space u8; then, column by column, track_id
  i64 (n), box f32 (n, 4), position f32 (n, joints, space), score f32 (n, joints). NaN where a box or joint
  is absent. Where a network says more of each joint: length u16 of a JSON list of [name, k], that list, then
  f32 (n, joints, k) each, k = 0 for (n, joints);
- `C` checkpoint, JSON: all state that the run needs to go on behind this byte. Flushed to the disk;
- `E` end, empty: the first pass is complete.

A reader stops at the first record that is cut or fails its checksum; what stands before it is good.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BufferedReader, FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from bodyverb.core.errors import FormatError, InputError, OutputError
from bodyverb.formats.files import to_json

MAGIC = b"BVJRNL1\n"
_HEAD = struct.Struct("<IIB")
_FRAME = struct.Struct("<qdIHB")
_META, _FRAME_TYPE, _CHECKPOINT, _END = b"MFCE"
_MAX_PAYLOAD = 256 << 20
_BUFFER = 1 << 20
_READ_BUFFER = 1 << 16

Rows = Sequence[Mapping[str, Any]] | Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class TrackRows:
    """All rows of one track: `index` (T,) frame numbers, `time_s` (T,), `box` (T, 4) xyxy px, `position`
    (T, J, 2|3), `score` (T, J) and `extras`, name -> (T, J[, k]); NaN = absent."""

    track_id: int
    index: np.ndarray
    time_s: np.ndarray
    box: np.ndarray
    position: np.ndarray
    score: np.ndarray
    extras: dict[str, np.ndarray] = field(default_factory=dict)


class Journal:
    """The writing side, from `Journal.create` or `resume`: `frame`, now and then `checkpoint`, `close`."""

    def __init__(self, path: Path, handle: BinaryIO, last_index: int) -> None:
        self.path = path
        self.last_index = last_index
        self._handle: BinaryIO | None = handle

    @classmethod
    def create(cls, path: str | Path, meta: Mapping[str, Any], *, overwrite: bool = False) -> Journal:
        """Start a journal at `path`; `meta` is plain data kept in its head.

        Raises:
            OutputError: a journal is there already (unless `overwrite`), or the place cannot be written.
        """
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("wb" if overwrite else "xb", buffering=_BUFFER)
        except FileExistsError:
            raise OutputError(
                "Expected no journal yet, got one of an unfinished run; "
                f"use --resume to go on with it, or remove it: {path}"
            ) from None
        except OSError as error:
            raise _cannot_write(error, path) from error
        journal = cls(path, handle, -1)
        journal._put(MAGIC)
        journal._record(_META, to_json(dict(meta)).encode())
        journal._sync()
        return journal

    def frame(self, index: int, time_s: float, rows: Rows) -> None:
        """Append one frame, with 0 people or more.

        Args:
            index: The frame's number; must grow.
            time_s: The source's own time stamp.
            rows: A list of mappings, or one mapping of stacked arrays, with `track_id`, `box` (4,) or None,
                `position` (J, 2|3), `score` (J,) and perhaps `extras`, name -> (J,) or (J, k), the same names
                for everybody.
        """
        if index <= self.last_index:
            raise ValueError(f"Expected a frame index above {self.last_index}, got {index}")
        ids, box, position, score = _columns(rows)
        head = _FRAME.pack(index, time_s, len(ids), position.shape[1], position.shape[2])
        parts = (head, ids.tobytes(), box.tobytes(), position.tobytes(), score.tobytes())
        self._record(_FRAME_TYPE, b"".join((*parts, *_more(rows, score.shape))))
        self.last_index = index

    def flush(self) -> None:
        """Hand everything so far to the system, so that it outlives this process (not a power cut)."""
        assert self._handle is not None
        try:
            self._handle.flush()
        except OSError as error:
            raise _cannot_write(error, self.path) from error

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        """Append the run's state and bring everything so far onto the disk."""
        document = {"frame": self.last_index, "state": state}
        self._record(_CHECKPOINT, to_json(document, keep_nan=True).encode())
        self._sync()

    def close(self, *, complete: bool = True) -> None:
        """Close the file; `complete` adds the end mark that says pass 1 is done. Safe to call twice."""
        if self._handle is None:
            return
        try:
            if complete:
                self._record(_END, b"")
            self._sync()
        finally:
            handle, self._handle = self._handle, None
            try:
                handle.close()
            except OSError as error:
                raise _cannot_write(error, self.path) from error

    def _record(self, kind: int, payload: bytes) -> None:
        if len(payload) > _MAX_PAYLOAD:
            raise ValueError(f"Expected a record below {_MAX_PAYLOAD} bytes, got {len(payload)}")
        crc = zlib.crc32(payload, zlib.crc32(bytes((kind,))))
        self._put(_HEAD.pack(len(payload), crc, kind) + payload)

    def _put(self, data: bytes) -> None:
        if self._handle is None:
            raise ValueError(f"Expected an open journal, got a closed one: {self.path}")
        try:
            self._handle.write(data)
        except OSError as error:
            raise _cannot_write(error, self.path) from error

    def _sync(self) -> None:
        assert self._handle is not None
        self.flush()
        try:
            os.fsync(self._handle.fileno())
        except OSError as error:
            raise _cannot_write(error, self.path) from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(complete=kind is None)


@dataclass(kw_only=True)
class JournalReader:
    """A journal on disk, indexed: the rows themselves are read per track or per frame, when asked for.

    Attributes:
        meta: What `create` was given.
        complete: Whether the end mark is there.
        torn_at: Byte offset of the first bad record, or None where the file is whole.
        state: The last checkpoint's state, or None.
        checkpoint_frame: The frame that the last checkpoint stands behind, -1 without one.
        checkpoint_end: Byte offset behind the last checkpoint (or behind the head).
    """

    path: Path
    meta: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    torn_at: int | None = None
    state: dict[str, Any] | None = None
    checkpoint_frame: int = -1
    checkpoint_end: int = 0
    _offsets: array = field(default_factory=lambda: array("q"), repr=False)
    _index: array = field(default_factory=lambda: array("q"), repr=False)
    _times: array = field(default_factory=lambda: array("d"), repr=False)
    _tracks: dict[int, tuple[array, array]] = field(default_factory=dict, repr=False)
    _more: tuple[tuple[str, int], ...] = ()
    _more_bytes: int = 0

    def __len__(self) -> int:
        return len(self._offsets)

    @property
    def frame_index(self) -> np.ndarray:
        """(frames,) int64 frame numbers."""
        return np.array(self._index, np.int64)

    @property
    def timestamps_s(self) -> np.ndarray:
        """(frames,) float64 seconds of the source's own time stamps."""
        return np.array(self._times, np.float64)

    @property
    def track_ids(self) -> tuple[int, ...]:
        """Ids of the tracks, in order of first appearance."""
        return tuple(self._tracks)

    def rows_of(self, track_id: int) -> int:
        """How many frames a track has."""
        return len(self._tracks[track_id][0])

    def track(self, track_id: int, rows: slice = slice(None)) -> TrackRows:
        """Rows of one track, all or some, in time order; memory is that of these rows alone.

        Raises:
            FormatError: the rows disagree on the number of joints.
        """
        frames, places = (column[rows] for column in self._tracks[track_id])
        with BufferedReader(FileIO(self.path), _READ_BUFFER) as handle:
            joints, space = _shape_at(handle, self._offsets[frames[0]])[1:]
            box = np.empty((len(frames), 4), "<f4")
            position = np.empty((len(frames), joints, space), "<f4")
            score = np.empty((len(frames), joints), "<f4")
            extras = {
                name: np.empty((len(frames), joints, *((k,) if k else ())), "<f4") for name, k in self._more
            }
            for row, (frame, place) in enumerate(zip(frames, places, strict=True)):
                offset = self._offsets[frame]
                people, *shape = _shape_at(handle, offset)
                if shape != [joints, space]:
                    raise FormatError(
                        f"Expected one number of joints per track, got several in a journal: {self.path}"
                    )
                offset += _FRAME.size + 8 * people
                for column in (box, position, score):
                    values = column[row]
                    handle.seek(offset + place * values.nbytes)
                    handle.readinto(values.data)
                    offset += people * values.nbytes
                offset += self._more_bytes
                for column in extras.values():
                    values = column[row]
                    handle.seek(offset + place * values.nbytes)
                    handle.readinto(values.data)
                    offset += people * values.nbytes
        at = np.array(frames, np.int32)
        return TrackRows(
            track_id=track_id,
            index=np.frombuffer(self._index, np.int64)[at],
            time_s=np.frombuffer(self._times, np.float64)[at],
            box=box,
            position=position,
            score=score,
            extras=extras,
        )

    def tracks(self) -> Iterator[TrackRows]:
        """One track after the other."""
        return (self.track(track_id) for track_id in self._tracks)


def read(path: str | Path) -> JournalReader:
    """Check and index a journal; a torn tail is left out and reported as `torn_at`.

    Raises:
        InputError: there is no such file.
        FormatError: it is no journal, or was cut before its head was complete.
    """
    reader = JournalReader(path=Path(path))
    try:
        with reader.path.open("rb", buffering=_BUFFER) as handle:
            _scan(handle, os.fstat(handle.fileno()).st_size, reader)
    except FileNotFoundError:
        raise InputError(f"Expected a journal to resume, got no file; run without --resume: {path}") from None
    return reader


def resume(path: str | Path) -> tuple[Journal, dict[str, Any] | None, int]:
    """Open a journal for more: cut it behind its last checkpoint and go on there.

    A complete journal needs no resuming: see `JournalReader.complete` first.

    Returns:
        The journal, the last checkpoint's state (None without one) and its frame index (-1 without one).

    Raises:
        InputError, FormatError: as `read`.
        OutputError: the file cannot be written.
    """
    reader = read(path)
    try:
        handle = reader.path.open("r+b", buffering=_BUFFER)
        handle.truncate(reader.checkpoint_end)
        handle.seek(reader.checkpoint_end)
    except OSError as error:
        raise _cannot_write(error, Path(path)) from error
    return Journal(Path(path), handle, reader.checkpoint_frame), reader.state, reader.checkpoint_frame


def _scan(handle: BinaryIO, size: int, reader: JournalReader) -> None:
    if handle.read(len(MAGIC)) != MAGIC:
        raise FormatError(f"Expected a bodyverb journal, got another kind of file; run afresh: {reader.path}")
    at = len(MAGIC)
    while at < size:
        record = _next_record(handle, size - at)
        if record is None or not _take(reader, *record, at):
            reader.torn_at = at
            break
        at += _HEAD.size + len(record[1])
        if record[0] in (_META, _CHECKPOINT):
            reader.checkpoint_end = at
    if not reader.checkpoint_end:
        raise FormatError(
            f"Expected a journal with its head, got a file cut before it; run afresh: {reader.path}"
        )


def _next_record(handle: BinaryIO, left: int) -> tuple[int, bytes] | None:
    head = handle.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, crc, kind = _HEAD.unpack(head)
    if length > min(left - _HEAD.size, _MAX_PAYLOAD):
        return None
    payload = handle.read(length)
    good = len(payload) == length and zlib.crc32(payload, zlib.crc32(bytes((kind,)))) == crc
    return (kind, payload) if good else None


def _take(reader: JournalReader, kind: int, payload: bytes, at: int) -> bool:
    """Enter one sound record into the index; False where it does not belong there."""
    if (kind == _META) != (at == len(MAGIC)) or reader.complete:
        return False
    if kind in (_META, _CHECKPOINT):
        try:
            document = json.loads(payload)
            if kind == _META:
                reader.meta = dict(document)
            else:
                reader.state, reader.checkpoint_frame = dict(document["state"]), int(document["frame"])
        except (ValueError, TypeError, KeyError):
            return False
    elif kind == _END:
        reader.complete = True
    elif kind == _FRAME_TYPE and len(payload) >= _FRAME.size:
        index, time_s, people, joints, space = _FRAME.unpack_from(payload)
        plain = _FRAME.size + people * (8 + 16 + 4 * joints * (space + 1))
        if people and not _take_names(reader, payload[plain:]):
            return False
        more = reader._more_bytes + sum(4 * people * joints * max(1, k) for _, k in reader._more)
        if len(payload) != plain + (more if people else 0):
            return False
        for place, track_id in enumerate(np.frombuffer(payload, "<i8", people, _FRAME.size).tolist()):
            frames, places = reader._tracks.setdefault(track_id, (array("I"), array("I")))
            frames.append(len(reader._offsets))
            places.append(place)
        reader._offsets.append(at + _HEAD.size)
        reader._index.append(index)
        reader._times.append(time_s)
    else:
        return False
    return True


def _take_names(reader: JournalReader, block: bytes) -> bool:
    """The names in front of a frame's extras; those of all frames of a journal are the same."""
    if reader._tracks:
        return True
    if block:
        length = int.from_bytes(block[:2], "little")
        try:
            reader._more = tuple((str(name), int(k)) for name, k in json.loads(block[2 : 2 + length]))
        except (ValueError, TypeError):
            return False
        reader._more_bytes = 2 + length
    return all(k >= 0 for _, k in reader._more)


def _shape_at(handle: BinaryIO, offset: int) -> tuple[int, int, int]:
    """People, joints and coordinates of the frame at a place of the file."""
    handle.seek(offset)
    _, _, people, joints, space = _FRAME.unpack(handle.read(_FRAME.size))
    return people, joints, space


def _columns(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Stacked, checked, contiguous columns of a frame's rows."""
    if not isinstance(rows, Mapping):
        if not rows:
            return (
                np.zeros(0, "<i8"),
                np.zeros((0, 4), "<f4"),
                np.zeros((0, 0, 2), "<f4"),
                np.zeros((0, 0), "<f4"),
            )
        nothing = np.full(4, np.nan, np.float32)
        rows = {
            "track_id": np.array([row["track_id"] for row in rows]),
            "box": np.stack([nothing if row.get("box") is None else row["box"] for row in rows]),
            "position": np.stack([row["position"] for row in rows]),
            "score": np.stack([row["score"] for row in rows]),
        }
    ids = np.ascontiguousarray(rows["track_id"], "<i8")
    n = len(ids)
    box = rows.get("box")
    box = np.full((n, 4), np.nan, "<f4") if box is None else np.ascontiguousarray(box, "<f4")
    position = np.ascontiguousarray(rows["position"], "<f4")
    score = np.ascontiguousarray(rows["score"], "<f4")
    if position.ndim != 3 or position.shape[:2] != score.shape or len(score) != n or box.shape != (n, 4):
        raise ValueError(
            f"Expected box ({n}, 4), position ({n}, J, 2|3) and score ({n}, J), "
            f"got {box.shape}, {position.shape}, {score.shape}"
        )
    if len(np.unique(ids)) != n:
        raise ValueError(f"Expected each track once a frame, got ids {ids.tolist()}")
    return ids, box, position, score


def _more(rows: Rows, shape: tuple[int, ...]) -> list[bytes]:
    """A frame's extras, and their names in front; `shape` (n, J)."""
    if isinstance(rows, Mapping):
        extras = dict(rows.get("extras") or {})
    else:
        names = rows[0].get("extras") or {} if rows else {}
        extras = {name: np.stack([row["extras"][name] for row in rows]) for name in names}
    if not extras or not shape[0]:
        return []
    arrays = {name: np.ascontiguousarray(values, "<f4") for name, values in extras.items()}
    for name, values in arrays.items():
        if values.shape[:2] != shape or values.ndim > 3:
            raise ValueError(f"Expected {name} {shape} or {(*shape, 'k')}, got {values.shape}")
    header = json.dumps([[name, *values.shape[2:], 0][:2] for name, values in arrays.items()]).encode()
    return [len(header).to_bytes(2, "little"), header, *(values.tobytes() for values in arrays.values())]


def _cannot_write(error: OSError, path: Path) -> OutputError:
    reason = error.strerror or type(error).__name__
    return OutputError(f"Expected to write the journal, got '{reason}'; free the place and --resume: {path}")
