"""Clips of a data set side by side in one array: what training and evaluation draw their batches from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodyverb import skeletons
from bodyverb.core import Clip, InputError, PoseSequence, Skeleton
from bodyverb.datasets._table import ClipTable

UPRIGHT = {
    "kinect": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "y-up": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "cv": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "z-up": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
}
"""Axes -> rows that make them y-up (x, y, z) by a rotation."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Clips:
    """Labelled clips, one after the other.

    Attributes:
        position: (frame, person, joint, 2|3) float32, NaN = missing; 3D in axes y-up, 2D with y down.
        score: (frame, person, joint) float32.
        seconds: (frame,) float32 since the clip began.
        first: (clip,) int64, its first row.
        frames: (clip,) int64, its rows.
        label: (clip,) int64.
        ids: names of the clips.
        subject: who is seen, "" where nobody says.
        camera: which view, "" where nobody says.
        classes: names of the labels.
        skeleton: layout of the joints.
    """

    position: np.ndarray
    score: np.ndarray
    seconds: np.ndarray
    first: np.ndarray
    frames: np.ndarray
    label: np.ndarray
    ids: tuple[str, ...]
    subject: tuple[str, ...]
    camera: tuple[str, ...]
    classes: tuple[str, ...]
    skeleton: Skeleton

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dims(self) -> int:
        """2 or 3."""
        return int(self.position.shape[-1])

    @property
    def persons(self) -> int:
        """People that a clip has room for."""
        return int(self.position.shape[1])

    @property
    def length_s(self) -> np.ndarray:
        """(clip,) seconds from the first to the last frame."""
        return self.seconds[self.first + self.frames - 1].astype(np.float64)

    def select(self, rows: Sequence[int] | np.ndarray) -> Clips:
        """Some of the clips, in the order of `rows`; the frames stay shared."""
        rows = np.asarray(rows, np.int64)
        return replace(
            self,
            first=self.first[rows],
            frames=self.frames[rows],
            label=self.label[rows],
            ids=tuple(self.ids[row] for row in rows),
            subject=tuple(self.subject[row] for row in rows),
            camera=tuple(self.camera[row] for row in rows),
        )

    def where(self, chosen: Callable[[str, str, str], bool]) -> Clips:
        """The clips whose id, subject and camera are chosen."""
        facts = zip(self.ids, self.subject, self.camera, strict=True)
        return self.select([row for row, fact in enumerate(facts) if chosen(*fact)])


def gather(
    table: ClipTable,
    ids: Sequence[str],
    *,
    layout: str | None = None,
    persons: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Clips:
    """Reads clips of a data set.

    Args:
        table: the data set.
        ids: which clips.
        layout: the layout wanted; that of the first clip by default.
        persons: people a clip keeps, those with the most joints; as many as the fullest clip has, at most 2,
            by default.
        progress: told how many of how many are read.

    Returns:
        The clips that have a label, at least one frame and at least one joint; others are left out.

    Raises:
        InputError: none is left, layouts or dimensions differ, or a label is no class.
    """
    found: list[tuple[Clip, np.ndarray, np.ndarray]] = []
    skeleton = None if layout is None else skeletons.get(layout)
    for done, key in enumerate(ids, 1):
        clip = table[key]
        if progress is not None:
            progress(done, len(ids))
        skeleton = skeleton or clip.poses.skeleton
        if clip.label is None or not clip.poses.present.any():
            continue
        position, score = upright(clip.poses, skeleton)
        found.append((clip, *_people(position, score, persons or 2)))
        if position.shape[-1] != found[0][1].shape[-1]:
            raise InputError(
                f"Expected clips of {found[0][1].shape[-1]} dimensions, got {position.shape[-1]}; "
                f"train on one kind: {key}"
            )
    if not found or skeleton is None:
        raise InputError(
            f"Expected clips with labels and poses, got none of {len(ids)}; check split and data"
        )
    unknown = sorted({str(clip.label) for clip, _, _ in found} - set(table.classes))
    if unknown:
        raise InputError(f"Expected labels of the set's {len(table.classes)} classes, got {unknown[0]!r}")
    return _side_by_side(found, skeleton, table.classes, persons)


def upright(poses: PoseSequence, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """Positions and scores in the axes and the layout of a network.

    Returns:
        (frame, person, joint, 2|3) float32 with NaN and (frame, person, joint) float32; 3D is y-up, a
        mirrored picture is turned back.
    """
    if poses.skeleton.joints != skeleton.joints:
        poses, _ = skeletons.convert(poses, skeleton)
    position = np.array(np.swapaxes(poses.position, 0, 1), np.float32)
    if position.shape[-1] == 3:
        position = position @ np.array(UPRIGHT[poses.axes], np.float32).T
    elif poses.mirrored:
        position[..., 0] *= -1
    return position, np.array(np.swapaxes(poses.score, 0, 1), np.float32)


def _people(position: np.ndarray, score: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The people with the most joints, and those of them who are there at all; first the fullest."""
    seen = np.isfinite(position).all(axis=-1).sum(axis=(0, 2))
    order = [person for person in np.argsort(-seen, kind="stable")[:most] if seen[person]]
    return position[:, order], score[:, order]


def _side_by_side(
    found: list[tuple[Clip, np.ndarray, np.ndarray]],
    skeleton: Skeleton,
    classes: tuple[str, ...],
    persons: int | None,
) -> Clips:
    clips = [clip for clip, _, _ in found]
    frames = np.array([len(position) for _, position, _ in found], np.int64)
    room = persons or max(position.shape[1] for _, position, _ in found)
    total, dims = int(frames.sum()), found[0][1].shape[-1]
    position = np.full((total, room, len(skeleton), dims), np.nan, np.float32)
    score = np.zeros((total, room, len(skeleton)), np.float32)
    first = np.concatenate([[0], np.cumsum(frames)[:-1]]).astype(np.int64)
    for start, (_, xy, sure) in zip(first, found, strict=True):
        position[start : start + len(xy), : xy.shape[1]] = xy
        score[start : start + len(xy), : xy.shape[1]] = sure
    times = [clip.poses.timestamps_s - clip.poses.timestamps_s[0] for clip in clips]
    place = {name: number for number, name in enumerate(classes)}
    return Clips(
        position=position,
        score=score,
        seconds=np.concatenate(times).astype(np.float32),
        first=first,
        frames=frames,
        label=np.array([place[str(clip.label)] for clip in clips], np.int64),
        ids=tuple(clip.id for clip in clips),
        subject=tuple(clip.subject or "" for clip in clips),
        camera=tuple(clip.camera or "" for clip in clips),
        classes=tuple(classes),
        skeleton=skeleton,
    )
