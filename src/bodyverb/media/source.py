"""What every source of pictures is: its description, its frames, and one call that opens any of them.

Frames are decoded ahead in a thread of their own (PyAV and OpenCV release the interpreter lock), a few at
a time, so that decoding overlaps with whatever is done with them and memory does not grow with length.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from bodyverb.core.errors import InputError
from bodyverb.media.handoff import Handoff
from bodyverb.media.notes import Notes

_AHEAD_BYTES = 48 * 2**20
_JOIN_S = 15.0
TIMEOUT_S = 10.0
"""How long a camera or stream may be silent before it counts as broken off, s."""

_SAME_S = 1e-6


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """What is known of a source before its frames are read.

    Attributes:
        kind: 'video', 'image', 'images', 'camera' or 'stream'.
        stem: Name for results, without folder and suffix.
        path: File or folder; None for cameras, streams and patterns.
        image_size: (width, height) in px as displayed: rotation applied, square pixels.
        rate_hz: Mean frames a second before `every`; None where nothing says so.
        rate: 'measured' (frames carry time stamps), 'nominal' (assumed constant) or 'unknown'.
        duration_s: Length of the whole source in seconds, None where unknown.
        frame_count: Estimate of the frames that will be given out (trim and `every` counted), or None.
        has_audio: Whether a sound track exists.
        live: Whether frames appear in real time and are dropped rather than kept waiting.
    """

    kind: Literal["video", "image", "images", "camera", "stream"]
    stem: str
    path: Path | None
    image_size: tuple[int, int]
    rate_hz: float | None
    rate: Literal["measured", "nominal", "unknown"]
    duration_s: float | None
    frame_count: int | None
    has_audio: bool = False
    live: bool = False


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture of a source.

    Attributes:
        index: 0, 1, 2 ... in the order given out.
        time_s: Seconds since the first displayed frame of the whole source (also with `start_s`).
        image: (h, w, 3) uint8 RGB, C-contiguous, displayed orientation, square pixels.
    """

    index: int
    time_s: float
    image: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which frames are wanted: start_s <= time < end_s, and of those every n-th.

    Raises:
        InputError: Where the numbers exclude each other.
    """

    start_s: float | None = None
    end_s: float | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InputError(f"Expected every to be 1 or more, got {self.every}; use 1 for every frame")
        if self.start_s is not None and not 0 <= self.start_s < float("inf"):
            raise InputError(f"Expected start to be 0 s or later, got {self.start_s}; count from the start")
        if self.end_s is not None and not self.end_s > self.first_s:
            raise InputError(
                f"Expected end after start ({self.first_s:g} s), got {self.end_s:g}; exchange them"
            )

    @property
    def first_s(self) -> float:
        """Time from which frames are wanted, s."""
        return self.start_s or 0.0

    def take(self, timed: Iterator[tuple[float, Any]]) -> Iterator[tuple[float, Any]]:
        """Keep the wanted ones of (time_s, item) pairs in rising order of time."""
        seen = 0
        for time_s, item in timed:
            if self.end_s is not None and time_s >= self.end_s - _SAME_S:
                return
            if time_s < self.first_s - _SAME_S:
                continue
            if seen % self.every == 0:
                yield time_s, item
            seen += 1

    def estimate(self, duration_s: float | None, rate_hz: float | None, count: int | None) -> int | None:
        """Estimate how many frames will be given out, None where nothing is known."""
        if self.start_s is None and self.end_s is None and count:
            return -(-count // self.every)
        if rate_hz is None or (duration_s is None and self.end_s is None):
            return None
        end = min(x for x in (duration_s, self.end_s) if x is not None)
        return -(-round(max(0.0, end - self.first_s) * rate_hz) // self.every)


class Source:
    """A source of frames: a context manager that can be iterated once.

    Subclasses set `info`, yield (time_s, image) from `_frames` (in the thread that decodes ahead) and free
    what they hold in `_release`.

    Args:
        selection: Frames wanted.
    """

    info: MediaInfo

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self._notes = Notes()
        self._queue: Handoff[tuple[float, np.ndarray]] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._leaving = threading.Event()

    @property
    def warnings(self) -> list[str]:
        """One line a kind of trouble (damaged packets, broken pictures); complete after the last frame."""
        return self._notes.lines()

    def _frames(self) -> Iterator[tuple[float, np.ndarray]]:
        """Yield (time_s, image) of the wanted frames."""
        raise NotImplementedError

    def _release(self) -> None:
        """Free files and devices; called once, never while `_frames` runs."""

    def __iter__(self) -> Iterator[Frame]:
        """Give the frames out in order of time.

        Raises:
            ValueError: On a second pass or after `close`; open the source again instead.
        """
        if self._closed or self._thread is not None:
            raise ValueError("A source is read once; open it again for another pass")
        width, height = self.info.image_size
        depth = max(2, min(8, _AHEAD_BYTES // max(1, 3 * width * height)))
        live = self.info.live
        queue: Handoff[tuple[float, np.ndarray]] = Handoff(1 if live else depth, latest=live)
        self._queue = queue
        self._thread = threading.Thread(
            target=self._decode_ahead, args=(queue,), name="bodyverb-decode", daemon=True
        )
        self._thread.start()
        return self._give_out(queue)

    def _give_out(self, queue: Handoff[tuple[float, np.ndarray]]) -> Iterator[Frame]:
        try:
            for index, (time_s, image) in enumerate(queue):
                yield Frame(index=index, time_s=time_s, image=image)
        finally:
            if self.info.live and queue.dropped:
                self._notes.count("Frames dropped because newer ones came first: {n}", queue.dropped)
            self.close()

    def _decode_ahead(self, queue: Handoff[tuple[float, np.ndarray]]) -> None:
        error: BaseException | None = None
        frames = self._frames()
        try:
            for item in frames:
                if not queue.put(item):
                    break
        except BaseException as problem:
            error = problem
        finally:
            frames.close()  # type: ignore[attr-defined]
            self._release()
            queue.finish(error)

    def close(self) -> None:
        """Stop decoding and free the source; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._leaving.set()
        if self._thread is None or self._queue is None:
            self._release()
            return
        self._queue.abandon()
        if self._thread is not threading.current_thread():
            self._thread.join(_JOIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_source(
    source: str | Path,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    every: int = 1,
    timeout_s: float = TIMEOUT_S,
) -> Source:
    """Open a video file, picture, folder, zip or pattern of pictures, camera (`camera:0`) or stream address.

    Times are those of the source itself: seconds from the container's time stamps, counted from the first
    displayed frame (a file whose stamps start at 10 s, or below zero, starts at 0 here). Pictures of a
    folder have no times and are taken to be 1/30 s apart (`rate` 'nominal').

    Args:
        source: What to open.
        start_s: First time wanted, s; later frames keep their times.
        end_s: First time not wanted any more, s.
        every: Keep only every n-th frame.
        timeout_s: How long a camera or stream may be silent before it is connected anew, s; one that does
            not come back has ended.

    Raises:
        InputError: Nothing there, empty, not a video or picture, sound only, not decodable here.
    """
    from bodyverb.media import archive
    from bodyverb.media.camera import CameraSource
    from bodyverb.media.images import IMAGE_SUFFIXES, ImageSource, find_images
    from bodyverb.media.video import VideoSource

    selection = Selection(start_s=start_s, end_s=end_s, every=every)
    text = str(source)
    if text.startswith("camera:"):
        return CameraSource(text, selection, timeout_s)
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", text):
        return VideoSource(text, selection, timeout_s)
    path = Path(source).expanduser()
    if path.is_dir():
        return ImageSource(find_images(path), selection, stem=path.resolve().name, path=path)
    if archive.is_archive(path):
        return ImageSource(find_images(path), selection, stem=path.stem, path=path)
    if path.exists() or archive.archive_of(path) is not None:
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return ImageSource([path], selection, stem=path.stem, path=path)
        return VideoSource(path, selection)
    if any(mark in text for mark in "*?["):
        return ImageSource(find_images(path), selection, stem=path.resolve().parent.name, path=None)
    raise InputError(
        f"Expected a video, picture, folder, camera:N or stream address, got nothing at this place; "
        f"check the name: {path}"
    )
