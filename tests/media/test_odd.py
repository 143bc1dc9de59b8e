"""Odd but true: huge claims, interlaced rows, deep colours, extreme rates, stamps that go back."""

import struct
import zlib
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from bodyverb.core.errors import InputError
from bodyverb.media import open_source, read_image, write_image
from bodyverb.media.headers import claimed_size


def pixels(size: tuple[int, int]) -> np.ndarray:
    random = np.random.default_rng(0)
    return random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif", ".ppm", ".pgm", ".jp2"])
def test_the_claimed_size_is_that_of_the_picture(tmp_path: Path, suffix: str) -> None:
    image = pixels((70, 40))
    cv2.imwrite(str(tmp_path / f"p{suffix}"), image[..., 0] if suffix == ".pgm" else image)
    assert claimed_size((tmp_path / f"p{suffix}").read_bytes()) == (70, 40)
    assert read_image(tmp_path / f"p{suffix}").shape == (40, 70, 3)


def test_the_claimed_size_of_other_kinds() -> None:
    lossless = cv2.imencode(".webp", pixels((70, 40)), [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    assert b"VP8L" in lossless and claimed_size(lossless) == (70, 40)
    extended = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + (99_999).to_bytes(3, "little") * 2
    assert claimed_size(extended) == (100_000, 100_000)
    big_tiff = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) + struct.pack(
        "<QHHQQHHQQ", 2, 256, 16, 1, 90_000, 257, 4, 1, 80_000
    )
    assert claimed_size(big_tiff) == (90_000, 80_000)
    old_bmp = b"BM" + bytes(12) + struct.pack("<IHH", 12, 70, 40)
    assert claimed_size(old_bmp) == (70, 40)
    assert claimed_size(b"P6 # a word\n# more\n70 40 255\n") == (70, 40)
    for short in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"BM", b"RIFF", b"P6 70", b"hello"):
        assert claimed_size(short) is None


def bomb(size: tuple[int, int]) -> bytes:
    """A PNG of a few hundred bytes that claims a size and holds a little of it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(100_000, 100_000), (20_000, 20_000)])
def test_a_picture_that_claims_too_much_is_refused_by_its_header(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(size))
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it must not be decoded"))
    with pytest.raises(InputError, match=f"at most 268 million pixels, got {size[0]} x {size[1]}"):
        read_image(path)
    with pytest.raises(InputError, match="million pixels"):
        open_source(path)


def test_a_video_that_claims_too_much_is_refused(make_video: Any, draw: Any) -> None:
    path = make_video("clip.avi", draw.numbered(3), codec="ffv1", pix_fmt="yuv420p")
    data = path.read_bytes()
    at = data.index(b"strf") + 8
    assert struct.unpack_from("<ii", data, at + 4) == (64, 48)
    for size in [(100_000, 100_000), (20_000, 20_000)]:
        path.write_bytes(data[: at + 4] + struct.pack("<ii", *size) + data[at + 12 :])
        with pytest.raises(InputError, match="million pixels|no frame can be decoded"):
            open_source(path)


def test_eight_thousand_pixels_wide(make_video: Any) -> None:
    image = cv2.resize(pixels((16, 9)), (7680, 4320), interpolation=cv2.INTER_NEAREST)
    path = make_video("8k.mp4", [image], options={"crf": "35"})
    with open_source(path) as source:
        frames = list(source)
    assert source.info.image_size == (7680, 4320) and frames[0].image.shape == (4320, 7680, 3)
    assert abs(frames[0].image.mean() - image.mean()) < 3


def test_interlaced_rows_do_not_tear(make_video: Any, draw: Any) -> None:
    """A dot that stands in the upper field and is 20 px further in the lower one."""
    size = (96, 64)
    upper, lower = draw.blob(size, 30.0, 32.0, 4.0), draw.blob(size, 50.0, 32.0, 4.0)
    woven = upper.copy()
    woven[1::2] = lower[1::2]
    images = {"plain": [woven] * 3, "interlaced": [woven] * 3}
    found = {}
    for name, pictures in images.items():
        options = {"crf": "1"} | ({"x264-params": "interlaced=1:tff=1"} if name == "interlaced" else {})
        path = make_video(f"{name}.mp4", pictures, options=options)
        with open_source(path) as source:
            found[name] = [frame.image for frame in source]
        said = any("Interlaced frames, of which the upper field was used: 3" in w for w in source.warnings)
        assert said == (name == "interlaced")
    assert draw.centre(found["plain"][1])[0] == pytest.approx(40.0, abs=1.0)
    assert draw.centre(found["interlaced"][1]) == pytest.approx((30.0, 32.0), abs=0.1)
    assert np.abs(found["interlaced"][1].astype(int) - upper).mean() < 1.5


def test_interlaced_with_narrow_pixels(make_video: Any, draw: Any) -> None:
    from fractions import Fraction

    image = draw.blob((96, 64), 30.0, 20.0, 5.0)
    options = {"crf": "1", "x264-params": "interlaced=1"}
    path = make_video("sar.mp4", [image] * 2, options=options, aspect=Fraction(1, 2))
    with open_source(path) as source:
        frame = next(iter(source))
    assert frame.image.shape == (128, 96, 3)
    assert draw.centre(frame.image) == pytest.approx((30.0, 40.5), abs=0.15)


@pytest.mark.parametrize(
    ("codec", "pix_fmt"),
    [("ffv1", "yuv420p16le"), ("ffv1", "gbrp16le"), ("ffv1", "yuv422p12le"), ("png", "rgb48be")],
)
def test_deep_colours(make_video: Any, draw: Any, codec: str, pix_fmt: str) -> None:
    image = draw.blob((64, 48), 30.0, 20.0, 6.0)
    path = make_video(f"deep.{'mov' if codec == 'png' else 'mkv'}", [image] * 2, codec=codec, pix_fmt=pix_fmt)
    with open_source(path) as source:
        frames = list(source)
    assert len(frames) == 2 and np.abs(frames[1].image.astype(int) - image).mean() < 3


def test_pictures_of_sixteen_bits_and_of_fractions(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 40).astype(np.uint8)[None].repeat(8, 0)
    cv2.imwrite(str(tmp_path / "a.tif"), cv2.merge([ramp.astype(np.uint16) * 257] * 3))
    assert np.abs(read_image(tmp_path / "a.tif").astype(int) - ramp[..., None]).max() <= 1
    cv2.imwrite(str(tmp_path / "b.pgm"), ramp.astype(np.uint16) * 257)
    assert np.abs(read_image(tmp_path / "b.pgm").astype(int) - ramp[..., None]).max() <= 1


@pytest.mark.parametrize(("rate", "count"), [(1000, 40), (1, 5)])
def test_extreme_rates(make_video: Any, draw: Any, rate: int, count: int) -> None:
    path = make_video("clip.mp4", draw.numbered(count), rate=rate)
    with open_source(path) as source:
        stamps = [frame.time_s for frame in source]
    assert stamps == pytest.approx([k / rate for k in range(count)], abs=1e-6)
    assert source.info.rate_hz == pytest.approx(rate) and source.warnings == []


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_ten_hours(make_video: Any, draw: Any, suffix: str) -> None:
    """Stamps that start after ten hours, with a gap of ten more hours in the middle (TS knows 26.5 hours)."""
    stamps = [36_000.0, 36_000.5, 36_001.0, 72_000.0, 72_000.5]
    path = make_video(f"long.{suffix}", draw.numbered(5), times=stamps, options={"bf": "0"})
    with open_source(path) as source:
        found = [frame.time_s for frame in source]
    assert found == pytest.approx([0.0, 0.5, 1.0, 36_000.0, 36_000.5], abs=1e-3)
    with open_source(path, start_s=35_999.0) as source:
        assert [draw.number_of(frame.image) for frame in source] == [3, 4]


def restamped(path: Path, stamps: list[float]) -> Path:
    """The same packets with other stamps, which no encoder would give."""
    other = path.with_name(f"odd{path.suffix}")
    with av.open(str(path)) as given, av.open(str(other), "w") as output:
        stream = given.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in given.demux(stream):
            if packet.size:
                number = packet.pts and round(float(packet.pts * packet.time_base) * 30)
                packet.pts = round(stamps[number or 0] / packet.time_base)
                packet.dts = None if path.suffix == ".nut" else packet.dts
                packet.stream = copy
                output.mux(packet)
    return other


def test_stamps_that_repeat_or_go_back_a_little(make_video: Any, draw: Any) -> None:
    path = make_video("clip.mkv", draw.numbered(8), codec="mjpeg", pix_fmt="yuvj420p")
    stamps = [0.0, 0.1, 0.1, 0.2, 0.15, 0.2, 0.3, 0.4]
    with open_source(restamped(path, stamps)) as source:
        found = [(round(frame.time_s, 3), draw.number_of(frame.image)) for frame in source]
    assert found == [(0.0, 0), (0.1, 1), (0.2, 3), (0.3, 6), (0.4, 7)]
    assert any("do not advance: 3" in line for line in source.warnings)


def test_a_pattern_with_a_bomb_among_its_pictures(tmp_path: Path, draw: Any) -> None:
    for k, image in enumerate(draw.numbered(3)):
        write_image(tmp_path / f"{k}.png", image)
    (tmp_path / "1.png").write_bytes(bomb((100_000, 100_000)))
    with open_source(tmp_path) as source:
        numbers = [draw.number_of(frame.image) for frame in source]
    assert numbers == [0, 2] and "million pixels" in source.warnings[0]
