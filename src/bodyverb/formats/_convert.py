"""From one file to another: read, fit, write; several recordings into one file or a file each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from bodyverb.core.errors import InputError, OutputError
from bodyverb.formats._fit import Wanted, fit, tell
from bodyverb.formats._format import Format, Given, Item
from bodyverb.formats._guess import (
    Ambiguous,
    has_suffix,
    is_folder_format,
    may_be,
    named,
    of_file,
    of_name,
    stem,
)
from bodyverb.formats._notes import Notes
from bodyverb.formats._unpack import archive_of, as_in_archive, unpacked
from bodyverb.formats.files import replacing_folder


@dataclass(kw_only=True)
class Report:
    """What was done.

    Attributes:
        source: Format of the input.
        target: Format of the output.
        out: The file or folder made.
        recordings: How many were written.
        files: How many files were made of them.
        people: How many people they have together.
        frames: How many frames.
        left_out: Names of files of other kinds in a folder or archive.
        notes: What is changed, approximate, guessed or lost.
    """

    target: str
    out: Path
    source: str = ""
    recordings: int = 0
    files: int = 1
    people: int = 0
    frames: int = 0
    left_out: list[str] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)


def convert(
    source: str | Path,
    out: str | Path,
    *,
    read_as: str | None = None,
    write_as: str | None = None,
    given: Given | None = None,
    wanted: Wanted | None = None,
    overwrite: bool = False,
) -> Report:
    """Convert a file, or a folder of files, to another format.

    Args:
        source: File, or folder that is of a format; folder or archive with files of one format at any depth;
            or a file in an archive.
        out: File or folder to make. Of several recordings and a format that holds one a file: a folder.
        read_as: Format of the source; by default guessed from name and content.
        write_as: Format of the result; by default that of the name of `out`.
        given: What the source does not say itself.
        wanted: What the result shall be.
        overwrite: Whether to replace what is at `out`.

    Returns:
        What was done, and what was changed, approximate, guessed or lost on the way.

    Raises:
        InputError: The source cannot be read, or the target cannot hold it.
        OutputError: The result cannot be written, or is there already.
    """
    source, out_path = Path(source), Path(out)
    target = of_name(out_path) if write_as is None else named(write_as, writing=True)
    report = Report(target=target.name, out=out_path)
    try:
        reader, found = _read(source, read_as, given or Given(), report)
        report.source = reader.name
        items = _fitted(found, target, wanted or Wanted(), report)
        ahead = list(islice(items, 2))
        if not ahead:
            raise InputError(f"Expected recordings of somebody, got none; choose another file: {source}")
        bare = str(out).endswith(("/", "\\")) or _is_plain(out_path, target)
        apart = not target.many and (len(ahead) > 1 or bare)
        _check_out(out_path, target, apart, len(ahead) > 1, overwrite)
        _write(out_path, target, chain(ahead, items), apart, report)
    except InputError as error:
        raise type(error)(as_in_archive(str(error), source)) from None
    if report.left_out:
        shown = ", ".join(report.left_out[:3]) + (", ..." if len(report.left_out) > 3 else "")
        report.notes.once("lost", f"{len(report.left_out)} files of other kinds, left out: {shown}")
    return report


def _write(out: Path, target: Format, items: Iterator[Item], apart: bool, report: Report) -> None:
    assert target.write is not None
    if apart:
        report.files = _write_each(out, target, items)
    else:
        target.write(out, items)


def _read(source: Path, read_as: str | None, given: Given, report: Report) -> tuple[Format, Iterator[Item]]:
    """The format of the source, and its recordings one after the other."""
    known = None if read_as is None else named(read_as)
    inside = archive_of(source)
    whole = inside == source or (
        source.is_dir() and not (known.folder if known else is_folder_format(source))
    )
    if inside is not None:
        paths = unpacked(inside, None if whole else source.relative_to(inside).as_posix())
    elif whole:
        paths = (path for path in sorted(source.rglob("*")) if path.is_file() and path.name[0] != ".")
    else:
        paths = iter([source])
    if whole:
        reader, paths = _of_one_format(paths, known, source, report)
    else:
        first = next(paths)
        reader, paths = known or of_file(first), chain([first], paths)
    if given.space is not None and given.space not in reader.spaces:
        have = f"one of {', '.join(reader.spaces)}" if reader.spaces else "no --space"
        raise InputError(f"Expected {have} for {reader.name}, got {given.space!r}; correct --space: {source}")
    return reader, _items(reader, paths, given)


def _of_one_format(
    paths: Iterator[Path], known: Format | None, source: Path, report: Report
) -> tuple[Format, Iterator[Path]]:
    """The format, by default that of the first file that has one, and the files of it; others are noted."""

    def fits(path: Path) -> bool:
        nonlocal known
        if known is None:
            try:
                known = of_file(path)
            except Ambiguous:
                raise
            except InputError:
                pass
        good = known is not None and may_be(path, known)
        if not good:
            report.left_out.append(path.name)
        return good

    fitting = filter(fits, paths)
    first = next(fitting, None)
    if first is None or known is None:
        kind = f"{known.name} files" if known else "files of a known format"
        raise InputError(f"Expected {kind}, got none; check the path, or give --from: {source}")
    return known, chain([first], fitting)


def _items(reader: Format, paths: Iterable[Path], given: Given) -> Iterator[Item]:
    assert reader.read is not None
    for path in paths:
        for name, recording in reader.read(path, given):
            yield stem(path.name, reader) if name == path.stem else name, recording


def _fitted(items: Iterable[Item], target: Format, wanted: Wanted, report: Report) -> Iterator[Item]:
    """The recordings as the target holds them, counted and noted as they pass."""
    for name, recording in items:
        if not recording.tracks and not (target.says >= {"nobody"}):
            report.notes.add("lost", "recordings in which nobody is")
            continue
        made = fit(recording, target, wanted, report.notes)
        tell(made, target, report.notes)
        report.recordings += 1
        report.people += len(made.tracks)
        report.frames += made.timestamps_s.size
        yield name, made


def _is_plain(out: Path, target: Format) -> bool:
    """Whether OUT is a folder that is there, not named as a file of the format."""
    return out.is_dir() and not target.folder and not has_suffix(out.name, target)


def _check_out(out: Path, target: Format, apart: bool, several: bool, overwrite: bool) -> None:
    if apart and several and has_suffix(out.name, target):
        raise InputError(
            f"Expected a folder for several recordings, since a {target.name} file holds one, "
            f"got the name of a file; leave out {target.suffixes[0]}: {out}"
        )
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite:
        raise OutputError(f"Expected a free place, got one that is taken; give --overwrite: {out}")
    folder = apart or target.folder
    if folder != out.is_dir():
        raise OutputError(
            f"Expected a {'folder' if folder else 'file'} to overwrite, got the other; name another: {out}"
        )
    ends = (".json",) if target.folder else target.suffixes
    strange = [path.name for path in out.iterdir() if not path.name.endswith(ends)] if folder else []
    if strange:
        raise OutputError(
            f"Expected a folder of {target.name} files to overwrite, got {strange[0]!r} in it; "
            f"choose another OUT: {out}"
        )


def _write_each(out: Path, target: Format, items: Iterable[Item]) -> int:
    """A file a recording, named after it; returns how many."""
    assert target.write is not None
    names: set[str] = set()
    with replacing_folder(out) as folder:
        for name, recording in items:
            stem = re.sub(r"[^\w.() +-]+", "_", name).strip(". ") or "recording"
            if stem in names:
                raise InputError(f"Expected recordings of different names, got {stem!r} twice; rename them")
            names.add(stem)
            target.write(folder / f"{stem}{target.suffixes[0]}", [(name, recording)])
    return len(names)
