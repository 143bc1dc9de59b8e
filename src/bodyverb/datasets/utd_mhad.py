"""UTD-MHAD: 861 Kinect sequences of 27 actions by 8 subjects, 20 joints in 3D."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bodyverb.core import Clip, InputError
from bodyverb.datasets._files import find
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import utd_mat

CLASSES = (
    "swipe_left", "swipe_right", "wave", "clap", "throw", "cross_arms", "basketball_shoot", "draw_x",
    "draw_circle_clockwise", "draw_circle_counterclockwise", "draw_triangle", "bowl", "boxing",
    "baseball_swing", "tennis_forehand", "arm_curl", "tennis_serve", "push", "knock", "catch",
    "pick_up_and_throw", "jog_in_place", "walk_in_place", "sit_to_stand", "stand_to_sit", "lunge", "squat",
)  # fmt: skip
PUBLISHED = {"clips": 861, "odd-even/train": 431, "odd-even/test": 430}

CARD = {
    "name": "utd_mhad",
    "title": "UTD Multimodal Human Action Dataset",
    "licence": "the paper calls it a public domain dataset; no licence file",
    "citation": "Chen, Jafari and Kehtarnavaz, UTD-MHAD: A Multimodal Dataset for Human Action Recognition "
    "Utilizing a Depth Camera and a Wearable Inertial Sensor, ICIP 2015",
    "files": "aA_sS_tT_skeleton.mat in a folder (any depth) or in an archive (.zip, .tar.xz)",
    "splits": "`odd-even`: odd subjects train, even subjects test",
    "classes": CLASSES,
    "skeleton": "utd20",
}


def open(root: str | Path) -> ClipTable:
    """Opens the sequences.

    Args:
        root: a folder with the files or the archive, or the archive.

    Returns:
        The clips: 3D poses in metres, axes ``kinect``.

    Raises:
        InputError: nothing is there, or a file's name has another form.
    """
    files = find(Path(root), (".mat",))
    names = {name.removesuffix("_skeleton.mat"): name for name in files}
    subject = {key: utd_mat.parse_name(name).subject for key, name in names.items()}

    def load(key: str) -> Clip:
        if key not in names:
            raise InputError(f"Expected one of {len(names)} clips, got '{key}'; see the table's ids")
        what = utd_mat.parse_name(names[key])
        poses = utd_mat.read(names[key], data=files.read(names[key]))
        return Clip(
            id=key,
            poses=poses,
            label=CLASSES[what.action - 1],
            subject=str(what.subject),
            meta={"trial": what.trial},
        )

    return ClipTable(
        ids=tuple(names),
        classes=CLASSES,
        splits={
            "odd-even": {
                "train": tuple(key for key in names if subject[key] % 2 == 1),
                "test": tuple(key for key in names if subject[key] % 2 == 0),
            }
        },
        load=load,
        published=PUBLISHED,
        twice=files.twice,
    )


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many clips.
    """
    from bodyverb.datasets import _acted

    for one in _acted.plan(count, len(CLASSES), (1, 2, 3, 4)):
        world = _acted.acted(CLASSES[one.kind], rng, rate_hz=utd_mat.RATE_HZ, seconds=2, person=one.person)
        seen = _acted.before_kinect(world, "utd20")
        name = f"a{one.kind + 1}_s{one.person}_t{one.repetition + 1}_skeleton.mat"
        _acted.save_mat(
            folder / "Skeleton" / name, d_skel=np.moveaxis(seen.position[0].astype(np.float64), 0, -1)
        )
