"""Two networks that nobody here trained, on pictures of everyday scenes, against formulas written here."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.datasets import coco_keypoints
from bodyverb.estimate.detector import Detector
from bodyverb.estimate.pose import PoseEstimator
from bodyverb.geometry.boxes import iou
from bodyverb.infer import load
from bodyverb.media import read_image

pytestmark = pytest.mark.realdata

YOLOX: dict[str, Any] = {
    "task": "detect",
    "input": {"size": [416, 416], "layout": "nchw", "channels": "bgr", "border": 114},
    "decoder": {"kind": "yolox", "threshold": 0.3},
}
SIMPLE: dict[str, Any] = {
    "task": "pose", "skeleton": "coco17", "decoder": {"kind": "gaussian"},
    "input": {"size": [192, 256], "layout": "nchw", "mean": [123.675, 116.28, 103.53],
              "std": [58.395, 57.12, 57.375], "border": 0},
}  # fmt: skip


def place(data_root: Path, folder: Path, file: str, card: dict[str, Any]) -> str:
    folder.mkdir()
    shutil.copy(data_root / "onnx" / file, folder / "model.onnx")
    head = {"name": file, "file": "model.onnx", "licence": "see its publisher"}
    (folder / "card.json").write_text(json.dumps(head | card))
    return str(folder)


@pytest.fixture(scope="module")
def scenes(data_root: Path) -> list[coco_keypoints.Scene]:
    """Pictures with one to four people, none in a crowd, one of them large and well in view."""
    every = coco_keypoints.scenes(data_root / "coco_mini")
    found = [s for s in every if 1 <= len(s.boxes) <= 4 and not s.crowd.any() and large(s).any()]
    assert len(found) >= 8
    return found[:12]


def large(scene: coco_keypoints.Scene) -> np.ndarray:
    return ((scene.boxes[:, 3] - scene.boxes[:, 1]) > 0.4 * scene.image_size[1]) & (
        scene.visible.sum(1) >= 10
    )


@pytest.fixture(scope="module")
def detector(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Detector:
    folder = tmp_path_factory.mktemp("nets") / "yolox"
    return Detector(load(place(data_root, folder, "yolox_nano.onnx", YOLOX), "detect", device="cpu"))


@pytest.fixture(scope="module")
def estimator(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> PoseEstimator:
    folder = tmp_path_factory.mktemp("nets") / "simple"
    name = place(data_root, folder, "ultralight_simplepose_256x192.onnx", SIMPLE)
    return PoseEstimator(load(name, "pose", device="cpu"))


def test_yolox_finds_the_labelled_people(detector: Detector, scenes: list[coco_keypoints.Scene]) -> None:
    hit = [iou(s.boxes[large(s)], detector(read_image(s.path))[:, :4]).max(1, initial=0) for s in scenes]
    assert np.mean(np.concatenate(hit) > 0.6) > 0.85


def test_yolox_as_its_paper_says(detector: Detector, scenes: list[coco_keypoints.Scene]) -> None:
    """Row by row: cell plus offset times stride, e to the size times stride, from the canvas's corner."""
    image = read_image(scenes[0].path)
    ratio = 416 / max(image.shape[:2])
    size = (round(image.shape[1] * ratio), round(image.shape[0] * ratio))
    canvas = np.full((416, 416, 3), 114, np.float32)
    canvas[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)[..., ::-1]
    rows = detector.session.run({"images": canvas.transpose(2, 0, 1)[None].copy()})["output"][0]
    best, at = None, 0
    for stride in (8, 16, 32):
        for y in range(416 // stride):
            for x in range(416 // stride):
                score = float(rows[at, 4] * rows[at, 5])
                if best is None or score > best[0]:
                    best = (
                        score,
                        (x + rows[at, 0]) * stride,
                        (y + rows[at, 1]) * stride,
                        *np.exp(rows[at, 2:4]) * stride,
                    )
                at += 1
    assert best is not None and at == len(rows)
    score, x, y, width, height = best
    corners = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2]) / ratio - 0.5
    corners = np.clip(corners, -0.5, np.tile([image.shape[1] - 0.5, image.shape[0] - 0.5], 2))
    np.testing.assert_allclose(detector(image)[0], [*corners, score], atol=0.02)


def test_joints_of_a_simple_baseline(estimator: PoseEstimator, scenes: list[coco_keypoints.Scene]) -> None:
    """Within a fifth of the torso of the labels, for most joints that can be seen."""
    near = []
    for scene in scenes:
        keep = large(scene)
        position, score = estimator(read_image(scene.path), scene.boxes[keep])
        assert position.shape == (keep.sum(), 17, 2) and (score >= 0).all() and (score <= 1).all()
        for found, truth, seen in zip(position, scene.joints[keep], scene.visible[keep], strict=True):
            torso = np.linalg.norm(truth[[5, 6]].mean(0) - truth[[11, 12]].mean(0))
            if np.isfinite(torso):
                near.append(np.linalg.norm(found - truth, axis=1)[seen] < 0.2 * torso)
    assert np.concatenate(near).mean() > 0.75 and len(near) >= 8


def test_its_heatmaps_lie_on_the_pixels(estimator: PoseEstimator, scenes: list[coco_keypoints.Scene]) -> None:
    """Cell c on px 4 c of the crop: crops and their mirror images then say the same; with cells centred in
    their 4 px they would be 3 px of the crop apart."""
    flip = list(skeletons.get("coco17").flip)
    off = []
    for scene in scenes:
        image = read_image(scene.path)
        boxes = scene.boxes[large(scene)]
        turned = (image.shape[1] - 1 - boxes[:, [2, 1, 0, 3]]) * [1, 0, 1, 0] + boxes * [0, 1, 0, 1]
        here, sure = estimator(image, boxes)
        there, _ = estimator(np.ascontiguousarray(image[:, ::-1]), turned)
        gap = (
            (here[..., 0] - (image.shape[1] - 1 - there[:, flip, 0]))
            / (boxes[:, 3] - boxes[:, 1])[:, None]
            * 205
        )
        off.append(gap[(sure > 0.4) & (np.abs(gap) < 6)])
    assert np.concatenate(off).size > 80 and abs(np.concatenate(off).mean()) < 0.7
