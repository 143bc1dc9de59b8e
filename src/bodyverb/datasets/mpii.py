"""MPII Human Pose: 25,000 pictures of 410 activities with 16 joints of 40,000 people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bodyverb.core import SEEN, InputError, Sample
from bodyverb.datasets._samples import SampleTable
from bodyverb.formats import mpii_json, mpii_mat
from bodyverb.formats._mpii import BODY_PX, MpiiPeople

if TYPE_CHECKING:
    from bodyverb.datasets import _acted

PARTS = {"train": "train", "valid": "validation", "test": "test"}

CARD = {
    "name": "mpii",
    "title": "MPII Human Pose",
    "licence": "annotations: simplified BSD; the pictures belong to their owners (YouTube), research only",
    "citation": "Andriluka, Pishchulin, Gehler and Schiele, 2D Human Pose Estimation: New Benchmark and "
    "State of the Art Analysis, CVPR 2014",
    "files": "mpii_human_pose_v1_u12_1.mat, or train.json and valid.json, at any depth; pictures in images/",
    "splits": "`official`: train and test of the .mat, or train, validation and test of the .json files",
    "classes": (),
    "skeleton": "mpii16",
}


def open(root: str | Path, *, single: bool = False) -> SampleTable:
    """Opens the people who have a middle and a scale, one a sample.

    Args:
        root: the folder, or the .mat or one .json.
        single: only people who stand far enough from the others, as the .mat says.

    Returns:
        The samples: a picture's path, the box around the person (200 px high at scale 1) and the joints.

    Raises:
        InputError: nothing is there, or `single` is asked of a .json.
        FormatError: a file is damaged.
    """
    files = _files(Path(root))
    parts: dict[str, list[str]] = {}
    places: dict[str, tuple[MpiiPeople, int]] = {}
    for path in files:
        people = mpii_mat.read(path) if path.suffix == ".mat" else mpii_json.read(path)
        if single and path.suffix != ".mat":
            raise InputError(f"Expected the .mat for people who stand alone, got a .json; fetch it: {path}")
        chosen = np.isfinite(people.boxes).all(axis=1) & (people.single | (not single))
        for at in np.flatnonzero(chosen).tolist():
            part = PARTS.get(path.stem, "train" if people.train[at] else "test")
            key = f"{people.images[at]}#{people.number[at]}"
            places.setdefault(key, (people, at))
            parts.setdefault(part, []).append(key)
    images = _images(Path(root), files[0].parent)

    def load(key: str) -> Sample:
        if key not in places:
            raise InputError(f"Expected one of {len(places)} people, got '{key}'; see the table's ids")
        people, at = places[key]
        sample = people.sample(at)
        return Sample(
            id=sample.id,
            image=str(images / people.images[at]),
            boxes=sample.boxes,
            poses=sample.poses if people.state[at].any() else None,
            meta=sample.meta,
        )

    return SampleTable(
        ids=tuple(places), splits={"official": {part: tuple(ids) for part, ids in parts.items()}}, load=load
    )


def _files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    found = sorted(root.rglob("mpii_human_pose*.mat"))[:1]
    found = found or [path for name in PARTS for path in sorted(root.rglob(f"{name}.json"))[:1]]
    if not found:
        raise InputError(f"Expected the .mat, train.json or valid.json, got none; point --root at it: {root}")
    return found


def _images(root: Path, beside: Path) -> Path:
    """The folder of the pictures: images/ in, beside or above that of the annotations, else the folder."""
    folder = root if root.is_dir() else root.parent
    for place in (folder / "images", folder.parent / "images", beside / "images"):
        if place.is_dir():
            return place
    return folder


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many pictures.
    """
    from bodyverb.datasets import _acted

    place = folder / "mpii_human_pose_v1_u12_2"
    pictures, train, alone = [], [], []
    for at, one in enumerate(_acted.scenes(rng, count, "mpii16")):
        train.append(at % 4 != 3)
        people = [_person(one, who, train[-1]) for who in range(len(one.boxes))]
        name = f"{at + 1:09d}.jpg"
        pictures.append({"image": _acted.structs([{"name": name}]), "annorect": _acted.structs(people)})
        alone.append(np.arange(1.0, len(people) + 1)[:, None] if len(people) == 1 else np.zeros((0, 0)))
        one.save(place / "images" / name)
    single = np.empty((len(alone), 1), object)
    single[:, 0] = alone
    action = {"cat_name": "sports", "act_name": "made exercise", "act_id": 1.0}
    release = {
        "annolist": _acted.structs(pictures),
        "img_train": np.array([train], np.float64),
        "version": "12",
        "single_person": single,
        "act": _acted.structs([action] * len(pictures)).T,
    }
    _acted.save_mat(place / "mpii_human_pose_v1_u12_1.mat", RELEASE=_acted.structs([release]))


def _person(one: _acted.Picture, who: int, train: bool) -> dict[str, Any]:
    """Somebody as the .mat holds them: of the test part without joints."""
    from bodyverb.datasets import _acted

    x1, y1, x2, y2 = (one.boxes[who] + 1).astype(np.float64).tolist()
    rough = _acted.structs([{"x": (x1 + x2) / 2, "y": (y1 + y2) / 2}])
    fields = {"scale": max(x2 - x1, y2 - y1) / BODY_PX, "objpos": rough}
    if not train:
        return fields
    points = [
        {"x": float(x) + 1, "y": float(y) + 1, "id": float(joint), "is_visible": float(state == SEEN)}
        for joint, ((x, y), state) in enumerate(zip(one.joints[who], one.state[who], strict=True))
        if state
    ]
    top = {"x1": x1, "y1": y1, "x2": x2, "y2": y1 + (y2 - y1) / 6}
    return {**top, "annopoints": _acted.structs([{"point": _acted.structs(points)}]), **fields}
