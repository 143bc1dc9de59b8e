"""The parts of a data set that a run trains on, selects by and tests on."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bodyverb import datasets
from bodyverb.core import InputError
from bodyverb.datasets._registry import parse_options
from bodyverb.datasets._table import ClipTable
from bodyverb.train.clips import Clips, gather
from bodyverb.train.lab_settings import DataSettings

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """Clips by what they are for.

    Attributes:
        train: to learn from.
        validation: to select by; None where nothing is selected.
        test: to report on.
        notes: what a user should be told.
    """

    train: Clips
    validation: Clips | None
    test: Clips
    notes: tuple[str, ...] = ()


def open_table(settings: DataSettings) -> ClipTable:
    """The data set.

    Raises:
        InputError: there is none of that name, nothing is there, or an option is wrong.
    """
    options = parse_options(settings.data, settings.options)
    if settings.data == "pyskl":
        given = {"layout": settings.layout, "unit": settings.unit, "rate_hz": settings.fps}
        options = {key: value for key, value in given.items() if value} | options
    elif settings.unit or settings.fps:
        raise InputError("Expected --unit and --fps with --data pyskl alone, got them; other sets say both")
    return datasets.open(settings.data, settings.root, **options)


def load_parts(settings: DataSettings, progress: Progress = lambda part, done, all_: None) -> Parts:
    """Reads all parts.

    All parts have room for as many people as the one to learn from.

    Raises:
        InputError: a split or part does not exist or is empty, a class has no clip to learn from, or people
            are none of 1 and 2.
    """
    if settings.persons not in (0, 1, 2):
        raise InputError(f"Expected --persons 1 or 2, got {settings.persons}; choose one of them")
    table = open_table(settings)
    split = split_name(table, settings)
    asked = {"train": settings.train_split, "test": settings.test_split}
    ids = {part: part_ids(table, split, title) for part, title in asked.items()}
    notes = list(table.notes)
    if both := len({*ids["train"]} & {*ids["test"]}):
        notes.append(f"{both} clips to learn from are tested on, too; the test score says little")
    found: dict[str, Clips] = {}
    for part in asked:
        found[part] = load_part(settings, table, ids[part], part, progress)
        settings = replace(settings, persons=found["train"].persons)
        if lost := len(ids[part]) - len(found[part]):
            notes.append(f"{lost} of {len(ids[part])} clips of the {part} part have no label or no joint")
    validation = None
    if settings.validation == "auto":
        if known := own_validation(table, split, settings):
            validation = load_part(settings, table, known, "validation", progress)
    elif settings.validation != "none":
        found["train"], validation = held_out(found["train"], settings.validation)
    train = found["train"]
    empty = [name for k, name in enumerate(train.classes) if not (train.label == k).any()]
    if train.persons == 2 and not np.isfinite(train.position[:, 1]).any():
        notes.append("no clip to learn from has a second person; --persons 1 is quicker")
    if empty:
        wanted = sorted(
            {train.classes[k] for c in (found["test"], validation) if c for k in c.label} & {*empty}
        )
        if wanted:
            raise InputError(
                f"Expected clips of every class to learn from, got none of class '{wanted[0]}'; "
                "choose another split or leave the class out"
            )
        notes.append(f"no clip of {len(empty)} classes ({', '.join(empty[:3])}); they cannot be learnt")
    return Parts(train=train, validation=validation, test=found["test"], notes=tuple(notes))


def load_part(
    settings: DataSettings,
    table: ClipTable,
    ids: tuple[str, ...],
    part: str,
    progress: Progress = lambda part, done, all_: None,
) -> Clips:
    """Reads the clips of one part.

    Raises:
        InputError: there are none.
    """
    if not ids:
        raise InputError(f"Expected clips in the {part} part of {settings.data}, got none; choose another")
    layout = "" if settings.data == "pyskl" else settings.layout
    return gather(
        table,
        ids,
        layout=layout or None,
        persons=settings.persons or None,
        progress=lambda done, all_: progress(part, done, all_),
    )


def split_name(table: ClipTable, settings: DataSettings) -> str:
    """The split asked for, or the first."""
    if settings.split and settings.split not in table.splits:
        shown = ", ".join(sorted(table.splits)) or "none"
        raise InputError(f"Expected a split of {shown}, got '{settings.split}'; choose one of them")
    if not table.splits:
        raise InputError(f"Expected a data set with splits, got none in {settings.data}; choose another")
    return settings.split or next(iter(table.splits))


def own_validation(table: ClipTable, split: str, settings: DataSettings) -> tuple[str, ...]:
    """Ids of the split's own validation part; none where its clips are learned from or tested on."""
    known = tuple(table.splits[split].get("validation", ()))
    used = {
        key for part in (settings.train_split, settings.test_split) for key in part_ids(table, split, part)
    }
    return () if used.intersection(known) else known


def part_ids(table: ClipTable, split: str, part: str) -> tuple[str, ...]:
    """Ids of a part of a split, or of a part named with its split as PYSKL files do (`xsub_train`).

    Raises:
        InputError: there is no such part.
    """
    for name in (split, *table.splits):
        parts = table.splits.get(name, {})
        val = "validation" if "validation" in parts else "test"
        for title, ids in parts.items():
            aliases = {title, "val" if title == val else title}
            if part in (aliases if name == split else set()) | {f"{name}_{a}" for a in aliases} | {
                f"{a}{name}" for a in aliases
            }:
                return tuple(ids)
    shown = ", ".join(f"{name}_{title}" for name, parts in table.splits.items() for title in parts)
    raise InputError(f"Expected a part of {split}: {', '.join(table.splits[split])}, got '{part}'; "
                     f"choose one, or one of another split: {shown}")  # fmt: skip


def held_out(clips: Clips, how: str) -> tuple[Clips, Clips]:
    """Training clips divided in what stays and what is selected by.

    Args:
        clips: of the training part.
        how: `subject:3,5`, `camera:2` or `share:0.1`; see `DataSettings.validation`.

    Raises:
        InputError: another word, or one of both is empty.
    """
    kind, _, value = how.partition(":")
    if kind in ("subject", "camera") and value:
        names = set(value.split(","))
        chosen = np.array([name in names for name in getattr(clips, kind)])
    elif kind == "share" and _number(value):
        named = all(clips.subject)
        keys = clips.subject if named and len(set(clips.subject)) > 9 else clips.ids
        order = sorted(set(keys), key=lambda key: zlib.crc32(key.encode()))
        some = set(order[: max(1, round(float(value) * len(order)))])
        chosen = np.array([key in some for key in keys])
    else:
        raise InputError(
            f"Expected --validation auto, none, subject:ID, camera:ID or share:0.1, got '{how}'; correct it"
        )
    if chosen.all() or not chosen.any():
        raise InputError(
            f"Expected clips on both sides of --validation {how}, got {int(chosen.sum())} of {len(clips)}; "
            f"there are the subjects {_some(clips.subject)} and the cameras {_some(clips.camera)}"
        )
    return clips.select(np.flatnonzero(~chosen)), clips.select(np.flatnonzero(chosen))


def _number(text: str) -> bool:
    try:
        return 0 < float(text) < 1
    except ValueError:
        return False


def _some(names: tuple[str, ...]) -> str:
    found = sorted({name or "?" for name in names})
    return ", ".join(found[:12]) + (", ..." if len(found) > 12 else "")
