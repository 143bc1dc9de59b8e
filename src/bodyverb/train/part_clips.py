"""The clips of one part of a data set as a trained classifier wants them, or a line that says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import InputError
from bodyverb.datasets._table import ClipTable
from bodyverb.train.clips import Clips
from bodyverb.train.lab_data import (
    Progress,
    held_out,
    load_part,
    open_table,
    own_validation,
    part_ids,
    split_name,
)
from bodyverb.train.lab_settings import DataSettings
from bodyverb.train.trained import Trained

PARTS = ("test", "validation", "train")


def data_settings(trained: Trained, given: Mapping[str, Any]) -> DataSettings:
    """Which data: what was given, and for the rest that of the training.

    Args:
        trained: the classifier.
        given: fields of `DataSettings`; empty values count as not given.

    Raises:
        InputError: it is not known which data, or where it is.
    """
    values = {key: value for key, value in given.items() if value}
    base = trained.data
    if base is None or values.get("data", base.data) != base.data:
        missing = [f"--{name}" for name in ("data", "root") if name not in values]
        if missing:
            raise InputError(
                f"Expected {' and '.join(missing)}, got none and no settings to take them from; "
                f"say on which data: {trained.name}"
            )
        return DataSettings(**values)
    if "root" not in values and base.root == Path():
        raise InputError(f"Expected --root, got none; say where {base.data} is: {trained.name}")
    return replace(base, **values)


def has_validation(settings: DataSettings) -> bool:
    """Whether a part was set apart to select by."""
    if settings.validation != "auto":
        return settings.validation != "none"
    table = open_table(settings)
    return bool(table.splits.get(split_name(table, settings), {}).get("validation"))


def part_clips(
    trained: Trained,
    settings: DataSettings,
    part: str = "test",
    progress: Progress = lambda part, done, all_: None,
) -> tuple[Clips, tuple[str, ...]]:
    """Reads a part of a data set.

    Args:
        trained: for whom.
        settings: which data.
        part: test, validation or train; as `bodyverb train verbs` divides the data.
        progress: told how many clips are read.

    Returns:
        The clips with the labels of the classifier, and what a user should be told.

    Raises:
        InputError: no such split or part, an empty one, or clips that do not fit the classifier.
    """
    settings = replace(settings, persons=trained.persons)
    table = open_table(settings)
    clips, asked = _read(settings, table, part, progress)
    notes = list(table.notes)
    if len(clips) < asked:
        notes.append(f"{asked - len(clips)} of {asked} clips have no label or no joint and are left out")
    return fitted(trained, clips), tuple(notes)


def fitted(trained: Trained, clips: Clips) -> Clips:
    """The clips with labels in the order of the classifier's classes.

    Raises:
        InputError: another layout, other dimensions, or classes that the classifier does not know.
    """
    name, own = trained.name, trained.skeleton
    if clips.skeleton.joints != own.joints:
        raise InputError(
            f"Expected clips in the layout of the model, {own.name} with {len(own)} joints, got "
            f"{clips.skeleton.name} with {len(clips.skeleton)}; convert them with --layout {own.name}, or "
            f"use another model: {name}"
        )
    if clips.dims != trained.dims:
        raise InputError(
            f"Expected clips in {trained.dims}D as the model was trained on, got {clips.dims}D; use other "
            f"data or another model: {name}"
        )
    present = {clips.classes[label] for label in np.unique(clips.label)}
    unknown = sorted(present - set(trained.classes))
    if unknown:
        raise InputError(
            f"Expected clips of the model's {len(trained.classes)} classes, got {len(unknown)} others of "
            f"{len(clips.classes)}, such as '{unknown[0]}'; use other data or another model: {name}"
        )
    places = np.array([trained.classes.index(c) if c in present else -1 for c in clips.classes])
    return replace(clips, label=places[clips.label], classes=trained.classes, skeleton=own)


def _read(settings: DataSettings, table: ClipTable, part: str, progress: Progress) -> tuple[Clips, int]:
    """Clips of a part, and how many ids it has."""
    if part not in PARTS:
        raise InputError(f"Expected a part of {', '.join(PARTS)}, got '{part}'; choose one")
    split = split_name(table, settings)
    if part == "test":
        ids = part_ids(table, split, settings.test_split)
        return load_part(settings, table, ids, part, progress), len(ids)
    known = own_validation(table, split, settings) if settings.validation == "auto" else ()
    divided = settings.validation not in ("auto", "none")
    if part == "validation" and known:
        return load_part(settings, table, known, part, progress), len(known)
    if part == "validation" and not divided:
        raise InputError(
            f"Expected a validation part of {settings.data}, got none: split {split} has none and the "
            "training set none apart; train with --validation, e.g. `--validation share:0.1`"
        )
    ids = part_ids(table, split, settings.train_split)
    clips = load_part(settings, table, ids, part, progress)
    if not divided:
        return clips, len(ids)
    kept, apart = held_out(clips, settings.validation)
    chosen = kept if part == "train" else apart
    return chosen, len(chosen)
