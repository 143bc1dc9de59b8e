"""Which files come from the same sensor: fitted one by one, put together where one camera explains both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bodyverb.core import InputError
from bodyverb.geometry.fitting import CameraFit, usable

Pairs = tuple[np.ndarray, np.ndarray]
"""Points (N, 3) and pixels (N, 2)."""
_WORSE = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensor:
    """One camera, the files it was fitted to, and the pixels each misses by."""

    files: tuple[str, ...]
    fit: CameraFit


def by_sensor(
    pairs: Mapping[str, Pairs], fit: Callable[[np.ndarray, np.ndarray], CameraFit], slack_px: float
) -> tuple[tuple[Sensor, ...], dict[str, str]]:
    """Group files by sensor and fit each group.

    Args:
        pairs: The pairs of each file.
        fit: `fit_ir` or `fit_color`.
        slack_px: A camera explains a file where its median miss is at most this and 3 times that of the
            file's own camera.

    Returns:
        The sensors, those of the first files first; and what is wrong with files that fit none.
    """
    alone: dict[str, CameraFit] = {}
    trouble: dict[str, str] = {}
    for name, (points, pixels) in pairs.items():
        try:
            alone[name] = fit(points, pixels)
        except InputError as error:
            trouble[name] = str(error)
    groups: list[list[str]] = []
    surest = sorted(alone, key=lambda name: alone[name].border_sd_px)
    for name in [*surest, *trouble]:
        most = slack_px + (_WORSE * float(np.median(alone[name].residual_px)) if name in alone else 0)
        group = next((one for one in groups if _miss(alone[one[0]], pairs[name]) <= most), None)
        if group is not None:
            group.append(name)
            trouble.pop(name, None)
        elif name in alone:
            groups.append([name])
    sensors = []
    for group in groups:
        names = tuple(name for name in pairs if name in group)
        whole = alone[names[0]] if len(names) == 1 else fit(*_together([pairs[name] for name in names]))
        sensors.append(Sensor(files=names, fit=whole))
    order = list(pairs)
    return tuple(sorted(sensors, key=lambda one: order.index(one.files[0]))), trouble


def _miss(fit: CameraFit, pairs: Pairs) -> float:
    """Median distance px between the camera's pixels and those of the pairs; infinite without pairs."""
    good = usable(*pairs)
    if not good.any():
        return float("inf")
    return float(np.median(np.linalg.norm(fit.camera.project(pairs[0][good]) - pairs[1][good], axis=1)))


def _together(pairs: list[Pairs]) -> Pairs:
    return np.concatenate([one[0] for one in pairs]), np.concatenate([one[1] for one in pairs])
