"""Pairs of 3D joints and infrared pixels to learn a projection from.

From a folder of NTU files, split by performer or by sensor; or, where there are none, the 3D joints of
PKU-MMD, UTD-MHAD and NW-UCLA through the two known sensors of NTU. Joints that are missing are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bodyverb.core import InputError
from bodyverb.datasets import ntu, nw_ucla, pku_mmd, utd_mhad
from bodyverb.datasets._table import ClipTable
from bodyverb.geometry.fitting import SENSORS, usable
from bodyverb.geometry.flat_poses import metres
from bodyverb.geometry.known_cameras import CAMERAS
from bodyverb.geometry.sensors import Pairs, Sensor, together

EVERY = 4
"""Of neighbouring frames, which hardly differ, every fourth is taken."""
HELD = {"utd_mhad": ("7", "8"), "nw_ucla": ("9", "10"), "pku_mmd": ()}
"""Performers on which the loss is watched and nothing is learned."""
SETS = {"utd_mhad": utd_mhad.open, "nw_ucla": nw_ucla.open, "pku_mmd": pku_mmd.open}
HELD_FILES = 20
Split = Literal["performer", "sensor"]
Seen = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class SensorPool:
    """Pairs of one sensor: those to learn from, those to watch the loss on, and the files they are from."""

    train: Pairs
    held: Pairs
    files: tuple[str, ...] = ()


def from_data_sets(root: Path, seen: Seen | None = None) -> dict[str, SensorPool]:
    """The 3D joints of PKU-MMD, UTD-MHAD and NW-UCLA through both known sensors of NTU.

    Args:
        root: folder with pku_mmd/, utd_mhad/ and nw_ucla/, or some of them.
        seen: told how many recordings are read, of how many.

    Returns:
        A pool a sensor, by its name; only joints that it has in the picture.

    Raises:
        InputError: none of the folders is there.
    """
    tables = {name: open_set(root / name) for name, open_set in SETS.items() if (root / name).is_dir()}
    if not tables:
        raise InputError(f"Expected one of the folders {', '.join(SETS)}, got none; check --root: {root}")
    learned: list[np.ndarray] = []
    watched: list[np.ndarray] = []
    for held, points in _recordings(tables, seen):
        (watched if held else learned).append(points)
    if not learned or not watched:
        raise InputError(f"Expected several performers, got too few; add data sets to --root: {root}")
    parts = np.concatenate(learned), np.concatenate(watched)
    pools = {}
    for name in SENSORS:
        camera = CAMERAS[name]
        shown = [part[camera.sees(part)] for part in parts]
        train, watch = ((part, camera.project(part)) for part in shown)
        pools[name] = SensorPool(train=train, held=watch)
    return pools


def _recordings(tables: Mapping[str, ClipTable], seen: Seen | None) -> Iterator[tuple[bool, np.ndarray]]:
    """Whether a recording is held out, and its joints (N, 3), m in `kinect` axes."""
    of, done = sum(len(table) for table in tables.values()), 0
    for name, table in tables.items():
        for clip in table:
            poses = clip.poses.select(frames=np.arange(clip.poses.frames) % EVERY == 0)
            points = metres(poses, "kinect")[poses.present]
            done += 1
            if seen is not None:
                seen(done, of)
            yield clip.subject in HELD[name], points[(points != 0).any(axis=1)]


def from_ntu(
    sensors: Mapping[str, Sensor], split: Split
) -> tuple[dict[str, SensorPool], dict[str, dict[str, Pairs]]]:
    """Pools and tests from a folder of NTU files.

    Args:
        sensors: by name, with their files.
        split: `performer`: those of the cross-subject protocol train, the others test; `sensor`: that with
            the fewest files tests, the others train.

    Returns:
        A pool a training sensor, in which every twentieth file is watched; and the pairs of the test files by
        sensor.

    Raises:
        InputError: nothing is left to train or to test on, or a file's name does not say its performer.
    """
    fewest = min(sensors, key=lambda name: len(sensors[name].files))
    pools, tests = {}, {}
    for name, sensor in sensors.items():
        if split == "sensor":
            train = () if name == fewest else sensor.files
        else:
            train = tuple(file for file in sensor.files if _performer(file) in ntu.TRAIN_120)
        if train:
            pools[name] = _pool(train, sensor)
        test = {file: sensor.pairs[file] for file in sensor.files if file not in set(train)}
        if test:
            tests[name] = test
    if not pools or not tests:
        raise InputError(
            f"Expected files to train and files to test on, got none of one kind with --split {split}; "
            "add files, or split otherwise"
        )
    return pools, tests


def _pool(files: tuple[str, ...], sensor: Sensor) -> SensorPool:
    held = files[::HELD_FILES]
    learned = [file for file in files if file not in set(held)] or list(files)
    train, watch = (_usable(together(sensor.pairs[file] for file in part)) for part in (learned, held))
    return SensorPool(train=train, held=watch, files=files)


def _usable(pairs: Pairs) -> Pairs:
    good = usable(*pairs)
    return pairs[0][good], pairs[1][good]


def _performer(file: str) -> int:
    return ntu.parse_name(Path(file).stem).performer
