"""File formats: one module a format, each with its own `read` and `write`; no data-set knowledge.

A module that assigns `FORMAT` takes part in `bodyverb convert` and `--poses-as`; see `Format`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bodyverb.core.errors import InputError
from bodyverb.formats._convert import Report, convert
from bodyverb.formats._fit import Wanted, fit
from bodyverb.formats._format import PIXELS, Format, Frame, Given, Item, poses_of, recording_of
from bodyverb.formats._guess import all_formats, named
from bodyverb.formats._notes import Notes

if TYPE_CHECKING:
    from bodyverb.core import Recording

__all__ = [
    "Format", "Frame", "Given", "Item", "Notes", "Report", "Wanted", "all_formats", "convert", "export",
    "export_names", "fit", "named", "poses_of", "recording_of",
]  # fmt: skip


def export_names() -> tuple[str, ...]:
    """What `--poses-as` takes, sorted: the formats that hold the 2D poses of any run, also of nobody."""
    return tuple(
        name
        for name, one in all_formats().items()
        if one.write and (not one.frames or PIXELS in one.frames) and name != "poses"
        if one.people is None and not one.extra and "nobody" in one.says
    )


def export(name: str, folder: str | Path, stem: str, recording: Recording) -> Path:
    """Write `recording` in another program's format; returns the file or folder made.

    Raises:
        InputError: there is no such export, or it cannot hold the recording.
        OutputError: it cannot be written.
    """
    if name not in export_names():
        raise InputError(
            f"Expected an export of {', '.join(export_names())}, got {name!r}; correct --poses-as"
        )
    target = all_formats()[name]
    assert target.write is not None
    made = fit(recording, target, Wanted(), Notes())
    return target.write(Path(folder) / f"{stem}{target.suffixes[0]}", [(stem, made)])
