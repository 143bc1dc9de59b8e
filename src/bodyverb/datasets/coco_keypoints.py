"""COCO keypoints: pictures with person boxes and 17 joints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import SEEN, InputError, PoseSequence, Sample
from bodyverb.datasets._samples import SampleTable
from bodyverb.formats import coco_truth_json
from bodyverb.formats.coco_truth_json import CocoTruth
from bodyverb.formats.files import replacing, to_json

CARD = {
    "name": "coco_keypoints",
    "title": "COCO 2017 keypoints",
    "licence": "annotations CC BY 4.0; the pictures carry their own Flickr licences",
    "citation": "Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014",
    "files": "annotations/person_keypoints_<split>.json and the pictures in <split>/",
    "splits": "`official`: train2017 is train, val2017 is validation; there is no public test",
    "skeleton": "coco17",
}
CROP_PX, CROP_JOINTS = 256, 16
PARTS = {"train": "train", "val": "validation", "test": "test"}


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
        part: train, validation or test.
        people: (n,) int64 ids of the annotations.
    """

    path: Path
    image_size: tuple[int, int]
    boxes: np.ndarray
    joints: np.ndarray
    visible: np.ndarray
    crowd: np.ndarray
    area: np.ndarray
    part: str
    people: np.ndarray

    def sample(self, name: str, chosen: np.ndarray) -> Sample:
        """The picture with some of its people; crowds are boxes only, behind the people."""
        people, crowds = chosen[~self.crowd[chosen]], chosen[self.crowd[chosen]]
        state = np.where(np.isfinite(self.joints).all(axis=-1), 1 + self.visible, 0).astype(np.uint8)
        poses = PoseSequence.from_arrays(
            self.joints[people][:, None],
            skeleton=skeletons.get("coco17"),
            rate_hz=1.0,
            rate="unknown",
            state=state[people][:, None],
            box=self.boxes[people][:, None],
            image_size=self.image_size,
            source=self.path.name,
        )
        boxes = self.boxes[np.concatenate((people, crowds))]
        meta = {"crowds": len(crowds), "area": self.area[people].tolist()}
        return Sample(id=name, image=str(self.path), boxes=boxes, poses=poses, meta=meta)


def open(root: str | Path, *, single: bool = False) -> SampleTable:
    """Opens the pictures that are there.

    Args:
        root: COCO's folder.
        single: a sample is one person with joints, the rest of the picture's people are left out; `unit_crop`
            makes the crop of the single-person protocol of it.

    Returns:
        The pictures, or the people, named after the picture's file and the annotation.

    Raises:
        InputError: no annotation file, or none of its pictures.
        FormatError: the JSON is of another kind.
    """
    places: dict[str, tuple[Scene, np.ndarray]] = {}
    parts: dict[str, list[str]] = {}
    for scene in scenes(root):
        if single:
            labelled = np.isfinite(scene.joints).all(axis=-1).any(axis=1) & ~scene.crowd
            found = {
                f"{scene.path.stem}#{scene.people[at]}": np.array([at]) for at in np.flatnonzero(labelled)
            }
        else:
            found = {scene.path.stem: np.arange(len(scene.boxes))}
        places.update({name: (scene, chosen) for name, chosen in found.items()})
        parts.setdefault(scene.part, []).extend(found)

    def load(key: str) -> Sample:
        if key not in places:
            raise InputError(f"Expected one of {len(places)} samples, got '{key}'; see the table's ids")
        scene, chosen = places[key]
        return scene.sample(key, chosen)

    return SampleTable(
        ids=tuple(places), splits={"official": {part: tuple(ids) for part, ids in parts.items()}}, load=load
    )


def unit_crop(sample: Sample, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The crop of the single-person protocol with 16 joints: the first 16 of COCO's 17.

    The box of the person, in whole pixels and within the picture, is resized to 256 x 256 without keeping its
    aspect; a joint is where it lies in the box, from 0 to 1 in both directions.

    Args:
        sample: one person, of this data set (`single=True`) or of `merl.pictures`.
        image: (h, w, 3) uint8, its picture.

    Returns:
        (256, 256, 3) uint8; (16, 2) float32 shares of the box, NaN where absent; (16,) bool: seen.

    Raises:
        InputError: it is not one person of COCO's layout, or the box is outside of the picture.
    """
    import cv2

    poses = sample.poses
    if poses is None or poses.persons != 1 or poses.skeleton.name != "coco17":
        raise InputError(f"Expected one person of layout coco17, got another sample; check it: {sample.id}")
    first = np.maximum(np.floor(sample.boxes[0, :2] + 0.5), 0).astype(int)
    last = np.minimum(np.ceil(sample.boxes[0, 2:] + 0.5), image.shape[1::-1]).astype(int)
    if (last <= first).any():
        raise InputError(f"Expected a box in the picture, got {sample.boxes[0].tolist()}; check: {sample.id}")
    cut = image[first[1] : last[1], first[0] : last[0]]
    crop = cv2.resize(np.ascontiguousarray(cut), (CROP_PX, CROP_PX), interpolation=cv2.INTER_LINEAR)
    joints = (poses.position[0, 0, :CROP_JOINTS] + 0.5 - first) / (last - first)
    return crop, joints.astype(np.float32), poses.state[0, 0, :CROP_JOINTS] == SEEN


def scenes(root: str | Path) -> list[Scene]:
    """Every listed picture that is there, with people or without.

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
    found = []
    for file in files:
        name = file.stem.removeprefix("person_keypoints_")
        part = next((part for word, part in PARTS.items() if name.startswith(word)), "train")
        truth = coco_truth_json.read(file, layout="coco17")
        rows = np.argsort(truth.picture, kind="stable")
        ends = np.searchsorted(truth.picture[rows], np.arange(len(truth.image_id) + 1))
        for at, image in enumerate(truth.file_name):
            path = root / name / Path(image).name
            if path.is_file():
                found.append(_scene(path, truth, at, rows[ends[at] : ends[at + 1]], part))
    if not found:
        raise InputError(f"Expected pictures beside the annotations, got none; unpack them into {root}")
    return found


def _scene(path: Path, truth: CocoTruth, at: int, people: np.ndarray, part: str) -> Scene:
    points = truth.keypoints[people]
    joints = np.where(points[..., 2:] > 0, points[..., :2], np.nan)
    return Scene(
        path=path,
        image_size=(int(truth.image_size[at, 0]), int(truth.image_size[at, 1])),
        boxes=coco_truth_json.corners(truth.boxes[people]).astype(np.float32),
        joints=joints.astype(np.float32),
        visible=points[..., 2] == 2,
        crowd=truth.crowd[people],
        area=np.nan_to_num(truth.area[people]).astype(np.float32),
        part=part,
        people=truth.id[people],
    )


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many pictures.
    """
    from bodyverb.datasets import _acted

    layout = skeletons.get("coco17")
    category = {"id": 1, "name": "person", "supercategory": "person", "keypoints": list(layout.joints)}
    category["skeleton"] = [[a + 1, b + 1] for a, b in layout.limbs]
    content: dict[str, tuple[list, list]] = {"train2017": ([], []), "val2017": ([], [])}
    for at, one in enumerate(_acted.scenes(rng, count, "coco17"), 1):
        name = "val2017" if at % 4 == 0 else "train2017"
        images, people = content[name]
        file = f"{at:012d}.jpg"
        height, width = one.image.shape[:2]
        images.append({"id": at, "file_name": file, "width": width, "height": height, "license": 0})
        for box, joints, state in zip(one.boxes + 0.5, one.joints, one.state, strict=True):
            points = np.concatenate((np.nan_to_num(joints), state[:, None]), axis=1).round(2)
            (x, y), (w, h) = box[:2].tolist(), (box[2:] - box[:2]).tolist()
            people.append(
                {"id": 1000 * at + len(people), "image_id": at, "category_id": 1, "iscrowd": 0,
                 "bbox": [x, y, w, h], "area": float(0.6 * w * h), "segmentation": [],
                 "keypoints": points.ravel().tolist(), "num_keypoints": int((state > 0).sum())}
            )  # fmt: skip
        one.save(folder / name / file)
    for name, (images, people) in content.items():
        whole = {"info": {"description": "made"}, "licenses": [], "images": images, "annotations": people,
                 "categories": [category]}  # fmt: skip
        with replacing(folder / "annotations" / f"person_keypoints_{name}.json") as part:
            part.write_text(to_json(whole), encoding="utf-8")
