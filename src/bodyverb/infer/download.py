"""Fetching a file by http(s): resumed after a cut connection, its size bounded, whole or not at all."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from bodyverb import __version__
from bodyverb.infer.archive import Unusable

if TYPE_CHECKING:
    import requests

Progress = Callable[[int, int | None], object]
"""Told the bytes that are there and how many there will be, None where the server does not say."""

TRIES = 3
"""Attempts in a row that bring nothing new."""
PAUSE_S = 0.5
"""Before the second of them; twice as long before each further one."""
_TIMEOUT_S = (10.0, 30.0)  # to connect; between two pieces
_CHUNK = 1 << 14  # a cut loses what came of the piece that was being read


def fetch(address: str, target: Path, *, most: int, progress: Progress) -> None:
    """Download a file with pooch: to a temporary name beside `target`, renamed when it is complete.

    Args:
        address: http or https.
        target: where it goes; must not exist.
        most: bytes that it may have.
        progress: told how far it is.

    Raises:
        Unusable: with the reason; nothing is left.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)  # `install` says what there is to say of checksums
    try:
        pooch.retrieve(
            address, None, fname=target.name, path=target.parent, downloader=_Resuming(most, progress)
        )
    except requests.RequestException as error:
        raise Unusable(_reason(error)) from error


@dataclass
class _Resuming:
    """A downloader of pooch that goes on where a connection was cut, or begins again where it cannot."""

    most: int
    progress: Progress

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Write what is at `url` to `output_file`."""
        import requests

        best, failures, mark = 0, 0, None
        with Path(output_file).open("wb") as output:
            while True:
                try:
                    begin = output.tell() if mark else 0
                    with _ask(url, begin, mark) as response:
                        _accept(response, url, begin)
                        mark = _mark(response)
                        self._write(response, output)
                        return
                except requests.RequestException as error:
                    failures = failures + 1 if output.tell() <= best else 1
                    best = max(best, output.tell())
                    if failures >= TRIES or not _passing(error):
                        raise
                time.sleep(PAUSE_S * 2 ** (failures - 1))

    def _write(self, response: requests.Response, output: BinaryIO) -> None:
        """The answer's bytes, behind those that are there already where it is the rest of them."""
        import requests

        output.seek(output.tell() if response.status_code == 206 else 0)
        output.truncate()
        length = response.headers.get("Content-Length")
        plain = "Content-Encoding" not in response.headers and (length or "").isdigit()
        total = output.tell() + int(length or 0) if plain else None
        self._bounded(total or 0)
        for piece in response.iter_content(_CHUNK):
            self._bounded(output.tell() + len(piece))
            output.write(piece)
            self.progress(output.tell(), total)
        if total is not None and output.tell() != total:  # older urllib3 says nothing of a cut
            raise requests.ConnectionError("cut")

    def _bounded(self, size: int) -> None:
        if size > self.most:
            raise Unusable(f"more than the {self.most / 1e6:.1f} MB that it may have")


def _ask(url: str, begin: int, mark: str | None) -> requests.Response:
    """The answer of the server: the file from byte `begin` on where it still has `mark`, else the whole."""
    import requests

    headers = {"User-Agent": f"bodyverb/{__version__}", "Accept-Encoding": "identity"}
    if begin and mark:
        headers |= {"Range": f"bytes={begin}-", "If-Range": mark}
    return requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S)


def _accept(response: requests.Response, url: str, begin: int) -> None:
    """Raise HTTPError or Unusable where the answer is not what was asked for."""
    response.raise_for_status()
    if url.startswith("https:") and not response.url.startswith("https:"):
        raise Unusable("a redirect to an address without encryption")
    part = response.headers.get("Content-Range", "")
    if response.status_code == 206 and not part.startswith(f"bytes {begin}-"):
        raise Unusable("another part of the file than was asked for")


def _mark(response: requests.Response) -> str | None:
    """What tells one version of the file from another, or None: then a cut download begins again."""
    mark = response.headers.get("ETag", "")
    return mark if mark and not mark.startswith("W/") else response.headers.get("Last-Modified")


def _passing(error: requests.RequestException) -> bool:
    """Whether another attempt may go better."""
    import requests

    if isinstance(error, requests.HTTPError):
        return _status(error) in (408, 416, 429) or _status(error) >= 500
    cut = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(error, cut) and not isinstance(error, requests.ConnectTimeout)


def _status(error: requests.HTTPError) -> int:
    return int(getattr(error.response, "status_code", 0))


def _reason(error: requests.RequestException) -> str:
    """What requests and urllib3 wrap three deep, in a few words."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"the answer {_status(error)} {getattr(error.response, 'reason', '')}".rstrip()
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.TooManyRedirects):
        return "redirects without end"
    if isinstance(error, requests.exceptions.SSLError):
        return "no trustworthy certificate"
    if isinstance(error, requests.exceptions.ChunkedEncodingError) or str(error) == "cut":
        return "a connection that was cut again and again"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return f"{type(error).__name__}: {str(error)[:100]}"
