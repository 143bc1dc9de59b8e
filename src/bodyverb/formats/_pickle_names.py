"""What a pickle may name: numpy's arrays, dtypes and scalars, `_codecs.encode` and the builtin containers.

A name is only a symbol here. Nothing is imported and nothing of the file is called: each known name has a
function below that builds the one kind of value it stands for out of checked parts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

MAX_AXES = 32
MAX_NESTED_ARRAYS = 8
_CODE = re.compile(r"[<>|=]?[biufcSUO?]\d{0,9}")
_CODECS = ("latin1", "latin-1", "utf-8", "ascii")
_KEYS = frozenset((str, bytes, int, float, bool, type(None)))
_MAX_KEY = 2**60


class Refused(Exception):
    """A part of a pickle that is not plain data: what was `expected` and what was `found`."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


class Name:
    """A known name of the file, as `module.name`; never the thing itself."""

    __slots__ = ("build", "text")

    def __init__(self, text: str, build: Callable[[tuple[Any, ...]], Any] | None) -> None:
        self.text = text
        self.build = build


class Type:
    """A dtype under construction; its byte order arrives with its state."""

    __slots__ = ("value",)

    def __init__(self, value: np.dtype) -> None:
        self.value = value

    def fill(self, state: Any) -> None:
        """Take the byte order; refuse fields, sub-arrays and sizes that differ from the type's own."""
        plain = (
            isinstance(state, tuple)
            and len(state) in (8, 9)
            and state[2] is state[3] is state[4] is None
            and state[1] in ("<", ">", "=", "|", b"<", b">", b"=", b"|")
            and state[5] in (-1, self.value.itemsize)
        )
        if not plain:
            raise Refused("a plain dtype", "one with fields, sub-arrays or another size")
        order = state[1] if isinstance(state[1], str) else state[1].decode("ascii")
        if order != "|":
            self.value = self.value.newbyteorder(order)  # type: ignore[arg-type]


class Array:
    """An array under construction; `value` is there once its state has come."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: np.ndarray | None = None

    def fill(self, state: Any, depths: dict[int, tuple[np.ndarray, int]]) -> np.ndarray:
        """Make the array of its state (version, shape, dtype, Fortran order, bytes or list of objects).

        Args:
            state: What the file gives.
            depths: Every array of objects made so far by its id, and how many lie within each other in it.
        """
        state = state[1:] if isinstance(state, tuple) and len(state) == 5 else state
        if not (isinstance(state, tuple) and len(state) == 4 and isinstance(state[1], Type)):
            raise Refused("shape, dtype, order and data of an array", kind_of(state))
        shape, dtype, order, data = state[0], state[1].value, "F" if state[2] else "C", state[3]
        if not dtype.hasobject:
            self.value = from_bytes(shape, dtype, order, data)
            return self.value
        count = size_of(shape)
        if type(data) is not list or len(data) != count:
            raise Refused(f"a list of the {count} elements of an array of shape {shape}", kind_of(data))
        flat = np.empty(count, dtype=object)
        depth = 1
        for at, item in enumerate(data):
            flat[at] = item
            depth = max(depth, 1 + depths.get(id(item), (None, 0))[1])
        if depth > MAX_NESTED_ARRAYS:
            raise Refused(f"at most {MAX_NESTED_ARRAYS} arrays of objects within each other", "more")
        self.value = flat.reshape(shape, order=order)  # type: ignore[call-overload]
        depths[id(self.value)] = (self.value, depth)
        return self.value


def size_of(shape: Any) -> int:
    """Number of elements of a shape of the file; Python integers, so nothing overflows."""
    good = (
        type(shape) is tuple
        and len(shape) <= MAX_AXES
        and all(type(n) is int and 0 <= n < 2**62 for n in shape)
    )
    if not good:
        raise Refused(f"a shape of at most {MAX_AXES} whole numbers", kind_of(shape))
    return math.prod(shape)


def from_bytes(shape: tuple[int, ...], dtype: np.dtype, order: str, data: Any) -> np.ndarray:
    """An array over bytes of the file; shape x itemsize must be exactly their number. Read-only."""
    data = data.encode("latin-1") if type(data) is str else data  # Python 2 wrote bytes as text
    if type(data) not in (bytes, bytearray):
        raise Refused("bytes of an array", kind_of(data))
    count = size_of(shape)
    if count * dtype.itemsize != len(data) or (count and not dtype.itemsize):
        raise Refused(
            f"{count * dtype.itemsize} bytes for an array of shape {shape} and type {dtype}",
            f"{len(data)} of them",
        )
    flat = np.frombuffer(data, dtype=dtype) if count else np.empty(0, dtype=dtype)
    if dtype.kind == "b" and count and flat.view(np.uint8).max() > 1:
        raise Refused("flags of 0 and 1 in an array", "other bytes")
    array: np.ndarray = flat.reshape(shape, order=order)  # type: ignore[call-overload]
    array.flags.writeable = False
    return array


def check_keys(keys: Iterable[Any]) -> None:
    """Refuse keys whose hash could be made slow: only numbers, text and flat tuples of them are taken."""
    for key in keys:
        for part in key if type(key) is tuple and len(key) <= MAX_AXES else (key,):
            if type(part) not in _KEYS and not isinstance(part, np.generic):
                raise Refused("text, numbers or flat tuples of them as keys", kind_of(part))
            if type(part) is int and not -_MAX_KEY < part < _MAX_KEY:
                raise Refused("keys below 2^60", "a larger number")


def kind_of(value: Any) -> str:
    """A few words for a message; never the representation of a nested value."""
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, bool | float | str) or (type(value) is int and abs(value) < 2**64):
        return repr(value[:60] if isinstance(value, str) else value)
    return f"a {type(value).__name__}"


def _array(args: tuple[Any, ...]) -> Array:
    if len(args) != 3 or not isinstance(args[0], Name) or args[0].text != "numpy.ndarray":
        raise Refused("an empty array to be filled", "another way to make one")
    return Array()


def plain_dtype(code: Any) -> np.dtype:
    """The dtype of a code such as `<f4`; only numbers, text and objects, no fields."""
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise Refused("a dtype of numbers, text or objects", kind_of(code))
    try:
        return np.dtype(code)
    except (TypeError, ValueError):
        raise Refused("a dtype of numbers, text or objects", repr(code)) from None


def _dtype(args: tuple[Any, ...]) -> Type:
    code = args[0] if args else None
    return Type(plain_dtype(code.decode("latin-1") if isinstance(code, bytes) else code))


def _scalar(args: tuple[Any, ...]) -> Any:
    if len(args) != 2 or not isinstance(args[0], Type) or args[0].value.hasobject:
        raise Refused("dtype and bytes of one number", kind_of(args))
    return from_bytes((1,), args[0].value, "C", args[1])[0]


def _frombuffer(args: tuple[Any, ...]) -> np.ndarray:
    """Protocol 5: bytes, dtype, shape and order; for order K the axes that turn a C array into this one."""
    turned = len(args) == 5 and args[3] == "K" and type(args[4]) is tuple
    good = turned or (len(args) == 4 and args[3] in ("C", "F"))
    if not good or not isinstance(args[1], Type) or args[1].value.hasobject:
        raise Refused("bytes, dtype, shape and order of an array", kind_of(args))
    if not turned:
        return from_bytes(args[2], args[1].value, args[3], args[0])
    array = from_bytes(args[2], args[1].value, "C", args[0])
    if sorted(map(str, args[4])) != sorted(map(str, range(array.ndim))):
        raise Refused("each axis of an array once", kind_of(args[4]))
    return array.transpose(args[4])


def _encode(args: tuple[Any, ...]) -> bytes:
    if len(args) != 2 or type(args[0]) is not str or args[1] not in _CODECS:
        raise Refused("text and its codec", kind_of(args))
    return args[0].encode(args[1])


def _collect(kind: type, *parts: type) -> Callable[[tuple[Any, ...]], Any]:
    """A builder of `kind()` or of `kind(part)`, the part of a known type."""

    def build(args: tuple[Any, ...]) -> Any:
        if args and not (len(args) == 1 and type(args[0]) in parts):
            raise Refused(f"the items of a {kind.__name__}", kind_of(args))
        if args and kind in (set, frozenset):
            check_keys(args[0])
        return kind(*args)

    return build


def _known() -> dict[tuple[str, str], Name]:
    builders: dict[str, Callable[[tuple[Any, ...]], Any] | None] = {
        "numpy.ndarray": None,
        "numpy.dtype": _dtype,
        "_codecs.encode": _encode,
    }
    for core in ("numpy.core", "numpy._core"):
        builders[f"{core}.multiarray._reconstruct"] = _array
        builders[f"{core}.multiarray.scalar"] = _scalar
        builders[f"{core}.numeric._frombuffer"] = _frombuffer  # how protocol 5 writes the same arrays
    for module in ("builtins", "__builtin__"):
        for kind in (list, tuple, set, frozenset):
            builders[f"{module}.{kind.__name__}"] = _collect(kind, list, tuple)
        builders[f"{module}.dict"] = _collect(dict)
        builders[f"{module}.bytes"] = _collect(bytes)
        builders[f"{module}.bytearray"] = _collect(bytearray, bytes)
    names = {}
    for text, build in builders.items():
        module, _, name = text.rpartition(".")
        names[module, name] = Name(text, build)
    return names


NAMES = _known()
