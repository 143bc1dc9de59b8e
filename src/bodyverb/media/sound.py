"""The sound of a source, carried into the video made from it."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard

from bodyverb.core.errors import InputError
from bodyverb.media import container as files
from bodyverb.media.notes import Notes

_COPIED = ("aac", "mp3", "opus")
_AAC_RATES = (48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_PRIMING_S = 0.1


class SoundTrack:
    """Add a source's sound to an open mp4, step by step beside the pictures.

    AAC, MP3 and Opus packets are copied, other codecs decoded and encoded to AAC. The clock is that of the
    pictures (`Frame.time_s`), so a track that starts late or early stays in step.

    Args:
        path: The source.
        output: The container the pictures go to; no header written yet.
        start_s: Source time that becomes 0 in the output.
        end_s: Source time at which sound stops, or None.
        notes: Where trouble is noted; it never stops the pictures.
    """

    def __init__(
        self, path: Path, output: OutputContainer, start_s: float, end_s: float | None, notes: Notes
    ) -> None:
        self._output, self._start_s, self._end_s, self._notes = output, start_s, end_s, notes
        self._input: InputContainer | None = None
        self._held: Packet | None = None
        self._last = -(2**62)
        try:
            self._input = files.open_container(path)
            self._open(self._input, path)
        except (InputError, av.error.FFmpegError, ValueError, OSError) as error:
            self._give_up(f"The sound was left out: {error}")

    def _open(self, source: InputContainer, path: Path) -> None:
        stream = source.streams.best("audio")
        if not isinstance(stream, AudioStream) or stream.codec_context is None or stream.time_base is None:
            self._give_up("The sound was left out: it cannot be decoded" if source.streams.audio else None)
            return
        self._stream = stream
        self._zero_s = float(files.picture_start(path)) + self._start_s
        for other in source.streams:
            other.discard = Discard.default if other.index == stream.index else Discard.all
        self._encoder = self._make_output(stream)
        if self._start_s > 1.0:
            self._seek(source, stream)
        self._packets = files.read_packets(source, stream, Notes())

    def _seek(self, source: InputContainer, stream: AudioStream) -> None:
        base = stream.time_base or Fraction(1, 1000000)
        try:
            source.seek(int((self._zero_s - 1.0) / base), stream=stream)
        except (av.error.FFmpegError, OSError):
            self._notes.count("Seeks in the sound that failed: {n}")

    def _make_output(self, stream: AudioStream) -> AudioStream | None:
        """Add the output track; gives its encoder, None where packets are copied."""
        name = stream.codec_context.name
        name = "mp3" if name.startswith("mp3") else "opus" if "opus" in name else name
        self._copied = name in _COPIED and _fits_mp4(stream)
        if self._copied:
            self._track: Any = self._output.add_stream_from_template(stream)
            return None
        rate = min(_AAC_RATES, key=lambda r: (abs(r - stream.rate), -r))
        self._track = self._output.add_stream("aac", rate=rate)
        self._track.layout = "mono" if stream.channels == 1 else "stereo"
        self._track.bit_rate = 64000 * (1 if stream.channels == 1 else 2)
        return self._track

    def pump(self, until_s: float) -> None:
        """Mux the sound up to a time of the output, s."""
        self._advance(until_s)

    def finish(self, until_s: float) -> None:
        """Mux the rest up to the end of the pictures, s of the output, and close the source."""
        try:
            self._advance(until_s)
            if self._input is not None and self._encoder is not None:
                self._mux(self._encoder.encode(None))
        except av.error.EOFError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Close the source; later calls do nothing."""
        if self._input is not None:
            self._input.close()
            self._input = None

    def _give_up(self, line: str | None) -> None:
        if line:
            self._notes.add(line)
        self.close()

    def _advance(self, until_s: float) -> None:
        while self._input is not None:
            packet = self._held if self._held is not None else next(self._packets, None)
            self._held = None
            if packet is None:
                return
            time_s = _time(packet)
            if time_s is None:
                continue
            time_s -= self._zero_s
            if time_s >= until_s:
                self._held = packet
                return
            if self._end_s is not None and time_s >= self._end_s - self._start_s:
                return
            self._pass_on(packet, time_s)

    def _pass_on(self, packet: Packet, time_s: float) -> None:
        length = float((packet.duration or 0) * (packet.time_base or 0))
        if packet.is_corrupt or time_s + length <= (-_PRIMING_S if self._start_s == 0 else 0.0):
            return
        if self._copied:
            self._copy(packet)
        else:
            self._transcode(packet)

    def _copy(self, packet: Packet) -> None:
        shift = round(self._zero_s / packet.time_base)
        packet.pts = (packet.pts or 0) - shift
        packet.dts = packet.pts
        if packet.pts <= self._last:
            return
        self._last = packet.pts
        packet.stream = self._track
        self._mux([packet])

    def _transcode(self, packet: Packet) -> None:
        try:
            frames = self._stream.decode(packet)
        except (av.error.FFmpegError, MemoryError):
            return
        for frame in frames:
            if frame.pts is None or not frame.time_base:
                continue
            frame.pts -= round(self._zero_s / frame.time_base)
            if frame.pts >= 0 and self._encoder is not None:
                self._mux(self._encoder.encode(frame))

    def _mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            try:
                self._output.mux(packet)
            except (av.error.ArgumentError, av.error.InvalidDataError):
                self._notes.count("Pieces of the sound left out: {n}")


def _time(packet: Packet) -> float | None:
    stamp = packet.pts if packet.pts is not None else packet.dts
    return None if stamp is None or not packet.time_base else float(stamp * packet.time_base)


def _fits_mp4(stream: AudioStream) -> bool:
    """Whether mp4 takes the packets as they are: asked by writing a header to memory."""
    try:
        with av.open(BytesIO(), "w", format="mp4") as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True
