"""Verbs as tables: `.verbs.csv`, one row a segment, and `.verbs.json`, with every window's probabilities.

CSV columns: source, person_id (text, `3+5` for a pair), verb, start_s, end_s, confidence, top5
(`verb:probability` pairs with a semicolon between). The JSON holds the same and what is needed to decide
anew with other thresholds.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import FormatError, InputError, Segment, Timeline, Window
from bodyverb.formats.files import replacing, to_json

COLUMNS = ("source", "person_id", "verb", "start_s", "end_s", "confidence", "top5")
_FORMAT = "bodyverb.verbs"


def write_csv(path: str | Path, rows: Iterable[tuple[str, Segment]]) -> Path:
    """Write segments, each with its source; no segments give a file of one header line.

    Raises:
        OutputError: the file cannot be written.
    """
    with (
        replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as handle,
    ):
        table = csv.writer(handle, lineterminator="\n")
        quoted = csv.writer(handle, lineterminator="\n", quoting=csv.QUOTE_ALL)
        table.writerow(COLUMNS)
        for source, segment in rows:
            top5 = ";".join(f"{verb}:{chance:.4f}" for verb, chance in segment.top5)
            numbers = [f"{value:.4f}" for value in (segment.start_s, segment.end_s, segment.confidence)]
            row = (source, segment.person_id, segment.verb, *numbers, top5)
            (quoted if any("\r" in cell for cell in row) else table).writerow(row)
    return Path(path)


def read_csv(path: str | Path) -> list[tuple[str, Segment]]:
    """Read such a table; numbers come back with the four decimals they were written with.

    Raises:
        InputError: there is no such file.
        FormatError: a column or a number is missing.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as handle:
            table = csv.DictReader(handle)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise FormatError(
                    f"Expected columns {', '.join(COLUMNS)}, got none for {', '.join(missing)}: {path}"
                )
            return [(row["source"], _from_row(row)) for row in table]
    except OSError as error:
        raise InputError(f"Expected a verbs table, got '{error.strerror}'; check the path: {path}") from None
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        raise FormatError(f"Expected a verbs table, got {error}; make it anew: {path}") from None


def _from_row(row: dict[str, str]) -> Segment:
    pairs = (pair.rpartition(":") for pair in row["top5"].split(";") if pair)
    return Segment(
        person_id=row["person_id"],
        verb=row["verb"],
        start_s=float(row["start_s"]),
        end_s=float(row["end_s"]),
        confidence=float(row["confidence"]),
        top5=tuple((verb, float(chance)) for verb, _, chance in pairs),
    )


def write_json(path: str | Path, source: str, timeline: Timeline) -> Path:
    """Write segments and windows; probabilities keep nine digits, so that float32 comes back as it was.

    Raises:
        OutputError: the file cannot be written.
    """
    head = {
        "format": _FORMAT,
        "version": 1,
        "source": source,
        "model": timeline.model,
        "classes": timeline.classes,
        "thresholds": timeline.thresholds,
    }
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        handle.write(to_json(head, indent=1)[:-2])
        _write_list(handle, "segments", (asdict(segment) for segment in timeline.segments))
        _write_list(handle, "windows", (_window(window) for window in timeline.windows))
        handle.write("\n}\n")
    return Path(path)


def _write_list(handle: Any, name: str, items: Iterable[dict[str, Any]]) -> None:
    """One item a line, one at a time."""
    handle.write(f',\n "{name}": [')
    mark = "\n  "
    for item in items:
        handle.write(mark + to_json(item))
        mark = ",\n  "
    handle.write("\n ]" if mark[0] == "," else "]")


def _window(window: Window) -> dict[str, Any]:
    return {
        "person_id": window.person_id,
        "start_s": float(window.start_s),
        "end_s": float(window.end_s),
        "known": float(window.known),
        "probabilities": [float(f"{chance:.9g}") for chance in window.probabilities.tolist()],
    }


def read_json(path: str | Path) -> tuple[str, Timeline]:
    """Read source and timeline back.

    Raises:
        InputError: there is no such file.
        FormatError: it is not such a file.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        if document.get("format") != _FORMAT:
            raise FormatError(f"Expected a .verbs.json file, got other JSON; check the path: {path}")
        timeline = Timeline(
            classes=tuple(document["classes"]),
            segments=tuple(
                Segment(**{**item, "top5": tuple(map(tuple, item["top5"]))}) for item in document["segments"]
            ),
            windows=tuple(
                Window(**{**item, "probabilities": np.array(item["probabilities"], np.float32)})
                for item in document["windows"]
            ),
            model=document["model"],
            thresholds=document["thresholds"],
        )
    except OSError as error:
        raise InputError(
            f"Expected a .verbs.json file, got '{error.strerror}'; check the path: {path}"
        ) from None
    except FormatError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, InputError) as error:
        raise FormatError(f"Expected a .verbs.json file, got {error}; make it anew: {path}") from None
    return str(document["source"]), timeline
