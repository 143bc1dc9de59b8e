"""From uint8 RGB pictures to the array a network wants; what it wants stands in its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from bodyverb.infer.entries import POSITIVE, SIZE, TEXT, number, one_of, several, whole

GREY = 118

PICTURE = {
    "name": TEXT,
    "layout": one_of("nhwc", "nchw"),
    "channels": one_of("rgb", "bgr"),
    "dtype": one_of("float32", "float16", "uint8"),
    "mean": several(number(-1e6, 1e6), 3),
    "std": several(POSITIVE, 3),
    "border": whole(0, 255),
}
"""Entries of a card's `input` that all networks share that look at pictures."""

CROP = {**PICTURE, "size": SIZE.required, "padding": POSITIVE}
"""Entries of a network that looks at one person each."""

FRAME = {
    **PICTURE,
    "size": SIZE,
    "area": number(1, 1 << 26),
    "multiple": whole(1, 4096),
    "place": one_of("corner", "middle"),
}
"""Entries of a network that looks at the whole picture."""


def network_input(crops: np.ndarray, wants: Mapping[str, Any]) -> np.ndarray:
    """Prepare a batch.

    Args:
        crops: (n, h, w, 3) uint8 RGB.
        wants: the card's `input`: `channels` rgb|bgr, `layout` nhwc|nchw, `mean` and `std` in 0..255 in the
            order of the channels (without them, or with `dtype` uint8, the pixels go in as they are).

    Returns:
        The array for the network.
    """
    order = [2, 1, 0] if wants.get("channels", "rgb") == "bgr" else [0, 1, 2]
    planes = wants.get("layout", "nhwc") == "nchw"
    if wants.get("dtype", "float32") == "uint8":
        crops = crops[..., order] if order[0] else crops
        return np.ascontiguousarray(crops.transpose(0, 3, 1, 2) if planes else crops)
    # A pixel has 256 values: looking results up, plane by plane, is several times faster than computing them.
    mean, std = (
        np.asarray(wants.get(key, [plain] * 3), np.float32) for key, plain in (("mean", 0), ("std", 1))
    )
    table = np.ascontiguousarray((np.arange(256, dtype=np.float32)[:, None] - mean) / std)
    n, height, width, _ = crops.shape
    ready = np.empty((n, 3, height, width) if planes else (n, height, width, 3), np.float32)
    for crop, target in zip(crops, ready, strict=True):
        if planes:
            parts = cv2.split(crop)
            for at, channel in enumerate(order):
                target[at] = cv2.LUT(parts[channel], table[:, at])
        else:
            target[:] = cv2.LUT(np.ascontiguousarray(crop[..., order] if order[0] else crop), table[None])
    return ready.astype(wants.get("dtype", "float32"), copy=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Letterbox:
    """A picture in a network's canvas, aspect kept.

    Attributes:
        canvas: (h, w, 3) uint8.
        scale: (2,) canvas px a picture px, across and down: equal but for the rounding to whole pixels.
        shift: (2,) px of the canvas left of and above the picture.
    """

    canvas: np.ndarray
    scale: np.ndarray
    shift: np.ndarray

    def back(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the canvas in px of the picture; centres of first pixels are (0, 0) in both."""
        return (points + 0.5 - self.shift) / self.scale - 0.5


def halved(image: np.ndarray, times: int) -> np.ndarray:
    """The picture (h, w, 3) shrunk by 2 so many times, each pixel the mean of four; odd last rows are lost.

    OpenCV does this several times faster than any other shrinking by area.
    """
    for _ in range(times):
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return image


def letterbox(image: np.ndarray, wants: Mapping[str, Any]) -> Letterbox:
    """Shrink or grow a picture (h, w, 3) uint8 into the network's canvas.

    A card with `size` has one fixed canvas; with `area` and `multiple` the canvas takes the picture's aspect.
    The picture lies in the upper left corner, or in the `middle` where `place` says so.
    """
    height, width = image.shape[:2]
    if "size" in wants:
        across, down = wants["size"]
    else:
        multiple = int(wants["multiple"])
        ratio = float(np.clip(width / height, 1 / 3, 3))
        across = max(1, round(float(np.sqrt(wants["area"] * ratio)) / multiple)) * multiple
        down = max(1, round(float(np.sqrt(wants["area"] / ratio)) / multiple)) * multiple
    scale = min(across / width, down / height)
    inner = (min(across, max(1, round(width * scale))), min(down, max(1, round(height * scale))))
    halves = max(0, min(int(-np.log2(scale)), min(width, height).bit_length() - 1))
    small = halved(image, halves)
    width, height = small.shape[1] << halves, small.shape[0] << halves
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.full((down, across, 3), wants.get("border", GREY), np.uint8)
    middle = wants.get("place", "corner") == "middle"
    left, top = ((across - inner[0]) // 2, (down - inner[1]) // 2) if middle else (0, 0)
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(small, inner, interpolation=method)
    return Letterbox(
        canvas=canvas,
        scale=np.array(inner, np.float64) / (width, height),
        shift=np.array([left, top], np.float64),
    )
