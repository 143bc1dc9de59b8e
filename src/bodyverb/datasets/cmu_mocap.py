"""CMU motion capture in ASF/AMC: whatever subjects lie in the folder, as joint positions in metres."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bodyverb.core import Clip, InputError
from bodyverb.datasets._files import find
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import asfamc
from bodyverb.formats.files import replacing

MADE = ("walk", "squat", "jumping_jacks", "wave")
"""What made people do."""

CARD = {
    "name": "cmu_mocap",
    "title": "CMU Graphics Lab Motion Capture Database",
    "licence": "free for use in research and commercial projects worldwide",
    "citation": "mocap.cs.cmu.edu; the database was created with funding from NSF EIA-0196217",
    "files": "SS.asf and SS_TT.amc in a folder (any depth) or in an archive named *asfamc*",
    "splits": "`odd-even`: odd trials train, even trials test (no published split exists)",
    "classes": (),
    "skeleton": "from the .asf file",
}


def open(root: str | Path) -> ClipTable:
    """Opens the motions that have a skeleton.

    Args:
        root: a folder with the files or the archive, or the archive.

    Returns:
        The clips: 3D, world, y-up, 120 Hz, without labels.

    Raises:
        InputError: nothing is there.
    """
    files = find(Path(root), (".asf", ".amc"), "*asfamc*")
    skeletons = {name[:-4]: name for name in files if name.endswith(".asf")}
    names = {name[:-4]: name for name in files if name.endswith(".amc") and name.split("_")[0] in skeletons}

    def load(key: str) -> Clip:
        if key not in names:
            raise InputError(f"Expected one of {len(names)} motions, got '{key}'; see the table's ids")
        subject = key.split("_")[0]
        asf = skeletons[subject]
        poses = asfamc.read(names[key], asf, data=files.read(names[key]), asf_data=files.read(asf))
        return Clip(id=key, poses=poses, subject=subject)

    trial = {key: int(key.split("_")[1]) for key in names}
    return ClipTable(
        ids=tuple(names),
        classes=(),
        splits={
            "odd-even": {
                "train": tuple(key for key in names if trial[key] % 2 == 1),
                "test": tuple(key for key in names if trial[key] % 2 == 0),
            }
        },
        load=load,
    )


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many clips.
    """
    from bodyverb.datasets import _acted
    from bodyverb.datasets.synth.acclaim import acclaim

    for number, one in enumerate(_acted.plan(count, len(MADE), (1, 2))):
        world = _acted.acted(MADE[one.kind], rng, rate_hz=asfamc.CMU_RATE_HZ, seconds=1, person=one.person)
        subject = f"{one.person:02d}"
        place = folder / "subjects" / subject
        asf, amc = acclaim(world.position[0].astype(np.float64))
        with replacing(place / f"{subject}.asf") as part:
            part.write_text(asf, "ascii")
        with replacing(place / f"{subject}_{number + 1:02d}.amc") as part:
            part.write_text(amc, "ascii")
