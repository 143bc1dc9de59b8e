"""Tiny networks with cards, made on the spot, and clips of red people; the fixture `tiny` is this file.

A finder of red patches, joints at fixed places of a red body, and a classifier that is sure of squats.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bodyverb.media import VideoWriter, write_image

CANVAS = (80, 64)
STRIDE = 4
CROP = (32, 32)
JOINTS = 14
PATCH = (18.0, 36.0)
"""Width and height of the people that `clips` draws, in px of a 160 x 128 picture."""


def write_all(folder: Path) -> dict[str, Path]:
    """Write the three networks under the names of the bundled ones; returns task -> folder."""
    makers = {
        "detect": ("finder", _finder),
        "pose": ("pose-lite", _pose),
        "verbs": ("verbs-everyday", _verbs),
    }
    written = {}
    for task, (name, make) in makers.items():
        place = folder / name
        place.mkdir(parents=True)
        model, card = make()
        onnx.save(model, place / "model.onnx")
        head = {"name": name, "task": task, "file": "model.onnx", "licence": "Apache-2.0"}
        (place / "card.json").write_text(json.dumps(head | card))
        written[task] = place
    return written


def _model(nodes: list, inputs: list, outputs: list, constants: dict[str, np.ndarray]) -> onnx.ModelProto:
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _value(name: str, shape: list, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _finder() -> tuple[onnx.ModelProto, dict]:
    """Redness, averaged over a person's size: its peaks are the centres; every box has the same size."""
    wide, tall = (int(side / 2 / STRIDE) | 1 for side in PATCH)
    weight = np.zeros((1, 3, STRIDE, STRIDE), np.float32)
    weight[0, 0], weight[0, 1], weight[0, 2] = 1, -0.5, -0.5
    constants = {
        "weight": weight / (255 * STRIDE * STRIDE),
        "box": np.full((1, 1, tall, wide), 1 / (tall * wide), np.float32),
        "half": np.array([PATCH[0], PATCH[1]] * 2, np.float32).reshape(1, 4, 1, 1) / 4 / STRIDE,
        "zero": np.zeros(1, np.float32),
    }
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "weight"], ["red"], strides=[STRIDE, STRIDE]),
        helper.make_node("Conv", ["red", "box"], ["near"], pads=[tall // 2, wide // 2] * 2),
        helper.make_node("Relu", ["near"], ["centre"]),
        helper.make_node("Mul", ["centre", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "half"], ["sides"]),
    ]
    shape = [1, CANVAS[1] // STRIDE, CANVAS[0] // STRIDE]
    model = _model(
        nodes,
        [_value("image", [1, CANVAS[1], CANVAS[0], 3])],
        [_value("centre", [1, *shape]), _value("sides", [1, 4, *shape[1:]])],
        constants,
    )
    return model, {
        "input": {"name": "image", "size": list(CANVAS), "layout": "nhwc"},
        "decoder": {"kind": "centre", "stride": STRIDE, "threshold": 0.3},
    }


_RIGHT_LEG, _LEFT_LEG = [(-3, 12), (-3, 6), (-2, 1)], [(2, 1), (3, 6), (3, 12)]
_RIGHT_ARM, _LEFT_ARM = [(-6, 1), (-6, -3), (-4, -7)], [(4, -7), (6, -3), (6, 1)]
OFFSETS = np.array([*_RIGHT_LEG, *_LEFT_LEG, *_RIGHT_ARM, *_LEFT_ARM, (0, -8), (0, -12)]) // 2
"""(x, y) of the joints of lsp14 from the middle of the body, in cells of 2 px of the crop."""


def _pose() -> tuple[onnx.ModelProto, dict]:
    """A map a joint: the redness under a body-sized patch, moved to where the joint is."""
    size, reach = CROP[0] // 2, 15
    shift = np.zeros((JOINTS, 1, 2 * reach + 1, 2 * reach + 1), np.float32)
    for joint, (x, y) in enumerate(OFFSETS):
        shift[joint, 0, reach - y - 6 : reach - y + 7, reach - x - 3 : reach - x + 4] = 60 / (7 * 13)
    constants = {
        "weight": np.array([1, -0.5, -0.5], np.float32).reshape(1, 3, 1, 1).repeat(2, 2).repeat(2, 3) / 1020,
        "shift": shift,
        "sure": np.full((1, JOINTS), 3, np.float32),
        "zero": np.zeros(1, np.float32),
    }
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "weight"], ["red"], strides=[2, 2]),
        helper.make_node("Conv", ["red", "shift"], ["heatmap"], pads=[reach] * 4),
        helper.make_node("ReduceMean", ["heatmap"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "sure"], ["visibility"]),
    ]
    model = _model(
        nodes,
        [_value("image", ["n", CROP[1], CROP[0], 3])],
        [_value("heatmap", ["n", JOINTS, size, size]), _value("visibility", ["n", JOINTS])],
        constants,
    )
    return model, {
        "skeleton": "lsp14",
        "input": {"name": "image", "size": list(CROP), "layout": "nhwc", "padding": 1.25},
        "decoder": {"kind": "softmax", "heatmap": "heatmap", "visibility": "visibility"},
    }


def _verbs() -> tuple[onnx.ModelProto, dict]:
    """Squat, a little surer the more joints there are; anything is known."""
    constants = {"bias": np.array([[0, 3, 0]], np.float32), "sure": np.array([4], np.float32)}
    nodes = [
        helper.make_node("ReduceMean", ["score"], ["share"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Add", ["share", "sure"], ["known"]),
        helper.make_node("Unsqueeze", ["share", "axis"], ["column"]),
        helper.make_node("Add", ["column", "bias"], ["logits"]),
    ]
    model = _model(
        nodes,
        [_value("score", ["n", "p", "t", "j"])],
        [_value("logits", ["n", 3]), _value("known", ["n"])],
        constants | {"axis": np.array([1], np.int64)},
    )
    return model, {
        "skeleton": "penn13",
        "classes": ["bowl", "squat", "pullup"],
        "window_s": 1.0,
        "stride_s": 0.25,
        "steps": 8,
        "input": {"score": ["n", "p", "t", "j"]},
    }


SIZE = (160, 128)


def picture(time_s: float, people: int = 1, size: tuple[int, int] = SIZE, seed: int = 0) -> np.ndarray:
    """(h, w, 3) RGB: red people of 18 x 36 px going up and down; noise that changes with time."""
    rng = np.random.default_rng([seed, round(time_s * 1000)])
    image = rng.integers(40, 70, (size[1], size[0], 3), np.uint8)
    for person in range(people):
        x = round(size[0] * (person + 1) / (people + 1) + 6 * np.sin(2 * time_s + person))
        y = round(size[1] / 2 + 14 * np.sin(4 * time_s + 2 * person))
        body = image[max(0, y - 18) : y + 18, max(0, x - 9) : x + 9]
        body[..., 0] = 230
        body[..., 1:] = rng.integers(0, 60, (*body.shape[:2], 2), np.uint8)
    return image


def write_clip(
    path: Path, seconds: float = 2.0, rate: float = 15.0, people: int = 1, size: tuple[int, int] = SIZE
) -> Path:
    """Write an mp4 of such pictures."""
    with VideoWriter(path, size, rate) as writer:
        for k in range(round(seconds * rate)):
            writer.write(picture(k / rate, people, size), k / rate)
    return path


def write_pictures(folder: Path, count: int = 4, people: Sequence[int] = (1,)) -> list[Path]:
    """Write a folder of such pictures as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{k:03d}.png" for k in range(count)]
    for k, path in enumerate(paths):
        write_image(path, picture(k / 15, people[k % len(people)]))
    return paths
