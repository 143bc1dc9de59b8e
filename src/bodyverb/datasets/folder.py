"""A user's own clips: one sub-folder a class, with files of poses, or videos whose poses are estimated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb.core import Clip, InputError, Recording
from bodyverb.datasets import _groups, _pose_files
from bodyverb.datasets._table import ClipTable, Unposed
from bodyverb.formats import poses_h5

CARD = {
    "name": "folder",
    "title": "A folder of your own clips",
    "licence": "yours",
    "citation": "none",
    "files": "ROOT/CLASS/CLIP: files of poses of any format that `bodyverb convert` reads, or videos, at any "
    "depth; a video beside its poses is what they come from",
    "splits": "`groups`: train, validation and test, no group in two of them. A group is what `groups` says, "
    "else all clips of one name, as of one video",
    "classes": (),
    "skeleton": "that of each file",
}
MADE = ("squat", "jumping_jacks", "wave", "clap")
"""Classes of a made folder."""
ESTIMATED = ".bodyverb-poses"
"""Folder in ROOT for poses that were estimated from its videos."""
VIDEOS = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv",
    ".ogv", ".3gp", ".gif", ".mjpeg", ".mjpg", ".h264", ".hevc",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Found:
    """One clip: its class, its file of poses, whether that is made of the video, and the video."""

    id: str
    label: str
    poses: Path
    estimated: bool = False
    media: Path | None = None

    @property
    def waits(self) -> bool:
        """Whether its poses are still to be estimated, or are older than the video."""
        if not self.estimated or self.media is None:
            return False
        return not self.poses.is_file() or self.poses.stat().st_mtime_ns < self.media.stat().st_mtime_ns


def open(
    root: str | Path,
    *,
    groups: str | None = None,
    poses: str | Path | None = None,
    validation: float = 0.15,
    test: float = 0.15,
    seed: int = 0,
    layout: str | None = None,
    rate_hz: float | None = None,
) -> ClipTable:
    """Opens the clips.

    Args:
        root: a folder with one sub-folder a class.
        groups: what no two parts of the split share, such as persons: a .csv of clip and group, or a regular
            expression that finds the group in an id (`squat/anna_03`: `/([a-z]+)_`). By default a group is
            all clips of one name, as of one video.
        poses: folder of the poses estimated from videos; `.bodyverb-poses` in the root by default.
        validation: share of the clips for validation.
        test: share for the test.
        seed: another one divides them otherwise.
        layout: joint layout of files that do not say theirs, where several have as many joints.
        rate_hz: frames a second of files that do not say it.

    Returns:
        The clips that have poses; the `meta` of each says its group. Videos without poses are in `unposed`,
        and `notes` says where the score will be optimistic.

    Raises:
        InputError: there are no classes or clips, or an option does not fit.
    """
    root = Path(root)
    if validation < 0 or test < 0 or validation + test >= 1:
        raise InputError(
            f"Expected shares for validation and test below 1, got {validation:g} and {test:g}; lower them"
        )
    found, other = _scan(root, Path(poses) if poses else root / ESTIMATED)
    ready = {one.id: one for one in found if not one.waits}
    of = _groups_of(root, found, groups)
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    labels = {name: one.label for name, one in ready.items()}
    parts, notes = _groups.divided(labels, of, shares, seed)
    if other:
        notes += (f"{len(other):,} files are neither poses nor videos, such as {other[0].relative_to(root)}",)

    def load(key: str) -> Clip:
        if key not in ready:
            raise InputError(f"Expected one of {len(ready)} clips, got '{key}'; see the table's ids")
        one = ready[key]
        media = None if one.media is None else str(one.media)
        return Clip(
            id=key,
            poses=_pose_files.read(one.poses, layout=layout, rate_hz=rate_hz),
            label=one.label,
            media=media,
            meta={"group": of[key]},
        )

    return ClipTable(
        ids=tuple(ready),
        classes=tuple(dict.fromkeys(one.label for one in found)),
        splits={"groups": parts},
        load=load,
        unposed=tuple(Unposed(media=one.media, poses=one.poses) for one in found if one.waits and one.media),
        notes=notes,
    )


def _groups_of(root: Path, found: list[_Found], asked: str | None) -> dict[str, str]:
    """The group of each clip: what is asked for, or all clips of one name."""
    if asked:
        return _groups.read_groups(asked, {one.id: _names(root, one) for one in found})
    return {one.id: one.id.partition("/")[2] for one in found}


def _scan(root: Path, estimated: Path) -> tuple[list[_Found], list[Path]]:
    """The clips of all classes, in natural order, and files that are none.

    Raises:
        InputError: there is no class, or no clip in any.
    """
    own = estimated.resolve()
    classes = [
        path
        for path in sorted(root.glob("*"), key=_natural)
        if path.is_dir() and not path.name.startswith(".") and path.resolve() != own
    ]
    if not classes:
        raise InputError(f"Expected one sub-folder a class, got none; put the clips into such: {root}")
    found: list[_Found] = []
    other: list[Path] = []
    for folder in classes:
        of_class, rest = _scan_class(root, folder, estimated)
        found += of_class
        other += rest
    if not found:
        raise InputError(f"Expected files of poses or videos in the classes, got none; see --help: {root}")
    return sorted(found, key=lambda one: _natural(Path(one.id))), other


def _scan_class(root: Path, folder: Path, estimated: Path) -> tuple[list[_Found], list[Path]]:
    files = list(_walk(folder))
    posed: dict[str, list[Path]] = {}
    for path in files:
        if (suffix := _pose_files.suffix_of(path)) is not None:
            posed.setdefault(str(path)[: len(str(path)) - len(suffix)], []).append(path)
    videos = [path for path in files if path.suffix.lower() in VIDEOS]
    of_stem = {str(video.with_suffix("")): video for video in videos}
    found = [
        _Found(
            id=_id(root, stem),
            label=folder.name,
            poses=min(paths, key=_pose_files.rank),
            media=of_stem.get(stem),
        )
        for stem, paths in posed.items()
    ]
    taken = set(posed)
    for video in videos:
        stem = str(video.with_suffix(""))
        if stem not in posed:
            name = stem if stem not in taken else str(video)  # a.mp4 and a.mov are two clips
            taken.add(name)
            place = estimated / video.relative_to(root) / f"{video.stem}{_pose_files.ESTIMATED_SUFFIX}"
            found.append(
                _Found(id=_id(root, name), label=folder.name, poses=place, estimated=True, media=video)
            )
    known = {path for paths in posed.values() for path in paths} | set(videos)
    return found, [path for path in files if path not in known and not _pose_files.is_result(path)]


def _walk(folder: Path) -> Iterator[Path]:
    """Files at any depth, and folders that are one file of poses; nothing hidden or unfinished."""
    for path in sorted(folder.iterdir(), key=_natural):
        if path.name.startswith(".") or path.name.endswith(".partial"):
            continue
        if path.is_dir() and _pose_files.suffix_of(path) is None:
            yield from _walk(path)
        else:
            yield path


def _natural(path: Path) -> list[tuple[int, str]]:
    """Order by numbers within names: clip2 before clip10."""
    words = re.split(r"(\d+)", str(path).casefold())
    return [(int(word), "") if word.isdigit() else (-1, word) for word in words]


def _id(root: Path, stem: str) -> str:
    return Path(stem).relative_to(root).as_posix()


def _names(root: Path, one: _Found) -> tuple[str, ...]:
    """What a table of groups may call a clip."""
    file = one.poses if one.media is None else one.media
    return (
        one.id,
        file.relative_to(root).as_posix(),
        one.poses.name,
        file.name,
        file.stem,
        Path(one.id).name,
    )


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many clips.
    """
    from bodyverb.datasets import _acted

    for number, one in enumerate(_acted.plan(count, len(MADE), (1, 2, 3, 4))):
        world = _acted.acted(MADE[one.kind], rng, rate_hz=30.0, seconds=2, person=one.person)
        seen = _acted.in_picture(world, "coco17", (640, 480), turn=rng.uniform(-0.6, 0.6))
        recording = Recording(timestamps_s=seen.timestamps_s, image_size=seen.image_size, source="made",
                              tracks=(seen,))  # fmt: skip
        name = f"person{one.person}_{number:03d}{poses_h5.SUFFIX}"
        poses_h5.write(folder / MADE[one.kind] / name, recording)
