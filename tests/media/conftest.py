"""Tiny videos drawn and encoded on the spot."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

TICKS = 90000


def blob(size: tuple[int, int], x: float, y: float, sigma: float = 2.5) -> np.ndarray:
    """A white spot centred on (x, y), (0, 0) being the centre of the first pixel, on dark grey."""
    columns, rows = np.arange(size[0]), np.arange(size[1])[:, None]
    spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return np.repeat((40 + 200 * spot).round().astype(np.uint8)[..., None], 3, axis=2)


def centre(image: np.ndarray) -> tuple[float, float]:
    """Where the spot is, px."""
    weight = np.clip(image.astype(float).mean(axis=2) - 60, 0, None)
    rows, columns = np.indices(weight.shape)
    return float((weight * columns).sum() / weight.sum()), float((weight * rows).sum() / weight.sum())


def level(index: int) -> int:
    """The grey level that numbers a frame."""
    return 20 + 3 * index


def numbered(count: int, size: tuple[int, int] = (64, 48)) -> list[np.ndarray]:
    """Pictures whose grey level tells their number."""
    return [np.full((size[1], size[0], 3), level(k), np.uint8) for k in range(count)]


def number_of(image: np.ndarray) -> int:
    """The number that a picture of `numbered` tells."""
    return round((float(image.mean()) - 20) / 3)


def tone(seconds: float, rate: int = 48000, beep_s: float | None = None) -> np.ndarray:
    """A 440 Hz tone (1, n) float32; with `beep_s` silent but for 0.05 s from there."""
    t = np.arange(round(seconds * rate)) / rate
    wave = 0.5 * np.sin(2 * np.pi * 440 * t)
    if beep_s is not None:
        wave *= (t >= beep_s) & (t < beep_s + 0.05)
    return wave.astype(np.float32)[None]


def _encode_sound(
    output: Any, codec: str, wave: np.ndarray, rate: int, sample_format: str, offset_s: float
) -> None:
    stream = output.add_stream(codec, rate=rate)
    stream.layout = "mono"
    stream.format = sample_format
    resampler = av.AudioResampler(format=sample_format, layout="mono", rate=rate)
    packets = []
    for begin in range(0, wave.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(wave[:, begin : begin + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = (
            rate,
            begin + round(offset_s * rate),
            Fraction(1, rate),
        )
        for part in resampler.resample(frame):
            packets += stream.encode(part)
    output.mux(packets + stream.encode(None))


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Build a video file: name and pictures, then what should be odd about it."""

    def make(
        name: str,
        images: Sequence[np.ndarray],
        *,
        rate: int = 30,
        times: Sequence[float] | None = None,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        options: dict[str, str] | None = None,
        container_options: dict[str, str] | None = None,
        rotation: tuple[float, bool, bool] | None = None,
        aspect: Fraction | None = None,
        sound: tuple[str, np.ndarray, int, str] | None = None,
        sound_offset_s: float = 0.0,
        image_format: str = "rgb24",
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", container_options=container_options or {}) as output:
            stream: Any = output.add_stream(codec, rate=rate)
            stream.width, stream.height, stream.pix_fmt = images[0].shape[1], images[0].shape[0], pix_fmt
            exact = {"crf": "8", "preset": "ultrafast"} if codec == "libx264" else {}
            if pix_fmt == "gray":
                stream.codec_context.color_range = 2
            stream.bit_rate = 20_000_000
            stream.options = exact | (options or {})
            if times is not None:
                stream.codec_context.time_base = stream.time_base = Fraction(1, TICKS)
            if rotation is not None:
                stream.set_display_rotation(rotation[0], hflip=rotation[1], vflip=rotation[2])
            if aspect is not None:
                stream.codec_context.sample_aspect_ratio = aspect
            packets = []
            for k, image in enumerate(images):
                # One thread: several write past the end of odd rows.
                frame = av.VideoFrame.from_ndarray(image, format=image_format)
                frame = frame.reformat(format=pix_fmt, threads=1)
                if times is not None:
                    frame.pts, frame.time_base = round(times[k] * TICKS), Fraction(1, TICKS)
                packets += stream.encode(frame)
            packets += stream.encode(None)
            if sound is not None:
                _encode_sound(output, *sound, sound_offset_s)
            output.mux(packets)
        return path

    return make


@pytest.fixture
def draw() -> SimpleNamespace:
    """The drawing and measuring helpers of this file."""
    return SimpleNamespace(
        blob=blob, centre=centre, numbered=numbered, number_of=number_of, level=level, tone=tone
    )


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Address of a web server of this machine that gives out the temporary folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def copyfile(self, source: Any, outputfile: Any) -> None:
            with suppress(ConnectionError):
                super().copyfile(source, outputfile)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
