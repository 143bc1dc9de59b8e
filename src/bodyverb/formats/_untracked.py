"""People of pictures in a row, gathered into tracks; where nobody is told apart, by their order."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import INFERRED, SEEN, FormatError, PoseSequence, Recording, Skeleton

GUESSED_RATE_HZ = 30.0
MAX_FRAMES = 2**20
MAX_PEOPLE = 10_000


class People:
    """Joints x, y, score of everybody, a row a person and picture.

    A person without an id is named after the order in its picture (`rank0`, `rank1`, ...): who comes first
    in one picture need not be who comes first in the next.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.joints: int | None = None
        self.rows: dict[str, array[int]] = {}
        self.values: dict[str, dict[str, array[float]]] = {}
        self.ranks: dict[int, int] = {}

    def add(
        self,
        frame: int,
        person: str | None,
        points: Sequence[float],
        *,
        rank: int | None = None,
        **more: Sequence[float],
    ) -> None:
        """Take one person of a picture.

        Args:
            frame: Number of the picture.
            person: The person's id; None where there is none.
            points: x, y and score of each joint.
            rank: Place of the person among those of the picture; by default that of the calls.
            **more: Further numbers by name, as many for everybody.

        Raises:
            FormatError: It has another number of joints than those before, or there are too many people.
        """
        joints = len(points) // 3
        self.joints = joints if self.joints is None else self.joints
        if joints != self.joints:
            self.fail(f"{self.joints} joints as before", str(joints), frame)
        if person is None:
            person = f"rank{self.ranks.get(frame, 0) if rank is None else rank}"
            self.ranks[frame] = self.ranks.get(frame, 0) + 1
        if person not in self.rows:
            if len(self.rows) == MAX_PEOPLE:
                self.fail(f"at most {MAX_PEOPLE} people", "more", frame)
            self.rows[person] = array("q")
            self.values[person] = {name: array("f") for name in ("points", *more)}
        self.rows[person].append(frame)
        for name, numbers in {"points": points, **more}.items():
            self.values[person][name].extend(numbers)

    def fail(self, expected: str, found: str, frame: int) -> None:
        """Raise the error of a picture."""
        raise FormatError(f"Expected {expected}, got {found} in picture {frame}; check the file: {self.path}")

    def recording(
        self, skeleton: Skeleton | None, frames: int, rate_hz: float | None, meta: Mapping[str, Any]
    ) -> Recording:
        """Everybody as tracks. `box` of `add` is x, y, width, height; other numbers become extras.

        Args:
            skeleton: Their layout; None where nobody was added.
            frames: How many pictures there are.
            rate_hz: Frames per second; None where nobody knows.
            meta: Of the recording; `identity` is added, `rank` or `track`.

        Raises:
            FormatError: Somebody stands twice in a picture.
        """
        times = np.arange(frames) / (rate_hz or GUESSED_RATE_HZ)
        tracks = []
        for person in self.rows if skeleton is not None else ():
            assert skeleton is not None
            tracks.append(self._track(person, skeleton, times, rate_hz is not None))
        return Recording(
            timestamps_s=times,
            image_size=None,
            source=Path(self.path).name,
            tracks=tuple(tracks),
            meta={**meta, "identity": "rank" if self.ranks else "track"},
        )

    def _track(self, person: str, skeleton: Skeleton, times: np.ndarray, known: bool) -> PoseSequence:
        rows = np.array(self.rows[person])
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        again = np.flatnonzero(np.diff(rows) == 0)
        if again.size:
            self.fail("everybody once in a picture", f"{person} again", int(rows[again[0]]))
        more = {
            name: np.array(numbers, np.float32).reshape(len(rows), -1)[order]
            for name, numbers in self.values.pop(person).items()
        }
        points = more.pop("points").reshape(len(rows), -1, 3)
        box = _corners(more.pop("box", None))
        score = np.clip(np.nan_to_num(points[..., 2]), 0, 1)
        extras = {name: (v[:, 0] if v.shape[1] == 1 else v)[None] for name, v in more.items()}
        if not np.array_equal(score, points[..., 2]):
            extras["stored_score"] = points[None, ..., 2]
        absent = (points == 0).all(axis=-1)
        return PoseSequence.from_arrays(
            np.where(absent[None, ..., None], np.nan, points[None, ..., :2]),
            skeleton=skeleton,
            timestamps_s=times[rows],
            rate="nominal" if known else "unknown",
            score=score[None],
            state=np.where(score > 0, SEEN, INFERRED)[None],
            box=box,
            extras=extras,
            person_ids=(person,),
            source=Path(self.path).name,
        )


def _corners(boxes: np.ndarray | None) -> np.ndarray | None:
    """(1, T, 4) x1 y1 x2 y2 of boxes (T, 4) x, y, width, height; None where there is none."""
    if boxes is None or not np.isfinite(boxes).any():
        return None
    with np.errstate(over="ignore"):
        box = np.concatenate([boxes[:, :2], boxes[:, :2] + np.maximum(boxes[:, 2:], 0)], axis=1)
    box[~np.isfinite(box).all(axis=1)] = np.nan
    return box[None]


class Frames:
    """Number of each picture, from its name: `12.jpg` is 12; other names count in their order.

    Attributes:
        number: The number of each name.
        counted: Whether the names say no numbers.
    """

    def __init__(self) -> None:
        self.number: dict[str, int] = {}
        self.counted = False

    def of(self, name: str | int, people: People) -> int:
        """The number of a picture.

        Raises:
            FormatError: It is larger than a recording may have frames, or a name among numbers.
        """
        name = str(name)
        if name not in self.number:
            stem = re.sub(r"\.[A-Za-z]{3,4}$", "", name)
            pure = re.fullmatch(r"[0-9]{1,9}", stem) is not None
            if not self.number:
                self.counted = not pure
            number = len(self.number) if self.counted else int(stem) if pure else MAX_FRAMES
            if number >= MAX_FRAMES:
                people.fail(f"pictures numbered below {MAX_FRAMES}", repr(name)[:40], len(self.number))
            self.number[name] = number
        return self.number[name]

    def __len__(self) -> int:
        return max(self.number.values(), default=-1) + 1
