"""MATLAB files of version 5 to 7 of others: plain values only, bounded, with the byte to blame.

A file is a header of 128 bytes and elements: a tag of type and length, then bytes padded to 8. An element of
type 15 is another, deflated. A variable is an element of type 14 (matrix): flags, dimensions, name, then by
class numbers, text, or further matrices (cells; structures, all fields of the first element first). Numbers
may be stored in a shorter type than they have. What a variable claims is checked before it is allocated;
values take at most four times the file and 64 MiB, and their number is bounded by the file's size.

Format: MathWorks, MAT-File Format (R2019b). Version 7.3 is HDF5 and not read here.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from bodyverb.core import FormatError

OBJECT_BYTES = 40 * 1024**2
OBJECT_FACTOR = 2.5
MIN_VALUES = 10_000
SMALL_BYTES = 1 << 16
MAX_DEPTH = 24
MAX_AXES = 16
MAX_FIELDS = 1000
_MATRIX, _PACKED = 14, 15
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMBERS = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _TEXT = 1, 2, 4
_OTHER = {3: "an object", 5: "a sparse matrix", 16: "a function", 17: "an opaque object"}

Each = Mapping[str, Callable[[dict[str, Any]], int]]


def load(
    path: str | Path, *names: str, data: bytes | None = None, each: Each | None = None
) -> dict[str, Any]:
    """Read some variables of a file.

    Args:
        path: The file.
        *names: The variables.
        data: The file's bytes, where it lies inside an archive.
        each: What to do with every element of a long structure array, by its place (`RELEASE.annolist`): it
            gets the element as a dict and returns how many bytes it kept of it. The value of the array is
            then the number of its elements.

    Returns:
        name -> value: arrays of numbers or flags with all their axes; text; a list for a cell array; a dict
        for a structure and a list of dicts for several.

    Raises:
        FormatError: The file is absent, damaged, of another version, larger than it may be, lacks a variable
            or has an object, function or sparse matrix in one.
    """
    path = Path(path)
    try:
        if data is not None:
            return _File(io.BytesIO(data), len(data), path, each or {}).variables(names)
        with path.open("rb") as stream:
            return _File(stream, path.stat().st_size, path, each or {}).variables(names)
    except OSError as error:
        raise FormatError(f"Expected a MATLAB file, got '{error.strerror}'; check the path: {path}") from None


def has(path: str | Path, name: str) -> bool:
    """Whether a file has a variable of this name; no value is read, and no MATLAB file has none."""
    path = Path(path)
    try:
        with path.open("rb") as stream:
            file = _File(stream, path.stat().st_size, path, {})
            for about, _, end in file.heads():
                if about[2] == name:
                    return True
                file.leave(end)
    except (OSError, FormatError):
        pass
    return False


class _Plain:
    """Bytes of the file as they are."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream, self.at, self.size = stream, 0, size

    def take(self, count: int) -> bytes:
        """Up to so many bytes."""
        found = self.stream.read(min(count, self.size - self.at))
        self.at += len(found)
        return found

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"byte {self.at}"


class _Inflated:
    """Bytes of a deflated element, inflated as far as they are asked for."""

    def __init__(self, plain: _Plain, size: int) -> None:
        self.plain, self.left, self.start, self.at = plain, size, plain.at, 0
        self.inflate = zlib.decompressobj()
        self.ready = b""

    def take(self, count: int) -> bytes | bytearray:
        """Up to so many bytes."""
        found, filled = bytearray(count), 0
        while filled < count:
            if not self.ready:
                waiting = self.inflate.unconsumed_tail
                if not waiting and self.left:
                    waiting = self.plain.take(min(self.left, 1 << 14))
                    self.left -= len(waiting)
                if not waiting or self.inflate.eof:
                    break
                self.ready = self.inflate.decompress(waiting, 1 << 16)
                continue
            part = self.ready[: count - filled]
            found[filled : filled + len(part)] = part
            self.ready = self.ready[len(part) :]
            filled += len(part)
        self.at += filled
        return found if filled == count else found[:filled]

    @property
    def place(self) -> str:
        return f"byte {self.at} of what is packed at byte {self.start}"


class _Part:
    """Bytes of one small value, read whole: many of them lie within each other."""

    def __init__(self, data: bytes | bytearray, place: str) -> None:
        self.data, self.at, self.before = data, 0, place

    def take(self, count: int) -> bytes | bytearray:
        """Up to so many bytes."""
        found = self.data[self.at : self.at + count]
        self.at += len(found)
        return found

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"byte {self.at} of the value before {self.before}"


class _File:
    """One file being read; `source` is where bytes come from at the moment."""

    def __init__(self, stream: BinaryIO, size: int, path: Path, each: Each) -> None:
        self.plain = _Plain(stream, size)
        self.source: _Plain | _Inflated | _Part = self.plain
        self.size, self.path, self.each = size, path, each
        self.order, self.head = "<", struct.Struct("<6I2i4I")
        self.spent = self.values = 0
        self.limit = int(OBJECT_FACTOR * size) + OBJECT_BYTES

    def variables(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The wanted variables; others are passed over."""
        found: dict[str, Any] = {}
        seen = []
        for about, left, end in self.heads():
            if about[2] in names:
                found[about[2]] = self.content(*about, left, 0)
            seen.append(about[2])
            self.leave(end)
            if set(names) <= found.keys():
                break
        missing = [name for name in names if name not in found]
        if missing:
            self.fail(f"variables {', '.join(names)}", f"only {', '.join(seen[:9]) or 'none'}")
        return found

    def heads(self) -> Iterator[tuple[tuple[int, tuple[int, ...], str], int, int]]:
        """Head, bytes left and end of each variable; `leave` it before the next."""
        self.header()
        while self.plain.at < self.size:
            kind, size, _ = self.tag()
            end = self.plain.at + size
            if kind == _PACKED:
                self.source = _Inflated(self.plain, size)
                kind, size, _ = self.tag()
            if kind != _MATRIX:
                self.fail("a variable", f"an element of type {kind}")
            start = self.source.at
            about = self.about(size)
            yield about, size - (self.source.at - start), end

    def leave(self, end: int) -> None:
        """Go on behind a variable."""
        self.source = self.plain
        self.skip_to(end)

    def header(self) -> None:
        """Check version and byte order."""
        start = self.source.take(128)
        if start[:10] == b"MATLAB 7.3" or start[:8] == b"\x89HDF\r\n\x1a\n":
            self.fail("a MATLAB file of version 5 to 7", "7.3 (HDF5); save it with -v7")
        order = {b"IM": "<", b"MI": ">"}.get(bytes(start[126:128]))
        if order is None or struct.unpack(order + "H", start[124:126])[0] != 0x0100:
            self.fail("a MATLAB file of version 5 to 7", "another header")
        self.order, self.head = order, struct.Struct(order + "6I2i4I")

    def skip_to(self, end: int) -> None:
        """Go to a byte of the file itself."""
        if end > self.size:
            self.fail(f"an element up to byte {end}", f"{self.size}, the file ends")
        self.plain.stream.seek(end)
        self.plain.at = end

    def fail(self, expected: str, found: str) -> NoReturn:
        """Raise the error of the place at hand."""
        raise FormatError(
            f"Expected {expected}, got {found} at {self.source.place}; get the file anew: {self.path}"
        ) from None

    def charge(self, amount: int) -> None:
        """Count memory before it is used."""
        self.spent += amount
        if self.spent > self.limit:
            self.fail(f"values of at most {self.limit >> 20} MiB in {self.size} bytes", "more than that")

    def take(self, count: int) -> bytes | bytearray:
        """Exactly so many bytes."""
        try:
            found = self.source.take(count)
        except zlib.error as error:
            self.fail("deflated data", f"others ({error})")
        if len(found) < count:
            self.fail(f"{count} bytes more", f"{len(found)}, the data ends")
        return found

    def tag(self) -> tuple[int, int, bytes | bytearray | None]:
        """Type and length of the next element, and its bytes where they are within the tag."""
        start = self.take(8)
        kind, size = struct.unpack(self.order + "II", start)
        if kind >> 16:
            kind, size = kind & 0xFFFF, kind >> 16
            if size > 4:
                self.fail("a short element of at most 4 bytes", str(size))
            return kind, size, start[4 : 4 + size]
        return kind, size, None

    def element(self, limit: int) -> tuple[int, bytes | bytearray]:
        """Type and bytes of the next element, which has at most so many."""
        kind, size, found = self.tag()
        if size > limit:
            self.fail(f"an element of at most {limit} bytes", str(size))
        if found is None:
            found = self.take(size)
            self.take(-size % 8)
        return kind, found

    def about(self, size: int) -> tuple[int, tuple[int, ...], str]:
        """Flags and class, shape and name of the matrix that begins here."""
        kind, flags = self.element(8)
        if kind != 6 or len(flags) != 8:
            self.fail("the flags of a matrix", f"an element of type {kind}")
        kind, sides = self.element(4 * MAX_AXES)
        if kind != 5 or len(sides) % 4 or len(sides) < 8:
            self.fail("the dimensions of a matrix", f"an element of type {kind}")
        shape = struct.unpack(f"{self.order}{len(sides) // 4}i", sides)
        if min(shape) < 0:
            self.fail("dimensions of 0 or more", str(shape))
        _, name = self.element(256)
        return struct.unpack(self.order + "I", flags[:4])[0], shape, name.decode("latin-1")

    def matrix(self, depth: int, place: str = "") -> Any:
        """The value of the next element, which is a matrix."""
        self.values += 1
        if self.values > self.size // 2 + MIN_VALUES:
            self.fail(f"at most {self.size // 2 + MIN_VALUES} values in {self.size} bytes", "more")
        kind, size, inline = self.tag()
        if kind != _MATRIX or inline is not None:
            self.fail("a matrix", f"an element of type {kind}")
        if size == 0:
            self.charge(160)
            return np.zeros((0, 0))
        outer = self.source
        if size <= SMALL_BYTES:
            whole = self.take(size)
            quick = self.small_numbers(whole)
            if quick is not None:
                return quick
            self.source = _Part(whole, outer.place)
        start = self.source.at
        flags, shape, _ = self.about(size)
        value = self.content(flags, shape, place, size - (self.source.at - start), depth)
        if self.source.at - start != size:
            self.fail(f"a matrix of {size} bytes", str(self.source.at - start))
        self.source = outer
        return value

    def small_numbers(self, data: bytes | bytearray) -> np.ndarray | None:
        """The value where these are real numbers of two axes without a name, as most are; else None."""
        if len(data) < 48:
            return None
        *fixed, rows, columns, named, length, kind, size = self.head.unpack_from(data)
        flags = fixed[2]
        if fixed[:2] != [6, 8] or fixed[4:] != [5, 8] or (named, length) != (1, 0) or flags & 0x800:
            return None
        start = 48
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, 44
        stored, dtype = _STORED.get(kind), _NUMBERS.get(flags & 0xFF)
        if stored is None or dtype is None or min(rows, columns) < 0 or start + size > len(data):
            return None
        if size != rows * columns * int(stored[1]) or len(data) != (
            48 if start == 44 else 48 + size + -size % 8
        ):
            return None
        self.charge(200 + rows * columns * int(dtype[1]))
        values = self.as_kind(np.frombuffer(data, self.order + stored, rows * columns, start), flags)
        return values.reshape((rows, columns), order="F")

    def as_kind(self, values: np.ndarray, flags: int) -> np.ndarray:
        """Stored numbers in the type the flags say."""
        if flags & 0x200:
            return values != 0
        dtype = np.dtype(_NUMBERS[flags & 0xFF])
        if values.dtype.kind != "f":
            return values.astype(dtype, copy=False)
        with np.errstate(all="ignore"):
            return values.astype(dtype, copy=False)

    def content(self, flags: int, shape: tuple[int, ...], place: str, left: int, depth: int) -> Any:
        """What follows the name, by class."""
        kind, count = flags & 0xFF, math.prod(shape)
        if depth > MAX_DEPTH:
            self.fail(f"at most {MAX_DEPTH} values within each other", "more")
        if kind in _NUMBERS:
            return self.numbers(flags, shape, count, left)
        if kind == _TEXT:
            return self.text(shape, count, left)
        if kind == _CELL:
            self.charge(72)
            found = []
            for _ in range(count):
                found.append(self.matrix(depth + 1))
                self.charge(9)
            return found
        if kind == _STRUCT:
            return self.structure(count, place, depth)
        self.fail("numbers, text, cells or structures", _OTHER.get(kind, f"class {kind}"))

    def numbers(self, flags: int, shape: tuple[int, ...], count: int, left: int) -> np.ndarray:
        """An array; flags are bool."""
        if flags & 0x800:
            self.fail("real numbers", "complex ones")
        dtype = np.dtype(_NUMBERS[flags & 0xFF])
        self.charge(200 + count * dtype.itemsize + left)
        kind, found = self.element(max(left, 4))
        if kind not in _STORED or len(found) != count * np.dtype(_STORED[kind]).itemsize:
            self.fail(f"{count} numbers of shape {shape}", f"{len(found)} bytes of type {kind}")
        values = self.as_kind(np.frombuffer(found, self.order + _STORED[kind]), flags)
        self.spent -= left
        return values.reshape(shape, order="F")

    def text(self, shape: tuple[int, ...], count: int, left: int) -> str | list[str]:
        """A text, or a list of them where there are several rows."""
        self.charge(160 + 6 * left)
        kind, found = self.element(max(left, 4))
        codec = _TEXTS.get(kind)
        if codec is None:
            self.fail("text", f"an element of type {kind}")
        if codec[-2:] in ("16", "32"):
            codec += "-le" if self.order == "<" else "-be"
        text = found.decode(codec, "replace")
        if len(shape) != 2 or shape[0] <= 1:
            return text
        if len(text) != count:
            self.fail(f"{count} characters", str(len(text)))
        self.charge(120 * shape[0])
        return [text[row :: shape[0]] for row in range(shape[0])]

    def structure(self, count: int, place: str, depth: int) -> Any:
        """A dict, a list of dicts, or how many there were where `each` takes them."""
        kind, width = self.element(4)
        if kind != 5 or len(width) != 4:
            self.fail("the length of field names", f"an element of type {kind}")
        step = struct.unpack(self.order + "i", width)[0]
        _, names = self.element(64 * MAX_FIELDS)
        if not 0 < step <= 64 or len(names) % step:
            self.fail("field names of equal length", f"{len(names)} bytes in steps of {step}")
        fields = [
            names[at : at + step].split(b"\0")[0].decode("latin-1") for at in range(0, len(names), step)
        ]
        if not fields:
            self.charge(240 * count)
        taker = self.each.get(place)
        found = []
        for _ in range(count):
            before = self.spent
            self.charge(240 + 110 * len(fields))
            inner = [f"{place}.{name}" if place else "" for name in fields]
            one = {name: self.matrix(depth + 1, at) for name, at in zip(fields, inner, strict=True)}
            if taker is None:
                found.append(one)
            else:
                self.spent = before
                self.charge(taker(one))
        if taker is not None:
            return count
        return found[0] if count == 1 else found
