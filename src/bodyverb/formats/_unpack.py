"""Files of an archive, unpacked one at a time into a temporary folder under the last part of their names."""

from __future__ import annotations

import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO

from bodyverb.core.errors import FormatError, InputError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
MAX_MEMBER_BYTES = 2 << 30
MAX_MEMBERS = 1_000_000
_CHUNK = 1 << 20
_PREFIX = "bodyverb-"
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError, RuntimeError)


def archive_of(path: Path) -> Path | None:
    """The archive that a path is, or leads into; None where there is none."""
    for one in (path, *path.parents):
        if one.name.lower().endswith(SUFFIXES) and one.is_file():
            return one
    return None


def as_in_archive(text: str, source: Path) -> str:
    """A message that names a temporary file, so that it names the file in the archive."""
    archive = archive_of(source)
    temporary = re.escape(f"{tempfile.gettempdir()}/{_PREFIX}") + r"[^/]+"
    return text if archive is None else re.sub(temporary, lambda _: str(archive), text)


def unpacked(archive: Path, member: str | None = None) -> Iterator[Path]:
    """Every file of an archive, or one, as a temporary file that lives until the next is asked for.

    Hidden files, links and folders are passed over. What is unpacked lies in a folder of its own under the
    last part of the member's name, never elsewhere, and is at most 2 GiB a file.

    Raises:
        InputError: There is no such member.
        FormatError: The archive is damaged, or a member too large.
    """
    found = False
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        try:
            with closing(_opened(archive)) as members:
                for name, stream in members:
                    last = PurePosixPath(name.replace("\\", "/")).name
                    if last.startswith(".") or not last or member not in (None, name.removeprefix("./")):
                        continue
                    found = True
                    path = Path(folder) / last
                    _copy(stream, path, archive)
                    yield path
                    path.unlink()
                    if member is not None:
                        return
        except _BROKEN as error:
            raise FormatError(f"Expected a sound archive, got {error!r}; get it anew: {archive}") from None
        except OSError as error:
            raise InputError(
                f"Expected to unpack the archive, got '{error.strerror or error}'; free some space in the "
                f"folder for temporary files, or check it: {archive}"
            ) from None
    if member is not None and not found:
        raise InputError(f"Expected a file of the archive, got none of that name: {archive}/{member}")


def _opened(archive: Path) -> Generator[tuple[str, IO[bytes]], None, None]:
    """Name and content of the plain files, in the order of the archive."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as whole:
            for at, info in enumerate(whole.infolist()):
                _count(at, archive)
                if not info.is_dir():
                    with whole.open(info) as stream:
                        yield info.filename, stream
        return
    with tarfile.open(archive, "r|*") as tar:
        for at, entry in enumerate(tar):
            _count(at, archive)
            content = tar.extractfile(entry) if entry.isfile() else None
            if content is not None:
                yield entry.name, content


def _count(at: int, archive: Path) -> None:
    if at >= MAX_MEMBERS:
        raise FormatError(f"Expected at most {MAX_MEMBERS:,} files in an archive, got more: {archive}")


def _copy(stream: IO[bytes], path: Path, archive: Path) -> None:
    """The content as a file, no more than may be."""
    left = MAX_MEMBER_BYTES
    with path.open("wb") as out:
        while part := stream.read(_CHUNK):
            left -= len(part)
            if left < 0:
                raise FormatError(
                    f"Expected at most {MAX_MEMBER_BYTES >> 30} GiB in a file of an archive, got more in "
                    f"{path.name}; unpack it yourself: {archive}"
                )
            out.write(part)
