"""The row table of `.poses.h5` back to tracks; the layout is described in `poses_h5`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bodyverb.core import PoseSequence

LAYERS = {"raw": 1, "smoothed": 2}


def stored_track(
    file: Any, entry: Mapping[str, Any], layer: str, rows: slice, timestamps_s: np.ndarray, **frame: Any
) -> PoseSequence:
    """Rows of one person.

    Args:
        file: the open HDF5 file.
        entry: the person's place in the index.
        layer: raw or smoothed; the entry must have it.
        rows: those wanted, in the whole table.
        timestamps_s: (T,) times of all frames.
        **frame: the sequence's skeleton and frame of reference.

    Raises:
        IndexError: a column has fewer rows than that.
    """
    frames = file["rows/frame"][rows]
    mine = (file["rows/layers"][rows] & LAYERS[layer]) > 0
    has = entry[layer]
    borrowed = has.get("as_raw", ())

    def column(name: str) -> np.ndarray:
        home = "raw" if name in borrowed else layer
        values: np.ndarray = file[f"{home}/{name}"][rows]
        if len(values) != rows.stop - rows.start:
            raise IndexError(name)
        return (values if mine.all() else values[mine])[None]

    return PoseSequence(
        position=column("position"),
        score=column("score"),
        state=column("state"),
        box=column("box") if has["box"] else None,
        extras={name: column(f"extras/{escape(name)}") for name in has["extras"]},
        timestamps_s=timestamps_s[frames[mine]],
        person_ids=(str(entry["person_id"]),),
        source=has["source"],
        **frame,
    )


class StoredTrack:
    """One person's rows in a file that is open: read when asked for.

    Attributes:
        person_ids: the one id.
        timestamps_s: (T,) times of the rows.
    """

    def __init__(
        self,
        file: Any,
        entry: Mapping[str, Any],
        layer: str,
        timestamps_s: np.ndarray,
        frame: Mapping[str, Any],
    ) -> None:
        self._file, self._entry, self._layer, self._frame = file, entry, layer, frame
        self._all_times = timestamps_s
        rows = slice(entry["first_row"], entry["first_row"] + entry["rows"])
        mine = (file["rows/layers"][rows] & LAYERS[layer]) > 0
        self._rows = entry["first_row"] + np.flatnonzero(mine)
        self.timestamps_s: np.ndarray = timestamps_s[file["rows/frame"][rows][mine]]
        self.person_ids: tuple[str, ...] = (str(entry["person_id"]),)

    def select(self, *, frames: slice) -> PoseSequence:
        """Some of the rows, as `PoseSequence.select`."""
        mine = self._rows[frames]
        rows = slice(int(mine[0]), int(mine[-1]) + 1) if len(mine) else slice(0, 0)
        return stored_track(self._file, self._entry, self._layer, rows, self._all_times, **self._frame)

    def whole(self) -> PoseSequence:
        """All of them."""
        return self.select(frames=slice(None))


def escape(name: str) -> str:
    """A name without the signs that HDF5 reads as a path."""
    return name.encode("unicode_escape").decode().replace("%", "%25").replace("/", "%2f").replace(".", "%2e")
