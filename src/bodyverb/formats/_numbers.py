"""Numbers in text, read fast and exactly, with the line to blame where they are none.

A block of lines becomes one JSON array, every blank a comma in a single pass, which simdjson reads with
correct rounding. Text that JSON does not know (NaN, `+1`, tabs, double blanks) or that is damaged, and every
text where simdjson is not installed, is read word by word instead: the same values, and the place of the
first word that is no number.
"""

from __future__ import annotations

import math
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core.errors import FormatError

try:
    import simdjson
except ImportError:  # pragma: no cover - no wheel for this Python or processor
    simdjson = None  # type: ignore[assignment]

MAX_FILE_BYTES = 32 * 1024**2
BLOCK_BYTES = 512 * 1024
_BREAK, _RETURN, _BLANK, _COMMA, _MINUS, _BRACKET = b"\n\r ,-["
_BOM = b"\xef\xbb\xbf"
_THREAD = threading.local()


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Some whole lines of a file and their numbers.

    Attributes:
        line: Number in the file of the first of them, from 1.
        values: (N,) float64, all numbers in order.
        first: (L + 1,) int64: index in `values` of each line's first number; the last entry is N.
        start: (L + 1,) int64: offset in the text of each line; the last entry is where the block ends.
    """

    line: int
    values: np.ndarray
    first: np.ndarray
    start: np.ndarray

    @property
    def lines(self) -> int:
        """L, the number of lines."""
        return self.first.size - 1


def load(path: Path, data: bytes | None, limit: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of a text file without byte order mark, its last line ended like the others.

    Args:
        path: The file.
        data: Its bytes, where they are at hand.
        limit: How many bytes it may have.

    Raises:
        FormatError: It is absent, not readable or larger than `limit`.
    """
    try:
        state = None if data is not None else path.stat()
        if state and not stat.S_ISREG(state.st_mode):
            raise FormatError(f"Expected a text file, got something else; check the name: {path}")
        size = state.st_size if state else len(data or b"")
        if size > limit:
            raise FormatError(f"Expected at most {limit >> 20} MiB, got {size} bytes; check the file: {path}")
        text = path.read_bytes() if data is None else data
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FormatError(f"Expected a readable file, got '{reason}'; check the name: {path}") from error
    text = text.removeprefix(_BOM)
    return text if text.endswith(b"\n") or not text else text + b"\n"


def is_crlf(text: bytes) -> bool:
    """Whether the first line ends in carriage return and line feed."""
    return text[: text.find(b"\n")].endswith(b"\r")


def count(text: bytes) -> int:
    """At most how many numbers a text holds, from its blanks, counted without a copy of the text."""
    whole = np.frombuffer(text, np.uint8)
    parts = range(0, whole.size, BLOCK_BYTES)
    blanks = sum(int(np.count_nonzero(whole[at : at + BLOCK_BYTES] <= _BLANK)) for at in parts)
    return min(blanks, whole.size // 2)


def parse(text: bytes, at: int, line: int, path: Path) -> Block:
    """Parse some lines of a text, about `BLOCK_BYTES`, so that the memory stays bounded.

    Args:
        text: What `load` gave.
        at: Offset of a line.
        line: Its number in the file, from 1.
        path: The file, for messages.

    Raises:
        FormatError: A line is longer than a block, or a word is no number.
    """
    end = at + BLOCK_BYTES
    end = len(text) if end >= len(text) else text.rfind(b"\n", at, end) + 1
    if end <= at:
        raise FormatError(
            f"Expected lines of at most {BLOCK_BYTES >> 10} KiB, got a longer one; check line {line}: {path}"
        )
    letters = np.frombuffer(text, np.uint8, end - at, at)
    values, first, start = _fast(letters) or _careful(text[at:end], path, line)
    return Block(line=line, values=values, first=first, start=start + at)


def _fast(letters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Values, index of each line's first one and its offset; None where the text is not plain numbers."""
    gaps = (letters <= _BLANK).nonzero()[0]
    kinds = letters[gaps]
    breaks = (kinds == _BREAK).nonzero()[0]
    returns = (kinds == _RETURN).nonzero()[0]
    plain = (
        simdjson is not None
        and breaks.size + returns.size + np.count_nonzero(kinds == _BLANK) == gaps.size
        and (letters[gaps[returns] + 1] == _BREAK).all()
        and not (letters == _BRACKET).any()
    )
    values = _array(letters, gaps[returns]) if plain else None
    if values is None or values.size != gaps.size - returns.size:
        return None
    ends = gaps[breaks] + 1
    if returns.size:
        inside = kinds != _RETURN
        gaps, breaks = gaps[inside], (kinds[inside] == _BREAK).nonzero()[0]
    zeros = (values == 0).nonzero()[0]
    begins = np.where(zeros > 0, gaps[zeros - 1] + 1, 0)
    negative = zeros[letters[begins] == _MINUS]
    if negative.size:  # JSON reads `-0` as a whole number, which has no sign
        values = values.copy()
        values[negative] = -0.0
    return values, np.concatenate([[0], breaks + 1]), np.concatenate([[0], ends])


def _array(letters: np.ndarray, returns: np.ndarray) -> np.ndarray | None:
    """The numbers of a text as JSON; None where they are none. Every byte up to the comma becomes one."""
    commas = np.full(letters.size, _COMMA, np.uint8)
    array = np.empty(letters.size + 1, np.uint8)
    np.maximum(letters, commas, out=array[1:])
    array[returns + 1] = _BLANK
    array[0], array[-1] = b"[]"
    try:
        return np.frombuffer(_parser().parse(array.data).as_buffer(of_type="d"))
    except (ValueError, TypeError, RuntimeError):
        return None


def _parser() -> Any:
    """The parser of this thread: its buffers stay, new ones would take as long as the parsing."""
    if not hasattr(_THREAD, "parser"):
        _THREAD.parser = simdjson.Parser()
    return _THREAD.parser


def _careful(text: bytes, path: Path, line: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same word by word."""
    values: list[float] = []
    first, start = [0], [0]
    for at, words in enumerate(text.splitlines(keepends=True), line):
        try:
            values.extend(map(float, words.replace(b"_", b"x").split()))
        except ValueError:
            raise _no_number(words, path, at) from None
        first.append(len(values))
        start.append(start[-1] + len(words))
    return np.array(values), np.array(first), np.array(start)


def _no_number(words: bytes, path: Path, line: int) -> FormatError:
    for word in words.split():
        try:
            float(word.replace(b"_", b"x"))
        except ValueError:
            break
    shown = word[:20].decode("ascii", "backslashreplace")
    return FormatError(f"Expected a number, got '{shown}'; check line {line}: {path}")


def text_of(value: float) -> str:
    """A number with as few digits as give the same float64 again, in the spelling of the Kinect's files."""
    if value.is_integer() and abs(value) < 1e15 and (value or math.copysign(1, value) > 0):
        return str(int(value))
    if math.isfinite(value):
        return repr(value).upper().removesuffix(".0")
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def decimals(values: np.ndarray) -> np.ndarray:
    """float64 of the shortest decimals that give the same float32 again; other kinds as they are."""
    if values.dtype != np.float32:
        return values.astype(np.float64)
    return values.astype("U16").astype(np.float64)
