"""Downloads from a server that cuts, redirects, refuses and lies."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodyverb.infer import download
from bodyverb.infer.archive import Unusable
from bodyverb.infer.download import TRIES, fetch

PIECE = 1 << 14
BODY = np.random.default_rng(0).bytes(200_000)


def got(address: str, folder: Path, most: int = 1_000_000) -> tuple[bytes, list[tuple[int, int | None]]]:
    """Fetch; returns the file's bytes and the progress told."""
    told: list[tuple[int, int | None]] = []
    fetch(address, folder / "file", most=most, progress=lambda done, total: told.append((done, total)))
    assert [path.name for path in folder.iterdir()] == ["file"]
    return (folder / "file").read_bytes(), told


def refused(address: str, folder: Path, most: int = 1_000_000) -> str:
    """Fetch in vain; returns the reason, and nothing is left."""
    with pytest.raises(Unusable) as error:
        fetch(address, folder / "file", most=most, progress=lambda done, total: None)
    assert list(folder.iterdir()) == []
    return str(error.value)


def ranges(web: Any) -> list[str | None]:
    return [headers.get("Range") for _, headers in web.asked]


@pytest.mark.parametrize("length", [True, False])
def test_a_file_comes_whole(web: Any, tmp_path: Path, length: bool) -> None:
    body, told = got(web.put("/a.onnx", BODY, length=length), tmp_path)
    assert body == BODY and told[-1] == (len(BODY), len(BODY) if length else None)
    assert [done for done, _ in told] == sorted(done for done, _ in told) and len(told) > 2


def test_a_cut_connection_goes_on_where_it_was_cut(web: Any, tmp_path: Path) -> None:
    body, told = got(web.put("/a.onnx", BODY, cuts=[PIECE * 3, PIECE * 4], tag='"1"'), tmp_path)
    assert body == BODY and ranges(web) == [None, f"bytes={PIECE * 3}-", f"bytes={PIECE * 7}-"]
    assert told[-1] == (len(BODY), len(BODY))


def test_without_a_tag_it_begins_again(web: Any, tmp_path: Path) -> None:
    assert got(web.put("/a.onnx", BODY, cuts=[PIECE * 3]), tmp_path)[0] == BODY
    assert ranges(web) == [None, None]


def test_a_file_that_changed_meanwhile_begins_again(
    web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = BODY[::-1]
    address = web.put("/a.onnx", BODY, cuts=[PIECE * 3], tag='"1"')
    monkeypatch.setattr(download.time, "sleep", lambda pause: web.put("/a.onnx", other, tag='"2"'))
    assert got(address, tmp_path)[0] == other
    assert ranges(web) == [None, f"bytes={PIECE * 3}-"]


def test_many_cuts_are_borne_as_long_as_something_comes(web: Any, tmp_path: Path) -> None:
    assert got(web.put("/a.onnx", BODY, cuts=[20_000] * 8, tag='"1"'), tmp_path)[0] == BODY
    assert len(web.asked) == 9


def test_a_connection_that_is_always_cut_is_given_up(web: Any, tmp_path: Path) -> None:
    assert "cut again and again" in refused(web.put("/a.onnx", BODY, cuts=[1000] * 99), tmp_path)
    assert len(web.asked) == TRIES + 1 or len(web.asked) == TRIES


def test_a_wrong_part_is_refused(web: Any, tmp_path: Path) -> None:
    address = web.put("/a.onnx", BODY, cuts=[PIECE * 3], tag='"1"', part="bytes 0-9/200000")
    assert "another part" in refused(address, tmp_path)


def test_redirects_are_followed_but_not_for_ever(web: Any, tmp_path: Path) -> None:
    target = web.put("/there.onnx", BODY)
    web.put("/here", location="/between")
    web.put("/between", location=target)
    assert got(f"{web.address}/here", tmp_path)[0] == BODY
    (tmp_path / "file").unlink()
    assert "redirects" in refused(web.put("/loop", location="/loop"), tmp_path)


def test_a_redirect_may_not_drop_the_encryption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    answer = requests.Response()
    answer.url, answer.status_code, answer.raw = "http://example.org/a", 200, BytesIO(BODY)
    monkeypatch.setattr(requests, "get", lambda url, **_: answer)
    assert "without encryption" in refused("https://example.org/a", tmp_path)


@pytest.mark.parametrize(("codes", "asked"), [([404] * 9, 1), ([403] * 9, 1), ([503] * 9, TRIES)])
def test_refusals(web: Any, tmp_path: Path, codes: list[int], asked: int) -> None:
    reason = refused(web.put("/a.onnx", BODY, refusals=list(codes)), tmp_path)
    assert str(codes[0]) in reason and len(web.asked) == asked


def test_a_busy_server_is_asked_again(web: Any, tmp_path: Path) -> None:
    assert got(web.put("/a.onnx", BODY, refusals=[503, 429]), tmp_path)[0] == BODY


@pytest.mark.parametrize("length", [True, False])
def test_a_file_larger_than_it_may_be_is_refused(web: Any, tmp_path: Path, length: bool) -> None:
    assert "0.1 MB" in refused(web.put("/a.onnx", BODY, length=length), tmp_path, most=100_000)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/a.onnx", "http://[::bad/a.onnx", "http:///a.onnx"])
def test_where_nobody_answers(web: Any, tmp_path: Path, address: str) -> None:
    assert refused(address, tmp_path)
