"""MPII Human Pose as MATLAB file (`mpii_human_pose_v1_u12_1.mat`): every picture and everybody in it.

`RELEASE` is a structure: `annolist` (one a picture: `image.name`; `annorect`, one a person: `x1 y1 x2 y2` of
the head, `scale`, `objpos.x/y`, `annopoints.point`, one a joint: `x`, `y`, `id` 0 to 15, `is_visible`),
`img_train` (0 or 1 a picture), `single_person` (numbers of people, from 1, a picture) and `act`
(`act_name` a picture). People of the test part have no points; fields may be missing or empty. `is_visible`
is a number, text or empty: then the joint counts as seen. Numbers are 1-based and 0-based here.

The pictures are taken one at a time, so that the file's 25,000 and their points take little memory.

Data set: Andriluka et al., 2D Human Pose Estimation (CVPR 2014).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import ABSENT, INFERRED, SEEN, FormatError
from bodyverb.formats import _mat5
from bodyverb.formats._format import Format, Given, Item
from bodyverb.formats._mpii import JOINTS, MpiiPeople

MAX_PX = 1e9
_DIGITS = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{0,9})?")
_NOTHING = (np.nan,) * JOINTS * 2
_KEPT_BYTES = 24


def read(path: str | Path) -> MpiiPeople:
    """Read a file.

    Raises:
        FormatError: The file is absent or damaged, or holds something else.
    """
    found = _People(path)
    each = {"RELEASE.annolist": found.picture, "RELEASE.act": found.action}
    release = _mat5.load(path, "RELEASE", each=each)["RELEASE"]
    if not isinstance(release, dict) or "annolist" not in release or not found.names:
        raise FormatError(f"Expected RELEASE with pictures in 'annolist', got none; check the file: {path}")
    return found.all(release)


class _People:
    """Everybody seen so far, in flat arrays."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.names: list[str] = []
        self.actions: list[str] = []
        self.spelt: dict[str, str] = {}
        self.picture_of, self.number = array("q"), array("q")
        self.joints, self.state, self.about = array("d"), array("B"), array("d")

    def picture(self, fields: dict[str, Any]) -> int:
        """Take one picture; returns the bytes kept of it."""
        image = fields.get("image")
        name = image.get("name") if isinstance(image, dict) else None
        if not isinstance(name, str) or not name:
            raise FormatError(
                f"Expected the name of a picture, got none in picture {len(self.names) + 1}; "
                f"check the file: {self.path}"
            )
        people = _several(fields.get("annorect"))
        for number, person in enumerate(people):
            self.picture_of.append(len(self.names))
            self.number.append(number)
            self.person(person)
        self.names.append(name)
        return 80 + 2 * len(name) + len(people) * (16 + 9 * JOINTS * 2 + 7 * 9)

    def person(self, fields: dict[str, Any]) -> None:
        """Take one person."""
        middle = fields.get("objpos")
        middle = middle if isinstance(middle, dict) else {}
        self.about.extend(_number(middle.get(name)) for name in ("x", "y"))
        self.about.extend(_number(fields.get(name)) for name in ("scale", "x1", "y1", "x2", "y2"))
        joints, state = list(_NOTHING), [ABSENT] * JOINTS
        points = fields.get("annopoints")
        for point in _several(points.get("point") if isinstance(points, dict) else None):
            which, x, y = (_number(point.get(name)) for name in ("id", "x", "y"))
            if which not in range(JOINTS):
                raise FormatError(
                    f"Expected joints 0 to {JOINTS - 1}, got {which} in picture {len(self.names) + 1}; "
                    f"check the file: {self.path}"
                )
            at = int(which)
            if np.isfinite((x, y)).all():
                joints[2 * at : 2 * at + 2] = x, y
                state[at] = INFERRED if _number(point.get("is_visible")) == 0 else SEEN
        self.joints.extend(joints)
        self.state.extend(state)

    def action(self, fields: dict[str, Any]) -> int:
        """Take what happens in one picture; returns the bytes kept of it."""
        name = fields.get("act_name")
        name = name if isinstance(name, str) else ""
        self.actions.append(self.spelt.setdefault(name, name))
        return _KEPT_BYTES + (80 + len(name) if self.actions[-1] is name else 0)

    def all(self, release: dict[str, Any]) -> MpiiPeople:
        """Everybody, with the part and the action of their pictures."""
        pictures = np.array(self.picture_of, np.int64)
        number = np.array(self.number, np.int64)
        about = np.array(self.about, np.float64).reshape(-1, 7)
        train = np.asarray(release.get("img_train", ())).ravel()
        if train.size != len(self.names) or train.dtype.kind not in "fiub":
            raise FormatError(
                f"Expected 'img_train' of {len(self.names)} pictures, got {train.size}; check: {self.path}"
            )
        actions = self.actions if len(self.actions) == len(self.names) else [""] * len(self.names)
        return MpiiPeople(
            images=tuple(self.names[at] for at in pictures),
            number=number,
            joints=np.array(self.joints, np.float64).reshape(-1, JOINTS, 2) - 1,
            state=np.array(self.state, np.uint8).reshape(-1, JOINTS),
            center=about[:, :2] - 1,
            scale=about[:, 2],
            head=about[:, 3:] - 1,
            train=train[pictures] > 0,
            single=_single(release.get("single_person"), pictures, number),
            activity=tuple(actions[at] for at in pictures),
            source=str(self.path),
        )


def _several(value: Any) -> list[dict[str, Any]]:
    """The structures of a field that holds none, one or several."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict)]


def _number(value: Any) -> float:
    """A number, or text that is one; NaN where there is none, or none that a picture can have."""
    if isinstance(value, np.ndarray):
        number = float(value.flat[0]) if value.size and value.dtype.kind in "fiub" else np.nan
    elif isinstance(value, str) and _DIGITS.fullmatch(value):
        number = float(value)
    else:
        number = np.nan
    return number if abs(number) < MAX_PX else np.nan


def _single(lists: Any, pictures: np.ndarray, number: np.ndarray) -> np.ndarray:
    """(N,) bool from the numbers, from 1, of each picture."""
    chosen: list[set[int]] = [
        {int(one) - 1 for one in value.ravel() if np.isfinite(one)}
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
        else set()
        for value in (lists if isinstance(lists, list) else [])
    ]
    pairs = zip(pictures.tolist(), number.tolist(), strict=True)
    return np.array([at < len(chosen) and one in chosen[at] for at, one in pairs], bool)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.stem, read(path).recording(**given.rate(), name=path.name)


FORMAT = Format(
    name="mpii-mat",
    title="MPII Human Pose .mat",
    suffixes=(".mat",),
    says=frozenset({"layout", "unit", "states"}),
    read=_recordings,
    looks=lambda path, head: _mat5.has(path, "RELEASE"),
)
