"""The user's own folder of networks: each whole or not there at all, one writer at a time."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bodyverb.core import InputError, ModelError, OutputError
from bodyverb.infer.card import Card

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

DOWNLOADS = "downloads"
"""Folder inside for files that the user fetched by other means."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = {DOWNLOADS, "models.lock", "none"}
_POLL_S = 0.2


def folder() -> Path:
    """Where networks are put: $BODYVERB_MODELS, else bodyverb/models in the user's data folder.

    That is $XDG_DATA_HOME or ~/.local/share; %LOCALAPPDATA% on Windows.
    """
    named = os.environ.get("BODYVERB_MODELS")
    if named:
        return Path(named).expanduser()
    local = os.environ.get("LOCALAPPDATA") if os.name == "nt" else None
    data = os.environ.get("XDG_DATA_HOME") or local or "~/.local/share"
    return Path(data).expanduser() / "bodyverb" / "models"


def card_of(name: str) -> Path | None:
    """The card of an added network, or None where there is none of that name."""
    path = folder() / name / "card.json"
    return path if _NAME.fullmatch(name) and path.is_file() else None


def added() -> tuple[list[Card], list[ModelError]]:
    """Cards of the networks in the user's folder, by name, and what is wrong with those that cannot be
    read."""
    cards, broken = [], []
    for path in sorted(folder().glob("[!.]*/card.json")):
        try:
            cards.append(Card.read(path))
        except ModelError as error:
            broken.append(error)
    return cards, broken


def check_name(name: str, taken: set[str]) -> None:
    """Refuse what cannot be the name of an added network.

    Args:
        name: what the user typed.
        taken: names of the networks that ship inside.

    Raises:
        InputError: with the reason.
    """
    if name in taken:
        raise InputError(f"Expected a new name, got that of a bundled network; choose another: {name}")
    if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
        raise InputError(
            "Expected a name of letters, digits, '.', '-' and '_', at most 64, "
            f"got another or a reserved one; choose another: {name}"
        )


@contextmanager
def exclusive(waiting: Callable[[], object] = lambda: None) -> Iterator[Path]:
    """Hold the folder, so that two processes do not step on each other; the system drops it with the process.

    Args:
        waiting: called once where another process holds it and this one waits.

    Yields:
        The folder.

    Raises:
        OutputError: it cannot be made or written.
    """
    root = folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = (root / ".lock").open("ab")
    except OSError as error:
        raise _explained(error, root) from error
    with handle:
        if not _taken(handle):
            waiting()
            while not _taken(handle):
                time.sleep(_POLL_S)
        yield root


def _taken(handle: BinaryIO) -> bool:
    """Whether the lock is ours now; closing the file gives it back."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:  # pragma: no cover - Windows
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True


@contextmanager
def place(name: str) -> Iterator[Path]:
    """Give an empty folder to fill: it becomes the network `name` on success and vanishes on any error.

    Only while `exclusive` is held. What a killed process left of an earlier attempt is removed.

    Raises:
        OutputError: it cannot be written.
    """
    target = folder() / name
    fresh, old = target.with_name(f".{name}.part"), target.with_name(f".{name}.old")
    try:
        for left in (fresh, old):
            shutil.rmtree(left, ignore_errors=True)
        fresh.mkdir()
        yield fresh
        if target.exists():
            target.rename(old)
        fresh.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        raise _explained(error, target) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def remove(name: str) -> Path:
    """Remove an added network; its checksum stays in models.lock.

    Raises:
        InputError: there is none of that name.
        OutputError: it cannot be removed.
    """
    with exclusive() as root:
        if not _NAME.fullmatch(name) or not (root / name).is_dir() or name in _RESERVED:
            names = ", ".join(card.name for card in added()[0]) or "none"
            raise InputError(f"Expected one of the added networks ({names}), got another; see: {root}")
        gone = root / f".{name}.old"
        try:
            shutil.rmtree(gone, ignore_errors=True)
            (root / name).rename(gone)
            shutil.rmtree(gone)
        except OSError as error:
            raise _explained(error, root / name) from error
    return root / name


def _explained(error: OSError, path: Path) -> OutputError:
    reason = error.strerror or type(error).__name__
    return OutputError(
        f"Expected to write to the folder of networks, got '{reason}'; free the place or name another in "
        f"$BODYVERB_MODELS: {path}"
    )
