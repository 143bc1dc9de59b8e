"""Animated GIF of drawings: one palette for all frames, made of the colours that are used most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from bodyverb.core.errors import OutputError

TICKS_PER_S = 100
SHORTEST_TICKS = 2  # players slow down what is shorter
_BITS = 5
_COLOURS = 256


def write_gif(
    path: Path,
    frames: Iterable[tuple[np.ndarray, float]],
    size: tuple[int, int],
    samples: Sequence[np.ndarray],
) -> None:
    """Write a looping GIF.

    Args:
        path: file to make; it appears when complete.
        frames: (h, w, 3) uint8 RGB and time from 0 in seconds, rising. Those less than 0.02 s after the one
            before are left out: no player shows them in time.
        size: (w, h) of all.
        samples: some of the pictures, for the palette.

    Raises:
        OutputError: it cannot be written.
    """
    palette, nearest = _palette(samples)
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(part), "w", format="gif", options={"loop": "0"}) as output:
            stream: Any = output.add_stream("gif", rate=TICKS_PER_S)
            stream.width, stream.height = size
            stream.pix_fmt = "pal8"
            stream.time_base = stream.codec_context.time_base = Fraction(1, TICKS_PER_S)
            last = -SHORTEST_TICKS
            for image, time_s in frames:
                tick = round(time_s * TICKS_PER_S)
                if tick - last < SHORTEST_TICKS:
                    continue
                last = tick
                picture = av.VideoFrame.from_ndarray((nearest[_keys(image)], palette), format="pal8")  # type: ignore[arg-type]
                picture.pts, picture.time_base = tick, Fraction(1, TICKS_PER_S)
                output.mux(stream.encode(picture))
            output.mux(stream.encode(None))
        part.replace(path)
    except (OSError, av.error.FFmpegError) as error:
        raise OutputError(f"Expected to write a GIF, got '{error}'; free the place: {path}") from error
    finally:
        part.unlink(missing_ok=True)


def _keys(image: np.ndarray) -> np.ndarray:
    """(h, w) number of each pixel's colour with five bits a channel."""
    red, green, blue = (image[..., channel].astype(np.int32) >> (8 - _BITS) for channel in range(3))
    return np.asarray((red << 2 * _BITS) | (green << _BITS) | blue)


def _palette(samples: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(256, 4) uint8 alpha red green blue, and the place in it of each of the 32,768 colours of `_keys`."""
    pixels = np.concatenate([sample.reshape(-1, 3) for sample in samples])
    keys = _keys(pixels)
    counts = np.bincount(keys, minlength=1 << 3 * _BITS)
    used = np.argsort(-counts, kind="stable")[:_COLOURS]
    used = used[counts[used] > 0]
    sums = np.stack([np.bincount(keys, pixels[:, at], counts.size)[used] for at in range(3)], axis=1)
    colours = sums / counts[used, None]
    palette = np.zeros((_COLOURS, 4), np.uint8)
    palette[:, 0] = 255
    palette[: len(used), 1:] = np.rint(colours)
    every = np.arange(counts.size)
    centres = np.stack([every >> 2 * _BITS, (every >> _BITS) & 31, every & 31], axis=1) * 8 + 3.5
    distance = (colours**2).sum(axis=1) - 2 * centres @ colours.T
    nearest = np.argmin(distance, axis=1).astype(np.uint8)
    nearest[used] = np.arange(len(used))
    return palette, nearest
