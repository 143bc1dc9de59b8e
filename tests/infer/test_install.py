"""Putting networks into the user's folder: checksums, mirrors, the lock file, several processes."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from bodyverb.core import InputError, ModelError, OutputError
from bodyverb.infer import Card, find, lock, user_models
from bodyverb.infer.install import Origin, Talk, install

BODY = b"\x08\x08 a network " * 1000
DIGEST = hashlib.sha256(BODY).hexdigest()
FACTS = {"task": "detect", "licence": "none", "input": {"size": [8, 8]}, "more": [1]}


def put(
    *addresses: str, name: str = "net", check: Callable[[Path], object] = Card.read, **changes: Any
) -> tuple[Path, list[str]]:
    """Install from addresses; returns the folder and what was told."""
    told: list[str] = []
    origin = Origin(addresses=addresses, **{k: changes.pop(k) for k in ("file", "sha256", "most", "member")
                                            if k in changes})  # fmt: skip
    folder = install(
        name, FACTS, origin, lambda place: check(place / "card.json"), talk=Talk(tell=told.append), **changes
    )
    return folder, told


def visible(folder: Path) -> set[str]:
    """Names in the folder but the lock of the processes."""
    return {path.name for path in folder.iterdir()} - {".lock"} if folder.exists() else set()


def zipped(name: str = "a/end2end.onnx", body: bytes = BODY) -> bytes:
    memory = BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr(name, body)
    return memory.getvalue()


def test_a_network_with_a_known_checksum(web: Any, models: Path) -> None:
    folder, told = put(web.put("/a.onnx", BODY), sha256=DIGEST)
    assert folder == models / "net" and {path.name for path in folder.iterdir()} == {
        "card.json",
        "model.onnx",
    }
    assert json.loads((folder / "card.json").read_text()) == {
        **FACTS, "name": "net", "file": "model.onnx", "sha256": DIGEST,
    }  # fmt: skip
    assert visible(models) == {"net"} and told == [f"fetching net from {web.address}/a.onnx"]
    assert find("net", "detect").path.read_bytes() == BODY


def test_one_in_an_archive(web: Any, models: Path) -> None:
    folder, _ = put(web.put("/a.zip", zipped()), sha256=DIGEST, member="end2end.onnx")
    assert {path.name for path in folder.iterdir()} == {"card.json", "model.onnx"}


@pytest.mark.parametrize("first", ["wrong", "page", "away", "missing", "torn", "harmful", "large"])
def test_mirrors_are_tried_in_turn(web: Any, models: Path, first: str) -> None:
    bodies = {"wrong": BODY[::-1], "page": b"<html>please log in", "torn": zipped()[:500],
              "harmful": zipped("../end2end.onnx"), "large": BODY * 9}  # fmt: skip
    addresses = {"away": "http://127.0.0.1:1/a", "missing": f"{web.address}/none"}
    bad = addresses[first] if first in addresses else web.put("/bad", bodies[first])
    folder, told = put(bad, web.put("/good", BODY), sha256=DIGEST, most=2 * len(BODY))
    assert (folder / "model.onnx").read_bytes() == BODY
    assert told[1].startswith("not from there: ") and told[2].endswith("/good")
    assert visible(models) == {"net"}


def test_nowhere(web: Any, models: Path) -> None:
    with pytest.raises(ModelError) as error:
        put(web.put("/a", b"x" * 50), f"{web.address}/none", sha256=DIGEST)
    text = str(error.value)
    assert (
        "other bytes" in text
        and "404" in text
        and f"{web.address}/a" in text
        and f"{web.address}/none" in text
    )
    assert "by other means" in text and text.endswith(str(models / "downloads"))
    assert visible(models) == set()


def test_an_unknown_checksum_is_recorded_said_and_enforced(web: Any, models: Path) -> None:
    address = web.put("/a.onnx", BODY)
    _, told = put(address)
    assert DIGEST in told[-1] and str(models / "models.lock") in told[-1] and len(told) == 2
    entry = json.loads((models / "models.lock").read_text())["addresses"][address]
    assert entry["sha256"] == DIGEST and entry["bytes"] == len(BODY) and entry["date"].startswith("20")

    _, told = put(address, replace=True)  # the same again: nothing more to say
    assert len(told) == 1
    web.put("/a.onnx", BODY + b"!")
    with pytest.raises(ModelError, match=r"other bytes.*delete its address from: .*models\.lock$"):
        put(address, replace=True)
    assert (models / "net" / "model.onnx").read_bytes() == BODY  # the old one stays
    user_models.remove("net")
    with pytest.raises(ModelError, match="other bytes"):  # and it is not forgotten with the network
        put(address)
    assert visible(models) == {"models.lock"}


def test_what_was_recorded_holds_for_mirrors_too(web: Any, models: Path) -> None:
    first, mirror = f"{web.address}/first", web.put("/mirror", BODY)
    put(first, mirror)
    assert lock.recorded([first, mirror]) == DIGEST
    web.put("/first", BODY[::-1])
    folder, told = put(first, mirror, replace=True)
    assert "other bytes" in told[1] and (folder / "model.onnx").read_bytes() == BODY


@pytest.mark.parametrize("text", ["", "[]", '{"addresses": {"a": 1}}', '{"addresses": [1]}', "{}"])
def test_a_damaged_lock_file_is_said(web: Any, models: Path, text: str) -> None:
    models.mkdir()
    (models / "models.lock").write_text(text)
    with pytest.raises(ModelError, match=r"correct the file, or delete it .*models\.lock$"):
        put(web.put("/a.onnx", BODY))
    assert visible(models) == {"models.lock"}


def test_a_failed_check_leaves_nothing(web: Any, models: Path) -> None:
    def fail(_: Path) -> None:
        raise ModelError("Expected numbers, got none; replace: it")

    with pytest.raises(ModelError, match="replace: it"):
        put(web.put("/a.onnx", BODY), check=fail)
    assert visible(models) == set()
    put(web.put("/b.onnx", BODY), sha256=DIGEST)
    with pytest.raises(ModelError, match="replace: it"):
        put(web.put("/a.onnx", BODY * 2), check=fail, replace=True)
    assert visible(models) == {"net"} and (models / "net" / "model.onnx").read_bytes() == BODY


def test_a_bug_and_an_interrupt_leave_nothing(web: Any, models: Path) -> None:
    for kind in (KeyboardInterrupt, ZeroDivisionError):

        def stop(_: Path, kind: type[BaseException] = kind) -> None:
            raise kind

        with pytest.raises(kind):
            put(web.put("/a.onnx", BODY), check=stop)
        assert visible(models) == set()


def test_a_file(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(zipped())
    folder, told = put(file=file, sha256=DIGEST)
    assert (folder / "model.onnx").read_bytes() == BODY and told == [] and file.exists()
    for changes, words in (
        ({"sha256": "0" * 64}, "other bytes"), ({"most": 10}, "more than"), ({"member": "x"}, "0 times x"),
        ({"file": tmp_path / "none"}, "no file"),
    ):  # fmt: skip
        with pytest.raises(ModelError, match=rf"Expected a network, got .*{words}.*; choose another file: "):
            put(name="other", **{"file": file, **changes})
    assert visible(models) == {"net"}


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "a\\b", "/a", "-x", ".x", "a b", "x" * 65, "none", "downloads", "models.lock"],
)
def test_names_that_are_refused(models: Path, name: str) -> None:
    with pytest.raises(InputError, match="Expected a name of letters"):
        put("http://127.0.0.1:1/a", name=name)
    assert not models.exists()


def test_names_that_are_taken(web: Any, models: Path, tiny_weights: Path) -> None:
    address = web.put("/a.onnx", BODY)
    with pytest.raises(InputError, match="that of a bundled network"):
        put(address, name="finder", replace=True)
    put(address)
    with pytest.raises(InputError, match="use --replace"):
        put(address)
    asked = len(web.asked)
    assert put(address, keep=True)[0] == models / "net" and len(web.asked) == asked


def test_the_folder_cannot_be_written(web: Any, models: Path) -> None:
    models.write_text("a file")
    with pytest.raises(OutputError, match=r"\$BODYVERB_MODELS"):
        put(web.put("/a.onnx", BODY))


def test_a_full_disk_leaves_nothing(web: Any, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bodyverb.infer.install._write_card", full)
    with pytest.raises(OutputError, match="No space left"):
        put(web.put("/a.onnx", BODY))
    assert visible(models) == set()


def test_removing(web: Any, models: Path) -> None:
    put(web.put("/a.onnx", BODY), sha256=DIGEST)
    for name in ("other", "..", "", "downloads"):
        with pytest.raises(InputError, match=r"added networks \(net\)"):
            user_models.remove(name)
    user_models.remove("net")
    assert visible(models) == set()


def test_where_the_folder_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BODYVERB_MODELS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_models.folder() == tmp_path / "bodyverb" / "models"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_models.folder() == tmp_path / ".local" / "share" / "bodyverb" / "models"
    monkeypatch.setenv("BODYVERB_MODELS", "~/mine")
    assert user_models.folder() == tmp_path / "mine"


def test_a_broken_network_of_the_user_does_not_hide_the_others(web: Any, models: Path) -> None:
    put(web.put("/a.onnx", BODY), sha256=DIGEST)
    (models / "torn").mkdir()
    (models / "torn" / "card.json").write_text("{")
    cards, broken = user_models.added()
    assert [card.name for card in cards] == ["net"] and "torn" in str(broken[0])


PROCESS = """
import sys
from pathlib import Path
from bodyverb.infer.install import Origin, Talk, install
facts = {"task": "detect", "licence": "none", "input": {}}
talk = Talk(tell=lambda line: print(line, flush=True))
origin = Origin(addresses=[sys.argv[1]])
install("net", facts, origin, lambda place: print("checked", flush=True), keep=True, talk=talk)
print("done", flush=True)
"""


def start(address: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROCESS, address], stdout=subprocess.PIPE, text=True)


def test_two_processes_fetch_once(web: Any, models: Path) -> None:
    gate = threading.Event()
    address = web.put("/a.onnx", BODY, gate=gate)
    with start(address) as first:
        assert web.arrived.wait(60) and first.stdout is not None
        with start(address) as second:
            assert second.stdout is not None
            assert second.stdout.readline().startswith("waiting for another process")
            gate.set()
            outputs = [first.stdout.read(), second.stdout.read()]
    assert "checked" in outputs[0] and outputs[1] == "done\n"
    assert len(web.asked) == 1 and visible(models) == {"net", "models.lock"}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
def test_a_killed_process_leaves_no_harm(web: Any, models: Path) -> None:
    address = web.put("/a.onnx", BODY, gate=threading.Event())
    with start(address) as first:
        assert web.arrived.wait(60)
        os.kill(first.pid, signal.SIGKILL)
    assert find_nothing(models) and visible(models) == {".net.part"}
    put(web.put("/a.onnx", BODY))
    assert visible(models) == {"net", "models.lock"}


def find_nothing(models: Path) -> bool:
    """Whether no network is listed."""
    return user_models.added() == ([], []) and not (models / "models.lock").exists()
