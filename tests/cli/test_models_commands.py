"""`bodyverb models`, `models add`, `models pull`, `models remove`."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from bodyverb.cli.main import main
from bodyverb.infer import known as catalogue
from bodyverb.infer.known import Known, known_named

pytestmark = pytest.mark.usefixtures("tiny_weights")
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Types a command; returns exit code, standard output and standard error."""

    def typed(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return typed


@pytest.fixture
def offered(web: Any, networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Known:
    """A catalogue of one: the tiny finder, in an archive on the local server."""
    archive = zipfile_of(networks["detect"] / "model.onnx")
    facts = json.loads((networks["detect"] / "card.json").read_text())
    facts |= {"name": "offered", "quality": {"AP, published by its authors": 0.5}}
    entry = Known(
        name="offered", task="detect", card=networks["detect"] / "card.json", facts=facts,
        member="end2end.onnx", size=1_000_000,
        sha256=hashlib.sha256((networks["detect"] / "model.onnx").read_bytes()).hexdigest(),
        addresses=(web.put("/official/offered.zip", archive), web.put("/mirror/offered.zip", archive)),
    )  # fmt: skip
    monkeypatch.setattr(catalogue, "known", lambda: [entry])
    monkeypatch.setattr("bodyverb.infer.known.known", lambda: [entry])
    return entry


def zipfile_of(network: Path) -> bytes:
    path = network.parent.parent / "offered.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(network, "sdk/end2end.onnx")
    return path.read_bytes()


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".lock"} if folder.exists() else set()


def card(networks: dict[str, Path], folder: Path, which: str = "detect", /, **changes: Any) -> Path:
    """The card of a tiny network with changed entries."""
    content = json.loads((networks[which] / "card.json").read_text()) | changes
    path = folder / "mine.json"
    path.write_text(json.dumps(content))
    return path


def test_the_list_tells_bundled_added_and_available_apart(
    say: Say, models: Path, networks: dict[str, Path], tmp_path: Path
) -> None:
    assert say("models", "add", "mine", "--onnx", networks["detect"] / "model.onnx",
               "--card", card(networks, tmp_path))[0] == 0  # fmt: skip
    code, out, _ = say("models")
    inside, rest = out.split(f"added, in {str(models)[:10]}")
    own, offers = rest.split("available: bodyverb models pull NAME")
    assert code == 0 and "pose-lite" in inside and "mine" in own and "mine" not in inside
    for name in ("rtmpose-m", "rtmo-s", "yolox-nano"):
        assert name in offers and name not in inside + own
    assert "54 MB" in offers and "Apache-2.0" in offers and "0.749" in offers and "published" in offers
    rows = json.loads(say("models", "--json")[1])
    origins = {row["name"]: row["origin"] for row in rows}
    assert (
        origins["mine"] == "added" and origins["finder"] == "bundled" and origins["rtmpose-t"] == "available"
    )
    assert all(row["bytes"] > 0 and row["licence"] for row in rows)


def test_a_broken_network_of_the_user_is_listed_with_its_fault(say: Say, models: Path) -> None:
    (models / "torn").mkdir(parents=True)
    (models / "torn" / "card.json").write_text("[]")
    code, out, _ = say("models")
    assert code == 0 and "cannot be used: Expected a model card" in out and "pose-lite" in out


@pytest.mark.parametrize("task", ["detect", "pose", "verbs"])
def test_adding_copies_checks_and_says_what_came_out(
    say: Say, models: Path, networks: dict[str, Path], tmp_path: Path, task: str
) -> None:
    path = networks[task] / "model.onnx"
    code, out, err = say("models", "add", "mine", "--onnx", path, "--card", card(networks, tmp_path, task))
    words = {"detect": "of 2 rendered people found", "pose": "of 28 joints with a score over 0.3",
             "verbs": "rendered squats are most like"}  # fmt: skip
    assert code == 0 and err == "" and words[task] in out and " ms on CPUExecutionProvider" in out
    written = json.loads((models / "mine" / "card.json").read_text())
    assert written["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (written["name"], written["file"]) == ("mine", "model.onnx")
    assert (models / "mine" / "model.onnx").read_bytes() == path.read_bytes()


def test_an_added_network_is_used_by_its_name(
    say: Say, models: Path, networks: dict[str, Path], tmp_path: Path, tiny: ModuleType
) -> None:
    say(
        "models",
        "add",
        "mine",
        "--onnx",
        networks["detect"] / "model.onnx",
        "--card",
        card(networks, tmp_path),
    )
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.4)
    code, out, _ = say(
        "run", clip, "--out", tmp_path / "out", "--detector", "mine", "--no-video", "--no-report"
    )
    assert code == 0 and "1 person" in out
    (models / "mine" / "model.onnx").write_bytes(b"another")
    code, _, err = say("run", clip, "--out", tmp_path / "out2", "--detector", "mine")
    assert code == 2 and "sha256" in err and not (tmp_path / "out2").exists()


def test_a_picture_of_the_user(
    say: Say, models: Path, networks: dict[str, Path], tmp_path: Path, tiny: ModuleType
) -> None:
    picture = tiny.write_pictures(tmp_path / "pictures", 1, [2])[0]
    words = ("--onnx", networks["detect"] / "model.onnx", "--card", card(networks, tmp_path))
    assert "2 people found, best score" in say("models", "add", "a", *words, "--picture", picture)[1]
    words = ("--onnx", networks["pose"] / "model.onnx", "--card", card(networks, tmp_path, "pose"))
    assert "of 28 joints" in say("models", "add", "b", *words, "--picture", picture)[1]
    code, _, err = say("models", "add", "c", *words, "--picture", tmp_path / "none.png")
    assert code == 2 and "none.png" in err
    words = ("--onnx", networks["verbs"] / "model.onnx", "--card", card(networks, tmp_path, "verbs"))
    code, _, err = say("models", "add", "d", *words, "--picture", picture)
    assert code == 2 and "Expected no --picture" in err
    assert visible(models) == {"a", "b"}


@pytest.mark.parametrize(
    ("task", "changes", "words"),
    [
        ("detect", {"input": {"name": "image", "size": [96, 64], "layout": "nhwc"}}, "96"),
        ("detect", {"decoder": {"kind": "dance"}}, "dance"), ("detect", {"task": "dance"}, "dance"),
        ("detect", {"task": "pose"}, "decoder.kind"), ("detect", {"sha256": "0" * 64}, "other bytes"),
        ("detect", {"sha256": "x"}, "64 hexadecimal"), ("pose", {"skeleton": "coco17"}, "17"),
        ("verbs", {"classes": ["bowl"]}, "1 classes"),
    ],
)  # fmt: skip
def test_a_card_that_does_not_fit_leaves_nothing(
    say: Say, models: Path, networks: dict[str, Path], tmp_path: Path, task: str, changes: dict, words: str
) -> None:
    code, out, err = say("models", "add", "mine", "--onnx", networks[task] / "model.onnx",
                         "--card", card(networks, tmp_path, task, **changes))  # fmt: skip
    assert code == 2 and out == "" and err.startswith("bodyverb: Expected") and words in err, err
    if task != "verbs" and "sha256" not in changes:
        assert err.strip().endswith(str(tmp_path / "mine.json"))
    assert visible(models) == set()


def test_a_network_that_gives_no_numbers_leaves_nothing(
    say: Say, models: Path, networks: dict[str, Path], tmp_path: Path
) -> None:
    model = onnx.load(networks["pose"] / "model.onnx")
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if value.dtype == np.float32:
            tensor.CopyFrom(numpy_helper.from_array(value * np.float32(np.nan), tensor.name))
    onnx.save(model, tmp_path / "nan.onnx")
    code, _, err = say("models", "add", "mine", "--onnx", tmp_path / "nan.onnx",
                       "--card", card(networks, tmp_path, "pose"))  # fmt: skip
    assert code == 2 and "NaN" in err and visible(models) == set()


def test_what_is_typed_wrongly(say: Say, models: Path, networks: dict[str, Path], tmp_path: Path) -> None:
    network, own = networks["detect"] / "model.onnx", card(networks, tmp_path)
    (tmp_path / "text.json").write_text("no card")
    (tmp_path / "list.json").write_text("[1]")
    for words, hint in (
        (("mine",), "got no --card"), (("mine", "--onnx", network), "got no --card"),
        (("mine", "--card", own), "got no --onnx"), (("finder", "--onnx", network, "--card", own), "bundled"),
        (("a/b", "--onnx", network, "--card", own), "letters"),
        (("mine", "--onnx", tmp_path / "none.onnx", "--card", own), "no file"),
        (("mine", "--onnx", network, "--card", tmp_path / "none.json"), "none.json"),
        (("mine", "--onnx", network, "--card", tmp_path / "text.json"), "text.json"),
        (("mine", "--onnx", network, "--card", tmp_path / "list.json"), "list.json"),
        (("mine", "--onnx", network, "--card", own, "--sha256", "12"), "64 hexadecimal"),
        (("mine", "--onnx", network, "--card", own, "--sha256", "0" * 64), "other bytes"),
    ):  # fmt: skip
        code, out, err = say("models", "add", *words)
        assert code == 2 and out == "" and hint in err and err.count("\n") == 1, (words, err)
    assert visible(models) == set()


def test_an_existing_name_needs_replace(
    say: Say, models: Path, networks: dict[str, Path], tmp_path: Path
) -> None:
    words = ("models", "add", "mine", "--onnx", networks["detect"] / "model.onnx", "--card")
    assert say(*words, card(networks, tmp_path, note=1))[0] == 0
    code, _, err = say(*words, card(networks, tmp_path, note=2))
    assert code == 2 and "--replace" in err
    assert say(*words, card(networks, tmp_path, note=2), "--replace")[0] == 0
    assert json.loads((models / "mine" / "card.json").read_text())["note"] == 2
    assert say("models", "remove", "mine")[1].startswith("removed: ") and visible(models) == set()
    assert say("models", "remove", "mine")[0] == 2


def test_adding_from_an_address_records_it(
    say: Say, models: Path, networks: dict[str, Path], tmp_path: Path, web: Any
) -> None:
    address = web.put("/a.onnx", (networks["detect"] / "model.onnx").read_bytes())
    words = ("models", "add", "mine", "--onnx", address, "--card", card(networks, tmp_path))
    code, _, err = say(*words)
    assert (
        code == 0 and "nobody has published a checksum" in err and visible(models) == {"mine", "models.lock"}
    )
    web.put("/a.onnx", (networks["pose"] / "model.onnx").read_bytes())
    code, _, err = say(*words, "--replace")
    assert code == 2 and "other bytes" in err and "models.lock" in err


def test_pulling(say: Say, models: Path, offered: Known, web: Any) -> None:
    code, out, err = say("models", "pull", "offered")
    assert code == 0 and "of 2 rendered people found" in out and err.count("\n") == 1
    assert offered.addresses[0] in err and visible(models) == {"offered"}
    code, out, _ = say("models", "pull", "--all")
    assert code == 0 and "is there already" in out and len(web.asked) == 1
    assert "all of them are added" in say("models")[1]


def test_pulling_goes_on_with_the_mirror_and_ends_with_what_to_do(
    say: Say, models: Path, offered: Known, web: Any
) -> None:
    web.put("/official/offered.zip", b"<html>moved")
    code, _, err = say("models", "pull", "offered")
    assert code == 0 and "not from there: a web page" in err and "/mirror/" in err
    say("models", "remove", "offered")
    web.pages.clear()
    code, out, err = say("models", "pull", "offered")
    assert code == 2 and out == "" and visible(models) == set()
    last = err.strip().splitlines()[-1]
    assert all(address in last for address in offered.addresses) and "bodyverb models add offered" in last
    assert last.endswith(str(models / "downloads"))


def test_several_of_which_some_fail(
    say: Say, models: Path, offered: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = replace(offered, name="gone", addresses=("http://127.0.0.1:1/gone.zip",))
    monkeypatch.setattr("bodyverb.infer.known.known", lambda: [gone, offered])
    code, out, err = say("models", "pull", "--all")
    assert code == 3 and out.startswith("offered: ") and "no connection" in err
    assert say("models", "pull", "gone", "gone")[0] == 2


@pytest.mark.parametrize("how", ["downloads", "archive", "network"])
def test_adding_what_was_fetched_by_other_means(
    say: Say, models: Path, offered: Known, web: Any, tmp_path: Path, networks: dict[str, Path], how: str
) -> None:
    code, _, err = say("models", "add", "offered")
    assert code == 2 and offered.addresses[0] in err and err.strip().endswith(str(models / "downloads"))
    (models / "downloads").mkdir(parents=True)
    place = {"downloads": models / "downloads" / "offered.zip", "archive": tmp_path / "x.zip"}.get(how)
    if place is not None:
        place.write_bytes(web.pages["/official/offered.zip"].body)
    words = () if how == "downloads" else ("--onnx", place or networks["detect"] / "model.onnx")
    code, out, err = say("models", "add", "offered", *words)
    assert code == 0 and "rendered people found" in out and web.asked == []
    assert visible(models) == {"offered", "downloads"}
    code, _, err = say("models", "add", "offered", "--replace", "--onnx", networks["pose"] / "model.onnx")
    assert code == 2 and "other bytes" in err


def test_pull_needs_names(say: Say, offered: Known) -> None:
    for words, hint in (((), "neither"), (("offered", "--all"), "both"), (("nonsense",), "(offered)")):
        code, _, err = say("models", "pull", *words)
        assert code == 2 and hint in err and err.count("\n") == 1


def test_a_run_never_fetches(say: Say, tmp_path: Path, tiny: ModuleType, offered: Known, web: Any) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.4)
    code, _, err = say("run", clip, "--out", tmp_path / "out", "--detector", "offered")
    assert code == 2 and "`bodyverb models pull offered` (1 MB)" in err and err.count("\n") == 1
    assert web.asked == [] and not (tmp_path / "out").exists()


def test_help_loads_neither_pooch_nor_networks() -> None:
    code = (
        "import sys; from bodyverb.cli.main import main\n"
        "for words in (['--help'], ['models', 'pull', '--help'], ['models', 'add', '--help']):\n"
        "    try: main(words)\n"
        "    except SystemExit: pass\n"
        "import bodyverb.infer.install\n"
        "print(*sorted(name.split('.')[0] for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split("\n")[-2].split())
    assert not loaded & {"pooch", "requests", "cv2", "av"} and "--onnx" in done.stdout


@pytest.mark.realdata
def test_a_published_detector_end_to_end(
    say: Say, models: Path, data_root: Path, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue's own YOLOX-nano card and checksum, the published file, from a server here."""
    real = known_named("yolox-nano")
    assert real is not None
    address = web.put("/yolox_nano.onnx", (data_root / "onnx" / "yolox_nano.onnx").read_bytes())
    monkeypatch.setattr("bodyverb.infer.known.known", lambda: [replace(real, addresses=(address,))])
    code, out, _ = say("models", "pull", "yolox-nano")
    assert code == 0 and "2 of 2 rendered people found" in out
    shutil.rmtree(models)
    web.put("/yolox_nano.onnx", b"\x08" + web.pages["/yolox_nano.onnx"].body)
    code, _, err = say("models", "pull", "yolox-nano")
    assert code == 2 and "other bytes" in err and visible(models) == set()
