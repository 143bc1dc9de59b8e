"""MERL Shopping: 106 videos of people at a shelf, five actions; and clips and poses made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from bodyverb import skeletons
from bodyverb.core import Clip, InputError, PoseSequence
from bodyverb.datasets._files import find
from bodyverb.datasets._samples import SampleTable
from bodyverb.datasets._table import ClipTable
from bodyverb.datasets.pku_mmd import BACKGROUND, background_of
from bodyverb.formats import merl_action_json, merl_label_mat, merl_pose_pkl
from bodyverb.formats.merl_action_json import MerlClip
from bodyverb.formats.merl_label_mat import ACTIONS, RATE_HZ, Interval
from bodyverb.formats.merl_pose_pkl import MerlPoses

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


def open(
    root: str | Path, *, background: bool = False, kind: Literal["videos", "clips", "pictures"] = "videos"
) -> ClipTable | SampleTable:
    """Opens the labels of the untrimmed videos; or the clips or pictures made of them.

    Args:
        root: a folder with the label files (any depth), and the videos if wanted.
        kind: `videos`; or `clips` or `pictures`, where the root is their .json or .pkl, or a folder with
            one: see `clips` and `pictures`.
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
    if kind != "videos":
        return clips(_one(root, ".json")) if kind == "clips" else pictures(_one(root, ".pkl"))
    files = find(root, (".mat",))
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
        posed=False,
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
    return ClipTable(ids=tuple(found), classes=CLIP_CLASSES, splits=_splits(subjects), load=load, posed=False)


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


def _one(root: Path, suffix: str) -> Path:
    found = sorted(root.rglob(f"*{suffix}")) if root.is_dir() else [root]
    if len(found) != 1:
        raise InputError(f"Expected one {suffix}, got {len(found)}; name the file: {root}")
    return found[0]


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


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many label files; as many clips of pictures, without the pictures.
    """
    from bodyverb.datasets import _acted

    size, people = (920, 680), []
    clips: list[MerlClip] = []
    for number in range(max(3, count)):
        subject, session = (1, VALIDATION_FROM, TEST_FROM)[number % 3] + number // 9, 1 + number // 3 % 3
        spans, at = [], 30
        for action in rng.permutation(ACTIONS).tolist():
            spans.append(Interval(action=action, start=at, end=at + int(rng.integers(30, 90))))
            at = spans[-1].end + int(rng.integers(15, 60))
        merl_label_mat.write(
            folder / "Labels_MERL_Shopping_Dataset" / f"{subject}_{session}_label.mat", spans
        )
        action = CLIP_CLASSES[number % len(CLIP_CLASSES)]
        world = _acted.acted(action, rng, rate_hz=RATE_HZ, seconds=1, person=subject)
        seen = _acted.in_picture(world, "coco17", size, turn=np.pi)
        assert seen.box is not None
        name = f"{subject}_{session}_crop_{at}_{at + seen.frames}_{action}"
        images = tuple(f"{name}-{frame:04d}.jpg" for frame in range(seen.frames))
        clips.append(
            MerlClip(id=name, action=action, images=images, sizes=np.full((seen.frames, 2), size),
                     boxes=seen.box[0].astype(np.float64))
        )  # fmt: skip
        people.append(seen)
    merl_action_json.write(folder / "actions.json", clips)
    joints = np.concatenate([seen.position[0] for seen in people]).astype(np.float64)
    state = np.concatenate([seen.state[0] for seen in people])
    names = tuple(image for clip in clips for image in clip.images)
    merl_pose_pkl.write(
        folder / "poses.pkl",
        MerlPoses(images=names, ids=tuple(range(len(names))), sizes=np.full((len(names), 2), size),
                  boxes=np.concatenate([clip.boxes for clip in clips]), joints=joints, state=state,
                  declared=(state > 0).sum(axis=1)),
    )  # fmt: skip
