"""File formats: one module a format, each with its own `read` and `write`; no data-set knowledge.

A module that assigns `EXPORT` (its name for `--poses-as`) and `SUFFIX` and has `write(path, recording)` is
offered as an export.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from bodyverb.core.errors import InputError
from bodyverb.core.registry import Registry

if TYPE_CHECKING:
    from bodyverb.core import Recording

__all__ = ["export", "export_names"]

_REGISTRY = Registry("bodyverb.formats", ("EXPORT", "SUFFIX"))


def export_names() -> tuple[str, ...]:
    """What `--poses-as` takes, sorted."""
    return tuple(sorted(_exports()))


def export(name: str, folder: str | Path, stem: str, recording: Recording) -> Path:
    """Write `recording` in another program's format; returns the file or folder made.

    Raises:
        InputError: there is no such export.
        OutputError: it cannot be written.
    """
    modules = _exports()
    if name not in modules:
        raise InputError(
            f"Expected an export of {', '.join(sorted(modules))}, got {name!r}; correct --poses-as"
        )
    module = modules[name]
    made: Path = module.write(Path(folder) / f"{stem}{module.SUFFIX}", recording)
    return made


def _exports() -> dict[str, ModuleType]:
    return {module.EXPORT: module for module in map(_REGISTRY.load, _REGISTRY.names())}
