"""A web server on the loopback that does what networks do: cuts, redirects, refuses; the fixture `web`."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Page:
    """What stands at a path.

    Attributes:
        body: its bytes.
        cuts: how many bytes each of the first requests gets before the connection ends.
        tag: its ETag; with one, parts can be asked for.
        refusals: status codes of the first requests.
        location: where it redirects to.
        length: whether the length is told.
        part: Content-Range of a part, a wrong one for a broken server.
        gate: requests wait for it.
    """

    body: bytes = b""
    cuts: list[int] = field(default_factory=list)
    tag: str | None = None
    refusals: list[int] = field(default_factory=list)
    location: str | None = None
    length: bool = True
    part: str | None = None
    gate: threading.Event | None = None


@dataclass
class Web:
    """The server: put pages in, read what was asked."""

    address: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, body: bytes = b"", **changes: Any) -> str:
        """Put a page there; returns its address."""
        self.pages[path] = Page(body=body, **changes)
        return self.address + path


@contextmanager
def serving() -> Iterator[Web]:
    """Run the server in a thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append((self.path, dict(self.headers)))
            web.arrived.set()
            page = web.pages.get(self.path)
            if page is None or page.refusals:
                self.send_error(404 if page is None else page.refusals.pop(0))
                return
            if page.gate is not None:
                page.gate.wait(30)
            self._answer(page)

        def _answer(self, page: Page) -> None:
            if page.location is not None:
                self.send_response(302)
                self.send_header("Location", page.location)
                self.end_headers()
                return
            wanted = self.headers.get("Range", "")
            begin = int(wanted[6:].rstrip("-")) if wanted and self.headers["If-Range"] == page.tag else 0
            rest = page.body[begin:]
            self.send_response(206 if begin else 200)
            if begin:
                told = page.part or f"bytes {begin}-{len(page.body) - 1}/{len(page.body)}"
                self.send_header("Content-Range", told)
            if page.tag:
                self.send_header("ETag", page.tag)
            if page.length:
                self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest[: page.cuts.pop(0)] if page.cuts else rest)

        def log_message(self, *_: object) -> None:
            """Silent."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that leaves is no error here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        web = Web(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
