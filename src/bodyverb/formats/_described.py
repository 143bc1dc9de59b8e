"""The formats as a table: for `bodyverb convert --list` and the documentation."""

from __future__ import annotations

from typing import get_args

from bodyverb.formats._format import Format, Word
from bodyverb.formats._guess import all_formats

COLUMNS = ("name", "what", "files", "use", "poses", "holds", "not held")
_OPTIONAL = {"nobody", "space", "number ids", "label", "segments"}
"""Words that are no loss worth a place in the table."""


def described(one: Format) -> dict[str, str]:
    """The row of a format, by the names of `COLUMNS`."""
    held = one.says | one.says_flat
    lost = [word for word in get_args(Word) if word not in held and word not in _OPTIONAL]
    known = {"ids" if "number ids" in held else "", "layout" if one.layouts else ""}
    known |= {"axes"} if one.frames and all(frame.dims == 2 for frame in one.frames) else set()
    lost = [word for word in lost if word not in known]
    if one.extras:
        lost[lost.index("extras")] = "other extras"
    shown = [word + (" (2D)" if word not in one.says else "") for word in get_args(Word) if word in held]
    shown = [word for word in shown if word != "nobody"]
    if one.decimals is not None:
        shown.append(f"positions to {one.decimals} digits")
    if one.extras:
        shown.append(f"extras: {', '.join(one.extras)}")
    return {
        "name": one.name,
        "what": one.title + (f" (extra {one.extra})" if one.extra else ""),
        "files": " ".join(one.suffixes) + ("/ (a folder)" if one.folder else ""),
        "use": "read and write" if one.read and one.write else "read" if one.read else "write",
        "poses": _poses(one),
        "holds": ", ".join(shown),
        "not held": ", ".join(lost) if one.write else "",
    }


def _poses(one: Format) -> str:
    """Which poses a file can hold."""
    facts = [
        "many recordings" if one.many else "",
        f"at most {one.people} people" if one.people and one.people > 1 else "",
        "one person" if one.people == 1 else "",
        " or ".join(one.layouts),
        " or ".join(map(str, one.frames)) if len(one.frames) < 4 else "3D",
        f"fitted: {one.fitted}" if one.fitted else "",
        f"{one.rate_hz:g} Hz" if one.rate_hz else "",
        f"spaces {', '.join(one.spaces)}" if one.spaces else "",
    ]
    return "; ".join(filter(None, facts)) or "any"


def rows() -> list[dict[str, str]]:
    """All rows, by name."""
    return [described(one) for one in all_formats().values()]
