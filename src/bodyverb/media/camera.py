"""Cameras by OpenCV: `camera:0` is the first one. The newest picture is given out, older ones are dropped."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import cv2
import numpy as np

from bodyverb.core.errors import InputError
from bodyverb.media.source import MediaInfo, Selection, Source

_PATIENCE = 30
_PAUSE_S = 0.05


class CameraSource(Source):
    """A camera read in a thread of its own, so that the newest picture is always the one at hand.

    `time_s` is the monotonic clock at the moment the driver hands a picture over, counted from the first.

    Args:
        address: 'camera:N' with N the number the system gives it.
        selection: Frames wanted; `end_s` ends the recording.

    Raises:
        InputError: No such camera, in use, or one that gives no picture.
    """

    def __init__(self, address: str, selection: Selection) -> None:
        super().__init__(selection)
        match = re.fullmatch(r"camera:(\d+)", address)
        if not match:
            raise InputError(f"Expected camera:N with a number, got no number; try camera:0: {address}")
        self._camera = _open(int(match[1]))
        first = self._read() if self._camera.isOpened() else None
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

    def _read(self) -> np.ndarray | None:
        for _ in range(_PATIENCE):
            done, image = self._camera.read()
            if done and image is not None and image.size:
                return image
            time.sleep(_PAUSE_S)
        return None

    def _pictures(self) -> Iterator[tuple[float, np.ndarray]]:
        start, image = self._first
        yield 0.0, image
        last = 0.0
        while (picture := self._read()) is not None:
            time_s = time.monotonic() - start
            if time_s > last:
                last = time_s
                yield time_s, picture
        self._notes.add(f"The camera stopped giving pictures after {last:.1f} s; what had come was used")

    def _frames(self) -> Iterator[tuple[float, np.ndarray]]:
        for time_s, image in self.selection.take(self._pictures()):
            code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
            yield time_s, cv2.cvtColor(image, code)

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
