"""Files of a data set: loose in a folder, or inside one .tar.xz that is read into memory and never
unpacked to disk."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from bodyverb.core import InputError

MAX_TOTAL_BYTES = 2 * 1024**3


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


def find(root: Path, suffixes: tuple[str, ...], archive: str) -> Files:
    """Finds the files of a data set.

    Args:
        root: a folder that holds the files at any depth, or the archive, or the archive itself.
        suffixes: endings of the files, for example ``(".mat",)``.
        archive: pattern of the archive's name.

    Returns:
        The files by name.

    Raises:
        InputError: the folder or its files are absent, or the archive is broken, too large or not safe.
    """
    root = Path(root)
    if root.is_file():
        return _from_archive(root, suffixes)
    if not root.is_dir():
        raise InputError(
            f"Expected a folder of {'/'.join(suffixes)} files or {archive}, got nothing; check it: {root}"
        )
    loose = [path for path in sorted(root.rglob("*")) if path.suffix in suffixes and path.is_file()]
    archives = sorted(root.glob(archive))
    if archives and len(loose) < 10:
        return _from_archive(archives[0], suffixes)
    if loose:
        counts = Counter(path.name for path in loose)
        twice = tuple(name for name, count in counts.items() if count > 1)
        return Files({path.name: path.read_bytes for path in loose}, twice)
    raise InputError(
        f"Expected {'/'.join(suffixes)} files or {archive}, got neither; point --root at the data: {root}"
    )


def _from_archive(path: Path, suffixes: tuple[str, ...]) -> Files:
    names: dict[str, Callable[[], bytes]] = {}
    total = 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                where = PurePosixPath(member.name)
                if not member.isfile() or where.suffix not in suffixes or where.name.startswith("."):
                    continue
                total += member.size
                if total > MAX_TOTAL_BYTES:
                    raise InputError(
                        f"Expected at most {MAX_TOTAL_BYTES >> 30} GiB of files, got more; unpack it: {path}"
                    )
                stream = archive.extractfile(member)
                if stream is not None:
                    names[where.name] = stream.read().__bytes__
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise InputError(f"Expected a readable archive, got {error!r}; fetch it again: {path}") from error
    except Exception as error:  # lzma raises its own type
        if isinstance(error, InputError):
            raise
        raise InputError(f"Expected a readable archive, got {error!r}; fetch it again: {path}") from error
    if not names:
        raise InputError(f"Expected {'/'.join(suffixes)} files inside, got none; check the archive: {path}")
    return Files(names)
