"""CMU motion capture in ASF/AMC: whatever subjects lie in the folder, as joint positions in metres."""

from __future__ import annotations

from pathlib import Path

from bodyverb.core import Clip, InputError
from bodyverb.datasets._files import find
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import asfamc

CARD = {
    "name": "cmu_mocap",
    "title": "CMU Graphics Lab Motion Capture Database",
    "licence": "free for use in research and commercial projects worldwide",
    "citation": "mocap.cs.cmu.edu; the database was created with funding from NSF EIA-0196217",
    "files": "SS.asf and SS_TT.amc in a folder (any depth) or in an archive named *asfamc*.tar.xz",
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
    files = find(Path(root), (".asf", ".amc"), "*asfamc*.tar.xz")
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
