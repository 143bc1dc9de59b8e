"""Whole files or none: write under a temporary name, then rename; and a lock for output folders."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from bodyverb.core.errors import OutputError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no fcntl
    fcntl = None  # type: ignore[assignment]


def _explain(error: OSError, path: Path) -> OutputError:
    reason = error.strerror or type(error).__name__
    return OutputError(
        f"Expected to write a file, got '{reason}'; free the place or choose another --out: {path}"
    )


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`: renamed to `path` on success, removed on any error.

    Raises:
        OutputError: the folder or the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _explain(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """The same for a folder of files: an existing folder at `path` is replaced only when all is written.

    Raises:
        OutputError: the folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    except OSError as error:
        raise _explain(error, path) from error
    old = temporary.with_suffix(".old")
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            path.replace(old)
        temporary.replace(path)
    except OSError as error:
        if old.exists() and not path.exists():
            old.replace(path)
        raise _explain(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


class Sink(io.RawIOBase):
    """A file for libraries that do not survive a disk that fills up, as HDF5.

    To them it never refuses: the first error is kept, and what is written later is dropped. Give it in place
    of a path, call `check` now and then, and leave its context last: that raises the error.

    Args:
        path: File to make.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.error: OSError | None = None
        self._file = path.open("w+b", buffering=0)
        self._at = self._size = 0

    def readable(self) -> bool:
        """True: HDF5 reads back what it wrote."""
        return True

    def writable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As any file; the end is that of all that was written or dropped."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """As any file."""
        return self._at

    def write(self, data: Any) -> int:
        """Take all of the bytes, in any case."""
        view = memoryview(data).cast("B")
        self._try(lambda: self._write_all(view))
        self._at += len(view)
        self._size = max(self._size, self._at)
        return len(view)

    def readinto(self, buffer: Any) -> int:
        """As any file; zeros where bytes were dropped."""
        view = memoryview(buffer).cast("B")
        view = view[: max(0, self._size - self._at)]
        view[:] = bytes(len(view))
        self._try(lambda: self._file.seek(self._at) >= 0 and self._file.readinto(view))
        self._at += len(view)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """As any file."""
        self._size = self._at if size is None else size
        self._try(lambda: self._file.truncate(self._size))
        return self._size

    def check(self) -> None:
        """Raise the error that was kept.

        Raises:
            OSError: writing failed since the beginning.
        """
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Close the file; its error is kept as well."""
        if not self.closed:
            try:
                self._file.close()
            except OSError as error:
                self.error = self.error or error
        super().close()

    def _write_all(self, view: memoryview) -> None:
        self._file.seek(self._at)
        while len(view):
            view = view[self._file.write(view) :]

    def _try(self, act: Callable[[], object]) -> None:
        """Do it, unless something has failed before; keep its error."""
        if self.error is None:
            try:
                act()
            except OSError as error:
                self.error = error

    def __exit__(self, *_: object) -> None:
        self.close()
        self.check()


def to_json(value: Any, *, indent: int | None = None, keep_nan: bool = False) -> str:
    """JSON text of plain data: numpy values become plain ones, paths text.

    NaN and infinity become null; `keep_nan` writes them as Python's json reads them back (not standard JSON).
    """
    return json.dumps(_plain(value, keep_nan), allow_nan=keep_nan, indent=indent)


def _plain(value: Any, keep_nan: bool) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return value if keep_nan or np.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, keep_nan) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, keep_nan) for item in value]
    return str(value)


class FolderLock:
    """One writer a folder. The system drops the lock when the process ends, however it ends.

    Use as a context manager or call `release`.

    Raises:
        OutputError: another process (or this one) holds the folder, or it cannot be written.
    """

    NAME = ".lock"

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._path = self.folder / self.NAME
        self._handle = -1
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            while self._handle < 0:
                self._handle = self._acquire()
        except OSError as error:
            raise _explain(error, self.folder) from error

    def _acquire(self) -> int:
        """An open, locked descriptor, or -1 where the file was removed meanwhile and we must try again."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        if fcntl is None:  # pragma: no cover - Windows: the file's existence is the lock
            flags |= os.O_EXCL
        try:
            handle = os.open(self._path, flags, 0o644)
            if fcntl is not None:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BaseException:
                    os.close(handle)
                    raise
        except (BlockingIOError, FileExistsError):
            raise OutputError(
                "Expected a free output folder, got one that another run is writing; "
                f"wait for it or choose another --out: {self.folder}"
            ) from None
        if fcntl is not None and not self._is_current(handle):
            os.close(handle)
            return -1
        return handle

    def _is_current(self, handle: int) -> bool:
        """Whether the locked descriptor is still the file of that name (a leaving owner removes it)."""
        try:
            return os.fstat(handle).st_ino == self._path.stat().st_ino
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give the folder free; safe to call twice, and when the folder is gone already."""
        if self._handle < 0:
            return
        with suppress(OSError):  # nothing of worth is in it
            if fcntl is None or self._is_current(self._handle):
                self._path.unlink(missing_ok=True)
        with suppress(OSError):
            os.close(self._handle)
        self._handle = -1

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
