"""Numbers in text: the fast way gives the bits that Python's float gives, or leaves it to the careful way."""

import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError
from bodyverb.formats import _numbers

SPELLINGS = (repr, "{:.7g}".format, "{:.7G}".format, "{:.17g}".format, "{:.6f}".format, "{:e}".format)
NUMBERS = st.builds(
    lambda spell, value: spell(value),
    st.sampled_from(SPELLINGS),
    st.floats(allow_nan=False, allow_infinity=False) | st.floats(-4, 4) | st.sampled_from([0.0, -0.0]),
) | st.sampled_from(
    ["0", "-0", "-0.0", "7", "-12", "18446744073709551616", "1E-05", "1e+5", "00", ".5", "5."]
)
LINES = st.lists(st.lists(NUMBERS, min_size=1, max_size=6), min_size=1, max_size=6)


def parse(text: bytes) -> _numbers.Block:
    return _numbers.parse(text, 0, 1, Path("a.txt"))


@settings(max_examples=150, deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_every_bit_and_every_line(lines, end):
    text = "".join(" ".join(words) + end for words in lines).encode()
    block = parse(text)
    expected = np.array([float(word) for words in lines for word in words])
    np.testing.assert_array_equal(block.values.view(np.int64), expected.view(np.int64))
    assert np.diff(block.first).tolist() == [len(words) for words in lines]
    starts = [text[at : at + 1] for at in block.start[:-1].tolist()]
    assert starts == [words[0][:1].encode() for words in lines] and block.start[-1] == len(text)


@pytest.mark.skipif(_numbers.simdjson is None, reason="simdjson has no wheel for this Python")
@settings(max_examples=100, deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_both_ways_agree(lines, end):
    text = "".join(" ".join(words) + end for words in lines).encode()
    quick = _numbers._fast(np.frombuffer(text, np.uint8))
    slow = _numbers._careful(text, Path("a.txt"), 1)
    if quick is not None:
        for mine, other in zip(quick, slow, strict=True):
            assert mine.tobytes() == other.astype(mine.dtype).tobytes()


@pytest.mark.skipif(_numbers.simdjson is None, reason="simdjson has no wheel for this Python")
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["1", "-0", "2.5", "e", ".", " ", " ", "\r", "\n", "\r\n", "[", "]", ",", "_", "\0"])
    )
)
def test_what_the_fast_way_takes_the_careful_way_reads_alike(pieces):
    text = ("".join(pieces) + "\n").encode()
    quick = _numbers._fast(np.frombuffer(text, np.uint8))
    if quick is not None:
        for mine, other in zip(quick, _numbers._careful(text, Path("a.txt"), 1), strict=True):
            assert mine.tobytes() == other.astype(mine.dtype).tobytes()


def test_threads_have_their_own_parsers():
    texts = [f"{number} {number / 7!r}\n".encode() * 500 for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        blocks = list(pool.map(parse, texts * 5))
    for block, number in zip(blocks, [*range(8)] * 5, strict=True):
        assert set(block.values.tolist()) == {number, number / 7}


@pytest.mark.skipif(_numbers.simdjson is None, reason="simdjson has no wheel for this Python")
def test_plain_text_goes_the_fast_way():
    text = b"103\n1\r\n-0.25 7.257856E-05 0 -0\n"
    values, first, start = _numbers._fast(np.frombuffer(text, np.uint8))
    assert values.tolist() == [103, 1, -0.25, 7.257856e-05, 0, -0.0] and np.signbit(values[-1])
    assert first.tolist() == [0, 1, 2, 6] and start.tolist() == [0, 4, 7, len(text)]


@pytest.mark.parametrize(
    "text",
    [b"1  2\n", b" 1\n", b"1\t2\n", b"\n", b"1\n\n2\n", b"NaN\n", b"1 [2 3]\n", b"[1] 2\n", b"1,2\n",
     b"1\x002\n", b"1 \n", b"1\r2\n", b'"1"\n', b"true\n", b"1!2\n", b"{}\n", b"0x1\n", b"\xff\n", b"1 2]\n",
     b"-\n", b"1\r \n", b"1 \r2\n"],
)  # fmt: skip
def test_other_text_is_left_to_the_careful_way(text):
    assert _numbers._fast(np.frombuffer(text, np.uint8)) is None


@pytest.mark.parametrize("word", [b"1_0", b"x", b"1,2", b"[1]", b"1\x002", b"0x1", b"--1"])
def test_a_word_that_is_no_number_is_named(word):
    with pytest.raises(FormatError, match=r"Expected a number, got '.*'; check line 2: a\.txt"):
        parse(b"1 2\n3 " + word + b"\n")


@pytest.mark.parametrize(
    ("word", "value"),
    [(b"NaN", np.nan), (b"Infinity", np.inf), (b"-inf", -np.inf), (b"1e999", np.inf), (b"9" * 999, np.inf)],
)
def test_numbers_that_are_not_finite(word, value):
    np.testing.assert_array_equal(parse(b"1 " + word + b"\n").values, [1, value])


def test_byte_order_mark_and_missing_line_feed():
    assert _numbers.load(Path("a.txt"), b"\xef\xbb\xbf1 2") == b"1 2\n"


def test_a_line_longer_than_a_block():
    with pytest.raises(FormatError, match="check line 1"):
        parse(b"1 " * _numbers.BLOCK_BYTES)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_text_gives_the_number_again(value):
    again = float(_numbers.text_of(value))
    assert struct.pack("d", again) == struct.pack("d", value) or (np.isnan(again) and np.isnan(value))


@given(st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), max_size=5))
def test_decimals_of_float32(values):
    narrow = np.array(values, np.float32)
    np.testing.assert_array_equal(_numbers.decimals(narrow).astype(np.float32), narrow)


def test_decimals_are_short():
    assert _numbers.decimals(np.float32([0.1, -2.5, 72.25])).tolist() == [0.1, -2.5, 72.25]
