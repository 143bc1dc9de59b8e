"""Archives of numpy arrays (`.npz`) of others: bounded, and pickles inside read as plain data only.

Every member is a `.npy`: a magic number, a short header with dtype, order and shape, then the bytes, or a
pickle where the dtype is an object. Sizes are checked against the archive before anything is unpacked: all
members together at most three times its size and 48 MiB.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import FormatError
from bodyverb.formats import safe_pickle
from bodyverb.formats._pickle_names import Refused, from_bytes, plain_dtype, size_of

UNPACKED_BYTES = 48 * 1024**2
UNPACKED_FACTOR = 3
MAX_DIRECTORY_BYTES = 1024**2
MAX_HEADER_BYTES = 4096
_HEADER = re.compile(
    rb"\{'descr': '([^']{1,16})', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\),? ?\}\s*"
)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)


def load(path: str | Path, *names: str) -> dict[str, Any]:
    """Read the arrays of these names; an array of one object comes as that object.

    Raises:
        FormatError: The file is absent, damaged or dangerous, too large unpacked, or lacks a name.
    """
    path = Path(path)
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist()}
            missing = [name for name in names if f"{name}.npy" not in members]
            if missing:
                raise FormatError(f"Expected arrays {', '.join(names)}, got no {', '.join(missing)}: {path}")
            wanted = {name: members[f"{name}.npy"] for name in names}
            _check_sizes(path, list(wanted.values()))
            return {name: _member(archive, member, path) for name, member in wanted.items()}
    except OSError as error:
        raise FormatError(
            f"Expected an .npz file, got '{error.strerror or error}'; check it: {path}"
        ) from None
    except _BROKEN as error:
        raise FormatError(
            f"Expected an .npz archive, got {type(error).__name__} ({error}); get it anew: {path}"
        ) from None


def members(path: str | Path) -> frozenset[str]:
    """Names of the arrays of a file; none where it is no such archive."""
    try:
        _check_directory(Path(path))
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (FormatError, OSError, *_BROKEN):
        return frozenset()
    return frozenset(name.removesuffix(".npy") for name in names if name.endswith(".npy"))


def _check_directory(path: Path) -> None:
    """Refuse an archive whose table of members alone would take much memory."""
    with path.open("rb") as stream:
        end = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, end - 66_000))
        tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise FormatError(f"Expected an .npz archive, got no end of one in {end} bytes; get it anew: {path}")
    size = struct.unpack_from("<I", tail, at + 12)[0]
    if size > MAX_DIRECTORY_BYTES:
        raise FormatError(f"Expected a table of at most {MAX_DIRECTORY_BYTES} bytes, got {size}: {path}")


def _check_sizes(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse what would unpack to too much, or be unpacked without bounds."""
    limit = UNPACKED_FACTOR * path.stat().st_size + UNPACKED_BYTES
    total = sum(member.file_size for member in members)
    if total > limit:
        raise FormatError(f"Expected at most {limit} bytes unpacked, got {total}; get it anew: {path}")
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(
                f"Expected members stored or deflated, got method {member.compress_type}; "
                f"save it with numpy: {path}"
            )


class _Chunks(io.RawIOBase):
    """A member of the archive, unpacked a little at a time."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self.stream.read(min(len(buffer), 1 << 16))
        buffer[: len(found)] = found
        return len(found)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> Any:
    with archive.open(member) as raw:
        stream: io.BufferedReader[Any] = io.BufferedReader(_Chunks(raw), 1 << 16)
        try:
            value = _array(stream, member.file_size, f"{path}:{member.filename}")
        finally:
            stream.detach()
    return value


def _array(stream: io.BufferedReader[Any], size: int, source: str) -> Any:
    start = stream.read(8)
    if start[:6] != b"\x93NUMPY" or len(start) < 8 or start[6] not in (1, 2, 3):
        raise FormatError(f"Expected an array of numpy, got {start[:6]!r} at byte 0; get it anew: {source}")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    header = _HEADER.fullmatch(stream.read(length)) if length <= MAX_HEADER_BYTES else None
    if header is None:
        raise FormatError(f"Expected dtype, order and shape, got another header at byte 8: {source}")
    left = size - 8 - width - length
    try:
        shape = tuple(int(n) for n in header[3].split(b",") if n.strip())
        dtype = plain_dtype(header[1].decode("latin-1"))
        if dtype.hasobject:
            value = safe_pickle.read(stream, size=left, source=source)
            return value.item() if isinstance(value, np.ndarray) and value.shape == () else value
        if size_of(shape) * dtype.itemsize != left:
            raise Refused(f"{size_of(shape) * dtype.itemsize} bytes of {dtype} {shape}", f"{left}")
        return from_bytes(shape, dtype, "F" if header[2] == b"True" else "C", stream.read(left))
    except Refused as error:
        raise FormatError(f"Expected {error.expected}, got {error.found}; get it anew: {source}") from None
