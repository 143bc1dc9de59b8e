"""Pictures inside a zip, read in memory: nothing of it is ever written to the disk.

A picture in a zip has an address like one in a folder: `photos.zip/holiday/1.jpg`.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from bodyverb.core.errors import InputError

SUFFIX = ".zip"
MAX_MEMBERS = 100_000
MAX_BYTES = 2**29
"""Largest file of a picture that is read, in a zip or beside it."""


def is_archive(path: Path) -> bool:
    """Whether a path is that of a zip."""
    return path.suffix.lower() == SUFFIX and path.is_file()


def archive_of(path: Path) -> Path | None:
    """The zip in which a path leads, or None."""
    return next((parent for parent in path.parents if is_archive(parent)), None)


def members(archive: Path) -> list[Path]:
    """Addresses of the files in a zip, in its order; hidden files, folders and links are left out.

    Raises:
        InputError: Damaged, too many members, or names that lead out of it.
    """
    return [archive / name for name in _index(archive)]


def read_file(path: Path) -> bytes:
    """Read a file, or a member of a zip.

    Raises:
        InputError: Missing, too large, encrypted or damaged.
    """
    archive = None if path.is_file() else archive_of(path)
    try:
        if archive is not None:
            return _read_member(archive, path.relative_to(archive).as_posix())
        _check_bytes(path.stat().st_size, path)
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            f"Expected a picture, got a file that cannot be read ({reason}); check it: {path}"
        ) from error


def _index(archive: Path) -> Mapping[str, zipfile.ZipInfo]:
    try:
        state = archive.stat()
        return _read_index(archive, state.st_mtime_ns, state.st_size)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(
            f"Expected a zip of pictures, got one that cannot be read ({str(error).lower()}); "
            f"make it again: {archive}"
        ) from error


@lru_cache(maxsize=4)
def _read_index(archive: Path, _changed: int, _size: int) -> Mapping[str, zipfile.ZipInfo]:
    """The members by name, kept in mind until the file changes."""
    with zipfile.ZipFile(archive) as file:
        found = file.infolist()
    if len(found) > MAX_MEMBERS:
        raise InputError(
            f"Expected at most {MAX_MEMBERS} files in a zip, got {len(found)}; divide it: {archive}"
        )
    for item in found:
        _check_name(item.filename, archive)
    return {item.filename: item for item in found if _is_plain(item)}


def _check_name(name: str, archive: Path) -> None:
    """Refuse names that would leave the folder that the zip stands for."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or ":" in parts[0]:
        raise InputError(
            f"Expected a zip whose names stay inside it, got {name!r}; do not trust it, "
            f"or pack it anew: {archive}"
        )


def _is_plain(item: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(item.external_attr >> 16)
    hidden = any(part.startswith(".") for part in item.filename.split("/"))
    return not item.is_dir() and not hidden and kind in (0, stat.S_IFREG)


def _read_member(archive: Path, name: str) -> bytes:
    """The bytes of a member; never more than its directory claims, which is bounded.

    Read by hand because `zipfile` would read the whole directory again for each picture.
    """
    place = archive / name
    item = _index(archive).get(name)
    if item is None:
        raise InputError(f"Expected a picture in the zip, got no such name; check it: {place}")
    if item.flag_bits & 1:
        raise InputError(f"Expected a zip without a password, got an encrypted one; unpack it first: {place}")
    if item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"Expected a zip of the usual kind (deflate), got another; pack it anew: {place}")
    _check_bytes(max(item.file_size, item.compress_size), place)
    with archive.open("rb") as file:
        file.seek(item.header_offset)
        head = file.read(30)
        if len(head) == 30:
            file.seek(sum(struct.unpack("<HH", head[26:])), 1)
        packed = file.read(item.compress_size)
    try:
        data = packed
        if item.compress_type == zipfile.ZIP_DEFLATED:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, item.file_size + 1)
    except zlib.error:
        data = b""
    if not head.startswith(b"PK\3\4") or len(data) != item.file_size or zlib.crc32(data) != item.CRC:
        raise InputError(f"Expected a picture, got a damaged part of a zip; copy it again: {place}")
    return data


def _check_bytes(size: int, place: Path) -> None:
    if size > MAX_BYTES:
        raise InputError(
            f"Expected a picture of at most {MAX_BYTES >> 20} MB, got {size >> 20} MB; shrink it: {place}"
        )
