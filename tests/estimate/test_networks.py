"""Detector, pose estimator and preprocessing on tiny networks and stubs."""

import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bodyverb.core import ModelError
from bodyverb.estimate.detector import Detector
from bodyverb.estimate.pose import PoseEstimator, cut
from bodyverb.estimate.preprocess import letterbox, network_input
from bodyverb.geometry.crops import apply_affine, crop_matrix
from bodyverb.infer import load


@pytest.fixture(scope="module")
def detector(networks: dict[str, Path]) -> Detector:
    return Detector(load(str(networks["detect"]), "detect"))


@pytest.fixture(scope="module")
def estimator(networks: dict[str, Path]) -> PoseEstimator:
    return PoseEstimator(load(str(networks["pose"]), "pose"))


def dot(size: tuple[int, int], x: float, y: float, sigma: float) -> np.ndarray:
    """A bright spot on the grey of the border, (h, w, 3) uint8."""
    columns, rows = np.arange(size[0]), np.arange(size[1])[:, None]
    spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return np.repeat((118 + 130 * spot).round().astype(np.uint8)[..., None], 3, axis=2)


def centre(image: np.ndarray) -> np.ndarray:
    weight = np.clip(image[..., 0].astype(float) - 120, 0, None)
    rows, columns = np.indices(weight.shape)
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


@pytest.mark.parametrize("side", [20, 50, 90, 200, 410])
def test_a_crop_keeps_the_place_of_a_dot(side: int) -> None:
    """Also where it is shrunk in two steps: the half pixels are right."""
    image = dot((640, 480), 311.3, 238.6, max(2.0, side / 15))
    matrix = crop_matrix(np.array([310 - side / 2, 240 - side / 2, 310 + side / 2, 240 + side / 2]), (64, 64))
    crop = cut(image, matrix, (64, 64))
    expected = apply_affine(matrix, np.array([[311.3, 238.6]]))[0]
    np.testing.assert_allclose(centre(crop), expected, atol=0.15)


def test_a_crop_outside_the_picture_is_grey() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    far = cut(image, crop_matrix(np.array([5000.0, 5000, 5400, 5400]), (64, 64)), (64, 64))
    assert (far == 118).all()
    half = cut(image, crop_matrix(np.array([-200.0, 100, 200, 500]), (64, 64), 1.0), (64, 64))
    assert (half[:60, :28] == 118).all() and (half[:50, 36:] == 0).all()


def test_what_goes_into_a_network() -> None:
    crops = np.zeros((1, 2, 3, 3), np.uint8)
    crops[..., 0], crops[..., 2] = 10, 30
    assert network_input(crops, {"dtype": "uint8"}).dtype == np.uint8
    turned = network_input(crops, {"channels": "bgr", "layout": "nchw", "mean": [10, 0, 0], "std": [2, 1, 1]})
    assert turned.shape == (1, 3, 2, 3) and turned.flags.c_contiguous and turned.dtype == np.float32
    assert (turned[0, :, 0, 0] == [10, 0, 10]).all()


@pytest.mark.parametrize("size", [(160, 128), (640, 120), (33, 501), (1, 1)])
def test_letterboxes_hold_the_whole_picture(size: tuple[int, int]) -> None:
    image = np.full((size[1], size[0], 3), 200, np.uint8)
    for wants in ({"size": [80, 64]}, {"area": 10000, "multiple": 32}):
        placed = letterbox(image, wants)
        canvas, (across, down) = placed.canvas, np.round(placed.scale * size).astype(int)
        assert (canvas[:down, :across] == 200).all() and (canvas[down:] == 118).all()
        assert (canvas[:, across:] == 118).all() and (across == canvas.shape[1] or down == canvas.shape[0])
    assert canvas.shape[0] % 32 == canvas.shape[1] % 32 == 0


def test_people_are_found_where_they_are(tiny: ModuleType, detector: Detector) -> None:
    found = detector(tiny.picture(0, people=2))
    assert found.shape == (2, 5) and found.dtype == np.float32 and (found[:, 4] > 0.3).all()
    centres = np.sort((found[:, 0] + found[:, 2]) / 2)
    np.testing.assert_allclose(centres, [53, 112], atol=5)
    assert detector(tiny.picture(0, people=0)).shape == (0, 5)
    assert Detector(detector.session, threshold=1.1)(tiny.picture(0)).shape == (0, 5)


def test_boxes_stay_inside_the_picture(tiny: ModuleType, detector: Detector) -> None:
    image = np.full((128, 160, 3), 40, np.uint8)
    image[100:, 150:, 0] = 255
    found = Detector(detector.session, threshold=0.02)(image)
    assert (
        len(found) and (found[:, :4] >= -0.5).all() and (found[:, :4] <= [159.5, 127.5, 159.5, 127.5]).all()
    )


def test_joints_come_back_in_px_of_the_picture(tiny: ModuleType, estimator: PoseEstimator) -> None:
    image = tiny.picture(0)
    box = np.array([[71.0, 46, 89, 82]])
    position, score = estimator(image, box)
    assert position.shape == (1, 14, 2) and score.shape == (1, 14) and (score > 0.5).all()
    np.testing.assert_allclose(position[0].mean(0), [80, 64], atol=4)
    assert position[0, 13, 1] < position[0, 2, 1] < position[0, 0, 1]  # head, hip, ankle


def test_many_people_go_in_batches_and_nobody_costs_nothing(
    tiny: ModuleType, estimator: PoseEstimator
) -> None:
    boxes = np.array([[71.0 + k, 46, 89 + k, 82] for k in range(11)])
    together, _ = estimator(tiny.picture(0), boxes)
    alone = np.concatenate([estimator(tiny.picture(0), box[None])[0] for box in boxes])
    np.testing.assert_allclose(together, alone, atol=1e-3)
    position, score = estimator(tiny.picture(0), np.zeros((0, 4)))
    assert position.shape == (0, 14, 2) and score.shape == (0, 14)


def changed(place: Path, folder: Path, **changes: Any) -> str:
    shutil.copytree(place, folder)
    card = json.loads((folder / "card.json").read_text()) | changes
    (folder / "card.json").write_text(json.dumps(card))
    return str(folder)


@pytest.mark.parametrize(
    ("task", "changes", "words"),
    [
        ("pose", {"decoder": {"kind": "magic"}}, "magic"), ("pose", {"input": {}}, "got no size"),
        ("pose", {"decoder": {"kind": "softmax", "heatmap": "heat"}}, "heat"),
        ("detect", {"decoder": {"kind": "magic"}}, "magic"), ("detect", {"input": {}}, "area"),
        ("detect", {"decoder": {"kind": "centre"}}, "stride"),
    ],
)  # fmt: skip
def test_cards_that_do_not_fit(
    networks: dict[str, Path], tmp_path: Path, task: str, changes: dict[str, Any], words: str
) -> None:
    name = changed(networks[task], tmp_path / "net", **changes)
    with pytest.raises(ModelError, match=words):
        (PoseEstimator if task == "pose" else Detector)(load(name, task))


def test_a_layout_with_another_number_of_joints(networks: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"shape \(n, 17, h, w\) as the card says .*coco17.*got \(n, 14, 16, 16\)"
    ):
        PoseEstimator(load(changed(networks["pose"], tmp_path / "net", skeleton="coco17"), "pose"))
