"""UTD-MHAD skeleton files (`a{1-27}_s{1-8}_t{1-4}_skeleton.mat`): ``d_skel`` (20, 3, frame), Kinect v1.

Metres in the sensor's frame: x to the sensor's left, y up, z forward (axes ``kinect``). The joint order is
the data set's own (layout utd20, head first). The sensor runs at 30 Hz; the files store no times, so the
rate is nominal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, PoseSequence
from bodyverb.formats import _mat5
from bodyverb.formats._format import Format, Given, Item, recording_of

RATE_HZ = 30.0
NAME = re.compile(r"a(\d+)_s(\d+)_t(\d+)_skeleton\.mat$")


@dataclass(frozen=True, kw_only=True)
class UtdName:
    """What a file's name says: action 1-27, subject 1-8, trial 1-4."""

    action: int
    subject: int
    trial: int


def parse_name(path: str | Path) -> UtdName:
    """Reads action, subject and trial from a file's name.

    Args:
        path: the file.

    Returns:
        The three numbers.

    Raises:
        FormatError: the name has another form.

    Examples:
        >>> parse_name("a27_s8_t4_skeleton.mat")
        UtdName(action=27, subject=8, trial=4)
    """
    match = NAME.search(Path(path).name)
    if match is None:
        raise FormatError(f"Expected a name like a1_s1_t1_skeleton.mat, got another; rename the file: {path}")
    action, subject, trial = (int(group) for group in match.groups())
    return UtdName(action=action, subject=subject, trial=trial)


def read(path: str | Path, *, data: bytes | None = None) -> PoseSequence:
    """Reads one sequence.

    Args:
        path: the file.
        data: its bytes, where it lies inside an archive.

    Returns:
        One person (1, frame, 20, 3), metres, camera space, axes ``kinect``. A joint stored as exactly (0,
        0, 0), the sensor's own place, is absent (NaN).

    Raises:
        FormatError: the file is absent, broken or holds something else.
    """
    path = Path(path)
    values = np.asarray(_mat5.load(path, "d_skel", data=data)["d_skel"])
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[:2] != (20, 3):
        raise FormatError(
            f"Expected d_skel of shape (20, 3, frame), got {values.shape}; check the file: {path}"
        )
    position = np.moveaxis(values, -1, 0).astype(np.float32)
    position[(position == 0).all(axis=-1)] = np.nan
    return PoseSequence.from_arrays(
        position[None],
        skeleton=skeletons.get("utd20"),
        rate_hz=RATE_HZ,
        space="camera",
        unit="m",
        axes="kinect",
        source=path.name,
    )


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    named = NAME.search(path.name)
    yield path.stem, recording_of(read(path), {"label": int(named[1])} if named else {})


FORMAT = Format(
    name="utd",
    title="UTD-MHAD skeleton .mat",
    suffixes=(".mat",),
    says=frozenset({"layout", "unit", "axes", "rate", "label"}),
    read=_recordings,
    looks=lambda path, head: _mat5.has(path, "d_skel"),
)
