"""Boxes with joints from one network: RTMO's form and the tables of the YOLO pose family."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bodyverb.core import InputError, ModelError, Skeleton
from bodyverb.estimate.detector import Detector
from bodyverb.estimate.one_stage import OneStage, is_one_stage
from bodyverb.estimate.pose import PoseEstimator
from bodyverb.estimate.whole_frame import FramePoses, WholeFrameEstimator
from bodyverb.infer import load

SIZE = (80, 64)
PICTURE = (160, 128)
JOINTS = 17
IMAGE = np.zeros((PICTURE[1], PICTURE[0], 3), np.uint8)


def card(**decoder: Any) -> dict[str, Any]:
    wants = {"size": list(SIZE), "layout": "nchw", "channels": "bgr", "border": 114}
    return {"task": "pose", "skeleton": "coco17", "input": wants, "decoder": decoder}


def network(graphs: ModuleType, folder: Path, outputs: dict[str, np.ndarray], **decoder: Any) -> Path:
    return graphs.constant(folder, outputs, card(**decoder), shape=[1, 3, SIZE[1], SIZE[0]], a_picture=False)


def people(count: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 5) in a canvas of SIZE, far from each other, falling scores; joints (n, 17, 3) in them."""
    rng = np.random.default_rng(seed)
    low = np.stack([np.arange(count) * 24 + 4, np.full(count, 6)], 1).astype(float)
    boxes = np.concatenate([low, np.add(low, (18, 40)), np.linspace(0.9, 0.6, count)[:, None]], 1)
    share = rng.uniform(0, 1, (count, JOINTS, 2))
    joints = np.concatenate([low[:, None] + share * [18, 40], rng.uniform(0.1, 0.95, (count, JOINTS, 1))], 2)
    return boxes.astype(np.float32), joints.astype(np.float32)


def check(found: FramePoses, boxes: np.ndarray, joints: np.ndarray) -> None:
    """In a picture of twice the size: edges of boxes on edges of pixels, joints on centres."""
    expected = np.concatenate([boxes[:, :4] * 2 - 0.5, boxes[:, 4:]], 1)
    np.testing.assert_allclose(found.boxes, expected, atol=1e-3)
    np.testing.assert_allclose(found.position, (joints[..., :2] + 0.5) * 2 - 0.5, atol=1e-3)
    np.testing.assert_allclose(found.score, joints[..., 2], atol=1e-6)


def test_people_of_rtmo(graphs: ModuleType, tmp_path: Path) -> None:
    boxes, joints = people()
    place = network(graphs, tmp_path / "net", {"dets": boxes[None], "keypoints": joints[None]}, kind="people")
    estimator: WholeFrameEstimator = OneStage(load(str(place), "pose"))
    check(estimator(IMAGE), boxes, joints)
    assert estimator.skeleton.name == "coco17" and estimator.card.name == "net"
    assert estimator.provider == "CPUExecutionProvider" and is_one_stage(estimator.card)


def test_the_same_network_as_a_mere_detector(graphs: ModuleType, tmp_path: Path) -> None:
    boxes, joints = people()
    place = network(graphs, tmp_path / "net", {"dets": boxes[None], "keypoints": joints[None]}, kind="people")
    found = Detector(load(str(place), "detect", "pose"))(IMAGE)
    np.testing.assert_allclose(found[:, :4], boxes[:, :4] * 2 - 0.5, atol=1e-4)
    with pytest.raises(ModelError, match="gaussian, regression, simcc, softmax here, got people"):
        PoseEstimator(load(str(place), "pose"))


def test_a_joint_stands_where_the_network_sees_it(graphs: ModuleType, tmp_path: Path) -> None:
    """The joint at share 0 lies on the edge of the red pixels; one half a px further in on a centre."""
    shares = np.linspace(0, 1, JOINTS)
    place = graphs.boxes_of_red(
        tmp_path / "net", card(kind="people") | {"input": card()["input"] | {"channels": "rgb"}}, SIZE, 2,
        np.stack([shares, shares[::-1]], 1).tolist(),
    )  # fmt: skip
    image = IMAGE.copy()
    image[20:80, 20:60, 0] = image[40:100, 100:120, 0] = 255
    found = OneStage(load(str(place), "pose"))(image)
    np.testing.assert_allclose(
        found.boxes, [[19.5, 19.5, 59.5, 79.5, 1], [99.5, 39.5, 119.5, 99.5, 1]], atol=1e-3
    )
    for person, (x, y, width, height) in zip(
        found.position, ((20, 20, 40, 60), (100, 40, 20, 60)), strict=True
    ):
        expected = np.stack([x + shares * width, y + shares[::-1] * height], 1) - 0.5
        np.testing.assert_allclose(person, expected, atol=1e-3)
    image[:, 80:] = 0
    assert len(OneStage(load(str(place), "pose"))(image)) == 1
    assert len(OneStage(load(str(place), "pose"))(IMAGE)) == 0


def table(boxes: np.ndarray, joints: np.ndarray, values: list[str], joint: list[str]) -> np.ndarray:
    """(n, columns) as the names say."""
    x1, y1, x2, y2, score = boxes.T
    columns = {
        "x": (x1 + x2) / 2, "y": (y1 + y2) / 2, "w": x2 - x1, "h": y2 - y1,
        "x1": x1, "y1": y1, "x2": x2, "y2": y2,
        "class": np.zeros(len(boxes)), "-": np.full(len(boxes), 7.0), "score": score,
    }  # fmt: skip
    if "object" in values:
        columns |= {"object": np.full(len(boxes), 0.95), "score": score / 0.95}
    points = {
        "x": joints[..., 0],
        "y": joints[..., 1],
        "score": joints[..., 2],
        "-": np.full(joints.shape[:2], 9.0),
    }
    flat = np.stack([points[name] for name in joint], -1).reshape(len(boxes), -1)
    return np.concatenate([np.stack([columns[name] for name in values], 1), flat], 1).astype(np.float32)


BEFORE = ["x", "y", "w", "h", "score"]
FORMS: list[dict[str, Any]] = [
    {},
    {"values": BEFORE, "rows": "people"},
    {"values": ["x", "y", "w", "h", "object", "score"], "rows": "people"},
    {"values": ["x1", "y1", "x2", "y2", "score", "class"], "rows": "people"},
    {"values": ["x1", "y1", "x2", "y2", "-", "score"], "joint": ["y", "x", "-", "score"]},
]


@pytest.mark.parametrize("form", FORMS)
def test_tables_of_people(graphs: ModuleType, tmp_path: Path, form: dict[str, Any]) -> None:
    boxes, joints = people()
    rows = table(boxes, joints, form.get("values", BEFORE), form.get("joint", ["x", "y", "score"]))
    rows = np.concatenate([rows[::-1], rows * [*[0] * rows.shape[1]]]).astype(
        np.float32
    )  # any order, then padding
    given = rows[None] if form.get("rows") == "people" else rows.T[None]
    place = network(graphs, tmp_path / "net", {"output0": given}, kind="yolo_pose", **form)
    check(OneStage(load(str(place), "pose"))(IMAGE), boxes, joints)


def test_doubles_other_classes_and_weak_ones_are_left_out(graphs: ModuleType, tmp_path: Path) -> None:
    boxes, joints = people()
    values = ["x1", "y1", "x2", "y2", "score", "class"]
    rows = table(boxes, joints, values, ["x", "y", "score"])
    double, other, weak = rows.copy(), rows.copy(), rows.copy()
    double[:, :4] += 0.5
    double[:, 4] -= 0.05
    other[:, 5], other[:, 4], weak[:, 4] = 1, 0.99, 0.2
    given = np.concatenate([weak, other, double, rows])[None]
    place = network(graphs, tmp_path / "net", {"out": given}, kind="yolo_pose", values=values, rows="people")
    check(OneStage(load(str(place), "pose"))(IMAGE), boxes, joints)
    assert len(OneStage(load(str(place), "pose"), threshold=0.7)(IMAGE)) == 2


def test_joints_without_scores_are_as_sure_as_their_box(graphs: ModuleType, tmp_path: Path) -> None:
    boxes, joints = people()
    given = table(boxes, joints, BEFORE, ["x", "y"]).T[None]
    place = network(graphs, tmp_path / "net", {"out": given}, kind="yolo_pose", joint=["x", "y"])
    found = OneStage(load(str(place), "pose"))(IMAGE)
    np.testing.assert_allclose(found.score, np.repeat(boxes[:, 4:], JOINTS, 1), atol=1e-6)


def test_joints_that_are_no_numbers_are_absent(graphs: ModuleType, tmp_path: Path) -> None:
    boxes, joints = people()
    joints[0, 3, 0], joints[0, 4, 2], joints[1, 5, 1] = np.nan, np.nan, -np.inf
    joints[1, 6, 2], joints[2, 7, 0], joints[2, 8, 2], joints[2, 9, 2] = np.inf, 1e30, 1.7, -0.2
    boxes[2, 4], boxes[0, 4] = 1.3, np.nan
    place = network(graphs, tmp_path / "net", {"dets": boxes[None], "keypoints": joints[None]}, kind="people")
    found = OneStage(load(str(place), "pose"))(IMAGE)
    assert len(found) == 2 and found.boxes[0, 4] == 1  # 2, then 1; whose score is NaN is nobody
    absent = np.isnan(found.position).all(-1)
    assert absent[0].nonzero()[0].tolist() == [7] and absent[1].nonzero()[0].tolist() == [5, 6]
    assert (found.score[absent] == 0).all() and np.isfinite(found.score).all()
    assert found.score[0, 8] == 1 and found.score[0, 9] == 0 and np.isfinite(found.position[~absent]).all()


def test_nobody(graphs: ModuleType, tmp_path: Path) -> None:
    empty = {"dets": np.zeros((1, 0, 5), np.float32), "keypoints": np.zeros((1, 0, JOINTS, 3), np.float32)}
    found = OneStage(load(str(network(graphs, tmp_path / "a", empty, kind="people")), "pose"))(IMAGE)
    rows = {"out": np.zeros((1, 5 + 3 * JOINTS, 7), np.float32)}
    also = OneStage(load(str(network(graphs, tmp_path / "b", rows, kind="yolo_pose")), "pose"))(IMAGE)
    for poses in (found, also):
        assert len(poses) == 0 and poses.boxes.shape == (0, 5) and poses.position.shape == (0, JOINTS, 2)
        assert poses.score.shape == (0, JOINTS) and poses.extras == {}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"values": ["x", "y", "w", "score"]}, "x y w h or x1 y1 x2 y2"), ({"rows": "columns"}, "values, p"),
        ({"values": ["x", "y", "w", "h"]}, "and score"), ({"joint": ["x", "score"]}, "x and y"),
        ({"values": ["x", "y", "w", "h", "x1", "score"]}, "x y w h"), ({"object": 4}, "got object"),
        ({"values": [*BEFORE, "score"]}, "each column once"), ({"values": [*BEFORE, "size"]}, "one of x, y"),
        ({"rows": "people"}, r"shape \(1, people, 56\) as the card says \(decoder.kind yolo_pose, skeleton"),
        ({"values": [*BEFORE, "-"]}, r"shape \(1, 57, people\).*got \(1, 56, 3\)"),
    ],
)  # fmt: skip
def test_columns_that_make_no_people(
    graphs: ModuleType, tmp_path: Path, form: dict[str, Any], words: str
) -> None:
    given = table(*people(), BEFORE, ["x", "y", "score"]).T[None]
    place = network(graphs, tmp_path / "net", {"out": given}, kind="yolo_pose", **form)
    with pytest.raises(ModelError, match=words):
        OneStage(load(str(place), "pose"))


def test_a_layout_from_a_file_beside_the_card(graphs: ModuleType, tmp_path: Path) -> None:
    stick = Skeleton(
        name="stick", joints=("head", "foot"), parents=(-1, 0), limbs=((0, 1),), flip=(0, 1), root=(0,)
    )
    boxes, joints = people()
    outputs = {"dets": boxes[None], "keypoints": joints[None, :, :2]}
    place = network(graphs, tmp_path / "net", outputs, kind="people")
    content = json.loads((place / "card.json").read_text()) | {"skeleton": "stick.json"}
    (place / "card.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="stick"):
        OneStage(load(str(place), "pose"))
    (place / "stick.json").write_text(json.dumps(stick.to_dict()))
    assert OneStage(load(str(place), "pose")).skeleton == stick


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"score": np.zeros((2, 5))}, r"boxes of shape \(2, 5\)"), ({"score": np.zeros(3)}, "boxes of shape"),
        ({"position": np.zeros((3, 5, 3))}, r"position of shape \(3, 5, 2\)"),
        ({"extras": {"depth_px": np.zeros((3, 4))}}, r"extra depth_px of shape \(3, 5\)"),
        ({"extras": {"depth_px": np.zeros(3)}}, "extra depth_px"),
    ],
)  # fmt: skip
def test_poses_of_a_frame_fit_together(changes: dict[str, Any], words: str) -> None:
    fields: dict[str, Any] = {
        "boxes": np.zeros((3, 5)),
        "position": np.zeros((3, 5, 2)),
        "score": np.zeros((3, 5)),
    }
    assert len(FramePoses(**fields, extras={"world_m": np.zeros((3, 5, 3))})) == 3
    with pytest.raises(InputError, match=words):
        FramePoses(**fields | changes)
