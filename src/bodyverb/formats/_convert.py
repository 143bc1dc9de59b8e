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
from bodyverb.formats._guess import has_suffix, named, of_file, of_name
from bodyverb.formats._notes import Notes
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
        notes: What is changed, approximate, guessed or lost.
    """

    source: str
    target: str
    out: Path
    recordings: int = 0
    files: int = 1
    people: int = 0
    frames: int = 0
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
        source: File, folder that is of a format, or folder with files of one format at any depth.
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
    source, given, wanted = Path(source), given or Given(), wanted or Wanted()
    target = of_name(Path(out)) if write_as is None else named(write_as, writing=True)
    reader, paths = _sources(source, read_as, given)
    report = Report(source=reader.name, target=target.name, out=Path(out))
    items = _fitted(_items(reader, paths, given), target, wanted, report)
    ahead = list(islice(items, 2))
    if not ahead:
        raise InputError(f"Expected recordings of somebody, got none; choose another file: {source}")
    apart = not target.many and (len(ahead) > 1 or str(out).endswith(("/", "\\")) or _is_plain(out, target))
    _check_out(Path(out), target, apart, len(ahead) > 1, overwrite)
    everything = chain(ahead, items)
    if apart:
        report.files = _write_each(Path(out), target, everything)
    else:
        assert target.write is not None
        target.write(Path(out), everything)
    return report


def _sources(source: Path, read_as: str | None, given: Given) -> tuple[Format, list[Path]]:
    """The format, and the files to read one after the other."""
    known = None if read_as is None else named(read_as)
    if not source.exists():
        raise InputError(f"Expected a file or folder of poses, got nothing there; check the path: {source}")
    loose = source.is_dir() and (not known.folder if known else not _is_folder_format(source))
    paths = [source]
    if loose:
        files = sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))
        if known is not None:
            files = [path for path in files if has_suffix(path.name, known)]
        if not files:
            kind = f"{known.name} files" if known else "files"
            raise InputError(f"Expected {kind} in the folder, got none; check the path: {source}")
        paths, known = files, known or of_file(files[0])
        paths = [path for path in files if has_suffix(path.name, known)]
    reader = known or of_file(source)
    if given.space is not None and given.space not in reader.spaces:
        have = f"one of {', '.join(reader.spaces)}" if reader.spaces else "no --space"
        raise InputError(f"Expected {have} for {reader.name}, got {given.space!r}; correct --space: {source}")
    return reader, paths


def _is_folder_format(path: Path) -> bool:
    try:
        return of_file(path).folder
    except InputError as error:
        if "several" in str(error):
            raise
        return False


def _items(reader: Format, paths: Iterable[Path], given: Given) -> Iterator[Item]:
    assert reader.read is not None
    for path in paths:
        yield from reader.read(path, given)


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


def _is_plain(out: str | Path, target: Format) -> bool:
    """Whether OUT is a folder that is there, not named as a file of the format."""
    return Path(out).is_dir() and not target.folder and not has_suffix(Path(out).name, target)


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
