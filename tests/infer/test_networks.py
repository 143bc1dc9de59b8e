"""Cards, the catalogue and sessions, on tiny networks."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodyverb.core import InputError, ModelError
from bodyverb.infer import Card, bundled, find, load, session
from bodyverb.infer.entries import POSITIVE, SHARE, SIZE, TEXT, Entry, number, one_of, several, whole
from bodyverb.infer.shapes import fits, written


def copy(networks: dict[str, Path], which: str, folder: Path, **changes: Any) -> Path:
    """A network in `folder` with entries of its card changed (None: left out)."""
    shutil.copytree(networks[which], folder)
    card = json.loads((folder / "card.json").read_text()) | changes
    (folder / "card.json").write_text(json.dumps({k: v for k, v in card.items() if v is not None}))
    return folder


def test_a_network_is_found_by_folder_file_and_card(networks: dict[str, Path]) -> None:
    place = networks["pose"]
    for name in (place, place / "model.onnx", place / "card.json"):
        assert find(str(name), "pose").path == place / "model.onnx"


@pytest.mark.usefixtures("tiny_weights")
def test_the_catalogue() -> None:
    assert [card.name for card in bundled()] == ["finder", "pose-lite", "verbs-everyday"]
    assert find("finder", "detect")["decoder"]["kind"] == "centre"
    with pytest.raises(ModelError, match=r"\(finder\).*: nonsense$"):
        find("nonsense", "detect")
    with pytest.raises(ModelError, match="for pose, got 'finder' for detect"):
        find("finder", "pose")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"licence": None}, "licence"), ({"task": "dance"}, "dance"), ({"sha256": "0" * 64}, "sha256"),
        ({"file": "other.onnx"}, "beside its card"),
    ],
)  # fmt: skip
def test_bad_cards(networks: dict[str, Path], tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        load(str(copy(networks, "pose", tmp_path / "net", **changes)), "pose")


@pytest.mark.parametrize("text", ["", "{", "[1]", "3"])
def test_what_is_no_card(networks: dict[str, Path], tmp_path: Path, text: str) -> None:
    place = copy(networks, "pose", tmp_path / "net")
    (place / "card.json").write_text(text)
    with pytest.raises(ModelError, match="card"):
        load(str(place), "pose")


def test_a_network_without_a_card_and_one_that_is_none(networks: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "bare.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match="Expected a card beside the network"):
        find(str(tmp_path / "bare.onnx"), "pose")
    place = copy(networks, "pose", tmp_path / "net")
    (place / "model.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match="onnxruntime can load"):
        load(str(place), "pose")


def test_a_right_checksum_passes(networks: dict[str, Path], tmp_path: Path) -> None:
    mark = hashlib.sha256((networks["pose"] / "model.onnx").read_bytes()).hexdigest()
    assert load(str(copy(networks, "pose", tmp_path / "net", sha256=mark)), "pose").card.sha256 == mark


def test_a_session_runs_and_says_what_does_not_fit(networks: dict[str, Path]) -> None:
    network = load(str(networks["pose"]), "pose", threads=1)
    assert network.provider == "CPUExecutionProvider" and network.fixed_batch is None
    assert network.inputs == ("image",) and network.outputs == ("heatmap", "visibility")
    image = np.zeros((2, 32, 32, 3), np.float32)
    assert network.run({"image": image, "more": image})["heatmap"].shape == (2, 14, 16, 16)
    with pytest.raises(ModelError, match="Expected arrays that fit 'pose-lite'"):
        network.run({"image": image.astype(np.float64)})


def test_devices(networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="auto, cpu, cuda"):
        load(str(networks["pose"]), "pose", device="tpu")
    monkeypatch.setattr(session.onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert session.providers("auto") == session.providers("cpu") == ["CPUExecutionProvider"]
    with pytest.raises(InputError, match="onnxruntime-gpu"):
        load(str(networks["pose"]), "pose", device="cuda")


def test_cuda_that_does_not_start_is_an_error(
    networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "providers", lambda device: ["CPUExecutionProvider"])
    with pytest.raises(InputError, match="check the driver"):
        load(str(networks["pose"]), "pose", device="cuda")


@pytest.mark.parametrize(
    ("section", "entries", "words"),
    [
        ("decoder", {"kind": TEXT, "stride": POSITIVE.required}, "under 'decoder' of a kind, got no stride"),
        ("decoder", {"kind": TEXT, "heatmap": TEXT}, "only kind, heatmap under 'decoder' of a kind, got vis"),
        ("input", dict.fromkeys(("name", "size", "layout", "padding"), TEXT), "input.size to be a text"),
    ],
)  # fmt: skip
def test_the_entries_of_a_card(
    networks: dict[str, Path], section: str, entries: dict[str, Entry], words: str
) -> None:
    card = Card.read(networks["pose"] / "card.json")
    card.check("input", {"name": TEXT, "size": SIZE.required, "layout": one_of("nhwc"), "padding": POSITIVE})
    with pytest.raises(ModelError, match=words):
        card.check(section, entries, " of a kind" if section == "decoder" else "")


@pytest.mark.parametrize(
    ("entry", "good", "bad"),
    [
        (TEXT, ["a"], ["", 1, None]), (POSITIVE, [1, 0.5], [0, -1, True, "1", float("nan"), float("inf")]),
        (SHARE, [0, 1, 0.5], [1.1, -0.1]),
        (SIZE, [[192, 256]], [[192], [0, 1], [1, 9000], [1.5, 2], 192, "ab"]),
        (whole(0, 255), [0, 255], [256, -1, 1.0, False]), (one_of("a", "b"), ["b"], ["c", ["a"], None]),
        (several(POSITIVE, 3), [[1, 2, 3]], [[1, 2], [], 3, [1, 2, 0]]),
        (several(TEXT), [["a"]], [[], "a", [1]]),
        (number(0, 2), [0, 2.0], [2.5, [1]]),
    ],
)  # fmt: skip
def test_what_an_entry_may_be(entry: Entry, good: list[Any], bad: list[Any]) -> None:
    assert all(entry.fits(value) for value in good) and not any(entry.fits(value) for value in bad)


def test_sections_that_are_no_objects(networks: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"decoder to be an object with entries, got \['softmax'\]"):
        load(str(copy(networks, "pose", tmp_path / "net", decoder=["softmax"])), "pose")


def test_any_of_several_tasks_will_do(networks: dict[str, Path]) -> None:
    assert find(str(networks["pose"]), "detect", "pose").task == "pose"
    with pytest.raises(ModelError, match="for detect or pose, got 'verbs-everyday' for verbs"):
        find(str(networks["verbs"]), "detect", "pose")


def test_what_a_file_declares(networks: dict[str, Path]) -> None:
    inputs, outputs = load(str(networks["pose"]), "pose").declared()
    assert [(t.name, t.shape, t.dtype) for t in inputs] == [("image", ("n", 32, 32, 3), "float32")]
    assert [(t.name, t.shape) for t in outputs] == [("heatmap", ("n", 14, 16, 16)), ("visibility", ("n", 14))]


def test_shapes_fit() -> None:
    assert fits((2, 17, 384), ("n", 17, 384), {"n": 2}) and not fits((3, 17, 384), ("n", 17, 384), {"n": 2})
    assert fits(("batch", None, 384), ("n", 17, 384), {}) and not fits((1, 17), ("n", 17, 384), {})
    assert fits((), (1, 2), {}) and written(()) == "of any shape"
    lengths: dict[str, int] = {}
    assert fits((1, 7, 5), (1, "people", 5), lengths) and not fits((1, 8), (1, "people"), lengths)
    assert written((1, "n", None)) == "(1, n, ?)"
