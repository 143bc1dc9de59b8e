"""MATLAB files: what scipy writes is read; what is damaged, foreign or too large is refused with its byte."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bodyverb.core import FormatError
from bodyverb.formats import _mat5


def mat(packed: bool = True, **values: Any) -> bytes:
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, values, do_compression=packed)
    return buffer.getvalue()


def read(data: bytes, *names: str, **more: Any) -> dict[str, Any]:
    return _mat5.load("x.mat", *names, data=data, **more)


@pytest.mark.parametrize("packed", [True, False])
def test_every_kind_of_value(packed):
    cell = np.empty((2, 1), object)
    cell[:, 0] = [np.ones((2, 3), np.uint8), "x"]
    several = np.zeros((1, 2), [("name", object), ("v", object)])
    several[0, 0], several[0, 1] = ("a", np.arange(2)), ("b", np.zeros((0, 2)))
    values = {
        "text": "hällo",
        "rows": np.array(["abc", "de "]),
        "flags": np.array([[True, False]]),
        "cell": cell,
        "one": {"x": 1.5, "y": {"z": "q"}},
        "several": several,
        "whole": np.array([[300, -2]], np.int16),
        "cube": np.arange(24.0).reshape(2, 3, 4),
        "nothing": np.zeros((0, 0)),
        "single": np.float32(0.1),
    }
    found = read(mat(packed, **values), *values)
    assert found["text"] == "hällo" and found["rows"] == ["abc", "de "]
    assert found["flags"].tolist() == [[True, False]] and found["flags"].dtype == bool
    np.testing.assert_array_equal(found["cell"][0], cell[0, 0])
    assert found["cell"][1] == "x"
    assert found["one"]["x"].tolist() == [[1.5]] and found["one"]["y"] == {"z": "q"}
    assert [one["name"] for one in found["several"]] == ["a", "b"]
    assert found["several"][1]["v"].shape == (0, 2)
    assert found["whole"].dtype == np.int16 and found["whole"].tolist() == [[300, -2]]
    np.testing.assert_array_equal(found["cube"], values["cube"])
    assert found["nothing"].shape == (0, 0) and found["single"].dtype == np.float32


@settings(max_examples=30, deadline=None)
@given(
    values=arrays.arrays(
        st.sampled_from(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]),
        arrays.array_shapes(min_dims=2, max_dims=4),
    ),
    packed=st.booleans(),
)
def test_numbers_arrive_exactly(values, packed):
    found = read(mat(packed, v=values), "v")["v"]
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


def test_long_structures_are_taken_one_at_a_time(attempt):
    many = np.zeros((1, 500), [("name", object), ("v", object)])
    for at in range(500):
        many[0, at] = (f"n{at}", np.zeros((1, 50)))
    data = mat(R={"list": many, "after": "x"})
    names: list[str] = []
    each = {"R.list": lambda one: names.append(one["name"]) or 8}
    found, peak = attempt(lambda: read(data, "R", each=each))
    assert found["R"] == {"list": 500, "after": "x"}
    assert names == [f"n{at}" for at in range(500)]
    assert peak < 2**19


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(kind: int, shape: tuple[int, ...], rest: bytes, name: bytes = b"v", flags: int = 0) -> bytes:
    return element(
        14,
        element(6, struct.pack("<II", kind | flags, 0))
        + element(5, struct.pack(f"<{len(shape)}i", *shape))
        + element(1, name)
        + rest,
    )


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
EMPTY = struct.pack("<II", 14, 0)
HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "another header"),
    "text": (b"joints,x,y\n" * 20, "another header"),
    "version 7.3": (b"MATLAB 7.3 MAT-file".ljust(600), "-v7"),
    "an unknown element": (HEADER + element(99, b"12345678"), "type 99"),
    "no such variable": (HEADER + matrix(6, (1, 1), element(9, bytes(8)), b"w"), "only w"),
    "an object": (HEADER + matrix(3, (1, 1), b""), "an object"),
    "a function": (HEADER + matrix(16, (1, 1), b""), "a function"),
    "a sparse matrix": (HEADER + matrix(5, (1, 1), b""), "a sparse matrix"),
    "complex numbers": (HEADER + matrix(6, (1, 1), element(9, bytes(8)), flags=0x800), "complex"),
    "too few numbers": (HEADER + matrix(6, (2, 2), element(9, bytes(8))), "4 numbers of shape (2, 2)"),
    "16 GB of numbers": (HEADER + matrix(6, (2**15, 2**16), element(9, bytes(8))), "more than that"),
    "sides that overflow": (HEADER + matrix(6, (2**31 - 1,) * 3, element(9, bytes(8))), "more than that"),
    "a negative side": (HEADER + matrix(6, (-1, 1), b""), "dimensions"),
    "one side": (HEADER + matrix(6, (1,), b""), "dimensions"),
    "2 GB claimed": (HEADER + struct.pack("<II", 14, 2**31) + bytes(64), "the flags"),
    "a variable beyond the end": (
        HEADER + struct.pack("<II", 14, 400) + matrix(6, (1, 1), b"", b"w")[8:],
        "the file ends",
    ),
    "cells without end": (HEADER + matrix(1, (2**30, 1), EMPTY * 3), "bytes more"),
    "structures without fields": (
        HEADER + matrix(2, (2**30, 1), element(5, struct.pack("<i", 8)) + element(1, b"")),
        "more than that",
    ),
    "field names of no length": (
        HEADER + matrix(2, (1, 1), element(5, bytes(4)) + element(1, b"ab")),
        "field names",
    ),
    "broken deflate": (HEADER + element(15, b"no deflate data"), "deflated data"),
    "text of numbers": (HEADER + matrix(4, (1, 4), element(9, bytes(32))), "text"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused(what, attempt):
    data, message = HOSTILE[what]
    error, peak = attempt(lambda: read(data, "v"))
    assert isinstance(error, FormatError)
    assert message in str(error) and "at byte" in str(error) and str(error).endswith("x.mat")
    assert peak < 1024**2


def nested(depth: int) -> bytes:
    inner = EMPTY
    for _ in range(depth):
        inner = matrix(1, (1, 1), inner, b"v" if _ == depth - 1 else b"")
    return HEADER + inner


def test_depth_is_bounded():
    assert read(nested(20), "v")["v"]
    with pytest.raises(FormatError, match="within each other"):
        read(nested(500), "v")


@pytest.mark.parametrize(
    ("unit", "count"),
    [
        (matrix(6, (1, 10**7), element(9, bytes(8 * 10**7))), 1),
        (EMPTY, 3_000),
        (matrix(4, (1, 0), element(16, b"")), 3_000),
    ],
)
def test_bombs_stay_bounded(unit, count, attempt, monkeypatch):
    """Deflated zeros, a thousand to one: four times the file and 64 MiB at most, and soon over."""
    monkeypatch.setattr(_mat5, "MIN_VALUES", 1000)
    whole = unit if count == 1 else matrix(1, (count, 1), unit * count)
    data = HEADER + element(15, zlib.compress(whole, 9))
    result, peak = attempt(lambda: read(data, "v"))
    assert isinstance(result, FormatError) and "at most" in str(result)
    assert peak < 4 * len(data) + 64 * 1024**2


SAMPLE = mat(False, v=np.arange(6.0).reshape(2, 3), c={"a": "text", "b": np.ones((2, 2), np.uint8)})


@settings(max_examples=120, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255)), max_size=3),
    end=st.none() | st.integers(0, len(SAMPLE)),
    packed=st.booleans(),
)
def test_damage_raises_or_gives_values(flips, end, packed):
    content = bytearray(SAMPLE)
    for at, mask in flips:
        content[at] ^= mask
    data = bytes(content[:end])
    if packed:
        data = data[:128] + element(15, zlib.compress(data[128:]))
    try:
        assert read(data, "v", "c").keys() == {"v", "c"}
    except FormatError as error:
        assert "at byte" in str(error)


def test_absent_file(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        _mat5.load(tmp_path / "none.mat", "v")


@pytest.mark.realdata
def test_real_files_arrive_as_scipy_reads_them(data_root):
    import tarfile

    from scipy.io import loadmat

    with tarfile.open(data_root / "penn_action" / "labels.tar.xz", "r|*") as archive:
        members = (member for member in archive if member.name.endswith(".mat"))
        for _, member in zip(range(40), members, strict=False):
            data = archive.extractfile(member).read()
            theirs = loadmat(io.BytesIO(data))
            names = ("x", "y", "visibility", "bbox", "dimensions", "action", "train")
            mine = read(data, *names)
            for name in names:
                np.testing.assert_array_equal(
                    mine[name], theirs[name] if name != "action" else theirs[name][0]
                )
