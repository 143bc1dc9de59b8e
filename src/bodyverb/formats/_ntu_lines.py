"""The lines of an NTU `.skeleton` file as one row of numbers a body, with the line to blame."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np

from bodyverb.core.errors import FormatError
from bodyverb.formats import _numbers
from bodyverb.formats._numbers import Block

JOINTS = 25
MAX_BODIES = 6
BODY_NUMBERS = 10
JOINT_NUMBERS = 12
ROW = BODY_NUMBERS + JOINTS * JOINT_NUMBERS
LINES = JOINTS + 2  # a body's fields, its number of joints, its joints
_COUNTS = {float(number) for number in range(MAX_BODIES + 1)}
_ID_BYTES = 20
_WHOLE = (1, 2, 3, 4, 5, 6, 9)  # body fields that are whole numbers


def body_rows(text: bytes, path: Path) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Read all bodies.

    Args:
        text: What `_numbers.load` gave.
        path: The file, for messages.

    Returns:
        rows (B, 310) float64, a body's 10 numbers and then 12 a joint; bodies (T,) uint8, how many each
        frame has; the B ids as text.

    Raises:
        FormatError: Counts, columns or kinds do not follow the format.
    """
    many = len(text) > _numbers.BLOCK_BYTES
    rows = np.empty((_numbers.count(text) // (ROW + 1) if many else 0, ROW))
    bodies: list[np.ndarray] = []
    ids: list[str] = []
    at, line, frames, claimed = 0, 1, 0, -1
    while at < len(text) and frames != claimed:
        block = _numbers.parse(text, at, line, path)
        begin = 0
        if claimed < 0:
            claimed, begin = _claim(block, path), 1
        heads, end = _whole_frames(block, begin, claimed - frames, path)
        counts = block.values[block.first[heads]].astype(np.uint8)
        at_body = _body_lines(heads, counts)
        _check_lines(block, begin, end, heads, at_body, path)
        found = _rows(block, begin, end, heads, at_body)
        if many:
            rows[len(ids) : len(ids) + len(found)] = found
        else:
            rows = found
        ids += _ids(text, block, at_body, path)
        bodies.append(counts)
        at, line, frames = int(block.start[end]), line + end, frames + heads.size
        if end == 0 or (at < len(text) <= block.start[-1]):
            break
    _check_end(text, at, line, frames, claimed, path)
    made = rows[: len(ids)], np.concatenate(bodies), tuple(ids)
    _check_kinds(*made, path)
    return made


def _claim(block: Block, path: Path) -> int:
    """The number of frames that the first line claims."""
    claimed = float(block.values[0]) if block.first[1] == 1 else -1.0
    if claimed < 0 or not claimed.is_integer():
        raise FormatError(f"Expected the number of frames alone in line 1, got something else: {path}")
    return int(claimed)


def _whole_frames(block: Block, begin: int, wanted: int, path: Path) -> tuple[np.ndarray, int]:
    """First line of each frame that lies whole in the block, and the line after the last of them."""
    heads: list[int] = []
    at, lines = begin, block.lines
    while at < lines and len(heads) < wanted:
        first = block.first.item(at)
        number = block.values.item(first) if first < block.values.size else -1.0
        if number not in _COUNTS:
            raise FormatError(
                f"Expected the number of bodies, 0 to {MAX_BODIES}, got {number:g}; "
                f"check line {block.line + at}: {path}"
            )
        after = at + 1 + LINES * int(number)
        if after > lines:
            break
        heads.append(at)
        at = after
    return np.array(heads, np.int64), at


def _body_lines(heads: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """First line of each body."""
    before = np.cumsum(counts, dtype=np.int64) - counts
    within = np.arange(int(counts.sum())) - np.repeat(before, counts)
    return np.repeat(heads + 1, counts) + LINES * within


def _check_lines(
    block: Block, begin: int, end: int, heads: np.ndarray, at_body: np.ndarray, path: Path
) -> None:
    """Raise FormatError where a line has another number of numbers than its place asks for."""
    expected = np.full(end, JOINT_NUMBERS)
    expected[:begin] = expected[heads] = expected[at_body + 1] = 1
    expected[at_body] = BODY_NUMBERS
    found = np.diff(block.first[: end + 1])
    wrong = np.flatnonzero(found != expected)
    if wrong.size:
        at = int(wrong[0])
        raise FormatError(
            f"Expected {expected[at]} numbers, got {found[at]}; check line {block.line + at}: {path}"
        )
    joints = block.values[block.first[at_body + 1]]
    wrong = np.flatnonzero(joints != JOINTS)
    if wrong.size:
        at = int(at_body[wrong[0]]) + 1
        raise FormatError(
            f"Expected {JOINTS} joints, got {joints[wrong[0]]:g}; check line {block.line + at}: {path}"
        )


def _rows(block: Block, begin: int, end: int, heads: np.ndarray, at_body: np.ndarray) -> np.ndarray:
    """(B, 310) the numbers of the bodies, without the counts between them."""
    kept = np.ones(block.first[end], bool)
    kept[: block.first[begin]] = False
    kept[block.first[heads]] = False
    kept[block.first[at_body + 1]] = False
    return block.values[: kept.size][kept].reshape(-1, ROW)


def _ids(text: bytes, block: Block, at_body: np.ndarray, path: Path) -> list[str]:
    """The ids of bodies as text; each is cut out of its line once."""
    words = [text[start : start + _ID_BYTES + 1] for start in block.start[at_body].tolist()]
    known: dict[bytes, str] = {}
    for at, word in zip(at_body.tolist(), words, strict=True):
        if word not in known:
            known[word] = _id(word, block.line + at, path)
    return [known[word] for word in words]


def _id(word: bytes, line: int, path: Path) -> str:
    number = word.split(None, 1)[0]
    if not number.isdigit() or len(number) > _ID_BYTES or int(number) >= 2**64:
        shown = number.decode("ascii", "backslashreplace")
        raise FormatError(
            f"Expected a body's id, a whole number below 2^64, got '{shown}'; check line {line}: {path}"
        )
    return number.decode("ascii")


def _check_end(text: bytes, at: int, line: int, frames: int, claimed: int, path: Path) -> None:
    """Raise FormatError where frames are missing or something follows the last one."""
    if claimed < 0:
        raise FormatError(f"Expected the number of frames, got an empty file; fetch it again: {path}")
    if frames < claimed:
        raise FormatError(
            f"Expected {claimed} frames, got {frames} and a part; the file may be cut, "
            f"check from line {line}: {path}"
        )
    if text[at:].strip():
        raise FormatError(f"Expected the end after {claimed} frames, got more; check line {line}: {path}")


def _check_kinds(rows: np.ndarray, bodies: np.ndarray, ids: tuple[str, ...], path: Path) -> None:
    """Raise FormatError for broken flags, unknown tracking states or an id twice in a frame."""
    flags, states = rows[:, _WHOLE], rows[:, BODY_NUMBERS + JOINT_NUMBERS - 1 :: JOINT_NUMBERS].copy()
    known = (states == 0) | (states == 1) | (states == 2)
    if not known.all() or not ((flags >= 0) & (flags == np.floor(flags))).all():
        whole = ((flags >= 0) & (flags == np.floor(flags))).all(axis=1)
        at = int(np.flatnonzero(~(known.all(axis=1) & whole))[0])
        _refuse_body("whole flags and tracking states 0, 1 or 2", "others", at, bodies, path)
    ends = np.cumsum(bodies, dtype=np.int32)
    for frame in np.flatnonzero(bodies > 1).tolist():
        end = ends.item(frame)
        there = ids[end - bodies.item(frame) : end]
        if len(set(there)) < len(there):
            _refuse_body("different ids in a frame", " and ".join(there), end - 1, bodies, path)


def _refuse_body(expected: str, found: str, at: int, bodies: np.ndarray, path: Path) -> NoReturn:
    frame = int(np.searchsorted(np.cumsum(bodies, dtype=np.int64), at, side="right"))
    raise FormatError(
        f"Expected {expected}, got {found}; check the body in line {3 + frame + LINES * at}: {path}"
    )
