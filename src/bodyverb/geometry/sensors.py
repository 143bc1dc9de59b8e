"""Which files come from the same sensor: each goes to the first camera that explains it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from bodyverb.core import InputError
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.fitting import CameraFit, usable
from bodyverb.geometry.known_cameras import CAMERAS, IR_SIZE

Pairs = tuple[np.ndarray, np.ndarray]
"""Points (N, 3) and pixels (N, 2), 25 rows a body."""
SAME_PX = 0.1
_JOINTS = 25
_WORSE = 3.0
_WHOLE_ROWS, _FEW_BODIES = 1_000_000, 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensor:
    """One camera and the pairs, by file, that it was fitted to; of very many files some bodies of each."""

    fit: CameraFit
    pairs: dict[str, Pairs]

    @property
    def files(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.pairs)


@dataclass(kw_only=True, eq=False)
class _Group:
    """Files that one camera explains, and the surest camera that a single one of them gave."""

    fit: CameraFit
    head: Pairs
    files: list[str] = field(default_factory=list)


def by_sensor(
    pairs: Iterable[tuple[str, Pairs]],
    fit: Callable[[np.ndarray, np.ndarray], CameraFit],
    slack_px: float,
) -> tuple[tuple[Sensor, ...], dict[str, str]]:
    """Group files by sensor and fit each group.

    A file is fitted by itself where no camera found so far explains it; of whole data sets few files are.

    Args:
        pairs: Name and pairs of each file, taken one at a time.
        fit: `fit_ir` or `fit_color`.
        slack_px: A camera explains a file where its median miss is at most this, and 3 times that of the
            file's own camera more where there is one.

    Returns:
        The sensors, those of the first files first; and what is wrong with files that fit none.
    """
    groups: list[_Group] = []
    kept: dict[str, Pairs] = {}
    trouble: dict[str, str] = {}
    rows = 0
    for name, one in pairs:
        kept[name] = one = one if rows < _WHOLE_ROWS else _thinned(one)
        rows += len(one[0])
        group = _explaining(groups, one, slack_px)
        if group is None:
            try:
                alone = fit(*one)
            except InputError as error:
                trouble[name] = str(error)
                continue
            group = _explaining(groups, one, slack_px + _WORSE * float(np.median(alone.residual_px)))
            if group is None:
                group = _Group(fit=alone, head=one)
                groups.append(group)
        group.files.append(name)
    groups = _merged(groups, slack_px)
    for name in list(trouble):  # too few pairs for a camera of their own may still follow another's
        group = _explaining(groups, kept[name], slack_px)
        if group is not None:
            group.files.append(name)
            del trouble[name]
    order = {name: at for at, name in enumerate(kept)}
    sensors = [_sensor(sorted(group.files, key=order.__getitem__), group, kept, fit) for group in groups]
    return tuple(sorted(sensors, key=lambda one: order[one.files[0]])), trouble


def names_of(sensors: Iterable[Sensor], target: str) -> list[str]:
    """An id for each: that of the known infrared sensor it is, or target and number."""
    names: list[str] = []
    for at, sensor in enumerate(sensors, 1):
        known = target == "ir" and [
            name for name, other in CAMERAS.items() if _apart(sensor.fit.camera, other) < SAME_PX
        ]
        names.append(known[0] if known and known[0] not in names else f"{target}-{at}")
    return names


def _merged(groups: list[_Group], slack_px: float) -> list[_Group]:
    """Groups that a surer camera explains join it: the first file of a sensor may have said too little."""
    made: list[_Group] = []
    for group in sorted(groups, key=lambda one: one.fit.border_sd_px):
        slack = slack_px + _WORSE * float(np.median(group.fit.residual_px))
        surer = _explaining(made, group.head, slack)
        if surer is None:
            made.append(group)
        else:
            surer.files += group.files
    return made


def _sensor(files: list[str], group: _Group, kept: dict[str, Pairs], fit: Callable[..., CameraFit]) -> Sensor:
    mine = {name: kept[name] for name in files}
    whole = group.fit if len(files) == 1 else fit(*together(mine.values()))
    return Sensor(fit=whole, pairs=mine)


def _explaining(groups: list[_Group], pairs: Pairs, most_px: float) -> _Group | None:
    return next((group for group in groups if _miss(group.fit, pairs) <= most_px), None)


def _miss(fit: CameraFit, pairs: Pairs) -> float:
    """Median distance px between the camera's pixels and those of the pairs; infinite without pairs."""
    good = usable(*pairs)
    if not good.any():
        return float("inf")
    return float(np.median(np.linalg.norm(fit.camera.project(pairs[0][good]) - pairs[1][good], axis=1)))


def _thinned(pairs: Pairs) -> Pairs:
    """A few bodies, the same way apart."""
    bodies = len(pairs[0]) // _JOINTS
    if bodies <= _FEW_BODIES:
        return pairs
    chosen = np.linspace(0, bodies - 1, _FEW_BODIES).astype(int)
    rows = (chosen[:, None] * _JOINTS + np.arange(_JOINTS)).ravel()
    return pairs[0][rows], pairs[1][rows]


def _apart(one: Camera, other: Camera) -> float:
    """Mean distance of the two cameras' pixels over the picture, px."""
    pixels = np.stack(np.meshgrid(np.arange(0, IR_SIZE[0], 16), np.arange(0, IR_SIZE[1], 16)), axis=-1)
    away = np.linalg.norm(one.project(other.unproject(pixels, 1.0)) - pixels, axis=-1)
    return float(away.mean())


def together(pairs: Iterable[Pairs]) -> Pairs:
    """All pairs behind each other."""
    listed = list(pairs)
    return np.concatenate([one[0] for one in listed]), np.concatenate([one[1] for one in listed])
