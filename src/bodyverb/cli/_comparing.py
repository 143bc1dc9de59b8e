"""Ways to project, measured on the same joints: rows for a table, panels for a figure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from bodyverb.geometry.sensors import Pairs, Sensor
    from bodyverb.outputs.curves import Panel, Ranges
    from bodyverb.outputs.palette import RGB

DEPTHS_M = tuple((np.arange(5, 81, 2.5) / 10).tolist())
RADII_PX = tuple(np.arange(0.0, 401.0, 20.0).tolist())
JOINTS = 25
FOLDS = 10
"""Where a sensor has more files than this, a way is fitted so many times, on the files outside each part."""
MAX_KNOWN = 100_000
"""More pairs than this do not make a fit better; an even share of them is taken."""
MIDDLE = (255.5, 211.5)
MIN_COUNT = 25
"""Fewer joints than this in a part of the depths or distances say nothing there."""


class Projector(Protocol):
    """What has `project`, as cameras and networks have."""

    def project(self, points: np.ndarray, /) -> np.ndarray:
        """Points (N, 3) m as px (N, 2)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Files that are measured, and the pairs that may be fitted for them.

    Attributes:
        sensor: its name.
        files: their names.
        points: (N, 3); pixels: (N, 2).
        file: (N,) places in `files`.
        joint: (N,) numbers of the joints.
        known: pairs of the sensor's other files, or of the first half of its only one.
    """

    sensor: str
    files: tuple[str, ...]
    points: np.ndarray
    pixels: np.ndarray
    file: np.ndarray
    joint: np.ndarray
    known: Pairs


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """One way to project.

    Attributes:
        name: to show.
        family: ways of one family share a colour.
        parameters: how many numbers it has, for one sensor; bytes: as they are kept.
        made: gives what projects, for known pairs of the sensor.
    """

    name: str
    family: str
    parameters: int
    bytes: int
    made: Callable[[Pairs], Projector]


def parts_of(name: str, sensor: Sensor) -> list[Part]:
    """What is measured of a sensor, so that nothing is fitted on the joints it is measured on."""
    from bodyverb.geometry.sensors import together

    files = sensor.files
    if len(files) == 1:
        points, pixels = sensor.pairs[files[0]]
        half = len(points) // (2 * JOINTS) * JOINTS
        later = {files[0]: (points[half:], pixels[half:])}
        return [_part(name, later, (points[:half], pixels[:half]))]
    parts = []
    for first in range(min(len(files), FOLDS)):
        chosen = files[first::FOLDS]
        known = together(sensor.pairs[file] for file in files if file not in set(chosen))
        parts.append(_part(name, {file: sensor.pairs[file] for file in chosen}, known))
    return parts


def _part(name: str, measured: Mapping[str, Pairs], known: Pairs) -> Part:
    """Of the measured rows those that are pairs."""
    from bodyverb.geometry.fitting import usable
    from bodyverb.geometry.sensors import together

    points, pixels = together(measured.values())
    file = np.repeat(np.arange(len(measured)), [len(one[0]) for one in measured.values()])
    joint = np.arange(len(points)) % JOINTS
    good = usable(points, pixels)
    every = slice(None, None, 1 + len(known[0]) // MAX_KNOWN)
    return Part(
        sensor=name,
        files=tuple(measured),
        points=points[good],
        pixels=pixels[good],
        file=file[good],
        joint=joint[good],
        known=(known[0][every], known[1][every]),
    )


def rows_of(way: Way, parts: Iterable[Part]) -> list[dict[str, Any]]:
    """One row a sensor."""
    rows = []
    parts = list(parts)
    for sensor in dict.fromkeys(part.sensor for part in parts):
        mine = [part for part in parts if part.sensor == sensor]
        made = [way.made(part.known) for part in mine]
        parted = [_away(one, part.points, part.pixels) for one, part in zip(made, mine, strict=True)]
        away = np.concatenate(parted)
        points, pixels = (np.concatenate([getattr(p, key) for p in mine]) for key in ("points", "pixels"))
        joint = np.concatenate([part.joint for part in mine])
        rows.append(
            {
                "way": way.name,
                "family": way.family,
                "sensor": sensor,
                **_numbers(away),
                "parameters": way.parameters,
                "bytes": way.bytes,
                "ns a point": _nanoseconds(made[0], points),
                "by_depth_m": _means(away, points[:, 2], DEPTHS_M),
                "by_radius_px": _means(away, np.linalg.norm(pixels - MIDDLE, axis=1), RADII_PX),
                "by_joint": _grouped(away, joint, JOINTS),
                "by_file": {
                    name: mean
                    for part, off in zip(mine, parted, strict=True)
                    for name, mean in zip(part.files, _grouped(off, part.file, len(part.files)), strict=True)
                },
            }
        )
    return rows


def summary(projector: Projector, points: np.ndarray, pixels: np.ndarray) -> dict[str, float]:
    """Mean, median, p95 and max px of pairs."""
    return _numbers(_away(projector, points, pixels))


def short(value: object) -> object:
    """A number of a table in three digits."""
    return f"{value:.3g}" if isinstance(value, float) else value


def panels(rows: list[dict[str, Any]]) -> list[list[Panel | Ranges]]:
    """The figure of `rows_of`: a column a sensor; summary, by depth, by distance, by joint."""
    from bodyverb import skeletons
    from bodyverb.outputs.curves import Curve, Panel, Range, Ranges

    colours = _colours(rows)
    names = [name.replace("_", " ") for name in skeletons.get("kinect25").joints]
    span = min(row["median"] for row in rows), max(row["max"] for row in rows)
    grid: list[list[Panel | Ranges]] = [[], [], [], []]
    for sensor in dict.fromkeys(row["sensor"] for row in rows):
        mine = [row for row in rows if row["sensor"] == sensor]
        grid[0].append(
            Ranges(
                title=f"{sensor}: mean (dot), 95 of 100 (tick), median to largest (bar)",
                span=span,
                across="px",
                rows=[
                    Range(
                        name=row["way"],
                        low=row["median"],
                        high=row["max"],
                        dot=row["mean"],
                        tick=row["p95"],
                        colour=colours[row["way"]],
                    )
                    for row in mine
                ],
            )
        )

        def curves(key: str, mine: list[dict[str, Any]] = mine) -> list[Curve]:
            made = []
            for row in mine:
                x, y = _places(row[key])
                thin = row["family"] == "published"
                made.append(Curve(name=row["way"], x=x, y=y, colour=colours[row["way"]], thin=thin))
            return made

        grid[1].append(
            Panel(
                title=f"{sensor}: mean px by depth",
                across="depth, m",
                curves=curves("by_depth_m"),
                log=True,
                span=span,
            )
        )
        grid[2].append(
            Panel(
                title=f"{sensor}: mean px by distance from the picture's centre",
                across="distance, px",
                curves=curves("by_radius_px"),
                log=True,
                span=span,
            )
        )
        grid[3].append(
            Panel(
                title=f"{sensor}: mean px by joint",
                across="",
                curves=curves("by_joint"),
                log=True,
                labels=names,
                span=span,
            )
        )
    return grid


def _colours(rows: list[dict[str, Any]]) -> dict[str, RGB]:
    """A colour a family of ways."""
    colours: tuple[RGB, ...] = (
        (213, 94, 0), (204, 121, 167), (126, 106, 209), (120, 124, 132), (150, 110, 60), (0, 158, 115),
        (0, 114, 178),
    )  # fmt: skip
    families = list(dict.fromkeys(row["family"] for row in rows))
    return {row["way"]: colours[families.index(row["family"]) % len(colours)] for row in rows}


def _places(values: Mapping[str, float | None] | list[float | None]) -> tuple[np.ndarray, np.ndarray]:
    """Where means lie, the middle of their part, and the means; NaN for None."""
    if isinstance(values, list):
        return np.arange(len(values)), np.array([np.nan if v is None else v for v in values])
    ends = [[float(word) for word in key.split("-")] for key in values]
    known = [at for at, value in enumerate(values.values()) if value is not None]
    shown = slice(known[0], known[-1] + 1) if known else slice(0)
    y = np.array([np.nan if value is None else value for value in values.values()])
    return np.array([sum(pair) / 2 for pair in ends])[shown], y[shown]


def _away(projector: Projector, points: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(N,) px between what is projected and what is stored."""
    return np.linalg.norm(projector.project(points) - pixels, axis=1)


def _numbers(away: np.ndarray) -> dict[str, float]:
    return {
        "mean": float(away.mean()),
        "median": float(np.median(away)),
        "p95": float(np.quantile(away, 0.95)),
        "max": float(away.max()),
    }


def _grouped(away: np.ndarray, group: np.ndarray, count: int) -> list[float | None]:
    """Mean of each group; None where it is empty."""
    sums, counts = np.bincount(group, away, count), np.bincount(group, minlength=count)
    return [float(total / number) if number else None for total, number in zip(sums, counts, strict=True)]


def _means(away: np.ndarray, value: np.ndarray, edges: tuple[float, ...]) -> dict[str, float | None]:
    """Mean between each two edges; None where hardly anything lies between."""
    found: dict[str, float | None] = {}
    for low, high in pairwise(edges):
        inside = away[(value >= low) & (value < high)]
        found[f"{low:g}-{high:g}"] = float(inside.mean()) if inside.size >= MIN_COUNT else None
    return found


def _nanoseconds(projector: Projector, points: np.ndarray) -> float:
    """Processor time a point, the least of three."""
    many = np.resize(points, (max(len(points), 20_000), 3))
    taken = []
    for _ in range(3):
        begin = time.process_time()
        projector.project(many)
        taken.append(time.process_time() - begin)
    return min(taken) / len(many) * 1e9
