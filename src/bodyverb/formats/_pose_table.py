"""Poses as a flat table, a row a person and frame: its columns, and tracks from its rows.

Columns: source, person_id, frame (into the recording's frames), time_s, box_x1 box_y1 box_x2 box_y2, then
for each joint `<joint>_x`, `<joint>_y` (`_z` in 3D), `<joint>_score`, `<joint>_state` (0 absent, 1 inferred,
2 seen).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Recording, Skeleton
from bodyverb.formats import _marks

LEAD = ("source", "person_id", "frame", "time_s", "box_x1", "box_y1", "box_x2", "box_y2")
BOXES = LEAD[4:]
MAX_PEOPLE = 10_000
MAX_JOINTS = 10_000
ROOM_BYTES = 40 * 1024**2


def joint_columns(skeleton: Skeleton, dims: int) -> list[str]:
    """The columns behind `LEAD`."""
    parts = (*"xyz"[:dims], "score", "state")
    return [f"{joint}_{part}" for joint in skeleton.joints for part in parts]


class Rows:
    """Rows of a table, gathered by person."""

    def __init__(self, header: Sequence[str], skeleton: Skeleton | str | None, path: str | Path) -> None:
        """Take the header.

        Args:
            header: Names of all columns.
            skeleton: The layout; by default the known one with these joints, else one of their names.
            path: The file, for messages.

        Raises:
            FormatError: They are the columns of something else.
        """
        self.path = path
        names = [name[:-2] for name in header[len(LEAD) :] if name.endswith("_x")]
        self.dims = 3 if any(name == f"{names[0]}_z" for name in header if names) else 2
        if tuple(header[: len(LEAD)]) != LEAD:
            raise FormatError(f"Expected columns {', '.join(LEAD)}, got others; see pose_csv: {path}")
        if len(names) > MAX_JOINTS or len(set(names)) < len(names) or not all(names):
            raise FormatError(f"Expected columns of up to {MAX_JOINTS} joints, got others: {path}")
        self.skeleton: Skeleton | None = None
        if names:
            own = skeletons.get(skeleton) if isinstance(skeleton, str) else skeleton
            self.skeleton = own or _marks.layout(f"table{len(names)}", names)
            if list(header[len(LEAD) :]) != joint_columns(self.skeleton, self.dims):
                raise FormatError(
                    f"Expected x, y, score and state of every joint of {self.skeleton.name!r}, got other "
                    f"columns; give the table's own layout: {path}"
                )
        elif len(header) > len(LEAD):
            raise FormatError(f"Expected columns of joints, got {header[len(LEAD)][:40]!r}: {path}")
        self.width = len(header)
        self.source = ""
        self.numbers: dict[str, array[float]] = {}
        self.times: dict[str, array[float]] = {}
        self.taken = 0
        self.limit = 3 * Path(path).stat().st_size + ROOM_BYTES

    def add(self, person: str, times: Sequence[float], numbers: Any) -> None:
        """Take rows of a person: times, and boxes and joints (row, 4 + joints x parts), NaN where empty.

        Raises:
            FormatError: There are too many people, or more cells than the file can fill.
        """
        if person not in self.times:
            if len(self.times) == MAX_PEOPLE or not person:
                self.fail(f"at most {MAX_PEOPLE} people with ids", "more or no id")
            self.times[person], self.numbers[person] = array("d"), array("f")
        values = np.asarray(numbers, np.float32)
        self.taken += values.nbytes
        if self.taken > self.limit:
            self.fail(f"at most {self.limit >> 20} MiB of numbers", "more")
        self.times[person].extend(times)
        self.numbers[person].frombytes(values.tobytes())

    def recording(self, timestamps_s: np.ndarray | None = None, **frame: Any) -> Recording:
        """All people as tracks; without times the recording has those of its tracks.

        Args:
            timestamps_s: Times of all frames.
            **frame: Fields of every track, such as the unit.

        Raises:
            FormatError: Scores, states or times are none.
        """
        shared = {"image_size": None, **frame}
        tracks = tuple(self._track(person, shared) for person in list(self.times))
        if timestamps_s is None:
            times = [track.timestamps_s for track in tracks]
            timestamps_s = np.unique(np.concatenate(times)) if times else np.zeros(0)
        try:
            return Recording(
                timestamps_s=timestamps_s,
                image_size=shared["image_size"],
                source=self.source,
                tracks=tracks,
            )
        except InputError as error:
            raise FormatError(f"{error} [{self.path}]") from None

    def _track(self, person: str, frame: dict[str, Any]) -> PoseSequence:
        if self.skeleton is None:
            self.fail("columns of joints", "none")
        assert self.skeleton is not None
        times = np.array(self.times.pop(person))
        numbers = np.array(self.numbers.pop(person), np.float32).reshape(times.size, -1)
        joints = numbers[:, 4:].reshape(times.size, len(self.skeleton), -1)
        box = numbers[:, :4]
        state = joints[..., -1]
        if not np.isin(state, (0, 1, 2)).all():
            self.fail("states 0, 1 and 2", f"another of person {person[:40]!r}")
        try:
            return PoseSequence.from_arrays(
                joints[None, :, :, :-2],
                skeleton=self.skeleton,
                timestamps_s=times,
                score=joints[None, :, :, -2],
                state=state[None],
                box=None if np.isnan(box).all() else box[None],
                person_ids=(person,),
                source=self.source,
                **frame,
            )
        except InputError as error:
            raise FormatError(f"{error} [person {person[:40]!r} of {self.path}]") from None

    def fail(self, expected: str, found: str) -> None:
        """Raise the error of the table."""
        raise FormatError(f"Expected {expected}, got {found}; make it anew: {self.path}")
