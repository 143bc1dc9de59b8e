"""PYSKL files: skeletons of NTU RGB+D, Kinetics, FineGYM, UCF101 and others, or one's own, as pickles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bodyverb.core import Clip, FormatError, InputError
from bodyverb.core.pose import Axes, Unit
from bodyverb.core.skeleton import Skeleton
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import pyskl

MADE = ("squat", "jumping_jacks", "wave", "clap")
"""Classes of a made file."""
PART = re.compile(r"(?:(?P<name>.+)_)?(?P<part>train|val|test)(?P<number>\d*)")

CARD = {
    "name": "pyskl",
    "title": "PYSKL annotation files",
    "licence": "that of the data set inside the file; the format belongs to PYSKL, Apache-2.0",
    "citation": "Duan, Wang, Chen and Lin, PYSKL: Towards Good Practices for Skeleton Action Recognition, "
    "ACM MM 2022",
    "files": "one .pkl; for Kinetics a folder of kpfiles besides",
    "splits": "those of the file: `xsub_train` and `xsub_val` are split `xsub`, `train1` and `test1` split "
    "`1`, `train` and `val` split `official`; `val` is validation, or test where there is none",
    "classes": (),
    "skeleton": "given as an option, or the only layout with as many joints",
}


def open(
    root: str | Path,
    *,
    layout: Skeleton | str | None = None,
    unit: Unit | None = None,
    axes: Axes | None = None,
    rate_hz: float | None = None,
    classes: Sequence[str] | None = None,
    people: str | Path | None = None,
) -> ClipTable:
    """Opens a file; its arrays stay in memory.

    Args:
        root: the .pkl, or a folder with one.
        layout: the joint layout, where several have as many joints.
        unit: unit of 3D poses; the file does not say it.
        axes: their axes.
        rate_hz: frames per second; unknown if not given.
        classes: names of the labels, in their order; else the numbers of those that occur, as text.
        people: the folder of kpfiles, for the Kinetics variant.

    Returns:
        The clips.

    Raises:
        InputError: there is no file or several, a layout is needed, or a label has no name.
        FormatError: the file is damaged or dangerous, or two clips have one name.
    """
    path = _one(Path(root))
    file = pyskl.read(path, layout=layout, unit=unit, axes=axes, rate_hz=rate_hz)
    records = {record.id: record for record in file.records}
    if len(records) != len(file.records):
        raise FormatError(
            f"Expected unique names of clips, got {len(file.records) - len(records)} twice; split it: {path}"
        )
    labels = sorted({record.label for record in file.records if record.label is not None})
    if classes is not None and labels and not (labels[0] >= 0 and labels[-1] < len(classes)):
        raise InputError(
            f"Expected {len(classes)} classes, got labels {labels[0]} to {labels[-1]}; name them all: {path}"
        )

    def name(label: int) -> str:
        return str(label) if classes is None else classes[label]

    def load(key: str) -> Clip:
        if key not in records:
            raise InputError(f"Expected one of {len(records)} clips, got '{key}'; see the table's ids")
        record = records[key]
        if record.keypoint is None and people is not None:
            record = file.with_people(record, people)
        return Clip(
            id=key,
            poses=file.poses(record),
            label=None if record.label is None else name(record.label),
            meta={"original_size": record.original_size},
        )

    return ClipTable(
        ids=tuple(records),
        classes=tuple(map(name, labels)) if classes is None else tuple(classes),
        splits=_splits(file.splits or {}, records),
        load=load,
    )


def _one(root: Path) -> Path:
    found = sorted(root.glob("*.pkl")) if root.is_dir() else [root]
    if len(found) != 1:
        raise InputError(f"Expected one .pkl, got {len(found)}; name the file: {root}")
    return found[0]


def _splits(
    stored: Mapping[str, Sequence[str]], known: Mapping[str, object]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Splits with their parts, of the clips that are there."""
    splits: dict[str, dict[str, tuple[str, ...]]] = {}
    for title, ids in stored.items():
        found = PART.fullmatch(title)
        name, part = ("official", title) if found is None else (found["name"], found["part"])
        number = "" if found is None else found["number"]
        name = "-".join(word for word in (name, number) if word) or "official"
        splits.setdefault(name, {})[part] = tuple(one for one in ids if one in known)
    for parts in splits.values():
        if "val" in parts:
            parts["validation" if "test" in parts else "test"] = parts.pop("val")
    return splits


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many clips.
    """
    from bodyverb.datasets import _acted

    records, splits = [], {"train": [], "val": []}  # type: ignore[var-annotated]
    for number, one in enumerate(_acted.plan(count, len(MADE), (1, 2, 3, 4))):
        people = 1 + number % 2
        world = _acted.acted(MADE[one.kind], rng, rate_hz=30.0, seconds=2, person=one.person, people=people)
        seen = _acted.in_picture(world, "coco17", (340, 256))
        name = f"{MADE[one.kind]}_{number:04d}"
        records.append(pyskl.record_of(seen, id=name, label=one.kind, dtype="float16"))
        splits["val" if one.person == 4 else "train"].append(name)
    file = pyskl.PysklFile(records=tuple(records), splits={name: tuple(ids) for name, ids in splits.items()})
    pyskl.write(folder / "made_2d.pkl", file)
