"""HDF5 files of others: datasets of known shape, checked before they are read.

A dataset may claim any size, lie in another file (external storage, links, virtual datasets) or unpack
without bounds: its bytes and those of one chunk are compared with the file first, and only data of the file
itself is taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bodyverb.core import BodyverbError, FormatError

UNPACKED_BYTES = 24 * 1024**2
UNPACKED_FACTOR = 2


@contextmanager
def opened(path: str | Path) -> Iterator[h5py.File]:
    """The file, open for reading; whatever the library raises on damage becomes a FormatError.

    Raises:
        FormatError: The file is absent, no HDF5 or damaged.
    """
    with blaming(path), h5py.File(path, "r") as file:
        yield file


@contextmanager
def blaming(path: str | Path) -> Iterator[None]:
    """Turn what the library raises on damage into a FormatError that names the file."""
    try:
        yield
    except BodyverbError:
        raise
    except FileNotFoundError:
        raise FormatError(f"Expected an HDF5 file, got nothing there; check the path: {path}") from None
    except Exception as error:  # the library raises whatever it meets: OSError, RuntimeError, KeyError, ...
        raise FormatError(
            f"Expected a readable HDF5 file, got {type(error).__name__} ({str(error)[:120]}); "
            f"get it anew: {path}"
        ) from None


def dataset(
    file: h5py.File, name: str, shape: tuple[int | None, ...] | None, kinds: str, path: str | Path
) -> Any:
    """A dataset by name, not read yet.

    Args:
        file: The open file.
        name: The dataset.
        shape: Its sides; None stands for any, in place of all sides for any number of them.
        kinds: Letters of the kinds of numpy it may have.
        path: The file, for messages.

    Raises:
        FormatError: There is none, it lies in another file, or it has another shape or kind.
    """
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise FormatError(f"Expected a dataset {name!r}, got none; check the file: {path}")
    found = file[name]
    if not isinstance(found, h5py.Dataset) or found.is_virtual or found.external:
        raise FormatError(f"Expected {name!r} as a dataset in the file itself, got another: {path}")
    sides = found.shape or () if shape is None else shape
    fits = found.shape is not None and len(found.shape) == len(sides)
    fits = fits and all(want in (None, side) for want, side in zip(sides, found.shape, strict=True))
    if not fits or found.dtype.kind not in kinds or found.dtype.names:
        wanted = (
            "of any shape" if shape is None else " x ".join("n" if one is None else str(one) for one in shape)
        )
        raise FormatError(
            f"Expected {name!r} as numbers {wanted}, got {found.dtype} {found.shape}; check the file: {path}"
        )
    return found


def check_size(found: Any, items: int, path: str | Path) -> None:
    """Refuse to read so many numbers of a dataset where they, or one chunk, are too much for the file.

    Raises:
        FormatError: They are.
    """
    limit = UNPACKED_FACTOR * Path(path).stat().st_size + UNPACKED_BYTES
    chunk = math.prod(found.chunks or (0,))
    if max(items, chunk) * found.dtype.itemsize > limit:
        raise FormatError(
            f"Expected at most {limit} bytes in {found.name!r}, got {found.shape} in chunks of "
            f"{found.chunks}; get the file anew: {path}"
        )


def array(
    file: h5py.File, name: str, shape: tuple[int | None, ...], kinds: str, path: str | Path
) -> np.ndarray:
    """A whole dataset; see `dataset` and `check_size`."""
    found = dataset(file, name, shape, kinds, path)
    check_size(found, found.size, path)
    value: np.ndarray = found[()]
    return value
