"""Reading `.poses.h5` track by track; the layout is described in `poses_h5`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import h5py
import numpy as np

from bodyverb.core import (
    FormatError,
    InputError,
    PoseSequence,
    Recording,
    Segment,
    Skeleton,
    Timeline,
    Window,
)
from bodyverb.formats._poses_rows import LAYERS, stored_track
from bodyverb.formats._poses_write import FORMAT, SUFFIX, VERSION

MAX_BYTES = 64 << 30

Which = Literal["smoothed", "raw"]


class PosesFile:
    """Reads one file track by track, in the memory of one track. Use as a context manager.

    Attributes:
        timestamps_s, image_size, source, meta: As in `Recording`.
        skeleton: The layout, or None without tracks.
        person_ids: In the order of the file.
        has_smoothed: Whether a filter ran.
        smoothing: The filter's parameters.

    Raises:
        InputError: there is no such file.
        FormatError: it is cut, damaged or of another kind.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(f"Expected a {SUFFIX} file, got none; check the path: {path}")
        with reading(self.path):
            self._file = h5py.File(self.path, "r")
        try:
            with reading(self.path):
                self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        attributes = self._file.attrs
        if attributes.get("format") != FORMAT:
            raise FormatError(
                f"Expected a file of 'bodyverb run', got another HDF5 file; check the path: {self.path}"
            )
        if int(attributes["version"]) > VERSION:
            raise FormatError(
                f"Expected version {VERSION} or below, got {attributes['version']}; "
                f"update bodyverb: {self.path}"
            )
        about = self._json("about")
        self.source: str = about["source"]
        self.image_size = None if about["image_size"] is None else tuple(about["image_size"])
        self.has_smoothed = bool(about["has_smoothed"])
        self.meta: dict[str, Any] = self._json("meta")
        self.smoothing = dict(self.meta.get("smoothing") or {})
        layout = self._json("skeleton")
        self.skeleton = None if layout is None else Skeleton.from_dict(layout)
        self._frame: dict[str, Any] = about["frame"] or {}
        if self._frame.get("image_size"):
            self._frame["image_size"] = tuple(self._frame["image_size"])
        self._index: list[dict[str, Any]] = self._json("tracks")
        self.person_ids = tuple(str(entry["person_id"]) for entry in self._index)
        self.timestamps_s = self._bounded("timestamps_s")[:]
        self._spans: list[tuple[int, int]] | None = None
        self._check_rows()

    def _check_rows(self) -> None:
        """The index must tile the rows, and every column must have them all."""
        rows = 0
        for entry in self._index:
            if entry["first_row"] != rows or not 0 <= entry["rows"] <= len(self.timestamps_s):
                raise FormatError(
                    f"Expected tracks that tile the rows, got gaps; make the file anew: {self.path}"
                )
            rows += entry["rows"]
        if not self._index:
            return
        joints = len(self.skeleton) if self.skeleton is not None else -1
        for name in (
            "rows/frame",
            "rows/layers",
            *(f"{layer}/position" for layer in LAYERS if layer in self._file),
        ):
            if name not in self._file and not name.startswith("rows"):
                continue
            column = self._bounded(name)
            if column.shape[0] > rows or (column.ndim == 3 and column.shape[1] != joints):
                raise FormatError(
                    f"Expected {rows} rows in {name}, got {column.shape}; make the file anew: {self.path}"
                )

    def _bounded(self, name: str) -> Any:
        column = self._file[name]
        if column.size * column.dtype.itemsize > MAX_BYTES:
            raise FormatError(
                f"Expected at most {MAX_BYTES} bytes in {name}, got {column.shape}: {self.path}"
            )
        return column

    def tracks(self, which: Which = "smoothed") -> Iterator[PoseSequence]:
        """One person after the other; people that the layer does not hold are left out."""
        if which not in LAYERS:
            raise InputError(f"Expected which to be smoothed or raw, got {which!r}; correct it")
        layer = which if self.has_smoothed else "raw"
        for entry in self._index:
            if layer in entry:
                with reading(self.path):
                    track = self._track(entry, layer)
                yield track

    def between(self, start_s: float, end_s: float, which: Which = "smoothed") -> Recording:
        """A stretch of time: everybody's rows in it, without segments; who is away has a track of no rows.

        Args:
            start_s: first time in seconds.
            end_s: last time.
            which: as in `tracks`.
        """
        first, stop = np.searchsorted(self.timestamps_s, [start_s, np.nextafter(end_s, np.inf)])
        layer = which if self.has_smoothed else "raw"
        with reading(self.path):
            if self._spans is None:
                self._spans = [self._span(entry) for entry in self._index]
            tracks = [
                self._track(entry, layer, self._rows(entry, span, int(first), int(stop)))
                for entry, span in zip(self._index, self._spans, strict=True)
                if layer in entry
            ]
        return Recording(
            timestamps_s=self.timestamps_s[first:stop],
            image_size=self.image_size,
            source=self.source,
            tracks=tuple(tracks),
            meta=self.meta,
        )

    def _span(self, entry: dict[str, Any]) -> tuple[int, int]:
        """First and last frame of a track; (0, -1) of one without rows."""
        column, first, rows = self._file["rows/frame"], entry["first_row"], entry["rows"]
        return (int(column[first]), int(column[first + rows - 1])) if rows else (0, -1)

    def _rows(self, entry: dict[str, Any], span: tuple[int, int], first: int, stop: int) -> slice:
        """The rows of a track in the frames first..stop-1."""
        begin, end = entry["first_row"], entry["first_row"] + entry["rows"]
        if stop <= span[0] or span[1] < first:
            return slice(begin, begin)
        low, high = np.searchsorted(self._file["rows/frame"][begin:end], [first, stop])
        return slice(begin + int(low), begin + int(high))

    def _track(self, entry: dict[str, Any], layer: str, rows: slice | None = None) -> PoseSequence:
        assert self.skeleton is not None
        if rows is None:
            rows = slice(entry["first_row"], entry["first_row"] + entry["rows"])
        try:
            return stored_track(
                self._file, entry, layer, rows, self.timestamps_s, skeleton=self.skeleton, **self._frame
            )
        except IndexError:
            raise FormatError(
                f"Expected {rows.stop} rows in every column, got fewer; make the file anew: {self.path}"
            ) from None

    def segments(self) -> tuple[Segment, ...]:
        """The recording's segments."""
        with reading(self.path):
            return tuple(_segment(item) for item in self._json("segments"))

    def timeline(self) -> Timeline | None:
        """Verbs with their windows, or None."""
        with reading(self.path):
            if "timeline" not in self._file:
                return None
            document = self._json("timeline")
            columns = {name: self._bounded(f"windows/{name}")[:] for name in self._file["windows"]}
            people = document["window_people"]
            windows = tuple(
                Window(
                    person_id=people[columns["person"][at]],
                    start_s=float(columns["start_s"][at]),
                    end_s=float(columns["end_s"][at]),
                    probabilities=columns["probabilities"][at],
                    known=float(columns["known"][at]),
                )
                for at in range(len(columns["person"]))
            )
            return Timeline(
                classes=tuple(document["classes"]),
                segments=tuple(_segment(item) for item in document["segments"]),
                windows=windows,
                model=document["model"],
                thresholds=document["thresholds"],
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> PosesFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _json(self, name: str) -> Any:
        return json.loads(self._file[name].asstr()[()])


def _segment(item: Mapping[str, Any]) -> Segment:
    return Segment(**{**item, "top5": tuple((verb, chance) for verb, chance in item["top5"])})


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a bad file makes h5py, json or the core types raise into one clear line."""
    try:
        yield
    except FormatError:
        raise
    except PermissionError as error:
        raise InputError(
            f"Expected a readable file, got '{error.strerror}'; check its permissions: {path}"
        ) from None
    except (
        OSError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        RuntimeError,
        InputError,
    ) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(
            f"Expected a whole {SUFFIX} file, got one that is cut, damaged or of another kind ({detail}); "
            f"make it anew with 'bodyverb run': {path}"
        ) from error
