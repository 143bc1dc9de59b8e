"""A tiny network that looks at two people, and people to look at."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bodyverb.core import PoseSequence
from bodyverb.datasets.synth import motions

CLASSES = ("approach", "part", "stay")
SCALE = 100.0
"""px a metre in `walker`."""


def write_approach(folder: Path, **card: object) -> Path:
    """Write a network that compares the distance of two people at the end of a window with that at its begin;
    NaN joints are left out; whatever it sees is known to it."""
    constants = {
        "zero": np.zeros((), np.float32),
        "one": np.ones((), np.float32),
        "joints": np.array([3], np.int64),
        "space": np.array([2], np.int64),
        "column": np.array([1], np.int64),
        "first": np.array(0, np.int64),
        "second": np.array(1, np.int64),
        "last": np.array(-1, np.int64),
        "weight": np.array([[-20, 20, 0]], np.float32),
        "bias": np.array([[0, 0, 2]], np.float32),
        "sure": np.array(4, np.float32),
    }
    node = helper.make_node
    nodes = [
        node("IsNaN", ["position"], ["gone"]),
        node("Where", ["gone", "zero", "position"], ["clean"]),
        node("Not", ["gone"], ["here"]),
        node("Cast", ["here"], ["there"], to=TensorProto.FLOAT),
        node("ReduceSum", ["clean", "joints"], ["sum"], keepdims=0),
        node("ReduceSum", ["there", "joints"], ["count"], keepdims=0),
        node("Max", ["count", "one"], ["number"]),
        node("Div", ["sum", "number"], ["middle"]),
        node("Gather", ["middle", "first"], ["a"], axis=1),
        node("Gather", ["middle", "second"], ["b"], axis=1),
        node("Sub", ["a", "b"], ["way"]),
        node("Mul", ["way", "way"], ["square"]),
        node("ReduceSum", ["square", "space"], ["squares"], keepdims=0),
        node("Sqrt", ["squares"], ["distance"]),
        node("Add", ["distance", "one"], ["far"]),
        node("Gather", ["far", "first"], ["before"], axis=1),
        node("Gather", ["far", "last"], ["after"], axis=1),
        node("Div", ["after", "before"], ["ratio"]),
        node("Log", ["ratio"], ["growth"]),
        node("Unsqueeze", ["growth", "column"], ["grown"]),
        node("Mul", ["grown", "weight"], ["rates"]),
        node("Add", ["rates", "bias"], ["logits"]),
        node("Mul", ["growth", "zero"], ["nothing"]),
        node("Add", ["nothing", "sure"], ["known"]),
    ]
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)  # noqa: E731
    graph = helper.make_graph(
        nodes,
        "approach",
        [value("position", ["n", 2, "t", "j", 2])],
        [value("logits", ["n", 3]), value("known", ["n"])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    facts = {
        "name": "approach",
        "task": "verbs",
        "file": "model.onnx",
        "licence": "Apache-2.0",
        "input": {"position": ["n", 2, "t", "j", 2]},
        "skeleton": "penn13",
        "classes": CLASSES,
        "persons": 2,
        "window_s": 1.0,
        "stride_s": 0.25,
        "steps": 8,
    }
    (folder / "card.json").write_text(json.dumps(facts | card))
    return folder


@pytest.fixture(scope="session")
def approach(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that network."""
    return write_approach(tmp_path_factory.mktemp("approach"))


def _walker(
    person_id: str,
    x: Callable[[np.ndarray], np.ndarray],
    seconds: float = 6.0,
    rate_hz: float = 10.0,
    **span: float,
) -> PoseSequence:
    """A procedural walk seen from the side, `SCALE` px a metre, whose middle is `x(time)` px; there from
    `start` to `end` s."""
    seed = sum(map(ord, person_id))
    steps = motions.motion(
        "walk", rng=np.random.default_rng(seed), duration_s=seconds, rate_hz=rate_hz, layout="penn13"
    )
    times, body = steps.timestamps_s, steps.position[0]
    position = np.stack([SCALE * body[..., 2] + x(times)[:, None], 300 - SCALE * body[..., 1]], axis=-1)
    there = (times >= span.get("start", 0.0) - 1e-9) & (times <= span.get("end", seconds) + 1e-9)
    return PoseSequence.from_arrays(
        position[there],
        skeleton=steps.skeleton,
        timestamps_s=times[there],
        image_size=(2000, 400),
        person_ids=(person_id,),
    )


@pytest.fixture
def walker() -> Callable[..., PoseSequence]:
    """Makes a walking person."""
    return _walker
