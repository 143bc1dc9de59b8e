"""Pickles of plain data, read without running anything: numbers, text, containers and numpy arrays.

A pickle is a program for a small stack machine, and `pickle.load` lets it import and call whatever it names.
Here the machine is our own and can only build data. It knows the names of `_pickle_names` (numpy's
`_reconstruct`, `scalar`, `ndarray` and `dtype` of `numpy.core` and `numpy._core`, `_codecs.encode`, builtin
containers) as symbols; every other name, class instance, extension code or persistent id is refused by name,
with its byte. Declared sizes are checked against what is left of the file before anything is allocated, an
array's shape x itemsize against its bytes, and the memory of small objects is counted: together at most four
times the file and 64 MiB.

The instructions are those of `pickletools` of Python, protocols 0 to 5, including what Python 2 wrote (text
where bytes are due). Arrays are read-only.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

from bodyverb.core.errors import FormatError
from bodyverb.formats._pickle_machine import Machine


def load(path: str | Path) -> Any:
    """Read the one value of a pickle file.

    Args:
        path: The file.

    Returns:
        Numbers, text, bytes, None, lists, tuples, dicts, sets and numpy arrays, as nested in the file.

    Raises:
        FormatError: Where the file is absent, damaged, asks for anything but data, claims more than it holds
            or would need more memory than a file of its size may.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            return read(stream, size=path.stat().st_size, source=str(path))
    except OSError as error:
        raise FormatError(f"Expected a pickle file, got '{error.strerror}'; check the path: {path}") from None


def loads(data: bytes, source: str = "bytes") -> Any:
    """Read the one value of a pickle in memory; see `load`."""
    return read(io.BytesIO(data), size=len(data), source=source)


def read(stream: BinaryIO, *, size: int, source: str) -> Any:
    """Read the one value of a pickle of `size` bytes that starts where the stream stands; see `load`.

    Args:
        stream: Any binary stream; a plain or compressed member of an archive too.
        size: How many bytes the pickle has, to its very end.
        source: What messages name.
    """
    buffered: Any = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream, 1 << 16)  # type: ignore[type-var]
    try:
        return Machine(buffered, size, source).run()
    finally:
        if buffered is not stream:
            buffered.detach()
