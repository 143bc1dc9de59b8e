"""COCO person keypoints: pictures of everyday scenes with the boxes and 17 joints of everybody in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb.core import FormatError, InputError

CARD = {
    "name": "coco_keypoints",
    "title": "COCO 2017 person keypoints",
    "licence": "annotations CC BY 4.0; the pictures belong to their photographers (Flickr)",
    "citation": "Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014",
    "files": "annotations/person_keypoints_*.json and the folder of pictures it names (train2017, val2017)",
    "splits": "one a JSON file",
    "skeleton": "coco17",
}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One picture.

    Attributes:
        path: the picture.
        image_size: (width, height) px.
        boxes: (n, 4) float32 xyxy px.
        joints: (n, 17, 2) float32 px, NaN where not labelled (the first pixel's centre is 0, 0).
        visible: (n, 17) bool, labelled and not occluded.
        crowd: (n,) bool, the box holds several people.
        area: (n,) float32, px^2 of the segmentation.
    """

    path: Path
    image_size: tuple[int, int]
    boxes: np.ndarray
    joints: np.ndarray
    visible: np.ndarray
    crowd: np.ndarray
    area: np.ndarray


def open(root: Path) -> list[Scene]:
    """Open a COCO folder; every listed picture that is there becomes a scene, with people or without.

    Raises:
        InputError: no annotation file, or none of its pictures.
        FormatError: the JSON is of another kind.
    """
    root = Path(root)
    files = sorted(root.glob("annotations/person_keypoints_*.json"))
    if not files:
        raise InputError(
            f"Expected annotations/person_keypoints_*.json, got none; point --root at COCO's folder: {root}"
        )
    scenes = []
    for file in files:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            people: dict[int, list[dict]] = {}
            for annotation in content["annotations"]:
                people.setdefault(annotation["image_id"], []).append(annotation)
            folder = root / file.stem.removeprefix("person_keypoints_")
            for image in content["images"]:
                path = folder / Path(image["file_name"]).name
                if path.is_file():
                    scenes.append(_scene(path, image, people.get(image["id"], [])))
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"Expected COCO keypoint JSON, got {type(error).__name__} {error}: {file}"
            ) from error
    if not scenes:
        raise InputError(f"Expected pictures beside the annotations, got none; unpack them into {root}")
    return scenes


def _scene(path: Path, image: dict, people: list[dict]) -> Scene:
    boxes = np.array([p["bbox"] for p in people], np.float32).reshape(-1, 4)
    boxes = np.concatenate(
        [boxes[:, :2] - 0.5, boxes[:, :2] + boxes[:, 2:] - 0.5], 1
    )  # corner origin to pixel centres
    points = np.array([p["keypoints"] for p in people], np.float32).reshape(-1, 17, 3)
    joints = np.where(points[..., 2:] > 0, points[..., :2], np.nan)
    return Scene(
        path=path,
        image_size=(int(image["width"]), int(image["height"])),
        boxes=boxes,
        joints=joints.astype(np.float32),
        visible=points[..., 2] == 2,
        crowd=np.array([bool(p.get("iscrowd", 0)) for p in people], bool),
        area=np.array([p.get("area", 0) for p in people], np.float32),
    )
