"""The size that a picture's header claims, read before anything is decoded.

A few bytes can claim any number of pixels; a decoder would allocate them. Sources: PNG (W3C), JPEG (ITU-T
T.81), BMP, WebP container, Netpbm, TIFF 6.0 and BigTIFF, JPEG 2000 (ITU-T T.800, marker SIZ).
"""

from __future__ import annotations

import re
import struct

from bodyverb.core.errors import InputError
from bodyverb.media.pixels import MAX_PIXELS

_NETPBM = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
_MOST_SEGMENTS = 10_000
_TIFF_NUMBERS = {3: "H", 4: "I", 16: "Q"}


def check_size(size: tuple[int, int], place: object) -> None:
    """Refuse pictures of more than `MAX_PIXELS`.

    Args:
        size: (width, height) in px as claimed.
        place: File or address, for the message.

    Raises:
        InputError: Too large.
    """
    if size[0] * size[1] > MAX_PIXELS:
        raise InputError(
            f"Expected pictures of at most {MAX_PIXELS / 1e6:.0f} million pixels, "
            f"got {size[0]} x {size[1]}; shrink them first: {place}"
        )


def claimed_size(data: bytes) -> tuple[int, int] | None:
    """Give (width, height) in px as the file's header says; None for formats that are not known here."""
    for magic, read in _READERS:
        if data.startswith(magic):
            try:
                return read(data)
            except (struct.error, IndexError, ValueError):
                return None
    return None


def _png(data: bytes) -> tuple[int, int]:
    return struct.unpack_from(">II", data, 16)


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Size in the first frame header (SOF0 to SOF15 but C4, C8 and CC), which stands before any scan."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        at = data.index(b"\xff", at) + 1
        marker = data[at]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 4)
            return width, height
        if marker in (0xD9, 0xDA):
            return None
        if marker not in (0x00, 0x01, 0xFF) and not 0xD0 <= marker <= 0xD8:
            at += 1 + int(struct.unpack_from(">H", data, at + 1)[0])
    return None


def _bmp(data: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", data, 14)[0] == 12:
        return struct.unpack_from("<HH", data, 18)
    width, height = struct.unpack_from("<ii", data, 18)
    return abs(width), abs(height)


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if data[8:12] != b"WEBP":
        return None
    if kind == b"VP8X":
        wide, tall = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return wide, tall
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _netpbm(data: bytes) -> tuple[int, int] | None:
    found = _NETPBM.match(data[:4096])
    return (int(found[1]), int(found[2])) if found else None


def _tiff(data: bytes) -> tuple[int, int] | None:
    """Tags 256 and 257 of the first directory."""
    order = "<" if data[:2] == b"II" else ">"
    if struct.unpack_from(order + "H", data, 2)[0] == 43:
        at, count, head, step, inline = *struct.unpack_from(order + "Q", data, 8), "Q", 8, 20, 12
    else:
        at, count, head, step, inline = *struct.unpack_from(order + "I", data, 4), "H", 2, 12, 8
    sides = {}
    for entry in range(min(1000, struct.unpack_from(order + count, data, at)[0])):
        place = at + head + entry * step
        tag, kind = struct.unpack_from(order + "HH", data, place)
        if tag in (256, 257):
            number = order + _TIFF_NUMBERS.get(kind, "I")
            sides[tag] = int(struct.unpack_from(number, data, place + inline)[0])
    return (sides[256], sides[257]) if len(sides) == 2 else None


def _jpeg2000(data: bytes) -> tuple[int, int] | None:
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0:
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    return right - left, bottom - top


_READERS = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8", _jpeg),
    (b"BM", _bmp),
    (b"RIFF", _webp),
    (b"P", _netpbm),
    (b"II", _tiff),
    (b"MM", _tiff),
    (b"\0\0\0\x0cjP  ", _jpeg2000),
    (b"\xff\x4f\xff\x51", _jpeg2000),
)
