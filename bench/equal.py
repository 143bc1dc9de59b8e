"""Whether two folders of results hold the same: poses, verbs, and what the overlay shows."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.formats import poses_h5
from bodyverb.media import open_source

NOT_COMPARED = (".html",)  # the report tells how it was made, in another folder


def differences(expected: Path, got: Path) -> list[str]:
    """What is not the same in two output folders, a line each; empty where all is.

    Poses (raw and smoothed) and verbs must be array-equal, tables equal byte by byte, videos equal frame by
    frame after decoding with the same times. Nothing unfinished or temporary may be left.
    """
    names, found = _names(expected), _names(got)
    if names != found:
        return [f"missing {sorted(names - found)}, left over {sorted(found - names)}"]
    lines = []
    for name in sorted(names):
        one, two = expected / name, got / name
        if one.is_dir():
            lines += differences(one, two)
        elif name.endswith(poses_h5.SUFFIX):
            lines += [f"{name}: {what}" for what in _poses(one, two)]
        elif name.endswith(".mp4"):
            if frames_of(one) != frames_of(two):
                lines.append(f"{name}: the frames differ")
        elif not name.endswith(NOT_COMPARED) and one.read_bytes() != two.read_bytes():
            lines.append(f"{name}: the bytes differ")
    return lines


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".lock"}


def frames_of(path: Path) -> list[tuple[float, str]]:
    """Time and checksum of every decoded frame of a video."""
    with open_source(path) as media:
        return [(frame.time_s, hashlib.sha256(frame.image.data).hexdigest()) for frame in media]


def _poses(one: Path, two: Path) -> list[str]:
    wrong = []
    for which in ("raw", "smoothed"):
        a, b = poses_h5.read(one, which), poses_h5.read(two, which)
        if not np.array_equal(a.timestamps_s, b.timestamps_s):
            wrong.append(f"{which} time stamps differ")
        if a.person_ids != b.person_ids:
            wrong.append(f"{which} people differ")
        elif any(not _same_track(x, y) for x, y in zip(a.tracks, b.tracks, strict=True)):
            wrong.append(f"{which} poses differ")
        if a.segments != b.segments:
            wrong.append(f"{which} segments differ")
    if not _same_timeline(poses_h5.read_timeline(one), poses_h5.read_timeline(two)):
        wrong.append("verbs differ")
    return wrong


def _same_track(a: Any, b: Any) -> bool:
    names = ("timestamps_s", "position", "score", "state", "box")
    return all(_same(getattr(a, name), getattr(b, name)) for name in names)


def _same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    if a is None or b is None:
        return a is b
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


def _same_timeline(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    windows = len(a.windows) == len(b.windows) and all(
        (x.person_id, x.start_s, x.end_s, x.known) == (y.person_id, y.start_s, y.end_s, y.known)
        and np.array_equal(x.probabilities, y.probabilities)
        for x, y in zip(a.windows, b.windows, strict=True)
    )
    return windows and a.segments == b.segments and a.classes == b.classes
