"""Cameras by OpenCV: `camera:0` is the first one. The newest picture is given out, older ones are dropped."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import cv2
import numpy as np

from bodyverb.core.errors import InputError
from bodyverb.media.pixels import letterbox
from bodyverb.media.source import TIMEOUT_S, MediaInfo, Selection, Source

_FIRST_S = 1.5
_PAUSE_S = 0.05
_ANEW_S = 0.5


class CameraSource(Source):
    """A camera read in a thread of its own, so that the newest picture is always the one at hand.

    `time_s` is the monotonic clock at the moment the driver hands a picture over, counted from the first. A
    camera that is unplugged goes on if it is plugged in again in time; else it has ended, with a warning.

    Args:
        address: 'camera:N' with N the number the system gives it.
        selection: Frames wanted; `end_s` ends the recording.
        timeout_s: How long it may give no picture before it has ended, s.

    Raises:
        InputError: No such camera, in use, or one that gives no picture.
    """

    def __init__(self, address: str, selection: Selection, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(selection)
        match = re.fullmatch(r"camera:(\d+)", address)
        if not match:
            raise InputError(f"Expected camera:N with a number, got no number; try camera:0: {address}")
        self._number, self._timeout_s = int(match[1]), timeout_s
        self._camera = _open(self._number)
        first = self._read(_FIRST_S) if self._camera.isOpened() else None
        if first is None:
            self._camera.release()
            raise InputError(
                f"Expected a camera, got none that gives pictures; plug it in, close other programs "
                f"that use it, or try another number: {address}"
            )
        self._first = (time.monotonic(), first)
        rate = float(self._camera.get(cv2.CAP_PROP_FPS))
        self.info = MediaInfo(
            kind="camera",
            stem=f"camera{match[1]}",
            path=None,
            image_size=(first.shape[1], first.shape[0]),
            rate_hz=rate if 0 < rate <= 1000 else None,
            rate="measured",
            duration_s=None,
            frame_count=None,
            live=True,
        )

    def _read(self, patience_s: float) -> np.ndarray | None:
        """The next picture; None where the camera gives none for so long."""
        begin = time.monotonic()
        while True:
            done, image = self._camera.read()
            if done and image is not None and image.size:
                return image
            if time.monotonic() - begin >= patience_s or self._leaving.wait(_PAUSE_S):
                return None

    def _read_again(self) -> np.ndarray | None:
        """A picture after the camera has gone; None where it does not come back in time."""
        begin = time.monotonic()
        while time.monotonic() - begin < self._timeout_s and not self._leaving.is_set():
            self._camera.release()
            self._camera = _open(self._number)
            picture = self._read(_ANEW_S)
            if picture is not None:
                self._notes.count("Times the camera went away and came back: {n}")
                return picture
        return None

    def _pictures(self) -> Iterator[tuple[float, np.ndarray]]:
        start, image = self._first
        yield 0.0, image
        last = 0.0
        patience_s = min(_FIRST_S, self._timeout_s)
        while (picture := self._read(patience_s)) is not None or (picture := self._read_again()) is not None:
            time_s = time.monotonic() - start
            if time_s > last:
                last = time_s
                yield time_s, picture
        self._notes.add(f"The camera stopped giving pictures after {last:.1f} s; what had come was used")

    def _frames(self) -> Iterator[tuple[float, np.ndarray]]:
        for time_s, image in self.selection.take(self._pictures()):
            code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
            yield time_s, letterbox(cv2.cvtColor(image, code), self.info.image_size)

    def _release(self) -> None:
        self._camera.release()


def _open(number: int) -> cv2.VideoCapture:
    """Open a camera without OpenCV's own complaints on the terminal; the error is ours to word."""
    logging = getattr(getattr(cv2, "utils", None), "logging", None)
    level = logging.getLogLevel() if logging else None
    try:
        if logging:
            logging.setLogLevel(logging.LOG_LEVEL_SILENT)
        return cv2.VideoCapture(number)
    finally:
        if logging:
            logging.setLogLevel(level)
