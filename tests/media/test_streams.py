"""Streams that fall silent, are cut off, come back or do not."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodyverb.core.errors import InputError
from bodyverb.media import open_source, video


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "_PAUSES_S", (0.01, 0.02))


@pytest.fixture
def sender() -> Iterator[Callable[..., str]]:
    """Starts a TCP server: its first caller gets the first bytes and so on, then it hangs up or is silent."""
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(listener: socket.socket, told: tuple[bytes, ...], silent: int) -> None:
        for number, data in enumerate(told):
            with suppress(OSError):
                caller, _ = listener.accept()
                opened.append(caller)
                caller.sendall(data)
                if number >= silent:
                    caller.shutdown(socket.SHUT_RDWR)

    def start(*told: bytes, silent: int) -> str:
        """The first `silent` callers are left waiting."""
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)
        threads.append(threading.Thread(target=serve, args=(listener, told, silent)))
        threads[-1].start()
        return f"tcp://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for one in opened:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
    for thread in threads:
        thread.join()


@pytest.fixture
def recording(make_video: Callable[..., Path], draw: Any) -> bytes:
    """80 numbered frames at 10 a second, long enough for FFmpeg to know the stream before it ends."""
    images = [np.full((48, 64, 3), 20 + 2 * k, np.uint8) for k in range(80)]
    data: bytes = make_video("live.ts", images, rate=10, options={"g": "5", "bf": "0"}).read_bytes()
    return data


def test_a_silent_stream_is_connected_anew_and_its_clock_goes_on(sender: Any, recording: bytes) -> None:
    address = sender(recording, recording, silent=1)
    with open_source(address, timeout_s=0.4) as source:
        assert source.info.live
        stamps, numbers = zip(*((f.time_s, f.image.mean()) for f in source), strict=True)
    assert (np.diff(stamps) > 0).all()
    back = int(np.flatnonzero(np.diff(numbers) < 0)[0]) + 1  # the recording began again
    assert stamps[back] - stamps[back - 1] > 0.3
    assert any("connected anew: 1" in line for line in source.warnings)


def test_a_stream_that_stays_away_ends_with_a_warning(sender: Any, recording: bytes) -> None:
    address = sender(recording, silent=1)
    with open_source(address, timeout_s=0.3) as source:
        frames = [frame.time_s for frame in source]
    assert frames and any("did not come back" in line for line in source.warnings)


def test_leaving_ends_the_waiting(sender: Any, recording: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "_PAUSES_S", (60.0,))
    address = sender(recording, silent=1)
    source = open_source(address, timeout_s=0.2)
    next(iter(source))
    thread = source._thread
    source.close()
    assert thread is not None and not thread.is_alive()


def test_a_sender_that_never_says_anything(sender: Any) -> None:
    address = sender(b"", silent=1)
    with pytest.raises(InputError, match=r"no answer within 0\.2 s"):
        open_source(address, timeout_s=0.2)


def test_a_file_whose_download_is_cut_is_read_on(make_video: Callable[..., Path]) -> None:
    random = np.random.default_rng(0)
    images = [random.integers(0, 255, (96, 128, 3), dtype=np.uint8) for _ in range(60)]
    options = {"movflags": "+faststart"}
    data = make_video("clip.mp4", images, options={"g": "10"}, container_options=options).read_bytes()
    shares = [0.5, 0.5, 1.0]

    class Cutting(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            share = shares.pop(0) if shares else 1.0
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(data[: int(len(data) * share)])

    with ThreadingHTTPServer(("127.0.0.1", 0), Cutting) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with open_source(f"http://127.0.0.1:{server.server_port}/clip.mp4", timeout_s=5.0) as source:
            stamps = [frame.time_s for frame in source]
        server.shutdown()
        thread.join()
    assert not source.info.live
    assert stamps == pytest.approx([k / 30 for k in range(60)], abs=1e-6)
    assert any("connected anew" in line for line in source.warnings)
