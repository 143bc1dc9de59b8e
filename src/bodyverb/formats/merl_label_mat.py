"""MERL Shopping labels (`<subject>_<session>_label.mat`): when each of five actions happens in a video.

`tlabs` is a cell of five lists of `[start, end]`, frames from 1 and both included; everything else is
background. Here frames count from 0 and the end is not included. The videos have 30 frames per second, which
the files do not say.

Data set: Singh et al., A Multi-Stream Bi-Directional Recurrent Neural Network for Fine-Grained Action
Detection (CVPR 2016).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb.core import FormatError, InputError, Segment
from bodyverb.formats import _mat5
from bodyverb.formats.files import replacing

RATE_HZ = 30.0
ACTIONS = ("reach_to_shelf", "retract_from_shelf", "hand_in_shelf", "inspect_product", "inspect_shelf")
NAME = re.compile(r"(\d{1,4})_(\d{1,4})_label\.mat$")
MAX_FRAME = 2**31


@dataclass(frozen=True, kw_only=True)
class Interval:
    """One action: its name, first frame, and the frame after its last; from 0."""

    action: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class MerlLabels:
    """One file: subject, session and the actions, sorted by time; they may overlap."""

    subject: int
    session: int
    intervals: tuple[Interval, ...]

    def segments(self, person_id: str = "0", rate_hz: float = RATE_HZ) -> tuple[Segment, ...]:
        """The actions in seconds."""
        return tuple(
            Segment(
                person_id=person_id,
                verb=one.action,
                start_s=one.start / rate_hz,
                end_s=one.end / rate_hz,
                confidence=1.0,
            )
            for one in self.intervals
        )


def parse_name(path: str | Path) -> tuple[int, int]:
    """Subject and session of a file's name.

    Raises:
        FormatError: The name has another form.

    Example:
        >>> parse_name("labels/27_3_label.mat")
        (27, 3)
    """
    found = NAME.search(Path(path).name)
    if found is None:
        raise FormatError(f"Expected a name like 27_3_label.mat, got another; rename the file: {path}")
    return int(found[1]), int(found[2])


def read(path: str | Path, *, data: bytes | None = None) -> MerlLabels:
    """Read a file.

    Args:
        path: The file; its name says subject and session.
        data: Its bytes, where it lies inside an archive.

    Raises:
        FormatError: The file is absent or damaged, or holds something else.
    """
    subject, session = parse_name(path)
    lists = _mat5.load(path, "tlabs", data=data)["tlabs"]
    if not isinstance(lists, list) or len(lists) != len(ACTIONS):
        found = f"{len(lists)}" if isinstance(lists, list) else type(lists).__name__
        raise FormatError(f"Expected 'tlabs' as a cell of {len(ACTIONS)} lists, got {found}: {path}")
    intervals = [
        Interval(action=action, start=start - 1, end=end)
        for action, rows in zip(ACTIONS, lists, strict=True)
        for start, end in _rows(rows, action, path)
    ]
    intervals.sort(key=lambda one: (one.start, one.end))
    return MerlLabels(subject=subject, session=session, intervals=tuple(intervals))


def _rows(rows: object, action: str, path: str | Path) -> list[tuple[int, int]]:
    if isinstance(rows, np.ndarray) and rows.size == 0:
        return []
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] != 2:
        found = f"shape {rows.shape}" if isinstance(rows, np.ndarray) else type(rows).__name__
        raise FormatError(f"Expected {action} as rows [start, end], got {found}; check the file: {path}")
    numbers = rows.astype(np.float64)
    good = (numbers == np.floor(numbers)) & (numbers >= 1) & (numbers < MAX_FRAME)
    bad = np.flatnonzero(~good.all(axis=1) | ~(numbers[:, 1] >= numbers[:, 0]))
    if bad.size:
        raise FormatError(
            f"Expected whole frames from 1 with end >= start, got {numbers[bad[0]].tolist()} in row "
            f"{bad[0]} of {action}; check the file: {path}"
        )
    return [(int(start), int(end)) for start, end in numbers]


def write(path: str | Path, intervals: Sequence[Interval]) -> Path:
    """Write a file; `read` gives the same intervals back.

    Raises:
        InputError: An action is none of `ACTIONS`.
        OutputError: The file cannot be written.
    """
    from scipy.io import savemat

    cell = np.empty((len(ACTIONS), 1), dtype=object)
    for at, action in enumerate(ACTIONS):
        rows = [(one.start + 1, one.end) for one in intervals if one.action == action]
        cell[at, 0] = np.array(rows, np.float64).reshape(-1, 2)
    odd = {one.action for one in intervals} - set(ACTIONS)
    if odd:
        raise InputError(
            f"Expected actions of {', '.join(ACTIONS)}, got {', '.join(sorted(odd))}; rename them"
        )
    with replacing(path) as temporary, temporary.open("wb") as stream:
        savemat(stream, {"tlabs": cell}, do_compression=True)
    return Path(path)
