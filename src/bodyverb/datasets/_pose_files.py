"""Poses of one file, of whatever format its name says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import InputError, PoseSequence, Recording, stack
from bodyverb.datasets import _bodies
from bodyverb.formats import (
    coco_json,
    ntu_skeleton,
    nw_ucla_json,
    openpose_json,
    penn_mat,
    pku_text,
    pose_csv,
    poses_h5,
    utd_mat,
)

Reader = Callable[[Path], PoseSequence]
PKU_NAME = re.compile(r"\d{4}-[LMR]")  # other texts are notes


def _of_recording(recording: Recording) -> PoseSequence:
    """All people of a recording on its own time base; nobody where there are no tracks."""
    if recording.tracks:
        return stack(recording.tracks, recording.timestamps_s)
    layout = skeletons.get("coco17")
    return PoseSequence.from_arrays(
        np.zeros((0, len(recording.timestamps_s), len(layout), 2), np.float32),
        skeleton=layout,
        timestamps_s=recording.timestamps_s,
        image_size=recording.image_size,
        source=recording.source,
    )


def _ntu(path: Path) -> PoseSequence:
    poses = ntu_skeleton.read(path).sequences(("camera",))["camera"]
    return _bodies.tracked(poses).apply(poses)


def _json(path: Path) -> PoseSequence:
    if nw_ucla_json.NAME.search(path.stem):
        return nw_ucla_json.read(path).poses
    return _of_recording(coco_json.read(path))


def _mat(path: Path) -> PoseSequence:
    return utd_mat.read(path) if utd_mat.NAME.search(path.name) else penn_mat.read(path).poses


READERS: dict[str, Reader] = {
    poses_h5.SUFFIX: lambda path: _of_recording(poses_h5.read(path)),
    ".skeleton": _ntu,
    coco_json.SUFFIX: _json,
    pose_csv.SUFFIX: lambda path: _of_recording(pose_csv.read(path)),
    openpose_json.SUFFIX: lambda path: _of_recording(openpose_json.read(path)),
    "_skeleton.mat": _mat,
    ".mat": _mat,
    ".csv": lambda path: _of_recording(pose_csv.read(path)),
    ".json": _json,
    ".txt": pku_text.read,
}
"""By the end of the name; the first one that fits is taken, and of several files of one clip too."""
RESULTS = (".verbs.csv", ".verbs.json", ".html", ".overlay.jpg", ".sheet.png")
"""What a run writes besides poses."""
ESTIMATED_SUFFIX = poses_h5.SUFFIX


def suffix_of(path: Path) -> str | None:
    """The end of the name that says how it is read; None where it is no file of poses."""
    name = path.name.lower()
    if is_result(path) or (name.endswith(".txt") and not PKU_NAME.fullmatch(path.stem)):
        return None
    found = next((suffix for suffix in READERS if name.endswith(suffix) and len(name) > len(suffix)), None)
    return None if found == openpose_json.SUFFIX and not path.is_dir() else found


def is_result(path: Path) -> bool:
    """Whether a run wrote it besides poses."""
    return path.name.lower().endswith(RESULTS)


def rank(path: Path) -> int:
    """Which of several files of one clip is taken: that of the lowest."""
    return list(READERS).index(suffix_of(path) or "")


def read(path: Path) -> PoseSequence:
    """The poses of everybody in a file.

    Raises:
        InputError: it cannot be read, or is of no known format.
        FormatError: it is damaged.
    """
    suffix = suffix_of(path)
    if suffix is None:
        raise InputError(f"Expected a file of poses ({', '.join(READERS)}), got another; convert it: {path}")
    return READERS[suffix](path)
