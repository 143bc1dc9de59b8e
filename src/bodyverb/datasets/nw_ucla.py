"""Northwestern-UCLA Multiview Action 3D: 1,484 Kinect v1 sequences of 10 actions by 10 subjects from 3
views."""

from __future__ import annotations

from pathlib import Path

from bodyverb.core import Clip, InputError
from bodyverb.datasets._files import find
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import nw_ucla_json

CLASSES = (
    "pick_up_with_one_hand", "pick_up_with_two_hands", "drop_trash", "walk_around", "sit_down", "stand_up",
    "donning", "doffing", "throw", "carry",
)  # fmt: skip
PUBLISHED = {"clips": 1484, "cross-view/train": 1020, "cross-view/test": 464}

CARD = {
    "name": "nw_ucla",
    "title": "Northwestern-UCLA Multiview Action 3D",
    "licence": "no explicit licence for the data; research use, cite the paper",
    "citation": "Wang, Nie, Xia, Wu and Zhu, Cross-view Action Modeling, Learning and Recognition, CVPR 2014",
    "files": "aXX_sXX_eXX_vXX.json in a folder (any depth) or in all_sqe_json_1484.tar.xz",
    "splits": "`cross-view`: views 1 and 2 train, view 3 test",
    "classes": CLASSES,
    "skeleton": "kinect20",
}


def open(root: str | Path) -> ClipTable:
    """Opens the sequences.

    Args:
        root: a folder with the files or the archive, or the archive.

    Returns:
        The clips: 3D poses in metres, axes ``kinect``; some have one frame.

    Raises:
        InputError: nothing is there.
    """
    files = find(Path(root), (".json",), "*.tar.xz")
    names = {Path(name).stem: name for name in files if nw_ucla_json.NAME.search(name)}
    view = {key: int(key[-2:]) for key in names}

    def load(key: str) -> Clip:
        if key not in names:
            raise InputError(f"Expected one of {len(names)} clips, got '{key}'; see the table's ids")
        item = nw_ucla_json.read(names[key], data=files.read(names[key]))
        return Clip(
            id=key,
            poses=item.poses,
            label=CLASSES[item.label - 1],
            subject=str(item.subject),
            camera=str(item.view),
            meta={"repetition": item.repetition},
        )

    return ClipTable(
        ids=tuple(names),
        classes=CLASSES,
        splits={
            "cross-view": {
                "train": tuple(key for key in names if view[key] != 3),
                "test": tuple(key for key in names if view[key] == 3),
            }
        },
        load=load,
        published=PUBLISHED,
        twice=files.twice,
    )
