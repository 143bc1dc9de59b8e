"""Dividing clips into parts so that no group (a person, a recording) is in two of them."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from bodyverb.core import InputError

Splits = dict[str, tuple[str, ...]]
FIRST = ("test", "train")
"""Parts in which no class should be missing, the most important first."""
ENOUGH = 4
"""Groups of a class from which on it gets one in the other parts too."""


def divided(
    classes: Mapping[str, str], groups: Mapping[str, str], shares: Mapping[str, float], seed: int
) -> tuple[Splits, tuple[str, ...]]:
    """Divides clips by group, every class in about the same shares; the same seed gives the same parts.

    The clips of a class of fewer than two groups are divided one by one, or it could not be tested.

    Args:
        classes: id -> class.
        groups: id -> group.
        shares: part -> share of the clips; `train` is one of them.
        seed: another number, other parts.

    Returns:
        Part -> ids in their order; and what must be said of it.
    """
    by_class: dict[str, set[str]] = {}
    for name, label in classes.items():
        by_class.setdefault(label, set()).add(groups[name])
    alone = {label for label, found in by_class.items() if len(found) < 2}
    unit = {
        name: f"{groups[name]}/{name}" if label in alone else groups[name] for name, label in classes.items()
    }
    units: dict[str, Counter[str]] = {}
    for name, label in classes.items():
        units.setdefault(unit[name], Counter())[label] += 1
    homes = _homes(units, shares, seed)
    parts = {part: tuple(name for name in classes if homes[unit[name]] == part) for part in shares}
    return parts, tuple(_notes(classes, parts, sorted(alone)))


def _homes(units: Mapping[str, Counter[str]], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Unit -> part. Each class first gets one unit in each part while it has so many; the rest as it fits."""
    order = sorted(units, key=lambda name: hashlib.sha256(f"{seed}\0{name}".encode()).digest())
    order.sort(key=lambda name: units[name].total())
    of_class = {
        label: [name for name in order if units[name][label]] for label in set().union(*units.values())
    }
    homes: dict[str, str] = {}

    def leaves_some_to_train(name: str) -> bool:
        return all(
            any(other != name and homes.get(other, "train") == "train" for other in of_class[label])
            for label in units[name]
        )

    for part in sorted((part for part in shares if shares[part] > 0), key=("test", "train").__contains__)[
        ::-1
    ]:
        for label in sorted(of_class, key=lambda label: (len(of_class[label]), label)):
            few = part not in FIRST and len(of_class[label]) < ENOUGH
            if few or any(homes.get(name) == part for name in of_class[label]):
                continue
            free = [name for name in of_class[label] if name not in homes]
            free = [name for name in free if part == "train" or leaves_some_to_train(name)]
            homes.update(dict.fromkeys(free[:1], part))
    have = {part: Counter[str]() for part in shares}
    for name, part in homes.items():
        have[part] += units[name]
    whole = sum(units.values(), Counter[str]())
    for name in reversed(order):
        if name not in homes:
            wants = {
                part: sum(n * (shares[part] - have[part][label] / whole[label]) / whole[label]
                          for label, n in units[name].items())
                for part in shares
            }  # fmt: skip
            homes[name] = max(wants, key=lambda part: wants[part])
            have[homes[name]] += units[name]
    return homes


def _notes(classes: Mapping[str, str], parts: Splits, alone: Sequence[str]) -> list[str]:
    notes = []
    if alone:
        notes.append(
            f"fewer than 2 groups in {_some(alone)}: the clips of one group are in several parts, so the "
            "score is optimistic"
        )
    for part in ("train", "test"):
        there = {classes[name] for name in parts.get(part, ())}
        if absent := sorted(set(classes.values()) - there):
            notes.append(f"no clip for {part} of {_some(absent)}: too few groups or clips")
    return notes


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more classes" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def read_groups(asked: str | Path, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The group of each clip, from a table or a pattern.

    Args:
        asked: a .csv file of two columns, clip and group, with or without a head; or a regular expression: a
            clip's group is what its brackets match in the id, or the whole match without brackets.
        names: id -> what a table may call it, the most exact first.

    Raises:
        InputError: a clip has no group, the table cannot be read, or the pattern is none.
    """
    path = Path(asked)
    found = _from_table(path, names) if path.suffix.lower() == ".csv" else _from_pattern(str(asked), names)
    if without := [name for name in names if name not in found]:
        raise InputError(
            f"Expected a group for each of {len(names)} clips, got none for {len(without)}, such as "
            f"'{without[0]}'; correct the groups: {asked}"
        )
    return found


def _from_table(path: Path, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            rows = [row for row in csv.reader(handle) if any(cell.strip() for cell in row)]
    except OSError as error:
        raise InputError(f"Expected a table of groups, got '{error.strerror}'; check it: {path}") from None
    except (ValueError, csv.Error) as error:
        raise InputError(f"Expected a table of groups, got {error}; save it as UTF-8: {path}") from None
    if short := [row for row in rows if len(row) < 2]:
        raise InputError(f"Expected rows of clip and group, got {short[0]}; correct it: {path}")
    table = {row[0].strip(): row[1].strip() for row in rows}
    return {
        name: table[key]
        for name, keys in names.items()
        if (key := next((key for key in keys if key in table), None)) is not None
    }


def _from_pattern(pattern: str, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(
            f"Expected a .csv or a regular expression, got '{pattern}' ({error}); correct the groups"
        ) from None
    matches = {name: compiled.search(name) for name in names}
    return {
        name: "/".join(part or "" for part in found.groups()) if found.groups() else found[0]
        for name, found in matches.items()
        if found is not None
    }
