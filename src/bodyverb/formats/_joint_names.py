"""Names that animation programs give to joints, as names of ours.

A joint of a BVH file is where its bone BEGINS: `LeftArm` or `UpperArm_L` is the shoulder, `LeftLeg` the knee.
Where the same file has a joint named after the place itself (`LeftElbow`, `LeftHip`), that one wins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bodyverb.formats import _marks

_SIDED = {
    "upleg": "hip", "upperleg": "hip", "thigh": "hip", "leg": "knee", "lowerleg": "knee", "shin": "knee",
    "calf": "knee", "foot": "ankle", "toebase": "toes", "toe": "toes", "arm": "shoulder",
    "upperarm": "shoulder", "forearm": "elbow", "lowerarm": "elbow", "hand": "wrist", "collar": "clavicle",
    "shoulder": "clavicle",
}  # fmt: skip
_PLACES = ("hip", "knee", "ankle", "toes", "shoulder", "elbow", "wrist", "clavicle")
_CENTRE = {"hips": "pelvis", "hip": "pelvis", "head_end": "head_top"}
_FIGURE = re.compile(r"bip\d*[ _]", re.IGNORECASE)
_FIRST = re.compile(r"(left|right|[lr](?=[ _.-]))[ _.-]?(.+)", re.IGNORECASE)
_LAST = re.compile(r"()(.+?)[ _.-](left|right|l|r)", re.IGNORECASE)
_LETTER = re.compile(r"([lrLR])([A-Z].*)")


def ours(names: Sequence[str]) -> tuple[str, ...]:
    """A name of ours for each, unique; those without one keep their own in small letters.

    Example:
        >>> ours(["Hips", "mixamorig:LeftArm", "LowerLeg_R", "LeftHand", "rThigh"])
        ('pelvis', 'left_shoulder', 'right_knee', 'left_wrist', 'right_hip')
    """
    split = [_split(name) for name in names]
    arms = {side for side, core in split if core in ("arm", "upperarm")}
    taken = {(side, core) for side, core in split if core in _PLACES and not _is_collar(side, core, arms)}
    found = []
    for side, core in split:
        place = core
        if not side:
            place = _CENTRE.get(core, core)
        elif core in _SIDED and (core not in _PLACES or _is_collar(side, core, arms)):
            better = (side, _SIDED[core])
            if better not in taken:
                taken.add(better)
                place = _SIDED[core]
        found.append(f"{side}_{place}" if side else place)
    return _marks.unique(found)


def _is_collar(side: str, core: str, arms: set[str]) -> bool:
    """Whether a `shoulder` is the one before an arm."""
    return core == "shoulder" and side in arms


def _split(name: str) -> tuple[str, str]:
    """Side (`left`, `right` or nothing) and the rest, in small letters."""
    bare = _FIGURE.sub("", name.rpartition(":")[2] or name, count=1)
    match = _FIRST.fullmatch(bare) or _LAST.fullmatch(bare) or _LETTER.fullmatch(bare)
    if match is None:
        return "", re.sub(r"\s+", "_", bare.lower())
    side = next(part for part in (match[1], *match.groups()[2:]) if part)
    return {"l": "left", "r": "right"}[side[0].lower()], re.sub(r"\s+", "_", match[2].lower())
