"""Opening files and streams with PyAV, and what their headers say: stream, clock, size, length, errors."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bodyverb.core.errors import InputError
from bodyverb.media.headers import check_size
from bodyverb.media.notes import Notes
from bodyverb.media.pixels import MAX_PIXELS, orientation_of_matrix
from bodyverb.media.source import TIMEOUT_S

_EXPECTED = "Expected a video or picture"
_NOT_PICTURES = ("tty", "ansi")


_BREAKS = (OSError, av.error.ExitError, av.error.HTTPError, av.error.HTTPClientError)


class StreamBroken(InputError):
    """A stream fell silent or was cut off in its middle.

    Attributes:
        since: When it stopped, on the monotonic clock, s.
    """

    since = 0.0


def open_container(address: Path | str, timeout_s: float = TIMEOUT_S) -> InputContainer:
    """Open a file (Path) or a stream address (str).

    Files are opened by the plain file protocol alone: a playlist inside one cannot reach the network.

    Args:
        address: What to open.
        timeout_s: How long a stream may let us wait for its answer, and later for each packet, s.

    Raises:
        InputError: One line with cause and remedy, the address last.
    """
    if isinstance(address, Path):
        _check_file(address)
        options = {"protocol_whitelist": "file,crypto,data"}
        name, timeout = f"file:{address}", None
    else:
        options = {"rtsp_transport": "tcp"} if address.lower().startswith("rtsp") else {}
        name, timeout = address, (timeout_s, timeout_s)
    limits = {"max_pixels": str(MAX_PIXELS)}  # for the decoders that look for a stream's properties
    try:
        container = av.open(
            name, options=limits, container_options=options, timeout=timeout, metadata_errors="replace"
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise InputError(_why_not_opened(address, error, timeout_s)) from error
    if container.format.name in _NOT_PICTURES:
        container.close()
        raise InputError(f"{_EXPECTED}, got text; give a video file: {address}")
    return container


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"{_EXPECTED}, got a file that cannot be read ({reason}); check the rights: {path}"
        raise InputError(message) from error
    if empty:
        raise InputError(f"{_EXPECTED}, got an empty file (0 bytes); copy or record it again: {path}")


def _why_not_opened(address: Path | str, error: Exception, timeout_s: float) -> str:
    reason = (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()
    if isinstance(address, str):
        if isinstance(error, TimeoutError | av.error.ExitError):
            reason = f"no answer within {timeout_s:g} s"
        return f"Expected a stream that answers, got: {reason}; check address and network: {address}"
    with address.open("rb") as file:
        head = file.read(4096)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return (
            f"{_EXPECTED}, got an mp4 or mov file without its index (cut short while it was recorded or "
            f"copied); copy it again or repair it: {address}"
        )
    if b"\0" not in head and not any(byte > 0x7F for byte in head):
        return f"{_EXPECTED}, got text; give a video file: {address}"
    return f"{_EXPECTED}, got a file that FFmpeg cannot read ({reason}); convert it to mp4 (H.264): {address}"


def pick_video_stream(container: InputContainer, address: Path | str) -> VideoStream:
    """Choose the picture stream (cover art does not count) and set up threads and limits for decoding it.

    Raises:
        InputError: Sound or text only, a codec that cannot be decoded here, or too many pixels.
    """
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        what = "sound only" if container.streams.audio else "no picture stream"
        raise InputError(f"{_EXPECTED}, got {what}; give a file that has pictures: {address}")
    best = container.streams.best("video")
    stream = best if best in streams else streams[0]
    if not isinstance(stream, VideoStream) or stream.codec_context is None:
        raise InputError(
            f"{_EXPECTED}, got a codec unknown to this FFmpeg; convert it to mp4 (H.264): {address}"
        )
    check_size((stream.width, stream.height), address)
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.thread_type = "AUTO"  # type: ignore[assignment]
    stream.thread_count = max(1, min(4, os.cpu_count() or 1))
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


def frame_time(frame: VideoFrame) -> Fraction | None:
    """Presentation time of a decoded frame on the container's clock, exact s; None without a stamp."""
    if frame.pts is None or not frame.time_base:
        return None
    return frame.pts * frame.time_base


def rate_of(stream: VideoStream) -> float | None:
    """Mean frames a second as the header or the first frames say, None where nothing plausible is said."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate is not None and 0 < rate <= 1000:
            return float(rate)
    return None


def length_of(container: InputContainer, stream: VideoStream, start_s: float) -> tuple[float | None, float]:
    """Length of the picture stream and how far it may be off.

    Args:
        container: The open file.
        stream: Its picture stream.
        start_s: Time of the first frame on the container's clock, s.

    Returns:
        (seconds or None, tolerance in seconds): exact from the stream's own header, rough where only the
        whole file's length (its longest stream) is known.
    """
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base), 0.5
    tag = {key.upper(): value for key, value in stream.metadata.items()}.get("DURATION", "")
    try:
        hours, minutes, seconds = (float(part) for part in tag.split(":"))
        return hours * 3600 + minutes * 60 + seconds - start_s, 0.5
    except ValueError:
        pass
    if not container.duration:
        return None, 0.0
    begin = (container.start_time or 0) / 1e6
    length = container.duration / 1e6 - (start_s - begin)
    return length, 0.5 if len(container.streams) == 1 else max(2.0, 0.05 * length)


def is_cut_short(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the file's index points behind its end (a truncated mp4 with the index in front)."""
    try:
        entries, size = stream.index_entries, container.size
        last = entries[len(entries) - 1] if len(entries) else None
    except (AttributeError, av.error.FFmpegError):
        return False
    return last is not None and 0 < size < last.pos + last.size


def orientation_of(frame: VideoFrame) -> int:
    """EXIF-like code 1 to 8 of the display matrix that travels with a frame (phones turn pictures by it)."""
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return 1
    return orientation_of_matrix(np.frombuffer(bytes(data), np.int32, count=9))


def picture_start(path: Path) -> Fraction:
    """Where the clock of a video's pictures starts on the container's clock: its first displayed frame, s.

    Raises:
        InputError: No pictures.
    """
    with open_container(path) as container:
        first = next(decode_frames(container, pick_video_stream(container, path), Notes()), None)
        return (frame_time(first) if first is not None else None) or Fraction(0)


def read_packets(container: InputContainer, stream: Stream, notes: Notes) -> Iterator[Packet]:
    """Yield the packets of a stream, going on behind damage; a last empty one drains the decoder.

    Raises:
        StreamBroken: Behind that last one, where the network is to blame.
    """
    failures, broken = 0, None
    while failures < 20 and broken is None:
        try:
            for packet in container.demux(stream):
                if packet.size:
                    failures = 0
                    yield packet
            break
        except av.error.FFmpegError as error:
            if isinstance(error, _BREAKS) and not container.name.startswith("file:"):
                silent = isinstance(error, av.error.ExitError)
                why = "silence" if silent else error.strerror
                broken = StreamBroken(f"Expected the stream to go on, got: {why}; look at its sender")
                broken.since = time.monotonic() - (container.read_timeout or 0.0 if silent else 0.0)
                continue
            failures += 1
            if failures == 1:
                notes.count("Damaged places of the file skipped: {n}")
    rest: Packet = Packet()
    if stream.time_base is not None:
        rest.time_base = stream.time_base
    yield rest
    if broken is not None:
        raise broken


def decode_frames(container: InputContainer, stream: VideoStream, notes: Notes) -> Iterator[VideoFrame]:
    """Yield the decoded frames of a stream in display order; damaged packets are skipped and counted.

    Raises:
        StreamBroken: Behind the last frame, where the network is to blame.
    """
    for packet in read_packets(container, stream, notes):
        if packet.is_corrupt:
            notes.count("Damaged packets skipped: {n}")
            continue
        try:
            yield from stream.decode(packet)
        except EOFError:
            return
        except av.error.DecoderNotFoundError:
            raise
        except (av.error.FFmpegError, MemoryError):
            notes.count("Damaged packets skipped: {n}")
