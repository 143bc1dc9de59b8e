"""Northwestern-UCLA Multiview Action 3D: 1,484 Kinect v1 sequences of 10 actions by 10 subjects from 3
views."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bodyverb.core import Clip, InputError
from bodyverb.datasets._files import find
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import nw_ucla_json
from bodyverb.formats.files import replacing, to_json

CLASSES = (
    "pick_up_with_one_hand", "pick_up_with_two_hands", "drop_trash", "walk_around", "sit_down", "stand_up",
    "donning", "doffing", "throw", "carry",
)  # fmt: skip
ACTIONS = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)
"""Their numbers in the names of the files."""
REPEATED = (2, 3)
"""Action numbers whose clips of view 3 are, in the archive that is passed on, those of view 2 once more."""
PUBLISHED = {"clips": 1484, "cross-view/train": 1020, "cross-view/test": 464}

CARD = {
    "name": "nw_ucla",
    "title": "Northwestern-UCLA Multiview Action 3D",
    "licence": "no explicit licence for the data; research use, cite the paper",
    "citation": "Wang, Nie, Xia, Wu and Zhu, Cross-view Action Modeling, Learning and Recognition, CVPR 2014",
    "files": "aXX_sXX_eXX_vXX.json in a folder (any depth) or in an archive (.zip, .tar.xz)",
    "splits": "`cross-view`: views 1 and 2 train, view 3 test; `cross-view-unseen`: the same without the 95 "
    "test clips of a02 and a03, which are training clips under another name",
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
    files = find(Path(root), (".json",))
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

    train = tuple(key for key in names if view[key] != 3)
    test = tuple(key for key in names if view[key] == 3)
    return ClipTable(
        ids=tuple(names),
        classes=CLASSES,
        splits={
            "cross-view": {"train": train, "test": test},
            "cross-view-unseen": {
                "train": train,
                "test": tuple(key for key in test if int(key[1:3]) not in REPEATED),
            },
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

    for number, one in enumerate(_acted.plan(count, len(CLASSES), (1, 2, 3))):
        view = (number // 2 + one.repetition) % 3
        world = _acted.acted(
            CLASSES[one.kind], rng, rate_hz=nw_ucla_json.RATE_HZ, seconds=1.5, person=one.person
        )
        seen = _acted.before_kinect(world, "kinect20", turn=(view - 1) * 0.8)
        code = ACTIONS[one.kind]
        key = f"a{code:02d}_s{one.person:02d}_e{one.repetition:02d}_v{view + 1:02d}"
        content = {"file_name": key, "skeletons": seen.position[0].round(6), "label": one.kind + 1}
        with replacing(folder / "all_sqe" / f"{key}.json") as part:
            part.write_text(to_json(content), encoding="utf-8")
