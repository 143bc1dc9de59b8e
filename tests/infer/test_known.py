"""The catalogue: every card is complete and fits a network of the shape that it describes."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bodyverb.cli._check_model import check_model
from bodyverb.core import InputError, ModelError
from bodyverb.infer import find
from bodyverb.infer.known import CARDS, Known, known, known_named, need_known

NAMES = [path.stem for path in sorted(CARDS.glob("*.json"))]


def entry(name: str) -> Known:
    found = known_named(name)
    assert found is not None
    return found


def test_what_is_there() -> None:
    assert {"rtmpose-t", "rtmpose-s", "rtmpose-m", "rtmo-s", "rtmdet-nano", "yolox-tiny"} <= set(NAMES)
    assert sorted(item.name for item in known()) == NAMES
    with pytest.raises(InputError, match=r"rtmpose-m.*: nonsense$"):
        need_known("nonsense")


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_complete(name: str) -> None:
    item = entry(name)
    assert item.name == name and item.task in ("pose", "detect") and 1e6 < item.size < 1e8
    for address in item.addresses:
        assert urlsplit(address).scheme == "https" and urlsplit(address).path.endswith((".zip", ".onnx"))
        assert (item.member is not None) == address.endswith(".zip")
    assert len(set(item.addresses)) == len(item.addresses) >= 1
    assert item.sha256 is None or (len(item.sha256) == 64 and set(item.sha256) <= set("0123456789abcdef"))
    facts = item.facts
    assert facts["licence"].startswith("Apache-2.0") and "trained on" in facts["licence"]
    assert all(0 < value < 1 for value in facts["quality"].values())
    assert "published by its authors" in next(iter(facts["quality"]))
    assert "official: " in facts["source"]["found"] and facts["limits"] and facts["paper"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_was_not_pulled_says_how(name: str) -> None:
    with pytest.raises(ModelError, match=rf"`bodyverb models pull {name}` \(\d+ MB\)"):
        find(name, entry(name).task)


def outputs(item: Known) -> dict[str, tuple[int | str, ...]]:
    """Outputs of the published network, by name."""
    width, height = item.facts["input"]["size"]
    cells = sum((width // stride) * (height // stride) for stride in (8, 16, 32))
    return {
        "simcc": {"simcc_x": ("n", 17, 2 * width), "simcc_y": ("n", 17, 2 * height)},
        "people": {"dets": (1, 50, 5), "keypoints": (1, 50, 17, 3)},
        "boxes": {"dets": (1, 50, 5), "labels": (1, 50)},
        "yolox": {"output": (1, cells, 85)},
    }[item.facts["decoder"]["kind"]]


def network(item: Known, shapes: dict[str, tuple[int | str, ...]]) -> onnx.ModelProto:
    """A network with these outputs, all 0.5, for every picture of the batch."""
    width, height = item.facts["input"]["size"]
    nodes, tensors, values = [], [], []
    nodes.append(helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=1))
    nodes.append(helper.make_node("Mul", ["mean", "zero"], ["nothing"]))
    for name, shape in shapes.items():
        whole = name == "labels"
        kind, dtype = (TensorProto.INT64, np.int64) if whole else (TensorProto.FLOAT, np.float32)
        plain = [1 if isinstance(length, str) else length for length in shape]
        tensors.append(numpy_helper.from_array(np.full(plain, 0 if whole else 0.5, dtype), f"{name}_at"))
        values.append(helper.make_tensor_value_info(name, kind, list(shape)))
        if whole:
            nodes.append(helper.make_node("Identity", [f"{name}_at"], [name]))
            continue
        rank = np.array([-1] + [1] * (len(shape) - 1), np.int64)
        tensors.append(numpy_helper.from_array(rank, f"{name}_rank"))
        nodes.append(helper.make_node("Reshape", ["nothing", f"{name}_rank"], [f"{name}_nothing"]))
        nodes.append(helper.make_node("Add", [f"{name}_at", f"{name}_nothing"], [name]))
    tensors.append(numpy_helper.from_array(np.zeros(1, np.float32), "zero"))
    batch = "n" if item.facts["decoder"]["kind"] == "simcc" else 1
    taken = helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, height, width])
    graph = helper.make_graph(nodes, "shape", [taken], values, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write(folder: Path, item: Known, model: onnx.ModelProto) -> Path:
    onnx.save(model, folder / "model.onnx")
    (folder / "card.json").write_text(json.dumps({**item.facts, "file": "model.onnx", "sha256": None}))
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_card_fits_a_network_of_its_shape_and_no_other(name: str, tmp_path: Path) -> None:
    item = entry(name)
    shapes = outputs(item)
    assert "ms on CPUExecutionProvider" in check_model(write(tmp_path, item, network(item, shapes)))
    first = next(iter(shapes))
    axis = 1 if first == "output" else -1  # YOLOX may have any number of classes, but only so many cells
    lengths = list(shapes[first])
    lengths[axis] = 7
    wrong = shapes | {first: tuple(lengths)}
    with pytest.raises(ModelError, match=rf"output '{first}'.*correct the card"):
        check_model(write(tmp_path, item, network(item, wrong)))
