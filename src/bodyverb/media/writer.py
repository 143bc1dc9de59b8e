"""Writing H.264 video that plays in a browser, with the times of its frames and the sound of its source."""

from __future__ import annotations

import math
import os
import threading
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.error
import cv2
import numpy as np
from av.container import OutputContainer

from bodyverb.core.errors import OutputError
from bodyverb.media.handoff import Handoff
from bodyverb.media.notes import Notes
from bodyverb.media.sound import SoundTrack

TICKS_PER_S = 90000
PRESET, CRF = "veryfast", "23"
_QUEUE = 4
_KEY_EVERY_S = 4.0
_PIECE_S = 1.0
_LONGEST = 3600 * TICKS_PER_S
_WHOLE = {"movflags": "+faststart"}
_IN_PIECES = {
    "movflags": "+frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": str(round(_PIECE_S * 1e6)),
    "flush_packets": "1",
}


class VideoWriter:
    """Write an mp4 (H.264, yuv420p, index in front); encoding runs in a thread of its own.

    The file appears under its name only when complete: it is written beside it under a temporary name that
    is removed on failure. Frames keep their own times (a variable rate stays variable, to 1/90000 s). Odd
    sizes are padded by one repeated row or column at the right and bottom, so pixels keep their places.
    In a gap of hours the last picture stands again every hour, for mp4 cannot tell longer ones. Without any
    frame no file is made. `warnings` holds a line where sound had to be left out.

    With `in_pieces` the file stands under its own name at once and grows by pieces of a second (a fragmented
    mp4), each of which can be read whatever happens to the process: for pictures that cannot be had again.

    Args:
        path: File to write; its folder exists.
        size: (width, height) in px of every picture.
        rate_hz: Usual frames a second, for the encoder's planning and the last frame's length; None is 30.
        audio_from: Video file whose sound goes along, or None.
        start_s: Source time that becomes 0 in the file (what was given to `open_source`).
        end_s: Source time at which sound ends at the latest; it ends with the pictures in any case.
        in_pieces: Keep what was written, also on failure or when the process is killed.

    Raises:
        OutputError: The place cannot be written, the disk is full.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        rate_hz: float | None,
        *,
        audio_from: str | Path | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
        in_pieces: bool = False,
    ) -> None:
        if min(size) < 1:
            raise ValueError(f"Expected a size of at least 1 x 1 px, got {size}")
        self.path = Path(path)
        self.size = size
        self.frames = 0
        self._rate_hz = rate_hz if rate_hz and math.isfinite(rate_hz) and rate_hz > 0 else 30.0
        self._start_s = start_s or 0.0
        self._notes = Notes()
        self._in_pieces = in_pieces
        hidden = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self._part = self.path if in_pieces else hidden
        self._last_s, self._last_tick = -math.inf, -1
        self._closed = False
        self._error: BaseException | None = None
        self._queue: Handoff[tuple[np.ndarray, int]] = Handoff(_QUEUE)
        self._sound: SoundTrack | None = None
        self._output = self._open()
        self._stream: Any = _add_picture_stream(self._output, size, self._rate_hz, in_pieces)
        if audio_from is not None:
            self._sound = SoundTrack(Path(audio_from), self._output, self._start_s, end_s, self._notes)
        self._thread = threading.Thread(target=self._encode_all, name="bodyverb-encode", daemon=True)
        self._thread.start()

    def _open(self) -> OutputContainer:
        try:
            self._part.open("wb").close()
            options = _IN_PIECES if self._in_pieces else _WHOLE
            return av.open(str(self._part), "w", format="mp4", container_options=options)
        except OSError as error:
            with suppress(OSError):
                self._part.unlink()
            raise self._cannot(error) from error

    def _cannot(self, error: BaseException) -> OutputError:
        reason = getattr(error, "strerror", None) or str(error)
        return OutputError(
            f"Expected to write a video, got: {reason}; check folder, rights and space: {self.path}"
        )

    @property
    def warnings(self) -> list[str]:
        """One line a kind of trouble with the sound; complete after `close`."""
        return self._notes.lines()

    def write(self, image: np.ndarray, time_s: float) -> None:
        """Queue one picture; it is copied, so the caller may draw into it again.

        Args:
            image: (h, w, 3) uint8 RGB of the writer's size.
            time_s: Its time in the source, s, later than the one before.

        Raises:
            ValueError: Another size, or a time that does not rise.
            OutputError: Encoding or writing failed since the last call.
        """
        if self._closed:
            raise ValueError("Expected an open writer, got one that is closed; make a new one")
        if image.shape != (self.size[1], self.size[0], 3) or image.dtype != np.uint8:
            raise ValueError(f"Expected a uint8 picture of {self.size} px, got {image.dtype} {image.shape}")
        if not (math.isfinite(time_s) and time_s > self._last_s):
            raise ValueError(f"Expected a time after {self._last_s} s, got {time_s} s; write frames in order")
        tick = max(round((time_s - self._start_s) * TICKS_PER_S), self._last_tick + 1, 0)
        if not self._queue.put((image.copy(), tick)):
            self._fail()
        self._last_s, self._last_tick = time_s, tick
        self.frames += 1

    def _encode_all(self) -> None:
        last: tuple[np.ndarray, int] | None = None
        try:
            for image, tick in self._queue:
                while last is not None and tick - last[1] > _LONGEST:
                    last = last[0], last[1] + _LONGEST
                    self._encode(*last)
                self._encode(image, tick)
                last = image, tick
        except BaseException as error:
            self._error = error
            self._queue.abandon()

    def _encode(self, image: np.ndarray, tick: int) -> None:
        planes: Any = cv2.cvtColor(_even(image), cv2.COLOR_RGB2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = tick, Fraction(1, TICKS_PER_S)
        for packet in self._stream.encode(frame):
            self._output.mux(packet)
        if self._sound is not None:
            self._sound.pump(tick / TICKS_PER_S)

    def _finish(self) -> None:
        for packet in self._stream.encode(None):
            self._output.mux(packet)
        if self._sound is not None:
            self._sound.finish(self._last_tick / TICKS_PER_S + 1.0 / self._rate_hz)
        self._output.close()
        with self._part.open("rb+") as file:
            os.fsync(file.fileno())
        self._part.replace(self.path)

    def close(self) -> None:
        """Encode what is queued, write the index, and give the file its name.

        Raises:
            OutputError: Something could not be written; nothing is left behind.
        """
        if self._closed:
            return
        self._closed = True
        self._queue.finish()
        self._thread.join()
        if self._error is not None or not self.frames:
            self._discard()
        if self._error is not None:
            self._fail()
        if not self.frames:
            return
        try:
            self._finish()
        except (OSError, av.error.FFmpegError) as error:
            self._discard()
            raise self._cannot(error) from error

    def abort(self) -> None:
        """Stop and remove what was written; the file does not appear (one in pieces is kept)."""
        if self._in_pieces:
            with suppress(OutputError):
                self.close()
        if self._closed:
            return
        self._closed = True
        self._queue.abandon()
        self._thread.join()
        self._discard()

    def _fail(self) -> None:
        if isinstance(self._error, OSError | av.error.FFmpegError):
            raise self._cannot(self._error) from self._error
        if self._error is not None:
            raise self._error

    def _discard(self) -> None:
        if self._sound is not None:
            self._sound.close()
        try:
            self._output.close()
        except (OSError, av.error.FFmpegError):
            pass
        finally:
            if not (self._in_pieces and self.frames):
                self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file, or remove it where the block failed."""
        if kind is None:
            self.close()
        else:
            self.abort()


def _add_picture_stream(
    output: OutputContainer, size: tuple[int, int], rate_hz: float, in_pieces: bool
) -> Any:
    rate = Fraction(rate_hz).limit_denominator(1001) or Fraction(1)
    stream: Any = output.add_stream("libx264", rate=rate)
    stream.width, stream.height = size[0] + size[0] % 2, size[1] + size[1] % 2
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(1, TICKS_PER_S)
    key_every_s = _PIECE_S if in_pieces else _KEY_EVERY_S
    stream.codec_context.gop_size = max(1, min(250, round(key_every_s * rate_hz)))
    # x264's macroblock tree gives other bits for the same pictures now and then (its assembler code; measured
    # in one of three files on a busy machine): a resumed run could not be compared with an unbroken one.
    stream.options = {"preset": PRESET, "crf": CRF, "mbtree": "0"} | (
        {"tune": "zerolatency"} if in_pieces else {}
    )
    context = stream.codec_context
    context.colorspace = context.color_primaries = context.color_trc = 6
    context.color_range = 1
    return stream


def _even(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return image
    return cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
