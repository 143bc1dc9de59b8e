"""MERL Shopping: 106 videos of people at a shelf, five actions; and clips and poses made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import Clip, InputError, PoseSequence
from bodyverb.datasets._files import find
from bodyverb.datasets._samples import SampleTable
from bodyverb.datasets._table import ClipTable
from bodyverb.datasets.pku_mmd import BACKGROUND, background_of
from bodyverb.formats import merl_action_json, merl_label_mat, merl_pose_pkl
from bodyverb.formats.merl_label_mat import ACTIONS, RATE_HZ

CLASSES = ACTIONS
CLIP_CLASSES = merl_action_json.ACTIONS
VALIDATION_FROM, TEST_FROM = 21, 27
PUBLISHED = {"clips": 106, "official/test": 28}

CARD = {
    "name": "merl",
    "title": "MERL Shopping",
    "licence": "research only, on the terms of MERL that come with the data",
    "citation": "Singh, Marks, Jones, Tuzel and Shao, A Multi-Stream Bi-Directional Recurrent Neural "
    "Network for Fine-Grained Action Detection, CVPR 2016",
    "files": "<subject>_<session>_label.mat, the videos <subject>_<session>_crop.mp4 beside them if wanted; "
    ".pkl of poses; .json of clips of three actions",
    "splits": "`official`: subjects to 20 train, 21 to 26 validation, from 27 test (28 videos)",
    "classes": CLASSES,
    "skeleton": "coco17",
}


def open(root: str | Path, *, background: bool = False) -> ClipTable:
    """Opens the labels of the untrimmed videos.

    Args:
        root: a folder with the label files (any depth), and the videos if wanted.
        background: stretches without an action become segments `background`, a further class, up to the end
            of the last action: the labels do not say how long a video is.

    Returns:
        The videos: no poses yet (nobody, over the frames that are labelled), segments in seconds, the video's
        path in `media` where it is there.

    Raises:
        InputError: nothing is there.
        FormatError: a file is damaged.
    """
    root = Path(root)
    files = find(root, (".mat",), "*.tar.xz")
    names = {name.removesuffix("_label.mat"): name for name in files if merl_label_mat.NAME.fullmatch(name)}
    videos = {path.name: path for path in root.rglob("*_crop.mp4")} if root.is_dir() else {}
    if not names:
        raise InputError(f"Expected files like 1_1_label.mat, got none; point --root at them: {root}")

    def load(key: str) -> Clip:
        if key not in names:
            raise InputError(f"Expected one of {len(names)} videos, got '{key}'; see the table's ids")
        found = merl_label_mat.read(names[key], data=files.read(names[key]))
        segments = found.segments()
        frames = max((one.end for one in found.intervals), default=0)
        rest = background_of(segments, frames / RATE_HZ) if background else ()
        video = videos.get(f"{key}_crop.mp4")
        return Clip(
            id=key,
            poses=_poses(np.zeros((0, frames, 4)), source=key),
            segments=tuple(sorted((*segments, *rest), key=lambda one: (one.start_s, one.end_s))),
            subject=str(found.subject),
            media=None if video is None else str(video),
            meta={"session": found.session},
        )

    return ClipTable(
        ids=tuple(names),
        classes=(*CLASSES, BACKGROUND) if background else CLASSES,
        splits=_splits({key: int(key.partition("_")[0]) for key in names}),
        load=load,
        published=PUBLISHED,
        twice=files.twice,
    )


def clips(path: str | Path) -> ClipTable:
    """Opens a file of clips of three actions.

    Args:
        path: the .json.

    Returns:
        The clips: one person with a box in each picture (the whole picture where none is given) and no joints
        yet; paths of the pictures in the `meta` (`images`).

    Raises:
        FormatError: the file is absent or damaged.
    """
    found = {clip.id: clip for clip in merl_action_json.read(path)}

    def load(key: str) -> Clip:
        if key not in found:
            raise InputError(f"Expected one of {len(found)} clips, got '{key}'; see the table's ids")
        clip = found[key]
        return Clip(
            id=key,
            poses=_poses(clip.crops[None], source=key),
            label=clip.action,
            subject=clip.subject,
            meta={"images": clip.images},
        )

    subjects = {key: int(clip.subject) for key, clip in found.items() if clip.subject is not None}
    return ClipTable(ids=tuple(found), classes=CLIP_CLASSES, splits=_splits(subjects), load=load)


def pictures(path: str | Path) -> SampleTable:
    """Opens a file of pictures with a box and 17 joints of one person each.

    Args:
        path: the .pkl.

    Returns:
        The pictures, by subject in the official split where their names say one.

    Raises:
        FormatError: the file is absent, damaged or dangerous.
    """
    poses = merl_pose_pkl.read(path)
    places: dict[str, int] = {}
    for at, image in enumerate(poses.images):
        places.setdefault(image, at)

    def load(key: str) -> object:
        if key not in places:
            raise InputError(f"Expected one of {len(places)} pictures, got '{key}'; see the table's ids")
        return poses.sample(places[key])

    names = {image: merl_pose_pkl.NAME.search(image) for image in places}
    subjects = {image: int(found[1]) for image, found in names.items() if found}
    return SampleTable(ids=tuple(places), splits=_splits(subjects), load=load)  # type: ignore[arg-type]


def _poses(boxes: np.ndarray, source: str) -> PoseSequence:
    """Boxes (person, time, xyxy) as people without joints."""
    layout = skeletons.get("coco17")
    return PoseSequence.from_arrays(
        np.full((*boxes.shape[:2], len(layout), 2), np.nan, np.float32),
        skeleton=layout,
        rate_hz=RATE_HZ,
        box=boxes if len(boxes) else None,
        source=source,
    )


def _splits(subjects: dict[str, int]) -> dict[str, dict[str, tuple[str, ...]]]:
    def part(subject: int) -> str:
        return "test" if subject >= TEST_FROM else "validation" if subject >= VALIDATION_FROM else "train"

    return {
        "official": {
            name: tuple(key for key, subject in subjects.items() if part(subject) == name)
            for name in ("train", "validation", "test")
        }
    }
