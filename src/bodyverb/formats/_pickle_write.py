"""Plain data and numpy arrays written as a pickle that any Python 3.4 and numpy of the last decade reads.

Protocol 4 without framing. Arrays bear the name `numpy.core`, which old and new numpy know (what numpy 2
itself writes, `numpy._core`, numpy before 1.26 does not). Nothing is copied but one array at a time.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from bodyverb.core.errors import InputError

_KINDS = "biufcSUO"
_BATCH = 1000


def dump(value: Any, stream: BinaryIO) -> None:
    """Write one value: None, flags, numbers, text, bytes, lists, tuples, dicts, numpy numbers and arrays.

    Raises:
        InputError: Where there is anything else in it.
    """
    stream.write(b"\x80\x04")
    _Writer(stream).put(value)
    stream.write(b".")


class _Writer:
    """Writes values; names and dtypes are written once and recalled from the memo."""

    def __init__(self, stream: BinaryIO) -> None:
        self.write = stream.write
        self.memo: dict[str, int] = {}

    def put(self, value: Any) -> None:
        """Write a value of any of the known kinds."""
        if value is None or isinstance(value, bool):
            self.write({None: b"N", True: b"\x88", False: b"\x89"}[value])
        elif isinstance(value, np.ndarray):
            self.array(value)
        elif isinstance(value, np.generic):
            self.scalar(value)
        elif isinstance(value, int):
            self.integer(value)
        elif isinstance(value, float):
            self.write(b"G" + struct.pack(">d", value))
        elif isinstance(value, str):
            text = value.encode("utf-8", "surrogatepass")
            self.sized(text, b"\x8c", b"X", b"\x8d")
        elif isinstance(value, bytes):
            self.sized(value, b"C", b"B", b"\x8e")
        elif isinstance(value, tuple):
            self.write(b"(")
            for item in value:
                self.put(item)
            self.write(b"t")
        elif isinstance(value, list):
            self.many(b"]", [(item,) for item in value], b"e")
        elif isinstance(value, Mapping):
            self.many(b"}", list(value.items()), b"u")
        else:
            raise InputError(f"Expected plain data or arrays, got a {type(value).__name__}; convert it")

    def many(self, start: bytes, entries: list[tuple[Any, ...]], end: bytes) -> None:
        """Write a list or dict in batches, which keeps the reader's stack small."""
        self.write(start)
        for at in range(0, len(entries), _BATCH):
            self.write(b"(")
            for entry in entries[at : at + _BATCH]:
                for item in entry:
                    self.put(item)
            self.write(end)

    def integer(self, value: int) -> None:
        """Write a whole number of any size."""
        if 0 <= value < 256:
            self.write(b"K" + bytes((value,)))
        elif -(2**31) <= value < 2**31:
            self.write(b"J" + struct.pack("<i", value))
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            short = len(data) < 256
            self.write(
                struct.pack("<cB" if short else "<ci", b"\x8a" if short else b"\x8b", len(data)) + data
            )

    def sized(self, data: bytes | memoryview, short: bytes, normal: bytes, long: bytes) -> None:
        """Write bytes after their length, with the shortest of three instructions."""
        size = len(data)
        if size < 256:
            self.write(short + struct.pack("<B", size))
        elif size < 2**32:
            self.write(normal + struct.pack("<I", size))
        else:
            self.write(long + struct.pack("<Q", size))
        self.write(data)

    def once(self, key: str, text: bytes) -> bool:
        """Write `text` and remember it, or recall it; whether it was new."""
        if key in self.memo:
            self.write(b"j" + struct.pack("<I", self.memo[key]))
            return False
        self.memo[key] = len(self.memo)
        self.write(text)
        return True

    def name(self, module: str, name: str) -> None:
        """Write a name of a module."""
        self.once(f"{module}.{name}", f"c{module}\n{name}\n".encode() + b"\x94")

    def dtype(self, kind: np.dtype) -> None:
        """Write a dtype: its code and byte order."""
        if kind.kind not in _KINDS:
            raise InputError(f"Expected arrays of numbers, text or objects, got {kind}; convert it")
        code = "O8" if kind.hasobject else kind.str[1:]
        if kind.str in self.memo:
            self.once(kind.str, b"")
            return
        self.name("numpy", "dtype")
        self.put((code, False, True))
        self.write(b"R")
        self.once(kind.str, b"\x94")
        self.put((3, kind.str[0], None, None, None, -1, -1, 0x3F if kind.hasobject else 0))
        self.write(b"b")

    def array(self, value: np.ndarray) -> None:
        """Write an array in C order."""
        self.name("numpy.core.multiarray", "_reconstruct")
        self.name("numpy", "ndarray")
        self.write(b"K\x00\x85C\x01b\x87R(K\x01")
        self.put(value.shape)
        self.dtype(value.dtype)
        self.write(b"\x89")
        if value.dtype == object:
            self.put(list(value.flat))
        else:
            flat = np.ascontiguousarray(value).reshape(-1)
            self.sized(flat.view(np.uint8).data if flat.size else b"", b"C", b"B", b"\x8e")
        self.write(b"tb")

    def scalar(self, value: np.generic) -> None:
        """Write a numpy number."""
        self.name("numpy.core.multiarray", "scalar")
        self.dtype(value.dtype)
        self.put(value.tobytes())
        self.write(b"\x86R")
