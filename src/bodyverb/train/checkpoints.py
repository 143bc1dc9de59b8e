"""Checkpoints: written whole or not at all, read without running code, refused where they do not fit."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from bodyverb import __version__
from bodyverb.core import InputError, OutputError
from bodyverb.formats.files import replacing

FORM = 2
"""Number of the layout of last.pt; 1 had no settings and no random states."""


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint under a temporary name, then rename it: a kill or a full disk leaves the old one.

    Raises:
        OutputError: it cannot be written; the old file is as it was.
    """
    try:
        with replacing(path) as part:
            torch.save({"form": FORM, "bodyverb": __version__, **content}, part)
    except (OutputError, RuntimeError) as error:  # torch says RuntimeError where a disk is full
        raise OutputError(
            f"Expected room for a checkpoint, got '{error.__cause__ or error}'; free some and go on with "
            f"--resume, nothing that was saved is lost: {path}"
        ) from error


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; tensors are on the CPU.

    Raises:
        InputError: there is none, it is cut short, or another version wrote it.
    """
    if not path.is_file():
        raise InputError(f"Expected a checkpoint to resume from, got none; start without --resume: {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise zipfile.BadZipFile(damaged)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever the bytes make of the reader
        raise InputError(
            f"Expected a whole checkpoint, got one that is cut short or damaged ({type(error).__name__}); "
            f"train again in another folder: {path}"
        ) from error
    form = content.get("form", 1) if isinstance(content, dict) else 0
    if form != FORM:
        raise InputError(
            f"Expected a checkpoint of form {FORM}, got {form or 'none'}; resume it with the bodyverb that "
            f"wrote it, or train again in another folder: {path}"
        )
    return content


def sweep(folder: Path) -> None:
    """Remove what killed runs left half-written."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


def agree(saved: Mapping[str, Any], given: Mapping[str, Any], path: Path, free: Sequence[str] = ()) -> None:
    """See that a run is resumed with the settings it began with.

    Args:
        saved: settings as `plain` gives them; so is `given`.
        given: of the run now.
        path: of the checkpoint, for the error.
        free: ends of the dotted names that may differ.

    Raises:
        InputError: some differ; the first three are named.
    """
    old, new = dict(_flat(saved)), dict(_flat(given))
    keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    if keys := [key for key in keys if not key.endswith(tuple(free))]:
        told = "; ".join(f"{key} {new.get(key)} in place of {old.get(key)}" for key in keys[:3])
        more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
        raise InputError(
            f"Expected the settings the run began with, got {told}{more}; use those, or train in another "
            f"folder: {path}"
        )


def plain(settings: Any) -> Any:
    """Settings as JSON has them: no tuples, no paths."""
    return json.loads(json.dumps(settings, default=str))


def digest(ids: Iterable[str]) -> str:
    """Short fingerprint of clip ids in their order; in the settings it tells whether a split is the same."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def _flat(settings: Any, name: str = "") -> Iterable[tuple[str, Any]]:
    """Pairs of dotted name and value; lists of more than eight values as their digest."""
    if isinstance(settings, dict):
        for key, value in settings.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    elif isinstance(settings, list) and len(settings) > 8:
        yield name, digest(map(str, settings))
    else:
        yield name, settings
