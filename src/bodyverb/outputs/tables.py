"""Summaries for the terminal, as rich tables; text from files is never read as rich markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from bodyverb.core import PoseSequence, Recording, Segment, Timeline
from bodyverb.outputs.contact_sheet import clock
from bodyverb.outputs.palette import hex_of, person_colour


def recording_table(recording: Recording, timeline: Timeline | None = None, *, people: int = 20) -> Table:
    """One row a person: when seen, how well, which verbs for how long; the `people` seen longest."""
    segments = recording.segments if timeline is None else timeline.segments
    name = Path(recording.source).name or "recording"
    table = _table(
        f"{name}: {_facts(recording)}", ("person", "from", "to", "frames", "joints seen", "score", "verbs")
    )
    order = sorted(range(len(recording.tracks)), key=lambda at: -recording.tracks[at].frames)
    for at in order[:people]:
        track = recording.tracks[at]
        mine = [s for s in segments if track.person_ids[0] in {s.person_id, *s.person_id.split("+")}]
        table.add_row(*_person(track, at, mine))
    if len(order) > people:
        table.caption = f"{people} of {len(order)} people shown, those seen longest"
    elif not order:
        table.caption = "Nobody was found."
    return table


def segments_table(segments: Iterable[Segment], *, rows: int = 40) -> Table:
    """One row a verb segment, at most `rows`."""
    table = _table("Verbs", ("person", "verb", "from", "to", "seconds", "confidence"))
    every = list(segments)
    for segment in every[:rows]:
        table.add_row(
            Text(segment.person_id),
            Text(segment.verb),
            clock(segment.start_s),
            clock(segment.end_s),
            f"{segment.end_s - segment.start_s:.1f}",
            f"{segment.confidence:.0%}",
        )
    if len(every) > rows:
        table.caption = f"{rows} of {len(every)} segments shown"
    return table


def key_value_table(title: str, facts: Mapping[str, Any]) -> Table:
    """Facts under each other, e.g. a model's card; nested mappings are indented."""
    table = Table(title=Text(title), show_header=False, box=None, title_justify="left", title_style="bold")
    table.add_column(style="dim", max_width=44)
    table.add_column()
    _facts_rows(table, facts, 0)
    return table


def columns_table(title: str, rows: Iterable[Mapping[str, Any]]) -> Table:
    """Rows of facts side by side, e.g. all networks; the columns are the keys in order of appearance."""
    every = list(rows)
    names = list(dict.fromkeys(key for row in every for key in row))
    table = _table(title, names)
    for row in every:
        table.add_row(*(Text(_plain(row.get(name, ""))) for name in names))
    return table


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold", header_style="dim")
    for name in columns:
        right = name in {"from", "to", "frames", "seconds", "confidence", "score", "joints seen"}
        table.add_column(Text(name), justify="right" if right else "left")
    return table


def _facts(recording: Recording) -> str:
    times = recording.timestamps_s
    seconds = (
        f"{times[-1] - times[0]:.1f} s" if times.size > 1 else "one picture" if times.size else "no frames"
    )
    count = len(recording.tracks)
    size = "" if recording.image_size is None else ", {} x {} px".format(*recording.image_size)
    return f"{count} {'person' if count == 1 else 'people'}, {times.size} frames, {seconds}{size}"


def _person(track: PoseSequence, at: int, segments: list[Segment]) -> tuple[Text | str, ...]:
    present = track.present
    seconds: dict[str, float] = {}
    for segment in segments:
        seconds[segment.verb] = seconds.get(segment.verb, 0.0) + segment.end_s - segment.start_s
    verbs = ", ".join(
        f"{verb} {length:.1f} s" for verb, length in sorted(seconds.items(), key=lambda i: -i[1])[:3]
    )
    return (
        Text(track.person_ids[0], style=f"bold {hex_of(person_colour(at))}"),
        clock(float(track.timestamps_s[0])) if track.frames else "",
        clock(float(track.timestamps_s[-1])) if track.frames else "",
        str(track.frames),
        f"{present.mean():.0%}" if present.size else "",
        f"{track.score[present].mean():.2f}" if present.any() else "",
        Text(verbs),
    )


def _facts_rows(table: Table, facts: Mapping[str, Any], depth: int) -> None:
    for key, value in facts.items():
        name = Text("  " * depth + str(key))
        if isinstance(value, Mapping):
            table.add_row(name, "")
            _facts_rows(table, value, depth + 1)
        else:
            table.add_row(name, Text(_plain(value)))


def _plain(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return "" if value is None else str(value)
