"""MPII Human Pose: 25,000 pictures of 410 activities with 16 joints of 40,000 people."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bodyverb.core import InputError, Sample
from bodyverb.datasets._samples import SampleTable
from bodyverb.formats import mpii_json, mpii_mat
from bodyverb.formats._mpii import MpiiPeople

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
    images = _images(Path(root))

    def load(key: str) -> Sample:
        if key not in places:
            raise InputError(f"Expected one of {len(places)} people, got '{key}'; see the table's ids")
        people, at = places[key]
        sample = people.sample(at)
        return Sample(
            id=sample.id,
            image=str(images / people.images[at]),
            boxes=sample.boxes,
            poses=sample.poses,
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


def _images(root: Path) -> Path:
    """The folder of the pictures: images/ in or beside that of the annotations, else the folder itself."""
    folder = root if root.is_dir() else root.parent
    for place in (folder / "images", folder.parent / "images"):
        if place.is_dir():
            return place
    return folder
