"""Video files and network streams, decoded by PyAV on the container's own clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import av
import av.error
import numpy as np
from av.video.frame import VideoFrame

from bodyverb.core.errors import InputError
from bodyverb.media import container as files
from bodyverb.media.clock import RisingClock
from bodyverb.media.convert import ToRGB
from bodyverb.media.pixels import square_size
from bodyverb.media.source import TIMEOUT_S, MediaInfo, Selection, Source

_LIVE = ("rtsp", "rtsps", "rtmp", "rtmps", "udp", "rtp", "srt")
_SCHEMES = (*_LIVE, "http", "https", "tcp", "mms", "ftp")
_ENDLESS = ("rtsp", "rtsps")
_SEEK_BACK_S = (0.0, 2.0, 10.0)
_PAUSES_S = (0.5, 1.0, 2.0, 4.0)


class VideoSource(Source):
    """A video file (Path) or stream address (text).

    The clock: `time_s` of a frame is its presentation time minus that of the first one displayed, so a
    file starts at 0 whatever offset its stamps have. Frames whose stamps do not advance are dropped and
    counted; a jump backwards by a second or more (joined recordings) goes on one frame after the last.
    Streams without any stamps (raw H.264) count frames at the rate of the header: `rate` 'nominal'.

    A stream that falls silent or is cut off is connected anew, a few times with growing pauses. One of known
    length goes on behind the last frame; in a live one the gap is as long as it was. A stream that does not
    come back has ended, with a warning.

    Args:
        address: Path of a file or an address such as rtsp://...; file:// works too.
        selection: Frames wanted.
        timeout_s: How long a stream may be silent, s.

    Raises:
        InputError: Cannot be opened, has no pictures, or none that can be decoded.
    """

    def __init__(self, address: Path | str, selection: Selection, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(selection)
        self._address, self._timeout_s = _local(address), timeout_s
        self._container = files.open_container(self._address, timeout_s)
        try:
            self._prepare()
        except BaseException:
            self._container.close()
            raise

    def _prepare(self) -> None:
        self._stream = files.pick_video_stream(self._container, self._address)
        self._decoded = files.decode_frames(self._container, self._stream, self._notes)
        self._first = self._first_frame()
        stamp = files.frame_time(self._first)
        self._stamped = stamp is not None
        self._zero_s = stamp if stamp is not None else Fraction(0)
        self._rate_hz = files.rate_of(self._stream)
        self._length_s, self._tolerance_s = files.length_of(
            self._container, self._stream, float(self._zero_s)
        )
        aspect = float(self._stream.sample_aspect_ratio or 1)
        size = square_size((self._first.width, self._first.height), aspect)
        self._to_rgb = ToRGB(size, aspect, files.orientation_of(self._first), self._notes)
        self._clock = RisingClock(
            self._zero_s, 1.0 / (self._rate_hz or 30.0), stamped=self._stamped, notes=self._notes
        )
        self.info = self._describe()
        first, length = self.selection.first_s, self.info.duration_s
        if length is not None and not self.info.live and first > length + self._tolerance_s:
            raise InputError(
                f"Expected start before the end of the video ({length:.3f} s), got {first:g} s; "
                f"choose an earlier start: {self._address}"
            )

    def _first_frame(self) -> VideoFrame:
        try:
            frame = next(self._decoded, None)
        except av.error.FFmpegError as error:
            name = self._stream.codec_context.name
            raise InputError(
                f"Expected a video that can be decoded, got codec {name} without a decoder here; "
                f"convert it to mp4 (H.264): {self._address}"
            ) from error
        if frame is None:
            raise InputError(
                f"Expected a video, got a file of which no frame can be decoded (cut short or damaged); "
                f"copy or record it again: {self._address}"
            )
        return frame

    def _describe(self) -> MediaInfo:
        local = isinstance(self._address, Path)
        scheme = "" if local else urlsplit(str(self._address)).scheme.lower()
        live = not local and (scheme in _LIVE or self._length_s is None)
        self._endless = scheme in _ENDLESS and self._length_s is None
        length = None if live else self._length_s
        count = self._stream.frames or None
        return MediaInfo(
            kind="video" if local else "stream",
            stem=_stem(self._address),
            path=self._address if isinstance(self._address, Path) else None,
            image_size=self._to_rgb.displayed_size,
            rate_hz=self._rate_hz,
            rate="measured" if self._stamped else "nominal",
            duration_s=length,
            frame_count=None if live else self.selection.estimate(length, self._rate_hz, count),
            has_audio=bool(self._container.streams.audio),
            live=live,
        )

    def _frames(self) -> Iterator[tuple[float, np.ndarray]]:
        for time_s, frame in self.selection.take(self._timed(self._over_breaks())):
            yield time_s, self._to_rgb(frame)

    def _release(self) -> None:
        self._decoded.close()  # type: ignore[attr-defined]
        self._container.close()

    def _over_breaks(self) -> Iterator[VideoFrame]:
        """All frames of the source, those behind breaks of a stream too."""
        frames: Iterator[VideoFrame] | None = self._seek(self.selection.first_s)
        while frames is not None:
            since = None
            try:
                yield from frames
            except files.StreamBroken as broken:
                since = broken.since
            if since is None and not self._endless:
                return
            frames = self._connect_again(time.monotonic() if since is None else since)

    def _seek(self, start: float) -> Iterator[VideoFrame]:
        """Frames from the last one at or before a time of the source: seeks where that saves decoding."""
        here = chain([self._first], self._decoded)
        if not self._stamped or self.info.live or start <= 1.0 or self._stream.time_base is None:
            return here
        for back in _SEEK_BACK_S:
            wanted = float(self._zero_s) + start - back
            if wanted <= self._zero_s:
                break
            try:
                self._container.seek(int(wanted / self._stream.time_base), stream=self._stream)
            except (av.error.FFmpegError, OSError):
                break
            self._decoded = files.decode_frames(self._container, self._stream, self._notes)
            head = next(self._decoded, None)
            stamp = files.frame_time(head) if head is not None else None
            if head is not None and stamp is not None and stamp - self._zero_s <= start:
                return chain([head], self._decoded)
        self._open_again()
        return self._decoded

    def _open_again(self) -> None:
        """Open anew, to read from the very first frame."""
        self._container.close()
        self._container = files.open_container(self._address, self._timeout_s)
        self._stream = files.pick_video_stream(self._container, self._address)
        self._decoded = files.decode_frames(self._container, self._stream, self._notes)

    def _connect_again(self, since: float) -> Iterator[VideoFrame] | None:
        """The frames behind a break at `since` (monotonic); None where the stream does not come back."""
        for pause in _PAUSES_S if isinstance(self._address, str) else ():
            if self._leaving.wait(pause):
                return None
            try:
                self._open_again()
                self._first = self._first_frame()
                frames = self._seek(max(0.0, self._clock.last_s - self._clock.shift_s))
            except InputError:
                continue
            if self.info.live:
                self._clock.after_a_gap(time.monotonic() - since)
            else:
                self._clock.again()
            self._notes.count("Times the stream broke off and was connected anew: {n}")
            return frames
        self._notes.add(
            f"The stream broke off after {max(0.0, self._clock.last_s):.1f} s and did not come back; "
            "what had come was used"
        )
        return None

    def _timed(self, frames: Iterator[VideoFrame]) -> Iterator[tuple[float, VideoFrame]]:
        """Put frames on the clock that starts at 0 and only rises; notes an early end."""
        for frame in frames:
            time_s = self._clock.time_of(files.frame_time(frame))
            if time_s is None:
                continue
            if frame.is_corrupt:
                self._notes.count("Damaged frames used as the decoder mended them: {n}")
            yield time_s, frame
        self._check_end(self._clock.end_s)

    def _check_end(self, end_s: float) -> None:
        if self.info.live:
            return
        cut = isinstance(self._address, Path) and files.is_cut_short(self._container, self._stream)
        length = self._length_s
        early = length is not None and end_s < length - self._tolerance_s - 1.0 / (self._rate_hz or 30.0)
        if cut or early:
            of = f" of the {length:.2f} s its header names" if length is not None else ""
            self._notes.add(f"The file ends early, at {max(0.0, end_s):.2f} s{of}; what it has was used")


def _local(address: Path | str) -> Path | str:
    if isinstance(address, Path):
        return address
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(parts.path)
    if parts.scheme.lower() not in _SCHEMES:
        names = ", ".join(_SCHEMES)
        raise InputError(f"Expected an address of {names}, got {parts.scheme}; use one of these: {address}")
    return address


def _stem(address: Path | str) -> str:
    if isinstance(address, Path):
        return address.stem
    parts = urlsplit(address)
    return Path(parts.path).stem or (parts.hostname or "stream").replace(".", "_")
