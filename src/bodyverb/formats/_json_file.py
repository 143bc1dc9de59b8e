"""JSON of files one did not write: small documents whole, long lists record by record, numbers checked.

Python's objects take up to 24 times the memory of their text. A document is therefore bounded, and of a list
only one record, bounded too, is held at a time.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

import numpy as np

from bodyverb.core import FormatError

MAX_DOCUMENT_BYTES = 2 * 1024**2
MAX_RECORD_CHARACTERS = 256 * 1024
_LONGEST = f"a JSON object of at most {MAX_RECORD_CHARACTERS >> 10} KiB"
_CHUNK = 256 * 1024
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_WORDS: dict[tuple[type, ...], str] = {
    (dict,): "objects",
    (dict, list): "lists or objects",
    (str,): "names",
    (object,): "",
}


def document(path: str | Path) -> Any:
    """The content of a small file.

    Raises:
        FormatError: The file is absent, larger than 2 MiB or no JSON.
    """
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_DOCUMENT_BYTES + 1)
        if len(data) > MAX_DOCUMENT_BYTES:
            raise FormatError(f"Expected at most {MAX_DOCUMENT_BYTES >> 20} MiB of JSON, got more: {path}")
        return json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise FormatError(f"Expected a JSON file, got '{error.strerror}'; check the path: {path}") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"Expected JSON, got {_short(error)}; check the file: {path}") from None


def records(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file that is one list of them, and the line each begins at (from 1).

    Raises:
        FormatError: The file is absent or no JSON, not a list of objects, or a record is longer than 256 KiB.
    """
    yield from _stream(path, lambda text: text.entries((dict,)))


def entries(path: str | Path) -> Iterator[tuple[int, Any]]:
    """The same of a list of lists or objects."""
    yield from _stream(path, lambda text: text.entries((dict, list)))


def members(path: str | Path) -> Iterator[tuple[int, tuple[str, dict[str, Any]]]]:
    """The same of a file that is one object of objects: each with its name."""
    yield from _stream(path, lambda text: text.named())


def sections(path: str | Path, *names: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The objects of these members, or of their lists, in a file that is one object, with their lines."""
    yield from _stream(path, lambda text: text.sections(names))


def _stream(path: str | Path, take: Callable[[_Records], Iterator[Any]]) -> Iterator[Any]:
    try:
        with Path(path).open(encoding="utf-8-sig") as stream:
            yield from take(_Records(stream, path))
    except OSError as error:
        raise FormatError(f"Expected a JSON file, got '{error.strerror}'; check the path: {path}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"Expected JSON in UTF-8, got {_short(error)}; check the file: {path}") from None


class _Records:
    """A window over the text; one record fits into it from wherever it begins."""

    def __init__(self, stream: TextIO, path: str | Path) -> None:
        self.stream, self.path = stream, path
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def entries(self, kinds: tuple[type, ...]) -> Iterator[tuple[int, Any]]:
        """Every record of a file that is a list, and its line."""
        yield from self.records(kinds)
        self.end()

    def named(self) -> Iterator[tuple[int, tuple[str, Any]]]:
        """Every record of a file that is an object, with its name and its line."""
        for name in self.members():
            line, record = self.record((dict,))
            yield line, (name, record)
        self.end()

    def sections(self, names: tuple[str, ...]) -> Iterator[tuple[str, int, Any]]:
        """Every record of the members of these names, with the name and its line."""
        for name in self.members():
            if self.next() == "[" and name in names:
                for line, record in self.records((dict,)):
                    yield name, line, record
            elif self.next() == "[":
                for _ in self.records((object,)):
                    pass
            elif name in names:
                line, record = self.record((dict,))
                yield name, line, record
            else:
                self.record((object,))
        self.end()

    def end(self) -> None:
        """Refuse whatever follows."""
        if self.next():
            self.fail("the end of the file", "more text")

    def members(self) -> Iterator[str]:
        """The names of an object; the caller takes each value before the next."""
        if self.next() != "{":
            self.fail("an object", "another start")
        self.at += 1
        sign = "}" if self.next() == "}" else ","
        self.at += sign == "}"
        while sign == ",":
            yield self.name()
            sign = self.next()
            self.at += 1
            if sign not in (",", "}"):
                self.fail("a comma or the end of the object", repr(sign) if sign else "the end of the file")
            self.next()

    def records(self, kinds: tuple[type, ...]) -> Iterator[tuple[int, Any]]:
        """The records of a list."""
        if self.next() != "[":
            self.fail("a list of records", "another start")
        self.at += 1
        sign = "]" if self.next() == "]" else ","
        self.at += sign == "]"
        while sign == ",":
            yield self.record(kinds)
            sign = self.next()
            self.at += 1
            if sign not in (",", "]"):
                self.fail("a comma or the end of the list", repr(sign) if sign else "the end of the file")
            self.next()

    def name(self) -> str:
        """The name of the record that follows."""
        _, name = self.record((str,))
        if self.next() != ":":
            self.fail("a colon behind a name", "another sign")
        self.at += 1
        self.next()
        return str(name)

    def next(self) -> str:
        """The next character that is no blank; empty at the end of the file."""
        while True:
            self.fill()
            end = _BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]
            self.line += self.text.count("\n", self.at, end)
            self.at = end
            if end < len(self.text) or self.ended:
                return self.text[end : end + 1]

    def fill(self) -> None:
        """Read until a whole record lies ahead, or the file ends."""
        while not self.ended and len(self.text) - self.at < MAX_RECORD_CHARACTERS:
            more = self.stream.read(_CHUNK)
            self.ended = not more
            self.text = self.text[self.at :] + more
            self.at = 0

    def record(self, kinds: tuple[type, ...]) -> tuple[int, Any]:
        """The record that begins here, and its line."""
        self.fill()
        start = self.line
        try:
            value, end = _DECODER.raw_decode(self.text, self.at)
        except (ValueError, RecursionError) as error:
            self.fail("a JSON object" if self.ended else _LONGEST, _short(error))
        if not isinstance(value, kinds):
            self.fail(f"records as {_WORDS[kinds]}", type(value).__name__)
        if end - self.at > MAX_RECORD_CHARACTERS:
            self.fail(_LONGEST, f"one of {end - self.at} characters")
        self.line += self.text.count("\n", self.at, end)
        self.at = end
        return start, value

    def fail(self, expected: str, found: str) -> NoReturn:
        """Raise the error of the line at hand."""
        raise FormatError(
            f"Expected {expected}, got {found} from line {self.line} on; check the file: {self.path}"
        ) from None


def _short(error: Exception) -> str:
    return f"{type(error).__name__} ({str(error)[:120]})"


class Fields:
    """The fields of one record, checked when asked for; `where` and `path` are for messages."""

    def __init__(self, values: Any, where: str, path: str | Path) -> None:
        self.values, self.where, self.path = values, where, path
        if not isinstance(values, dict):
            self.fail("named fields", type(values).__name__)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        """A text that is not empty."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            self.fail(f"{name!r} as text", _kind(value))
        return value

    def whole(self, name: str, low: int = -(2**62), high: int = 2**62) -> int:
        """A whole number; 3.0 counts as one."""
        value = self.values.get(name)
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            self.fail(f"{name!r} as a whole number from {low} to {high}", _kind(value))
        return number

    def floats(self, name: str, *shape: int) -> np.ndarray:
        """Finite numbers, as lists nested to this shape; without a shape one number. float64."""
        return np.array(self._nested(self.values.get(name), name, shape), np.float64)

    def inner(self, name: str) -> Fields:
        """The fields of a nested object."""
        return Fields(self.values.get(name), f"{name!r} of {self.where}", self.path)

    def fail(self, expected: str, found: str) -> NoReturn:
        """Raise the error of this record."""
        raise FormatError(f"Expected {expected}, got {found} in {self.where}; check the file: {self.path}")

    def _nested(self, value: Any, name: str, shape: tuple[int, ...]) -> Any:
        if not shape:
            good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30
            if not good or not math.isfinite(value):
                self.fail(f"{name!r} as finite numbers", _kind(value))
            return value
        if not isinstance(value, list) or len(value) != shape[0]:
            self.fail(f"{name!r} as a list of {shape[0]}", _kind(value))
        return [self._nested(item, name, shape[1:]) for item in value]


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    return "nothing" if value is None else repr(value)[:40]
