"""Reading a store: a table of lazy clips, and batches of positions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import Clip, FormatError, InputError, Skeleton
from bodyverb.datasets._table import ClipTable
from bodyverb.datasets.store import _files
from bodyverb.datasets.store._clip import from_bytes

_SHAPE = ("persons", "frames", "joints", "space", "label")


@dataclass(frozen=True, kw_only=True, eq=False)
class Draw:
    """Which frames of which clips make a batch.

    Attributes:
        clip: (N,) int64, places in the store.
        first: (N,) int64, the first frame of each.
        frames: T, frames of each; those behind a clip's end are NaN.
    """

    clip: np.ndarray
    first: np.ndarray
    frames: int


@dataclass(frozen=True, kw_only=True)
class Store(ClipTable):
    """A packed data set: the table of its clips, whose arrays are views of the file.

    Attributes:
        path: the folder.
        index: (n,) of `ROW`: place, size, shape and class number of each clip.
        provenance: data set, card, options, source, program and date.
        ledger: id and reason of each clip that could not be packed.
    """

    path: Path
    index: np.ndarray
    provenance: dict[str, Any]
    ledger: tuple[dict[str, str], ...] = ()
    _header: dict[str, Any] = field(repr=False)
    _data: np.ndarray = field(repr=False)
    _floats: np.ndarray = field(repr=False)
    _columns: np.ndarray = field(repr=False)
    _places: dict[str, int] = field(repr=False)

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Opens a store; its clips stay on the disk.

        Raises:
            FormatError: it is none, or damaged. Damage within the arrays is found by `verify`.
        """
        folder = Path(path)
        if not _files.is_store(folder):
            raise FormatError(
                f"Expected a packed store, got none; make it with `bodyverb data pack`: {folder}"
            )
        header = _files.read_header(folder)
        try:
            return cls._from(folder, header)
        except (KeyError, TypeError, ValueError, IndexError, OSError, InputError) as error:
            raise FormatError(f"Expected a packed store, got {error!r}; pack it anew: {folder}") from error

    @classmethod
    def _from(cls, folder: Path, header: dict[str, Any]) -> Store:
        index = np.load(folder / _files.INDEX, mmap_mode="r", allow_pickle=False)
        data, facts = (_mapped(folder / name) for name in (_files.DATA, _files.FACTS))
        ids = tuple(header["ids"])
        _check_index(index, len(ids), data.size, facts.size)
        layouts = {key: Skeleton.from_dict(plain) for key, plain in header["layouts"].items()}
        places = {name: place for place, name in enumerate(ids)}

        def load(key: str) -> Clip:
            if key not in places:
                raise InputError(f"Expected one of {len(ids)} clips, got '{key}'; see the table's ids")
            row = index[places[key]]
            line = facts[row["facts_start"] : row["facts_start"] + row["facts_bytes"]].tobytes()
            try:
                return from_bytes(data[row["start"] : row["start"] + row["bytes"]], json.loads(line), layouts)
            except ValueError as error:
                raise FormatError(f"Expected facts in JSON, got {error}; pack it anew: {folder}") from error

        return cls(
            ids=ids,
            classes=tuple(header["classes"]),
            splits={
                split: {part: tuple(ids[at] for at in rows) for part, rows in parts.items()}
                for split, parts in header["splits"].items()
            },
            load=load,
            published=header["published"],
            twice=tuple(header["twice"]),
            notes=tuple(header.get("notes", ())),
            path=folder,
            index=index,
            provenance=header["provenance"],
            ledger=_files.read_ledger(folder),
            _header=header,
            _data=data,
            _floats=data[: data.size // 4 * 4].view(np.float32),
            _columns=np.array([index["start"] // 4, *(index[name] for name in _SHAPE)], np.int64),
            _places=places,
        )

    def verify(self) -> None:
        """Reads all of it and compares the checksums.

        Raises:
            FormatError: a file has changed since it was packed.
        """
        _files.verify(self.path, self._header)

    def places(self, ids: Iterable[str]) -> np.ndarray:
        """(n,) int64 places of clips in the store, for `draw`."""
        return np.array([self._places[name] for name in ids], np.int64)

    def position(self, place: int) -> np.ndarray:
        """(P, T, J, 2 or 3) float32 positions of a clip, NaN where absent; a view that cannot be written."""
        row = self.index[place]
        shape = (row["persons"], row["frames"], row["joints"], row["space"])
        return self._position(int(row["start"]), shape)

    def _position(self, start: int, shape: tuple[int, ...]) -> np.ndarray:
        size = 4 * shape[0] * shape[1] * shape[2] * shape[3]
        return self._data[start : start + size].view(np.float32).reshape(shape)

    def draw(
        self, rng: np.random.Generator, *, clips: int, frames: int, among: np.ndarray | None = None
    ) -> Draw:
        """Draws clips, with repetition, and in each a stretch of frames, or its begin where it is shorter.

        Args:
            rng: where chance comes from.
            clips: N.
            frames: T.
            among: places of the clips to draw from, see `places`; all by default.

        Raises:
            InputError: there is no clip to draw from.
        """
        size = len(self) if among is None else len(among)
        if not size:
            raise InputError(f"Expected clips to draw from, got none; choose another part: {self.path}")
        chosen = rng.integers(size, size=clips)
        clip = chosen if among is None else among[chosen]
        room = np.maximum(self._columns[2, clip] - frames, 0) + 1
        return Draw(clip=clip, first=rng.integers(room), frames=frames)

    def fill(self, out: np.ndarray, draw: Draw) -> np.ndarray:
        """Copies the positions of a draw.

        Args:
            out: (N, M, T, J, C) float32, filled. The first M persons of a clip are taken; NaN where a
                clip has fewer persons or frames.
            draw: which ones.

        Returns:
            (N,) int64 numbers of the classes, -1 without a label.

        Raises:
            InputError: the clips have other joints or coordinates than `out`.
        """
        joints, space = out.shape[3:] if out.ndim == 5 else (0, 0)
        fits = out.dtype == np.float32 and out.flags.c_contiguous and out.ndim == 5
        if not fits or out.shape[0] != len(draw.clip) or out.shape[2] != draw.frames:
            raise InputError(
                f"Expected contiguous float32 ({len(draw.clip)}, persons, {draw.frames}, joints, space), got "
                f"{out.dtype} {out.shape}; make such an array"
            )
        if (draw.first < 0).any():
            raise InputError(f"Expected first frames from 0, got {draw.first.min()}; see `draw`: {self.path}")
        where = self._columns[:, draw.clip]
        if (where[3] != joints).any() or (where[4] != space).any():
            raise InputError(f"Expected clips of {out.shape[3:]} (joint, space), got others; draw among such")
        size, most = joints * space, out.shape[1]
        target = out.reshape(*out.shape[:2], -1)
        begins = where[0] + draw.first * size
        counts = np.clip(where[2] - draw.first, 0, draw.frames) * size
        strides = where[2] * size
        rows = zip(begins.tolist(), counts.tolist(), strides.tolist(), where[1].tolist(), strict=True)
        for at, (begin, count, stride, persons) in enumerate(rows):
            for who in range(min(persons, most)):
                target[at, who, :count] = self._floats[begin : begin + count]
                begin += stride
            if persons < most:
                target[at, persons:] = np.nan
            if count < target.shape[2]:
                target[at, :persons, count:] = np.nan
        return where[5]


def _mapped(path: Path) -> np.ndarray:
    """(n,) uint8 of a file, read where it lies; a plain array, for slices of `memmap` are slow."""
    if not path.stat().st_size:
        return np.zeros(0, np.uint8)
    return np.asarray(np.memmap(path, np.uint8, "r"))


def _check_index(index: np.ndarray, clips: int, size: int, facts_size: int) -> None:
    """Every clip lies within the files; products cannot overflow.

    Raises:
        ValueError: one does not.
    """
    if index.dtype != _files.ROW or index.shape != (clips,):
        raise ValueError(f"an index of {index.dtype} {index.shape} for {clips} clips")
    sides = [index[name].astype(np.float64) for name in ("persons", "frames", "joints", "space")]
    fits = np.prod(sides, axis=0) * 4 <= index["bytes"]
    fits &= np.all([side >= 0 for side in sides], axis=0) & (index["bytes"] >= 0) & (index["start"] >= 0)
    fits &= (index["start"] <= size - index["bytes"]) & (index["start"] % 4 == 0)
    fits &= (index["facts_start"] >= 0) & (index["facts_bytes"] >= 0)
    fits &= index["facts_start"] <= facts_size - index["facts_bytes"]
    if not fits.all():
        raise ValueError(f"clip {int(np.argmin(fits))} outside of the file")
