"""PKU-MMD text: a skeleton file and a label file a recording.

Skeletons: a line a frame, 150 numbers: 2 bodies x 25 Kinect v2 joints x (x, y, z) in metres, camera space,
axes `kinect`; a body that is not there is all zeros. Labels: a line `action,start,end,confidence` an action,
the frames counted from the begin of the recording, the confidence 0 to 2; rows of the published files can be
out of order and end before they start. No times are stored; 30 Hz is nominal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import _numbers
from bodyverb.formats._format import KINECT, Format, Given, Item, poses_of, recording_of
from bodyverb.formats.files import replacing

RATE_HZ = 30.0
BODIES, JOINTS = 2, 25
ROW = BODIES * JOINTS * 3
MAX_LABEL_BYTES = 1024**2
MAX_DIGITS = 9
_NUMBERS = re.compile(rb"[0-9eE.+\s-]{64,}")


@dataclass(frozen=True, kw_only=True)
class PkuLabel:
    """One row of a label file: action from 1, first and last frame, confidence 0 to 2."""

    action: int
    start: int
    end: int
    confidence: int


def read(path: str | Path, *, data: bytes | None = None) -> PoseSequence:
    """Reads a skeleton file.

    Args:
        path: The file.
        data: Its bytes, where it lies inside an archive.

    Returns:
        Two persons, metres, camera space, axes `kinect`; a joint at exactly (0, 0, 0) or not finite is NaN.

    Raises:
        FormatError: The file is absent, broken or holds something else.
    """
    with np.errstate(over="ignore"):
        position = read_array(path, data=data).astype(np.float32).swapaxes(0, 1)
    position[(position == 0).all(axis=-1)] = np.nan
    return PoseSequence.from_arrays(
        position,
        skeleton=skeletons.get("kinect25"),
        rate_hz=RATE_HZ,
        space="camera",
        unit="m",
        axes="kinect",
        source=Path(path).name,
    )


def read_array(path: str | Path, *, data: bytes | None = None) -> np.ndarray:
    """Reads the numbers of a skeleton file as they are.

    Args:
        path: The file.
        data: Its bytes, where it lies inside an archive.

    Returns:
        (T, 2, 25, 3) float64 metres.

    Raises:
        FormatError: The file is absent, broken or holds something else.
    """
    path = Path(path)
    text = _numbers.load(path, data)
    rows = np.empty((min(text.count(b"\n"), _numbers.count(text) // ROW), ROW))
    at, line, filled = 0, 1, 0
    while at < len(text):
        block = _numbers.parse(text, at, line, path)
        at, line = int(block.start[-1]), line + block.lines
        found = _whole_lines(block, last=at == len(text), path=path)
        rows[filled : filled + len(found)] = found
        filled += len(found)
    if not filled:
        raise FormatError(f"Expected lines of {ROW} numbers, got an empty file; fetch it again: {path}")
    return rows[:filled].reshape(filled, BODIES, JOINTS, 3)


def write(path: str | Path, poses: PoseSequence) -> Path:
    """Writes a skeleton file, whole or not at all; what `read` gave becomes the same bytes again.

    Args:
        path: The file.
        poses: At most two persons, layout kinect25, metres, axes `kinect`; absent joints become zeros.

    Raises:
        InputError: The poses are of another kind.
        OutputError: It cannot be written.
    """
    kind = poses.skeleton.name, poses.space, poses.unit, poses.axes
    if kind != ("kinect25", "camera", "m", "kinect") or poses.persons > BODIES:
        raise InputError(
            f"Expected at most {BODIES} people in kinect25, camera, m and kinect axes, "
            f"got {poses.persons} in {', '.join(kind)}; convert them"
        )
    rows = np.zeros((poses.frames, BODIES, JOINTS * 3))
    known = np.nan_to_num(poses.position).swapaxes(0, 1)
    rows[:, : poses.persons] = known.reshape(poses.frames, poses.persons, JOINTS * 3)
    line = " ".join(["%.6f"] * ROW) + "\n"
    with replacing(path) as temporary:
        temporary.write_text("".join(line % tuple(row) for row in rows.reshape(-1, ROW).tolist()), "ascii")
    return Path(path)


def read_labels(path: str | Path, *, data: bytes | None = None) -> tuple[PkuLabel, ...]:
    """Reads a label file; the rows stay as they are.

    Args:
        path: The file.
        data: Its bytes, where it lies inside an archive.

    Raises:
        FormatError: The file is absent, broken or holds something else.
    """
    path = Path(path)
    text = _numbers.load(path, data)
    if len(text) > MAX_LABEL_BYTES:
        raise FormatError(
            f"Expected at most {MAX_LABEL_BYTES >> 20} MiB of labels, got {len(text)} bytes; check it: {path}"
        )
    rows = enumerate(text.splitlines(), 1)
    return tuple(_label(row, line, path) for line, row in rows if row.strip())


def write_labels(path: str | Path, labels: Iterable[PkuLabel]) -> Path:
    """Writes a label file, whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text("".join(",".join(map(str, astuple(label))) + "\n" for label in labels), "ascii")
    return Path(path)


def _whole_lines(block: _numbers.Block, *, last: bool, path: Path) -> np.ndarray:
    """(lines, 150) the numbers of a block; blank lines may end the file."""
    widths = np.diff(block.first)
    used = int(np.max(np.flatnonzero(widths), initial=-1)) + 1 if last else widths.size
    wrong = np.flatnonzero(widths[:used] != ROW)
    if wrong.size:
        at = int(wrong[0])
        raise FormatError(f"Expected {ROW} numbers, got {widths[at]}; check line {block.line + at}: {path}")
    return block.values.reshape(-1, ROW)


def _label(row: bytes, line: int, path: Path) -> PkuLabel:
    words = [word.strip() for word in row.split(b",")]
    if len(words) != 4 or not all(word.isdigit() and len(word) <= MAX_DIGITS for word in words):
        shown = row[:40].decode("ascii", "backslashreplace")
        raise FormatError(
            f"Expected action,start,end,confidence in whole numbers, got '{shown}'; check line {line}: {path}"
        )
    action, start, end, confidence = map(int, words)
    return PkuLabel(action=action, start=start, end=end, confidence=confidence)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    poses = read(path)
    there = [person for person in range(poses.persons) if poses.present[person].any()]
    yield path.stem, recording_of(poses.select(persons=there))


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    if not recording.timestamps_s.size:
        raise InputError(f"Expected a frame at least for pku, got none; choose another --to: {path}")
    return write(path, poses_of(recording, "kinect25", KINECT))


FORMAT = Format(
    name="pku",
    title="PKU-MMD skeleton text",
    suffixes=(".txt",),
    says=frozenset({"layout", "unit", "axes", "rate", "empty frames", "nobody"}),
    read=_recordings,
    write=_save,
    looks=lambda path, head: _NUMBERS.fullmatch(head) is not None,
    layouts=("kinect25",),
    frames=(KINECT,),
    people=BODIES,
    rate_hz=RATE_HZ,
    decimals=6,
)
