"""Formats by name, and the format of a file by its name and its first bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from bodyverb.core.errors import InputError
from bodyverb.core.registry import Registry
from bodyverb.formats._format import Format

HEAD_BYTES = 4096
_REGISTRY = Registry("bodyverb.formats", ("FORMAT",))


class Ambiguous(InputError):
    """Several formats fit; the user must choose."""


@lru_cache(maxsize=1)
def all_formats() -> dict[str, Format]:
    """Every format by its name, sorted; also those of other packages (entry points `bodyverb.formats`)."""
    found: list[Format] = [_REGISTRY.load(module).FORMAT for module in _REGISTRY.names()]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def named(name: str, *, writing: bool = False) -> Format:
    """The format that --from or --to (`writing`) names.

    Raises:
        InputError: There is none, or it cannot be read or written.
    """
    fitting = {key: one for key, one in all_formats().items() if (one.write if writing else one.read)}
    if name not in fitting:
        option, can = ("--to", "written") if writing else ("--from", "read")
        raise InputError(
            f"Expected a format that can be {can}, {', '.join(fitting)}, got {name!r}; correct {option}"
        )
    return fitting[name]


def of_file(path: Path) -> Format:
    """The format of an existing file or folder.

    The name is asked first, then the beginning of the content; content decides among formats of one suffix.

    Raises:
        InputError: Nothing is there; no format fits; or several do, and --from must say which.
    """
    if not path.exists():
        raise InputError(f"Expected a file or folder of poses, got nothing there; check the path: {path}")
    readable = [one for one in all_formats().values() if one.read and one.folder == path.is_dir()]
    head = _head(path)
    fitting = _looking(_by_name(readable, path), path, head)
    if not fitting:
        fitting = [one for one in readable if one.looks is not None and one.looks(path, head)]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(one.name for one in fitting)
    if fitting:
        raise Ambiguous(f"Expected one format, got several that fit, {names}; give one as --from: {path}")
    what = "folder" if path.is_dir() else "file"
    raise InputError(f"Expected a {what} of a known format, got another; give its format as --from: {path}")


def of_name(path: Path) -> Format:
    """The format that the name of a file to be written asks for.

    Raises:
        InputError: None does, or several do, and --to must say which.
    """
    writable = [one for one in all_formats().values() if one.write]
    fitting = _by_name(writable, path)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(one.name for one in fitting)
        raise InputError(
            f"Expected one format, got {path.name!r}, which fits {names}; give one as --to: {path}"
        )
    raise InputError(
        f"Expected OUT to end as a format that can be written, got {path.name!r}; "
        f"give --to ({', '.join(one.name for one in writable)}): {path}"
    )


def is_folder_format(path: Path) -> bool:
    """Whether a folder as a whole is of a format."""
    return any(one.looks(path, b"") for one in all_formats().values() if one.folder and one.looks)


def may_be(path: Path, one: Format) -> bool:
    """Whether a file may be of this format, by its name and beginning."""
    return has_suffix(path.name, one) and bool(_looking([one], path, _head(path)))


def has_suffix(name: str, one: Format) -> bool:
    """Whether the name of a file ends as those of the format do."""
    return name.lower().endswith(one.suffixes)


def stem(name: str, one: Format) -> str:
    """The name of a file without the longest suffix of the format that it has."""
    ends = sorted((end for end in one.suffixes if name.lower().endswith(end)), key=len)
    return name[: -len(ends[-1])] if ends and len(name) > len(ends[-1]) else Path(name).stem


def _by_name(formats: Sequence[Format], path: Path) -> list[Format]:
    """Those whose suffix the name has; the longest suffix wins (`.poses.h5` over `.h5`)."""
    name = path.name.lower()
    longest = {
        one.name: max((len(end) for end in one.suffixes if name.endswith(end)), default=0) for one in formats
    }
    most = max(longest.values(), default=0)
    return [one for one in formats if most and longest[one.name] == most]


def _looking(formats: Sequence[Format], path: Path, head: bytes) -> list[Format]:
    """Those whose content fits; formats that only have a name give way to them."""
    sure = [one for one in formats if one.looks is not None and one.looks(path, head)]
    return sure or [one for one in formats if one.looks is None]


def _head(path: Path) -> bytes:
    if path.is_dir():
        return b""
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise InputError(f"Expected a readable file, got '{error.strerror}'; check it: {path}") from None
