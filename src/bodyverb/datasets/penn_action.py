"""Penn Action: 2,326 videos of 15 sports verbs with 13 joints in 2D."""

from __future__ import annotations

from pathlib import Path

from bodyverb.core import Clip
from bodyverb.datasets._files import find
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import penn_mat

VERBS = (
    "baseball_pitch", "baseball_swing", "bench_press", "bowl", "clean_and_jerk", "golf_swing", "jump_rope",
    "jumping_jacks", "pullup", "pushup", "situp", "squat", "strum_guitar", "tennis_forehand", "tennis_serve",
)  # fmt: skip

CARD = {
    "name": "penn_action",
    "title": "Penn Action",
    "licence": "no explicit licence; cite the paper",
    "citation": "Zhang, Zhu and Derpanis, From Actemes to Action: A Strongly-supervised Representation for "
    "Detailed Action Understanding, ICCV 2013",
    "files": "label files NNNN.mat in a folder (any depth) or in labels.tar.xz",
    "splits": "`official`: 1,258 train and 1,068 test clips, as each label file says",
    "classes": VERBS,
    "skeleton": "penn13",
}


def open(root: str | Path) -> ClipTable:
    """Opens the label files.

    The split is written inside each file, so opening reads every file once.

    Args:
        root: a folder with the files or the archive, or the archive.

    Returns:
        The clips: 2D poses, label, viewpoint in ``camera``.

    Raises:
        InputError: nothing is there, or a file is broken.
    """
    files = find(Path(root), (".mat",), "*.tar.xz")
    clips = {Path(name).stem: _clip(name, files.read(name)) for name in files}
    train = tuple(name for name, clip in clips.items() if clip.meta["train"])
    test = tuple(name for name in clips if name not in set(train))
    return ClipTable(
        ids=tuple(clips),
        classes=VERBS,
        splits={"official": {"train": train, "test": test}},
        load=clips.__getitem__,
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
