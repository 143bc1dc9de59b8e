"""Penn Action: 2,326 videos of 15 sports verbs with 13 joints in 2D."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bodyverb.core import Clip, InputError
from bodyverb.datasets._files import find
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import penn_mat

VERBS = (
    "baseball_pitch", "baseball_swing", "bench_press", "bowl", "clean_and_jerk", "golf_swing", "jump_rope",
    "jumping_jacks", "pullup", "pushup", "situp", "squat", "strum_guitar", "tennis_forehand", "tennis_serve",
)  # fmt: skip
VIEWS = ("front", "left", "back", "right")
PUBLISHED = {"clips": 2326, "official/train": 1258, "official/test": 1068}

CARD = {
    "name": "penn_action",
    "title": "Penn Action",
    "licence": "no explicit licence; cite the paper",
    "citation": "Zhang, Zhu and Derpanis, From Actemes to Action: A Strongly-supervised Representation for "
    "Detailed Action Understanding, ICCV 2013",
    "files": "label files NNNN.mat in a folder (any depth) or in an archive (.zip, .tar.gz)",
    "splits": "`official`: 1,258 train and 1,068 test clips, as each label file says",
    "classes": VERBS,
    "skeleton": "penn13",
}


def open(root: str | Path) -> ClipTable:
    """Opens the label files.

    The split is written inside each file, so opening reads every file once. A broken file stays among the
    ids, is in no part and raises its error when it is read.

    Args:
        root: a folder with the files or the archive, or the archive.

    Returns:
        The clips: 2D poses, label, viewpoint in ``camera``.

    Raises:
        InputError: nothing is there.
    """
    files = find(Path(root), (".mat",))
    clips: dict[str, Clip] = {}
    broken: dict[str, InputError] = {}
    for name in files:
        try:
            clips[Path(name).stem] = _clip(name, files.read(name))
        except InputError as error:
            broken[Path(name).stem] = error
    train = tuple(name for name, clip in clips.items() if clip.meta["train"])
    test = tuple(name for name, clip in clips.items() if not clip.meta["train"])

    def load(key: str) -> Clip:
        if key in broken:
            raise broken[key]
        if key not in clips:
            raise InputError(f"Expected one of {len(clips)} clips, got '{key}'; see the table's ids")
        return clips[key]

    return ClipTable(
        ids=tuple(sorted((*clips, *broken))),
        classes=VERBS,
        splits={"official": {"train": train, "test": test}},
        load=load,
        published=PUBLISHED,
        twice=files.twice,
    )


def _clip(name: str, data: bytes) -> Clip:
    label = penn_mat.read(name, data=data)
    return Clip(
        id=Path(name).stem,
        poses=label.poses,
        label=label.action,
        camera=label.view,
        meta={"train": label.train},
    )


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many clips.
    """
    from bodyverb.datasets import _acted

    for number, one in enumerate(_acted.plan(count, len(VERBS), (1, 2))):
        world = _acted.acted(VERBS[one.kind], rng, rate_hz=penn_mat.RATE_HZ, seconds=2, person=one.person)
        view = number // 2 % len(VIEWS)
        seen = _acted.in_picture(world, "penn13", (480, 360), turn=view * np.pi / 2)
        assert seen.box is not None
        points = seen.position[0].astype(np.float64) + 1
        _acted.save_mat(
            folder / "Penn_Action" / "labels" / f"{number + 1:04d}.mat",
            action=VERBS[one.kind],
            pose=VIEWS[view],
            x=points[..., 0],
            y=points[..., 1],
            visibility=np.ones(points.shape[:2], np.uint8),
            train=1.0 if one.person == 1 else -1.0,
            bbox=seen.box[0].astype(np.float64) + 1,
            dimensions=np.array([[360.0, 480.0, len(points)]]),
            nframes=float(len(points)),
        )
