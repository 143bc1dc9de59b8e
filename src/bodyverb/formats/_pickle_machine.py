"""The stack machine of pickles that can build nothing but data: one method an instruction.

The instructions are those of Python's `pickletools`. A value of the file is plain data, or one of the parts
that only the next instructions may take: a known name, a dtype or array under construction, arguments.
"""

from __future__ import annotations

import io
import re
import struct
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from bodyverb.core.errors import FormatError
from bodyverb.formats._pickle_names import NAMES, Array, Name, Refused, Type, check_keys, kind_of

OBJECT_BYTES = 48 * 1024**2
OBJECT_FACTOR = 2.5
MAX_LINE = 4096
MAX_TEXT = 16 * 1024**2
MAX_GAP = 256


class _Call(tuple):
    """A tuple with a name, dtype or unfinished array in it: arguments, never data."""


_PARTS = frozenset((Name, Type, Array, _Call))
_REFUSED = {
    b"i": "a class instance (INST)",
    b"o": "a class instance (OBJ)",
    b"\x81": "a class instance (NEWOBJ)",
    b"\x92": "a class instance (NEWOBJ_EX)",
    b"\x82": "an extension code (EXT1)",
    b"\x83": "an extension code (EXT2)",
    b"\x84": "an extension code (EXT4)",
    b"P": "a persistent id (PERSID)",
    b"Q": "a persistent id (BINPERSID)",
    b"\x97": "an out-of-band buffer (NEXT_BUFFER)",
    b"\x98": "an out-of-band buffer (READONLY_BUFFER)",
}
_ESCAPE = re.compile(r"""\\(?:[\\'"abfnrtv0]|x[0-9a-fA-F]{2}|(?P<odd>))""")
_INSTRUCTIONS: dict[bytes, tuple[str, tuple[Any, ...]]] = {}


def _on(code: bytes, *arguments: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark a method as what an instruction does; the arguments are passed on."""

    def mark(method: Callable[..., None]) -> Callable[..., None]:
        _INSTRUCTIONS[code] = (method.__name__, arguments)
        return method

    return mark


class Machine:
    """Reads one pickle. A mark opens a new stack, so nothing can be taken from below it.

    Args:
        stream: Stands at the first byte.
        size: Number of bytes of the pickle.
        source: What messages name.
    """

    def __init__(self, stream: io.BufferedReader[Any], size: int, source: str) -> None:
        self.stream, self.size, self.source = stream, size, source
        self.at = 0
        self.offset = 0
        self.spent = 0
        self.limit = int(OBJECT_FACTOR * size) + OBJECT_BYTES
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memo: list[Any] = []
        self.depths: dict[int, tuple[np.ndarray, int]] = {}

    def run(self) -> Any:
        """Follow the instructions to the end of the file."""
        steps = {
            code[0]: (getattr(self, name), arguments) for code, (name, arguments) in _INSTRUCTIONS.items()
        }
        try:
            while True:
                self.at = self.offset
                code = self.take(1)
                if code == b".":
                    return self.result()
                step = steps.get(code[0])
                if step is None:
                    self.unknown(code)
                step[0](*step[1])
        except Refused as error:
            self.fail(error.expected, error.found)
        except (LookupError, ValueError, TypeError, OverflowError, struct.error) as error:
            self.fail("a well-formed pickle", f"{type(error).__name__} ({error})")

    def result(self) -> Any:
        """The one value left, at the end of the file."""
        if len(self.stack) != 1 or self.marked:
            self.fail("one value at the end of the pickle", f"{len(self.stack) + len(self.marked)}")
        if self.offset != self.size:
            self.fail("the end of the file", f"{self.size - self.offset} bytes more")
        return self.data(self.stack[0])

    def unknown(self, code: bytes) -> NoReturn:
        """Refuse an instruction that is none, or that makes more than data."""
        if code == b"i":
            self.name(self.line(), self.line())
        self.fail("plain data and arrays", _REFUSED.get(code, f"the unknown instruction {code!r}"))

    def fail(self, expected: str, found: str) -> NoReturn:
        """Raise the error of the instruction at hand."""
        raise FormatError(
            f"Expected {expected}, got {found} at byte {self.at} of the pickle; get the file anew from a "
            f"source you trust, and never open it with pickle: {self.source}"
        ) from None

    def charge(self, amount: int) -> None:
        """Count memory before it is used."""
        self.spent += amount
        if self.spent > self.limit:
            self.fail(
                f"values of at most {self.limit >> 20} MiB in a pickle of {self.size} bytes", "more than that"
            )

    def take(self, count: int) -> bytes:
        """The next bytes; more than the file has left are refused before they are read."""
        left = self.size - self.offset
        if count > left:
            self.fail(f"{count} bytes more", f"{left}, the file ends")
        found = self.stream.read(count)
        if len(found) < count:
            self.fail(f"{count} bytes more", f"{len(found)}, the file ends")
        self.offset += count
        return found

    def line(self, limit: int = MAX_LINE) -> str:
        """The text of the next line."""
        found = self.stream.readline(min(limit, self.size - self.offset))
        self.offset += len(found)
        if not found.endswith(b"\n"):
            self.fail("the end of a line", f"{len(found)} bytes without one")
        return found[:-1].decode("latin-1")

    def number(self, form: str) -> int:
        """A whole number of the file, little-endian; a negative length is refused by `take`."""
        value: int = struct.unpack("<" + form, self.take(struct.calcsize(form)))[0]
        if value < 0 and form == "i":
            self.fail("a length", str(value))
        return value

    def push(self, value: Any, cost: int = 9) -> None:
        """Put a value on the stack; the default cost is that of its place there."""
        self.charge(cost)
        self.stack.append(value)

    def data(self, value: Any) -> Any:
        """A value that may stand in a container or be the result."""
        if type(value) in _PARTS:
            self.fail(
                "a value", f"the bare name {value.text}" if type(value) is Name else "a part of an array"
            )
        return value

    def items(self) -> list[Any]:
        """Everything above the last mark."""
        found, self.stack = self.stack, self.marked.pop()
        for value in found:
            if type(value) in _PARTS:
                self.data(value)
        return found

    @_on(b"\x80")
    def protocol(self) -> None:
        if self.number("B") > 5:
            self.fail("protocol 0 to 5", "a later one")

    @_on(b"\x95")
    def frame(self) -> None:
        length, left = self.number("Q"), self.size - self.offset
        if length > left:
            self.fail(f"a frame of {length} bytes", f"{left}, the file ends")

    @_on(b"(")
    def mark(self) -> None:
        self.charge(80)
        self.marked.append(self.stack)
        self.stack = []

    @_on(b"0")
    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.stack = self.marked.pop()

    @_on(b"1")
    def pop_mark(self) -> None:
        self.stack = self.marked.pop()

    @_on(b"2")
    def again(self) -> None:
        self.push(self.stack[-1])

    @_on(b"N", None)
    @_on(b"\x88", True)
    @_on(b"\x89", False)
    def constant(self, value: bool | None) -> None:
        self.push(value)

    @_on(b"J", "<i")
    @_on(b"K", "<B")
    @_on(b"M", "<H")
    @_on(b"G", ">d")
    def packed(self, form: str) -> None:
        self.push(struct.unpack(form, self.take(struct.calcsize(form)))[0], 41)

    @_on(b"I")
    def text_int(self) -> None:
        found = self.line()
        self.push({"00": False, "01": True}.get(found) if found in ("00", "01") else int(found), 41)

    @_on(b"L")
    def text_long(self) -> None:
        self.push(int(self.line().removesuffix("L")), 48 + MAX_LINE)

    @_on(b"F")
    def text_float(self) -> None:
        self.push(float(self.line()), 41)

    @_on(b"\x8a", "B")
    @_on(b"\x8b", "i")
    def long(self, form: str) -> None:
        found = self.take(self.number(form))
        self.push(int.from_bytes(found, "little", signed=True), 48 + 2 * len(found))

    @_on(b"B", "I", bytes)
    @_on(b"C", "B", bytes)
    @_on(b"\x8e", "Q", bytes)
    @_on(b"\x96", "Q", bytearray)
    def binary(self, form: str, kind: type) -> None:
        found = self.take(self.number(form))
        if kind is bytearray:
            self.charge(len(found))
        self.push(found if kind is bytes else bytearray(found), 64)

    @_on(b"X", "I")
    @_on(b"\x8c", "B")
    @_on(b"\x8d", "Q")
    def text(self, form: str) -> None:
        found = self.take(self.number(form))
        high = 0 if found.isascii() else int(np.frombuffer(found, np.uint8).max())
        self.charge(len(found) * (1 if high < 0xC4 else 2 if high < 0xF0 else 4))
        self.push(str(found, "utf-8", "surrogatepass"), 80)

    @_on(b"T", "i")
    @_on(b"U", "B")
    def old_text(self, form: str) -> None:
        found = self.take(self.number(form))
        self.charge(len(found))
        self.push(found.decode("latin-1"), 80)

    @_on(b"S")
    def quoted_text(self) -> None:
        found = self.line(MAX_TEXT).strip()
        if len(found) < 2 or found[0] != found[-1] or found[0] not in "'\"":
            self.fail("text in quotes", "none")
        found = found[1:-1]
        if any(escape["odd"] is not None for escape in _ESCAPE.finditer(found)):
            self.fail("text with the escapes of Python", "an unknown one")
        self.charge(len(found))
        self.push(found.encode("latin-1").decode("unicode-escape"), 80)

    @_on(b"V")
    def escaped_text(self) -> None:
        found = self.line(MAX_TEXT)
        self.charge(4 * len(found))
        self.push(found.encode("latin-1").decode("raw-unicode-escape"), 80)

    @_on(b"]", list, 72)
    @_on(b"}", dict, 80)
    @_on(b"\x8f", set, 240)
    def empty(self, kind: type, cost: int) -> None:
        self.push(kind(), cost)

    @_on(b")", 0)
    @_on(b"\x85", 1)
    @_on(b"\x86", 2)
    @_on(b"\x87", 3)
    def short_tuple(self, count: int) -> None:
        parts = [self.stack.pop() for _ in range(count)]
        self.push_tuple(parts[::-1])

    @_on(b"t")
    def tuple(self) -> None:
        found, self.stack = self.stack, self.marked.pop()
        self.push_tuple(found)

    def push_tuple(self, parts: list[Any]) -> None:
        kind = _Call if any(type(part) in _PARTS for part in parts) else tuple
        self.push(kind(parts), 64 + 8 * len(parts))

    @_on(b"l", list)
    @_on(b"\x91", frozenset)
    def whole(self, kind: type) -> None:
        found = self.items()
        if kind is frozenset:
            check_keys(found)
        self.push(kind(found), 240 + 70 * len(found))

    @_on(b"d")
    def whole_dict(self) -> None:
        found = self.items()
        self.push({}, 80)
        self.put_items(self.stack[-1], found)

    @_on(b"a")
    def append(self) -> None:
        self.extend(self.stack[-2], [self.data(self.stack.pop())])

    @_on(b"e")
    def appends(self) -> None:
        found = self.items()
        self.extend(self.stack[-1], found)

    def extend(self, target: Any, values: list[Any]) -> None:
        if type(target) is not list:
            self.fail("a list to append to", kind_of(target))
        before = sys.getsizeof(target)
        target.extend(values)
        self.charge(sys.getsizeof(target) - before)

    @_on(b"s")
    def put(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.put_items(self.stack[-1], [self.data(key), self.data(value)])

    @_on(b"u")
    def puts(self) -> None:
        found = self.items()
        self.put_items(self.stack[-1], found)

    def put_items(self, target: Any, found: list[Any]) -> None:
        if type(target) is not dict or len(found) % 2:
            self.fail("keys and values of a dict", f"{len(found)} values for {kind_of(target)}")
        check_keys(found[::2])
        before = sys.getsizeof(target)
        target.update(zip(found[::2], found[1::2], strict=True))
        self.charge(sys.getsizeof(target) - before)

    @_on(b"\x90")
    def adds(self) -> None:
        found = self.items()
        target = self.stack[-1]
        if type(target) is not set:
            self.fail("a set to add to", kind_of(target))
        check_keys(found)
        before = sys.getsizeof(target)
        target.update(found)
        self.charge(sys.getsizeof(target) - before)

    @_on(b"\x94")
    def memoize(self) -> None:
        self.charge(9)
        self.memo.append(self.stack[-1])

    @_on(b"p", "")
    @_on(b"q", "B")
    @_on(b"r", "I")
    def remember(self, form: str) -> None:
        place = self.number(form) if form else int(self.line())
        gap = place - len(self.memo)
        if place < 0 or gap > MAX_GAP:
            self.fail(f"a place of the memo up to {len(self.memo)}", str(place))
        if gap >= 0:
            self.charge(9 * (gap + 1))
            self.memo.extend([None] * (gap + 1))
        self.memo[place] = self.stack[-1]

    @_on(b"g", "")
    @_on(b"h", "B")
    @_on(b"j", "I")
    def recall(self, form: str) -> None:
        place = self.number(form) if form else int(self.line())
        if not 0 <= place < len(self.memo):
            self.fail(f"one of {len(self.memo)} places of the memo", str(place))
        value = self.memo[place]
        self.push(value.value if type(value) is Array and value.value is not None else value)

    @_on(b"c")
    def text_global(self) -> None:
        module = self.line()
        self.name(module, self.line())

    @_on(b"\x93")
    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            self.fail("the name of a module and of a thing in it", f"{kind_of(module)} and {kind_of(name)}")
        self.name(module, name)

    def name(self, module: str, name: str) -> None:
        known = NAMES.get((module, name))
        if known is None:
            self.fail("plain data and arrays", f"a use of {kind_of(f'{module}.{name}')[1:-1]}")
        self.push(known)

    @_on(b"R")
    def reduce(self) -> None:
        args, target = self.stack.pop(), self.stack.pop()
        if type(target) is not Name or target.build is None or type(args) not in (tuple, _Call):
            shown = target.text if type(target) is Name else kind_of(target)
            self.fail("plain data and arrays", f"a call of {shown} with {kind_of(args)}")
        size = len(args[0]) if args and isinstance(args[0], str | bytes | list | tuple) else 0
        self.charge(256 + size * (80 if size and isinstance(args[0], list | tuple) else 2))
        self.push(target.build(args))

    @_on(b"b")
    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is Type:
            target.fill(state)
        elif type(target) is Array and target.value is None:
            if isinstance(state, tuple) and state and type(state[-1]) is list:
                self.charge(8 * len(state[-1]))
            self.stack[-1] = target.fill(state, self.depths)
        else:
            self.fail("the state of an array or dtype", f"that of {kind_of(target)}")
