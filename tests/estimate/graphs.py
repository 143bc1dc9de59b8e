"""Networks of a few nodes that look at bright things, and networks of constants; the fixture `graphs`.

Their outputs have the names, shapes and meaning of the published ones; what they say is known.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BRIGHT = 127.0
KINDS = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.float16): TensorProto.FLOAT16,
         np.dtype(np.uint8): TensorProto.UINT8, np.dtype(np.int64): TensorProto.INT64}  # fmt: skip


class Graph:
    """Nodes one after the other; `op` returns the name of what a node puts out."""

    def __init__(self, shape: Sequence[int | str], dtype: Any = np.float32, name: str = "input") -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs = [helper.make_tensor_value_info(name, KINDS[np.dtype(dtype)], list(shape))]
        self.picture = self.op("Cast", name, to=TensorProto.FLOAT)

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [f"t{len(self.nodes)}"], **attributes))
        return self.nodes[-1].output[0]

    def save(
        self,
        folder: Path,
        outputs: Mapping[str, tuple[str, Sequence[int | str] | None, Any]],
        card: Mapping[str, Any],
    ) -> Path:
        """Write model.onnx and card.json; `outputs`: name -> (node's output, declared shape, dtype)."""
        declared = []
        for name, (inner, shape, dtype) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [inner], [name]))
            declared.append(
                helper.make_tensor_value_info(
                    name, KINDS[np.dtype(dtype)], None if shape is None else list(shape)
                )
            )
        graph = helper.make_graph(self.nodes, "g", self.inputs, declared, self.constants)
        folder.mkdir(parents=True, exist_ok=True)
        opset = [helper.make_opsetid("", 17)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx")
        head = {"name": folder.name, "task": "pose", "file": "model.onnx", "licence": "Apache-2.0"}
        (folder / "card.json").write_text(json.dumps(head | dict(card)))
        return folder


def constant(
    folder: Path,
    values: Mapping[str, np.ndarray],
    card: Mapping[str, Any],
    *,
    shape: Sequence[int | str],
    dtype: Any = np.float32,
    declared: Mapping[str, Sequence[int | str] | None] | None = None,
    a_picture: bool = True,
) -> Path:
    """A network that says the same of every picture; with `a_picture` once for each picture of the batch."""
    graph, outputs = Graph(shape, dtype), {}
    mean = graph.op("ReduceMean", graph.picture, axes=[1, 2, 3], keepdims=0)
    nothing = graph.op("Mul", mean, graph.constant(0.0))
    for name, value in values.items():
        axes = graph.constant(range(1, value.ndim), np.int64)
        zeros = graph.op("Cast", graph.op("Unsqueeze", nothing, axes), to=KINDS[value.dtype])
        there = graph.constant(value, value.dtype)
        put = graph.op("Add", there, zeros) if a_picture else there
        axis: list[int | str] = (
            ["n" if isinstance(shape[0], str) else shape[0]] if a_picture else [len(value)]
        )
        given = (declared or {}).get(name, [*axis, *value.shape[1:]])
        outputs[name] = (put, given, value.dtype)
    return graph.save(folder, outputs, card)


def _bounds(graph: Graph, mask: str) -> list[str]:
    """x1, y1, x2, y2, each (1, 1), of a mask (1, h, w): corners, counted from the corner."""
    one, found = graph.constant(1.0), {}
    for axis, name in ((1, "x"), (2, "y")):
        line = graph.op("ReduceMax", mask, axes=[axis], keepdims=0)
        first = graph.op("ArgMax", line, axis=1, keepdims=1)
        last = graph.op("ArgMax", line, axis=1, keepdims=1, select_last_index=1)
        found[name + "1"] = graph.op("Cast", first, to=TensorProto.FLOAT)
        found[name + "2"] = graph.op("Add", graph.op("Cast", last, to=TensorProto.FLOAT), one)
    return [found[name] for name in ("x1", "y1", "x2", "y2")]


def _mask(graph: Graph) -> str:
    """(1, h, w): 1 where the first channel of a picture (1, 3, h, w) is bright and the others are not."""
    weights = graph.constant(np.array([1, -0.5, -0.5], np.float32).reshape(1, 3, 1, 1))
    redness = graph.op(
        "ReduceSum", graph.op("Mul", graph.picture, weights), graph.constant([1], np.int64), keepdims=0
    )
    return graph.op("Cast", graph.op("Greater", redness, graph.constant(BRIGHT)), to=TensorProto.FLOAT)


def boxes_of_red(
    folder: Path,
    card: Mapping[str, Any],
    size: tuple[int, int],
    parts: int = 1,
    joints: Sequence[Sequence[float]] = (),
) -> Path:
    """A network in the form of RTMDet, or with `joints` of RTMO: a box round what is red in each strip.

    Joints stand at given shares (x, y) of the box, counted from the centre of the first pixel, as sure as the
    box; a strip without red gives a row of score 0.
    """
    graph = Graph([1, 3, size[1], size[0]])
    mask, rows, points = _mask(graph), [], []
    for part in range(parts):
        strip = np.zeros((1, 1, size[0]), np.float32)
        strip[..., part * size[0] // parts : (part + 1) * size[0] // parts] = 1
        mine = graph.op("Mul", mask, graph.constant(strip))
        score = graph.op("ReduceMax", mine, axes=[2], keepdims=0)
        score = graph.op("ReduceMax", score, axes=[1], keepdims=1)
        x1, y1, x2, y2 = _bounds(graph, mine)
        rows.append(graph.op("Concat", x1, y1, x2, y2, score, axis=1))
        half = graph.constant(0.5)
        for share_x, share_y in joints:
            placed = []
            for low, high, share in ((x1, x2, share_x), (y1, y2, share_y)):
                moved = graph.op("Mul", graph.op("Sub", high, low), graph.constant(share))
                placed.append(graph.op("Sub", graph.op("Add", low, moved), half))
            points.append(graph.op("Concat", *placed, score, axis=1))
    zero = graph.constant([0], np.int64)
    found = graph.op("Unsqueeze", graph.op("Concat", *rows, axis=0), zero)
    if not joints:
        labels = graph.constant(np.zeros((1, parts)), np.int64)
        return graph.save(
            folder, {"dets": (found, [1, "k", 5], np.float32), "labels": (labels, [1, "k"], np.int64)}, card
        )
    shape = graph.constant([1, parts, len(joints), 3], np.int64)
    keypoints = graph.op("Reshape", graph.op("Concat", *points, axis=0), shape)
    outputs = {
        "dets": (found, [1, "k", 5], np.float32),
        "keypoints": (keypoints, [1, "k", len(joints), 3], np.float32),
    }
    return graph.save(folder, outputs, card)


def simcc_of_red(
    folder: Path, card: Mapping[str, Any], size: tuple[int, int], split: int, joints: int
) -> Path:
    """A network in the form of RTMPose: every joint where the picture is reddest; bins between are 0."""
    graph = Graph(["n", 3, size[1], size[0]])
    weights = graph.constant(np.array([1, -0.5, -0.5], np.float32).reshape(1, 3, 1, 1) / 255)
    axis = graph.constant([1], np.int64)
    redness = graph.op(
        "Relu", graph.op("ReduceSum", graph.op("Mul", graph.picture, weights), axis, keepdims=0)
    )
    outputs = {}
    for name, along, length in (("simcc_x", 1, size[0]), ("simcc_y", 2, size[1])):
        line = graph.op("ReduceMax", redness, axes=[along], keepdims=1)
        line = graph.op("Reshape", line, graph.constant([0, 1, length, 1], np.int64))
        line = graph.op("Pad", line, graph.constant([0, 0, 0, 0, 0, 0, 0, split - 1], np.int64))
        line = graph.op("Reshape", line, graph.constant([0, 1, length * split], np.int64))
        every = graph.op("Expand", line, graph.constant([1, joints, 1], np.int64))
        outputs[name] = (every, ["n", joints, length * split], np.float32)
    return graph.save(folder, outputs, card)
