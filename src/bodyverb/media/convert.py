"""Decoded frames to upright RGB pictures with square pixels.

Interlaced frames hold two moments in alternate rows, which would tear whoever moves: their upper field is
kept, the rows between are interpolated. So a frame stays one picture, whatever came before it.

The conversion runs in an FFmpeg filter graph, because graphs reuse their picture buffers: at 1080p the
fresh memory of a picture allocated anew costs more than its colour conversion.
"""

from __future__ import annotations

import cv2
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame

from bodyverb.media.notes import Notes
from bodyverb.media.pixels import flatten_alpha, letterbox, orient, square_size


class ToRGB:
    """Convert frames of any pixel format and size to one displayed size.

    Args:
        size: (width, height) in px of the upright-less, square-pixel picture of the first frame.
        aspect: Width over height of a stored pixel.
        orientation: EXIF code 1 to 8 that turns the stored picture upright.
        notes: Where a change of size is noted.
    """

    def __init__(self, size: tuple[int, int], aspect: float, orientation: int, notes: Notes) -> None:
        self._size = size
        self._aspect = aspect
        self._orientation = orientation
        self._notes = notes
        self._graph: Graph | None = None
        self._key: tuple[object, ...] = ()

    @property
    def displayed_size(self) -> tuple[int, int]:
        """(width, height) of the pictures given out."""
        return self._size[::-1] if self._orientation >= 5 else self._size

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        """Give the (h, w, 3) uint8 RGB picture of a frame; transparent parts show mid grey."""
        alpha = any(component.is_alpha for component in frame.format.components) or frame.format.has_palette
        halves = frame.interlaced_frame and frame.height >= 4
        key = (frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range, halves)
        size = square_size((frame.width, frame.height), self._aspect)
        if key != self._key or self._graph is None:
            self._graph, self._key = _graph(frame, size, alpha, halves), key
        self._graph.push(frame)
        image = _array(self._graph.vpull(), 4 if alpha else 3)
        if alpha:
            image = flatten_alpha(image)
        if halves:
            self._notes.count("Interlaced frames, of which the upper field was used: {n}")
            image = _fill_rows(image, frame.height, size)
        if image.shape[1::-1] != self._size:
            self._notes.count("Frames fitted into the size of the first: {n}")
            image = letterbox(image, self._size)
        return np.ascontiguousarray(orient(image, self._orientation))


def _graph(frame: VideoFrame, size: tuple[int, int], alpha: bool, halves: bool) -> Graph:
    """The conversion to packed RGB of a size; with `halves` of its width and the upper field's rows."""
    graph = Graph()
    graph.threads = 1
    colours = {}
    if frame.colorspace not in (0, 2):
        colours["colorspace"] = str(int(frame.colorspace))
    if frame.color_range:
        colours["range"] = str(int(frame.color_range))
    source = graph.add(
        "buffer",
        video_size=f"{frame.width}x{frame.height}",
        pix_fmt=frame.format.name,
        time_base="1/90000",
        pixel_aspect="1/1",
        **colours,
    )
    height = (frame.height + 1) // 2 if halves else size[1]
    scale = graph.add("scale", f"{size[0]}:{height}:flags=bilinear")
    packed = graph.add("format", "rgba" if alpha else "rgb24")
    sink = graph.add("buffersink")
    fields = [graph.add("field", "type=top")] if halves else []
    graph.link_nodes(source, *fields, scale, packed, sink).configure()
    return graph


def _fill_rows(field: np.ndarray, height: int, size: tuple[int, int]) -> np.ndarray:
    """Put rows between those of an upper field, which stays where it was, and stretch to (width, height)."""
    image = np.empty((height, *field.shape[1:]), np.uint8)
    image[0::2] = field
    below = field[1:] if height % 2 else np.concatenate([field[1:], field[-1:]])
    image[1::2] = cv2.addWeighted(field[: len(below)], 0.5, below, 0.5, 0.0)
    return image if height == size[1] else cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)


def _array(frame: VideoFrame, channels: int) -> np.ndarray:
    """View the only plane of a packed frame as (h, w, channels); copies only where rows are padded."""
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size)  # type: ignore[call-overload]
    used = rows[:, : frame.width * channels]
    return np.ascontiguousarray(used).reshape(frame.height, frame.width, channels)
