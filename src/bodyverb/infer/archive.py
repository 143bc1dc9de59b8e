"""The network in what was downloaded: the file itself, or one member of a zip archive, taken out safely."""

from __future__ import annotations

import lzma
import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

_CHUNK = 1 << 20
_DRIVE = re.compile(r"[A-Za-z]:")


class Unusable(Exception):
    """Why an address or a file gives no network; `install` says it to the user."""


def unpack(source: Path, target: Path, member: str | None, most: int) -> None:
    """Move a network to `target`, out of its archive where it is in one.

    No name inside the archive is ever used as a path: the member is copied byte by byte to `target`.

    Args:
        source: ONNX file or zip archive; it is gone afterwards.
        target: where the network goes.
        member: file name of the network in the archive; the only .onnx file by default.
        most: bytes that it may have.

    Raises:
        Unusable: a web page or a damaged archive; an archive with names that lead out of it, with no or
            several such members; too large.
    """
    with source.open("rb") as handle:
        head = handle.read(64)
    if head[:2] == b"PK":
        try:
            with zipfile.ZipFile(source) as archive:
                _copy(archive, _member(archive, member), target, most)
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            NotImplementedError,
            RuntimeError,
            EOFError,
        ) as error:
            raise Unusable(f"a damaged archive ({error})") from error
        source.unlink()
        return
    if not head or head.lstrip()[:1] in (b"<", b"{"):
        raise Unusable("an empty file" if not head else "a web page instead of a network")
    source.replace(target)


def _member(archive: zipfile.ZipFile, wanted: str | None) -> zipfile.ZipInfo:
    """The one entry that is the network."""
    found = []
    for info in archive.infolist():
        path = PurePosixPath(info.filename.replace("\\", "/"))
        link = stat.S_ISLNK(info.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or _DRIVE.match(info.filename) or link:
            raise Unusable(f"an archive with a name that leads out of it ({info.filename!r})")
        if path.name == wanted if wanted else path.suffix == ".onnx":
            found.append(info)
    if len(found) != 1:
        what = wanted or ".onnx file"
        raise Unusable(f"an archive with {len(found)} times {what} instead of once")
    return found[0]


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, most: int) -> None:
    done = 0
    with archive.open(info) as source, target.open("wb") as output:
        while piece := source.read(_CHUNK):
            done += len(piece)
            if done > most:
                raise Unusable(f"an archive whose network has more than {most} bytes")
            output.write(piece)
