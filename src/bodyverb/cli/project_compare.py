"""Compare ways to project Kinect v2 skeletons: published networks, pinholes, the fitted camera.

All on the same joints of NTU files with infrared pixels. What is fitted is fitted on the other files of the
sensor; of a sensor with one file, on the first half of its joints, and everything is measured on the second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from tyro.conf import Positional, arg

from bodyverb.core.errors import InputError

if TYPE_CHECKING:
    from bodyverb.geometry.sensors import Pairs, Sensor

DEPTHS_M = (0.0, 2.0, 3.0, 4.0, 20.0)
RADII_PX = (0.0, 50.0, 100.0, 150.0, 400.0)
JOINTS = 25
WIDTH = 110
Project = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb project compare`."""

    files: Positional[tuple[Path, ...]]
    """NTU `.skeleton` files, or folders of them."""
    models: Annotated[tuple[Path, ...], arg(metavar="PATH...")] = ()
    """Published networks `model0.pt` ... to measure too (needs the extra [train])."""
    json: bool = False
    """Print JSON, which adds the mean by depth, by distance from the centre and by joint."""

    def run(self) -> int:
        """Fit, project, print."""
        from rich.console import Console

        from bodyverb.cli._projecting import pairs_of
        from bodyverb.formats.files import to_json
        from bodyverb.geometry.fitting import fit_ir
        from bodyverb.geometry.sensors import by_sensor
        from bodyverb.outputs.tables import columns_table

        pairs = pairs_of(self.files, "ir")
        sensors, trouble = by_sensor(pairs, fit_ir, 0.01)
        if not sensors:
            raise InputError("; ".join(trouble.values()))
        parts = [part for at, one in enumerate(sensors, 1) for part in _parts(f"sensor {at}", one, pairs)]
        rows = [row for way in (*_networks(self.models), *_cameras()) for row in _rows(way, parts)]
        if self.json:
            print(to_json({"files": {one.files[0]: list(one.files) for one in sensors}, "rows": rows}))
            return 0
        for at, sensor in enumerate(sensors, 1):
            print(f"sensor {at}: {', '.join(sensor.files)}")
        shown = [{key: _short(value) for key, value in row.items() if "by_" not in key} for row in rows]
        console = Console(highlight=False)
        console = console if console.is_terminal else Console(highlight=False, width=WIDTH)
        console.print(columns_table("Distance to the stored pixel, px", shown))
        return 0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """The joints of a file that are measured, and the pairs that may be fitted for them."""

    sensor: str
    points: np.ndarray
    pixels: np.ndarray
    known: Pairs


@dataclass(frozen=True, kw_only=True, eq=False)
class _Way:
    """One way to project: for given pairs of the sensor, a function from points to px."""

    name: str
    parameters: int
    bytes: int
    made: Callable[[Pairs], Project]


def _parts(name: str, sensor: Sensor, pairs: dict[str, Pairs]) -> list[_Part]:
    if len(sensor.files) == 1:
        points, pixels = pairs[sensor.files[0]]
        half = len(points) // (2 * JOINTS) * JOINTS
        known = points[:half], pixels[:half]
        return [_Part(sensor=name, points=points[half:], pixels=pixels[half:], known=known)]
    parts = []
    for file in sensor.files:
        others = [pairs[other] for other in sensor.files if other != file]
        known = np.concatenate([one[0] for one in others]), np.concatenate([one[1] for one in others])
        parts.append(_Part(sensor=name, points=pairs[file][0], pixels=pairs[file][1], known=known))
    return parts


def _networks(models: tuple[Path, ...]) -> list[_Way]:
    if not models:
        return []
    from bodyverb.train.projection_mlp import ProjectionMlp, load

    def way(path: Path, network: ProjectionMlp) -> _Way:
        size = 4 * network.parameters
        return _Way(name=path.name, parameters=network.parameters, bytes=size, made=lambda _: network.project)

    return [way(path, load(path)) for path in models]


def _cameras() -> list[_Way]:
    from bodyverb.geometry.fitting import fit_ir, fit_pinhole
    from bodyverb.geometry.known_cameras import CAMERAS, kinect_ir

    guess = kinect_ir(365.0, 256.0, 212.0, 0.0, 0.0, 0.0)
    published = CAMERAS["kinect-v2-ir"]
    return [
        _Way(name="generic pinhole", parameters=3, bytes=24, made=lambda _: guess.project),
        _Way(name="kinect-v2-ir", parameters=6, bytes=48, made=lambda _: published.project),
        _Way(name="fitted pinhole", parameters=3, bytes=24, made=lambda known: fit_pinhole(*known).project),
        _Way(name="fitted camera", parameters=6, bytes=48, made=lambda known: fit_ir(*known).camera.project),
    ]


def _rows(way: _Way, parts: list[_Part]) -> list[dict[str, Any]]:
    """One row a sensor."""
    from bodyverb.geometry.fitting import usable

    rows = []
    for sensor in dict.fromkeys(part.sensor for part in parts):
        mine = [part for part in parts if part.sensor == sensor]
        made = [way.made(part.known) for part in mine]
        off = [project(part.points) - part.pixels for project, part in zip(made, mine, strict=True)]
        away = np.concatenate([np.linalg.norm(one, axis=1) for one in off])
        points = np.concatenate([part.points for part in mine])
        pixels = np.concatenate([part.pixels for part in mine])
        away[~usable(points, pixels)] = np.nan
        joint = np.concatenate([np.arange(len(part.points)) % JOINTS for part in mine])
        rows.append(
            {
                "way": way.name,
                "sensor": sensor,
                **_summary(away),
                "parameters": way.parameters,
                "bytes": way.bytes,
                "ns a point": _nanoseconds(made[0], points),
                "by_depth_m": _means(away, points[:, 2], DEPTHS_M),
                "by_radius_px": _means(away, np.linalg.norm(pixels - (255.5, 211.5), axis=1), RADII_PX),
                "by_joint": list(_means(away, joint, tuple(range(JOINTS + 1))).values()),
            }
        )
    return rows


def _short(value: object) -> object:
    return f"{value:.3g}" if isinstance(value, float) else value


def _summary(away: np.ndarray) -> dict[str, float]:
    known = away[np.isfinite(away)]
    return {
        "mean": float(known.mean()),
        "median": float(np.median(known)),
        "p95": float(np.quantile(known, 0.95)),
        "max": float(known.max()),
    }


def _means(away: np.ndarray, value: np.ndarray, edges: tuple[float, ...]) -> dict[str, float | None]:
    """Mean between each two edges; None where nothing lies between."""
    found: dict[str, float | None] = {}
    for low, high in pairwise(edges):
        inside = away[(value >= low) & (value < high) & np.isfinite(away)]
        found[f"{low:g}-{high:g}"] = float(inside.mean()) if inside.size else None
    return found


def _nanoseconds(project: Project, points: np.ndarray) -> float:
    """Processor time a point, the least of three."""
    many = np.resize(points, (max(len(points), 20_000), 3))
    taken = []
    for _ in range(3):
        begin = time.process_time()
        project(many)
        taken.append(time.process_time() - begin)
    return min(taken) / len(many) * 1e9
