"""Networks whose file is not what their card says: one sentence that names both."""

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bodyverb
from bodyverb import skeletons
from bodyverb.core import ModelError
from bodyverb.estimate import decoders
from bodyverb.estimate.detector import Detector
from bodyverb.estimate.one_stage import OneStage
from bodyverb.estimate.pose import PoseEstimator
from bodyverb.estimate.preprocess import CROP, FRAME
from bodyverb.infer import Card, load
from bodyverb.infer.catalogue import WEIGHTS

SIZE = (48, 64)
WANTS = {
    "size": list(SIZE),
    "layout": "nchw",
    "mean": [1, 2, 3],
    "std": [4, 5, 6],
    "padding": 1.25,
    "border": 0,
}
CARD: dict[str, Any] = {"skeleton": "coco17", "input": WANTS, "decoder": {"kind": "simcc"}}
OUTPUTS = {
    "simcc_x": np.zeros((1, 17, 96), np.float32), "simcc_y": np.zeros((1, 17, 128), np.float32),
}  # fmt: skip
SHAPE = ["n", 3, 64, 48]


@pytest.mark.parametrize(
    ("section", "changes", "words"),
    [
        ("input", {"size": None}, "Expected size under 'input', got no size"),
        ("input", {"size": [192, 256]}, r"\(n, 3, 256, 192\) as the card says .*float32 \(n, 3, 64, 48\)"),
        ("input", {"size": [64, 48]}, r"\(n, 3, 48, 64\) as the card says"),
        ("input", {"size": [48]}, r"input.size to be \[width, height\] in px, at most 8192, got \[48\]"),
        ("input", {"layout": "nhwc"}, r"\(n, 64, 48, 3\) as the card says"),
        ("input", {"layout": "hwc"}, "input.layout to be one of nhwc, nchw, got 'hwc'"),
        ("input", {"dtype": "uint8"}, "to take uint8 .*got float32"),
        ("input", {"mean": [1, 2]}, "input.mean to be a list of 3 x number"),
        ("input", {"std": [1, 0, 1]}, "input.std to be a list of 3 x number above 0"),
        ("input", {"padding": "1.25"}, "input.padding to be a number above 0, got '1.25'"),
        ("input", {"meen": [1, 2, 3]}, "Expected only name, .* under 'input', got meen"),
        ("input", {"place": "middle"}, "got place"),
        ("input", {"name": "picture"}, "only input is 'picture', got input"),
        ("decoder", {"kind": None}, "decoder.kind to be one of boxes, centre, .*yolox, got None"),
        ("decoder", {"kind": "boxes"}, "one of gaussian, regression, simcc, softmax here, got boxes, which"),
        ("decoder", {"kind": "gaussian"}, r"'simcc_x' of shape \(n, 17, h, w\) as .*got \(n, 17, 96\)"),
        ("decoder", {"split": 3}, r"'simcc_x' of shape \(n, 17, 144\)"),
        ("decoder", {"split": "two"}, "decoder.split to be a number above 0, got 'two'"),
        ("decoder", {"x": "sim_x"}, "Expected outputs sim_x, simcc_y .*got simcc_x, simcc_y in the file"),
        ("decoder", {"x": "simcc_y"}, "'simcc_y' twice"),
        ("decoder", {"threshold": 0.3}, "only kind, x, y, split under 'decoder' of kind simcc, got thresh"),
        ("", {"skeleton": None}, "joint layout as 'skeleton', got None"),
        ("", {"skeleton": "coco18"}, "Expected a name in skeletons, got 'coco18'.*card of"),
        ("", {"skeleton": "lsp14"}, r"shape \(n, 14, 96\) as the card .*skeleton lsp14.*got \(n, 17, 96\)"),
    ],
)  # fmt: skip
def test_a_card_that_does_not_fit_its_file(
    graphs: ModuleType, tmp_path: Path, section: str, changes: dict[str, Any], words: str
) -> None:
    card = {**CARD}
    if section:
        card[section] = {k: v for k, v in (card[section] | changes).items() if v is not None}
    else:
        card |= changes
    place = graphs.constant(tmp_path / "net", OUTPUTS, card, shape=SHAPE)
    with pytest.raises(ModelError, match=words) as caught:
        PoseEstimator(load(str(place), "pose"))
    assert str(caught.value).rstrip(")").endswith("net/model.onnx") and "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [["n", 3, "h", "w"], [1, 3, 64, 48], ["n", "c", 64, 48]])
def test_free_axes_fit(graphs: ModuleType, tmp_path: Path, shape: list[int | str]) -> None:
    declared = {"simcc_x": ["n", "joints", "wide"], "simcc_y": None}
    place = graphs.constant(tmp_path / "net", OUTPUTS, CARD, shape=shape, declared=declared)
    position, _ = PoseEstimator(load(str(place), "pose"))(
        np.zeros((99, 99, 3), np.uint8), np.array([[9, 9, 40, 60]])
    )
    assert position.shape == (1, 17, 2)


def test_a_shape_that_shows_only_at_run_time(graphs: ModuleType, tmp_path: Path) -> None:
    """As many bins as the brightest pixel says."""
    graph = graphs.Graph(SHAPE)
    top = graph.op(
        "ReduceMax", graph.op("Reshape", graph.picture, graph.constant([-1], np.int64)), keepdims=1
    )
    length = graph.op("Cast", top, to=7)
    first, axis = graph.constant([0], np.int64), graph.constant([2], np.int64)
    across = graph.op("Slice", graph.constant(np.zeros((1, 17, 200))), first, length, axis)
    outputs = {
        "simcc_x": (across, ["n", 17, "wide"], np.float32),
        "simcc_y": (graph.constant(np.zeros((1, 17, 128))), ["n", 17, 128], np.float32),
    }
    card = CARD | {"input": {"size": list(SIZE), "layout": "nchw"}}
    network = PoseEstimator(load(str(graph.save(tmp_path / "net", outputs, card)), "pose"))
    box = np.array([[20, 20, 30, 40]])
    assert network(np.full((99, 99, 3), 96, np.uint8), box)[0].shape == (1, 17, 2)
    with pytest.raises(ModelError, match=r"shape \(n, 17, 96\) as the card says .*got \(1, 17, 95\)"):
        network(np.full((99, 99, 3), 95, np.uint8), box)


@pytest.mark.parametrize(("dtype", "word"), [(np.uint8, "uint8"), (np.float16, "float16")])
def test_other_kinds_of_numbers(graphs: ModuleType, tmp_path: Path, dtype: Any, word: str) -> None:
    card = CARD | {"input": WANTS | {"dtype": word}}
    halves = {name: value.astype(np.float16) for name, value in OUTPUTS.items()}
    place = graphs.constant(tmp_path / "net", halves, card, shape=SHAPE, dtype=dtype)
    poses = PoseEstimator(load(str(place), "pose")).estimate(
        np.zeros((99, 99, 3), np.uint8), np.array([[9, 9, 40, 60]])
    )
    assert poses.score.dtype == np.float32 and (poses.score == 0).all()


def test_frames_of_any_size_need_free_axes(graphs: ModuleType, tmp_path: Path) -> None:
    outputs = {"dets": np.zeros((1, 0, 5), np.float32), "labels": np.zeros((1, 0), np.int64)}
    wants = {"area": 4096, "multiple": 32, "layout": "nchw"}
    card = {"task": "detect", "input": wants, "decoder": {"kind": "boxes"}}
    fixed = graphs.constant(tmp_path / "a", outputs, card, shape=[1, 3, 64, 64], a_picture=False)
    with pytest.raises(
        ModelError, match=r"any size, as the card's area and multiple say, got \(1, 3, 64, 64\)"
    ):
        Detector(load(str(fixed), "detect"))
    four = graphs.constant(tmp_path / "b", outputs, card, shape=[4, 3, "h", "w"], a_picture=False)
    with pytest.raises(ModelError, match="takes one picture, got one for 4 at a time"):
        Detector(load(str(four), "detect"))
    half = card | {"input": {"area": 4096}}
    with pytest.raises(ModelError, match="Expected multiple under 'input', got no multiple"):
        Detector(load(str(graphs.constant(tmp_path / "c", outputs, half, shape=[1, 3, "h", "w"])), "detect"))
    free = graphs.constant(tmp_path / "d", outputs, card, shape=[1, 3, "h", "w"], a_picture=False)
    assert Detector(load(str(free), "detect"))(np.zeros((50, 90, 3), np.uint8)).shape == (0, 5)


def test_every_kind_and_entry_stands_in_the_reference() -> None:
    page = (Path(bodyverb.__file__).parents[2] / "docs" / "reference" / "cards.md").read_text(
        encoding="utf-8"
    )
    words = set(re.findall(r"`(?:decoder\.)?(\w+)`", page))
    assert decoders.names() == ("boxes", "centre", "gaussian", "people", "regression", "simcc", "softmax",
                                "yolo_pose", "yolox")  # fmt: skip
    assert decoders.names("people") == ("people", "yolo_pose")
    for kind in decoders.names():
        entries = decoders._REGISTRY.load(kind).ENTRIES
        assert {kind, *entries} <= words, (kind, {kind, *entries} - words)
    assert {*CROP, *FRAME} <= words


ROOT = Path(bodyverb.__file__).parents[2]
BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)
CARDS = [
    *(
        json.loads(text)
        for text in BLOCK.findall((ROOT / "docs/how-to/own-models.md").read_text(encoding="utf-8"))
    ),
    *(
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((WEIGHTS.parent / "infer").glob("*/*.json"))
    ),
]


LENGTHS: dict[str | int, int] = {"n": 1, "people": 6, "5 + classes": 6, "h": 64, "w": 48}
DTYPES = {"labels": np.int64}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card["name"])
def test_the_cards_that_are_shown_work(graphs: ModuleType, tmp_path: Path, card: dict[str, Any]) -> None:
    """Each with a network of zeros that has the inputs and outputs it speaks of."""
    (tmp_path / "model.onnx").touch()
    (tmp_path / "card.json").write_text(json.dumps(card | {"file": "model.onnx"}))
    read = Card.read(tmp_path / "card.json")
    kind = decoders.of(read)
    joints = len(skeletons.get(card["skeleton"])) if "skeleton" in card else 0
    shapes = kind.build(read, ["output"], joints).shapes
    frame = kind.GIVES != "joints"
    outputs = {
        name: np.zeros([LENGTHS.get(length, length) for length in shape], DTYPES.get(name, np.float32))
        for name, shape in shapes.items()
    }
    across, down = card["input"]["size"]
    shape = [3, down, across] if card["input"]["layout"] == "nchw" else [down, across, 3]
    known = {key: value for key, value in card.items() if key != "sha256"} | {"file": "model.onnx"}
    place = graphs.constant(tmp_path / "net", outputs, known, shape=[1, *shape], a_picture=not frame)
    image = np.zeros((90, 120, 3), np.uint8)
    if frame:
        assert Detector(load(str(place), "detect", "pose"))(image).shape == (0, 5)
    if kind.GIVES == "people":
        assert len(OneStage(load(str(place), "pose"))(image)) == 0
    if not frame:
        position, score = PoseEstimator(load(str(place), "pose"))(image, np.array([[10, 10, 40, 70]]))
        assert position.shape == (1, joints, 2) and np.isfinite(position).all() and (score <= 0.5).all()


def test_enough_cards_are_shown() -> None:
    assert {card["decoder"]["kind"] for card in CARDS} == set(decoders.names()) - {"softmax", "centre"}
