"""Files of a data set: loose in a folder, or inside archives, of which nothing is ever unpacked to the disk.

A .zip is read file by file; a .tar is read into memory, once.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from bodyverb.core import InputError

ENDS = (".tar.xz", ".tar.gz", ".tgz", ".tar", ".zip")
MAX_TOTAL_BYTES = 2 * 1024**3
FEW = 10  # loose files beside an archive, such as examples
MAX_MEMBERS = 1_000_000
MAX_MEMBER_BYTES = 2**29
MAX_RATIO, RATIO_FROM_BYTES = 200, 2**20
"""Text shrinks to a tenth; what claims to be so much larger than it lies there is a bomb."""


class Files:
    """File names of a data set and their bytes.

    Args:
        names: name of each file without folders -> function that returns its bytes.
        twice: names that several files have; the last of them counts.
    """

    def __init__(self, names: dict[str, Callable[[], bytes]], twice: tuple[str, ...] = ()) -> None:
        self._names = names
        self.twice = twice

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def read(self, name: str) -> bytes:
        """Bytes of one file.

        Raises:
            InputError: there is no such file.
        """
        if name not in self._names:
            raise InputError(
                f"Expected a file of the data set, got '{name}'; choose one of its {len(self)} names"
            )
        return self._names[name]()


def find(root: Path, suffixes: tuple[str, ...], name: str = "*") -> Files:
    """Finds the files of a data set.

    Args:
        root: a folder that holds the files at any depth, or archives of them; or one archive.
        suffixes: endings of the files, for example ``(".mat",)``.
        name: pattern of the archives' names, without their ending.

    Returns:
        The files by name.

    Raises:
        InputError: the folder or its files are absent, or an archive is broken, too large or not safe.
    """
    root = Path(root)
    wanted = "/".join(suffixes)
    if root.is_file():
        return _from_archives([root], suffixes)
    if not root.is_dir():
        raise InputError(f"Expected a folder or archive of {wanted} files, got nothing; check it: {root}")
    loose = [path for path in sorted(root.rglob("*")) if path.suffix in suffixes and path.is_file()]
    archives = [path for path in sorted(root.glob(name)) if path.name.endswith(ENDS) and path.is_file()]
    if archives and len(loose) < FEW:
        return _from_archives(archives, suffixes)
    if loose:
        counts = Counter(path.name for path in loose)
        twice = tuple(name for name, count in counts.items() if count > 1)
        return Files({path.name: path.read_bytes for path in loose}, twice)
    raise InputError(
        f"Expected {wanted} files or an archive ({', '.join(ENDS)}), got neither; point --root at the data: "
        f"{root}"
    )


def _from_archives(paths: list[Path], suffixes: tuple[str, ...]) -> Files:
    names: dict[str, Callable[[], bytes]] = {}
    twice: list[str] = []
    for path in paths:
        inside = _from_zip(path, suffixes) if zipfile.is_zipfile(path) else _from_tar(path, suffixes)
        twice += [name for name in inside if name in names]
        names |= inside
    if not names:
        raise InputError(
            f"Expected {'/'.join(suffixes)} files inside, got none; check the archive: {paths[0]}"
        )
    return Files(names, tuple(twice))


def _is_wanted(name: str, suffixes: tuple[str, ...]) -> bool:
    where = PurePosixPath(name)
    return where.suffix in suffixes and not where.name.startswith(".")


def _from_zip(path: Path, suffixes: tuple[str, ...]) -> dict[str, Callable[[], bytes]]:
    """By the last part of their names, which therefore lead nowhere.

    Raises:
        InputError: it is damaged, encrypted, or claims more than it can hold.
    """
    try:
        archive = zipfile.ZipFile(path)  # open as long as the functions below live
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"Expected a readable zip, got {error!r}; fetch it again: {path}") from error
    found = [one for one in archive.infolist() if not one.is_dir() and _is_wanted(one.filename, suffixes)]
    if len(found) > MAX_MEMBERS:
        raise InputError(
            f"Expected at most {MAX_MEMBERS:,} files, got {len(found):,}; do not trust it: {path}"
        )
    for one in found:
        if one.file_size > max(MAX_RATIO * one.compress_size, RATIO_FROM_BYTES) or (
            one.file_size > MAX_MEMBER_BYTES
        ):
            raise InputError(
                f"Expected files of at most {MAX_MEMBER_BYTES >> 20} MB that shrink to 1/{MAX_RATIO} at "
                f"most, got {one.file_size >> 20} MB from {one.compress_size} bytes; do not trust it: "
                f"{path}/{one.filename}"
            )
    return {PurePosixPath(one.filename).name: partial(_unzip, archive, one) for one in found}


def _unzip(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as stream:
            data = stream.read(member.file_size + 1)
        if len(data) != member.file_size:
            raise zipfile.BadZipFile("another size than it claims")
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise InputError(
            f"Expected a readable file in a zip, got {error}; fetch it again: "
            f"{archive.filename}/{member.filename}"
        ) from error
    return data


def _from_tar(path: Path, suffixes: tuple[str, ...]) -> dict[str, Callable[[], bytes]]:
    names: dict[str, Callable[[], bytes]] = {}
    total = 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if not member.isfile() or not _is_wanted(member.name, suffixes):
                    continue
                total += member.size
                if total > MAX_TOTAL_BYTES:
                    raise InputError(
                        f"Expected at most {MAX_TOTAL_BYTES >> 30} GiB of files, got more; unpack it: {path}"
                    )
                stream = archive.extractfile(member)
                if stream is not None:
                    names[PurePosixPath(member.name).name] = stream.read().__bytes__
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise InputError(f"Expected a readable archive, got {error!r}; fetch it again: {path}") from error
    except Exception as error:  # lzma raises its own type
        if isinstance(error, InputError):
            raise
        raise InputError(f"Expected a readable archive, got {error!r}; fetch it again: {path}") from error
    return names
