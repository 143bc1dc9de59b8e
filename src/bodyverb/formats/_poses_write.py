"""Writing `.poses.h5` track by track; the layout is described in `poses_h5`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from bodyverb.core import InputError, PoseSequence, Segment, Timeline
from bodyverb.formats._poses_rows import LAYERS, StoredTrack, escape
from bodyverb.formats.files import Sink, replacing, to_json

SUFFIX = ".poses.h5"
VERSION = 1
FORMAT = "bodyverb.poses"

_SHARED = ("rate", "space", "unit", "axes", "mirrored", "image_size")
_CHUNK = 1024
_PACKED = {"compression": "gzip", "compression_opts": 3, "shuffle": True}


class PosesWriter:
    """Writes one file in the memory of one piece of a track. Use as a context manager and call `finish` last.

    Args:
        path: Where the file goes when complete.
        timestamps_s: (T,) times of all decoded frames.
        image_size: (w, h) px of the displayed picture, or None.
        source: Where it comes from.
        meta: Plain data kept in the file.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        timestamps_s: np.ndarray,
        image_size: tuple[int, int] | None,
        source: str,
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = Path(path)
        self._times = np.asarray(timestamps_s, np.float64)
        self._about: dict[str, Any] = {"source": source, "image_size": image_size}
        self._meta = dict(meta or {})
        self._first: PoseSequence | None = None
        self._index: list[dict[str, Any]] = []
        self._rows = 0
        self._stack = ExitStack()
        self._file: Any = None

    def __enter__(self) -> PosesWriter:
        with ExitStack() as stack:
            temporary = stack.enter_context(replacing(self.path))
            self._sink = stack.enter_context(Sink(temporary))
            self._file = stack.enter_context(h5py.File(self._sink, "w"))
            self._file.attrs.update({"format": FORMAT, "version": VERSION})
            self._file.create_dataset("timestamps_s", data=self._times, **_packed_if(self._times))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, pieces: Iterable[tuple[PoseSequence | None, PoseSequence | None]]) -> None:
        """Append one person: raw estimates, smoothed ones, or both, in one piece or several.

        Args:
            pieces: (raw, smoothed) of one person, one after the other in time; memory is that of one piece.

        Raises:
            InputError: layout, frame of reference or times do not fit the file, or several people.
        """
        entry: dict[str, Any] = {"person_id": None, "first_row": self._rows, "rows": 0}
        for raw, smoothed in pieces:
            layers = {name: seq for name, seq in (("raw", raw), ("smoothed", smoothed)) if seq is not None}
            for seq in layers.values():
                self._check(seq, entry)
            self._add_piece(entry, layers)
            self._sink.check()
        self._rows += entry["rows"]
        self._index.append(entry)

    def stored(self, person_id: str, layer: str = "smoothed") -> StoredTrack:
        """A person added before, to be read back."""
        assert self._first is not None
        entry = next(entry for entry in self._index if entry["person_id"] == person_id)
        frame = {name: getattr(self._first, name) for name in ("skeleton", *_SHARED)}
        return StoredTrack(self._file, entry, layer, self._times, frame)

    def finish(
        self,
        *,
        segments: tuple[Segment, ...] = (),
        timeline: Timeline | None = None,
        has_smoothed: bool | None = None,
    ) -> None:
        """Write what stands beside the rows: layout, index, verbs. `segments` are those of the recording."""
        first = self._first
        shared = None if first is None else {name: getattr(first, name) for name in _SHARED}
        if has_smoothed is None:
            has_smoothed = any("smoothed" in entry for entry in self._index)
        self._about |= {"frame": shared, "has_smoothed": has_smoothed}
        self._text("about", self._about)
        self._text("skeleton", None if first is None else first.skeleton.to_dict())
        self._text("meta", self._meta)
        self._text("tracks", self._index)
        self._text("segments", [asdict(segment) for segment in segments])
        if has_smoothed:
            group = self._file.require_group("smoothed")
            for key, value in dict(self._meta.get("smoothing") or {}).items():
                plain = isinstance(value, bool | int | float | str)
                group.attrs[str(key)] = value if plain else to_json(value)
        if timeline is not None:
            self._put_timeline(timeline)

    def _check(self, seq: PoseSequence, entry: dict[str, Any]) -> None:
        """That a piece fits the file and the pieces before it."""
        if seq.persons != 1:
            raise InputError(f"Expected tracks of one person, got {seq.persons}; split it by person")
        person = entry["person_id"] = entry["person_id"] or seq.person_ids[0]
        if seq.person_ids[0] != person:
            raise InputError(f"Expected one person, got {person!r} and {seq.person_ids[0]!r}; add them apart")
        if not np.isin(seq.timestamps_s, self._times).all():
            raise InputError(
                "Expected track times among the recording's, got others; use those of the frames"
            )
        if self._first is None:
            self._first = seq.select(frames=slice(0, 0))
        first = self._first
        names = [name for name in ("skeleton", *_SHARED) if getattr(seq, name) != getattr(first, name)]
        if names or seq.position.shape[3] != first.position.shape[3]:
            raise InputError(
                f"Expected tracks of one {names or 'number of axes'}, got several; convert them first"
            )

    def _add_piece(self, entry: dict[str, Any], layers: dict[str, PoseSequence]) -> None:
        frames = {name: np.searchsorted(self._times, seq.timestamps_s) for name, seq in layers.items()}
        union = np.unique(np.concatenate(list(frames.values()))).astype(np.uint32)
        first, count = entry["first_row"] + entry["rows"], len(union)
        if first > entry["first_row"] and count and self._file["rows/frame"][first - 1] >= union[0]:
            raise InputError("Expected pieces one after the other in time, got an earlier one; sort them")
        masks = np.zeros(count, np.uint8)
        for name, seq in layers.items():
            rows = np.searchsorted(union, frames[name])
            masks[rows] |= LAYERS[name]
            raw = layers.get("raw") if name == "smoothed" else None
            for column, values in self._new_columns(entry, name, seq, raw).items():
                self._put_rows(f"{name}/{column}", values, rows, first, count)
        self._put("rows/track", np.full(count, len(self._index), np.uint32), first, 0)
        self._put("rows/frame", union, first, 0)
        self._put("rows/layers", masks, first, 0)
        entry["rows"] += count

    def _new_columns(
        self, entry: dict[str, Any], layer: str, seq: PoseSequence, raw: PoseSequence | None
    ) -> dict[str, np.ndarray]:
        """The columns of a layer's piece that must be written; what equals raw is only noted."""
        has = entry.setdefault(
            layer, {"box": seq.box is not None, "source": seq.source, "extras": list(seq.extras)}
        )
        columns = {"position": seq.position[0], "state": seq.state[0], "score": seq.score[0]}
        if seq.box is not None:
            columns["box"] = seq.box[0]
        columns |= {f"extras/{escape(name)}": values[0] for name, values in seq.extras.items()}
        if raw is None:
            return columns
        borrowed = has.setdefault("as_raw", ["score", "box"] if not entry["rows"] else [])
        same_rows = np.array_equal(raw.timestamps_s, seq.timestamps_s)
        for name in list(borrowed):
            mine, theirs = getattr(seq, name), getattr(raw, name)
            if (
                not same_rows
                or mine is None
                or theirs is None
                or not np.array_equal(mine, theirs, equal_nan=True)
            ):
                borrowed.remove(name)
                self._copy_raw(entry, layer, name)
            else:
                del columns[name]
        return columns

    def _copy_raw(self, entry: dict[str, Any], layer: str, name: str) -> None:
        """Write what the pieces so far had borrowed from raw."""
        begin = entry["first_row"]
        for at in range(begin, begin + entry["rows"], _CHUNK):
            stop = min(at + _CHUNK, begin + entry["rows"])
            self._put(f"{layer}/{name}", self._file[f"raw/{name}"][at:stop], at, np.nan)

    def _put_rows(self, name: str, values: np.ndarray, rows: np.ndarray, first: int, count: int) -> None:
        fill = np.nan if values.dtype.kind == "f" else 0
        if len(rows) != count:
            full = np.full((count, *values.shape[1:]), fill, values.dtype)
            full[rows] = values
            values = full
        self._put(name, values, first, fill)

    def _put(self, name: str, values: np.ndarray, first: int, fill: float) -> None:
        """Append rows to a column, made when first needed; rows never written are not allocated."""
        if name not in self._file:
            self._file.create_dataset(
                name,
                shape=(0, *values.shape[1:]),
                maxshape=(None, *values.shape[1:]),
                chunks=(_CHUNK, *(max(1, size) for size in values.shape[1:])),
                dtype=values.dtype,
                fillvalue=values.dtype.type(fill),
                **_PACKED,
            )
        column = self._file[name]
        if column.dtype != values.dtype or column.shape[1:] != values.shape[1:]:
            raise InputError(
                f"Expected {name} as {column.dtype} {column.shape[1:]} in every track, "
                f"got {values.dtype} {values.shape[1:]}; make them agree"
            )
        column.resize(first + len(values), axis=0)
        column[first:] = values

    def _put_timeline(self, timeline: Timeline) -> None:
        windows = timeline.windows
        people = {person: at for at, person in enumerate(dict.fromkeys(w.person_id for w in windows))}
        document = {
            "classes": timeline.classes,
            "model": timeline.model,
            "thresholds": timeline.thresholds,
            "segments": [asdict(segment) for segment in timeline.segments],
            "window_people": list(people),
        }
        self._text("timeline", document)
        group = self._file.create_group("windows")
        columns: dict[str, np.ndarray] = {
            "person": np.array([people[w.person_id] for w in windows], np.uint32),
            "start_s": np.array([w.start_s for w in windows], np.float64),
            "end_s": np.array([w.end_s for w in windows], np.float64),
            "known": np.array([w.known for w in windows], np.float64),
            "probabilities": np.array([w.probabilities for w in windows], np.float32).reshape(
                len(windows), len(timeline.classes)
            ),
        }
        for name, values in columns.items():
            group.create_dataset(name, data=values, **_packed_if(values))

    def _text(self, name: str, value: Any) -> None:
        self._file.create_dataset(name, data=to_json(value))


def _packed_if(values: np.ndarray) -> dict[str, Any]:
    return dict(_PACKED) if values.size > 64 else {}
