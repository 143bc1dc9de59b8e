"""From what the user typed to a list of sources with a name each."""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from bodyverb.core.errors import InputError
from bodyverb.media import archive
from bodyverb.media.images import IMAGE_SUFFIXES, natural_key

_VIDEOS = "mp4 m4v mov mkv webm avi mpg mpeg ts mts m2ts wmv flv ogv 3gp gif mjpeg mjpg h264 hevc"
VIDEO_SUFFIXES = frozenset(f".{name}" for name in _VIDEOS.split())


@dataclass(frozen=True, kw_only=True)
class SourceItem:
    """One source to run.

    Attributes:
        source: What `open_source` takes.
        stem: Name of its results, unlike that of every other item.
        note: What the user should be told about this item, '' mostly.
    """

    source: str
    stem: str
    note: str = ""


def expand(sources: Sequence[str], *, each: bool = False) -> list[SourceItem]:
    """Resolve folders, zips, patterns, cameras and addresses, and name the results.

    A folder, zip or pattern of pictures is one sequence, or with `each` as many single pictures; videos in it
    are items of their own. The same file given twice is one item. Equal stems get their parent folder as
    prefix and a note. Whether a source can be read is not looked at: `open_source` says that of each.

    Args:
        sources: As typed.
        each: Take pictures one by one instead of as a sequence.

    Raises:
        InputError: No source at all.
    """
    items = [item for source in sources for item in _resolve(str(source), each)]
    if not items:
        raise InputError("Expected a video, picture, folder, camera or address, got none; name one")
    unique: dict[str, SourceItem] = {}
    for item in items:
        unique.setdefault(item.source if _is_remote(item.source) else str(Path(item.source).resolve()), item)
    return _rename(list(unique.values()))


def _is_remote(source: str) -> bool:
    return source.startswith("camera:") or bool(re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", source))


def _resolve(source: str, each: bool) -> list[SourceItem]:
    if source.startswith("camera:"):
        return [SourceItem(source=source, stem=source.replace(":", ""))]
    if _is_remote(source):
        parts = urlsplit(source)
        stem = Path(parts.path).stem or (parts.hostname or "stream").replace(".", "_")
        return [SourceItem(source=source, stem=stem)]
    path = Path(source).expanduser()
    if path.is_dir():
        return _several(str(path), [p for p in path.iterdir() if p.is_file()], path.resolve().name, each)
    if each and archive.is_archive(path):
        return _several(str(path), _packed(path), path.stem, each)
    if not path.exists() and any(mark in source for mark in "*?["):
        found = [Path(p) for p in glob.glob(str(path))]  # noqa: PTH207 - patterns may start at the root
        return _several(str(path), [p for p in found if p.is_file()], path.resolve().parent.name, each)
    return [SourceItem(source=str(path), stem=path.stem)]


def _packed(path: Path) -> list[Path]:
    """The pictures of a zip; none where it cannot be read, so that opening it says why."""
    try:
        return [member for member in archive.members(path) if member.suffix.lower() in IMAGE_SUFFIXES]
    except InputError:
        return []


def _several(place: str, files: list[Path], stem: str, each: bool) -> list[SourceItem]:
    """Items of a folder or pattern; the place itself where it holds nothing, so that opening it says so."""
    files = sorted((p for p in files if not p.name.startswith(".")), key=natural_key)
    images = [p for p in files if p.suffix.lower() in IMAGE_SUFFIXES]
    videos = [p for p in files if p.suffix.lower() in VIDEO_SUFFIXES]
    items = [SourceItem(source=str(p), stem=p.stem) for p in videos]
    if each and images:
        items += [SourceItem(source=str(p), stem=p.stem) for p in images]
    elif images or not items:
        items.insert(0, SourceItem(source=place, stem=stem or "images"))
    return items


def _rename(items: list[SourceItem]) -> list[SourceItem]:
    """Tell items of equal stem (letter case aside) apart by parent folder, then suffix, then a number."""
    clashes = {stem for stem, n in Counter(item.stem.casefold() for item in items).items() if n > 1}
    stems = [_prefixed(item) if item.stem.casefold() in clashes else item.stem for item in items]
    counts = Counter(stem.casefold() for stem in stems)
    for k, item in enumerate(items):
        still = counts[stems[k].casefold()] > 1 and item.stem.casefold() in clashes
        if still and not _is_remote(item.source):
            stems[k] += Path(item.source).suffix.replace(".", "_")
    taken: set[str] = set()
    named = []
    for item, stem in zip(items, stems, strict=True):
        name, number = stem, 2
        while name.casefold() in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name.casefold())
        note = f"Several sources are called {item.stem}; results of {item.source} are called {name}"
        named.append(item if name == item.stem else replace(item, stem=name, note=note))
    return named


def _prefixed(item: SourceItem) -> str:
    if _is_remote(item.source):
        host = urlsplit(item.source).hostname or ""
        return f"{host.replace('.', '_')}_{item.stem}" if host else item.stem
    parent = Path(item.source).resolve().parent
    if any(mark in item.source for mark in "*?["):
        parent = parent.parent
    return f"{parent.name}_{item.stem}" if parent.name else item.stem
