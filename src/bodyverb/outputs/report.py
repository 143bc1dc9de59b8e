"""One self-contained HTML page about a recording: it opens offline and stays below 5 MB at any length."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import Recording, Timeline
from bodyverb.outputs.palette import LEFT, RIGHT, hex_of
from bodyverb.outputs.report_data import Limits, key_pictures, key_times, report_data
from bodyverb.outputs.timeline_svg import write_text

__all__ = ["MAX_BYTES", "Limits", "key_times", "report_html", "write_report"]

MAX_BYTES = 5_000_000


def report_html(
    recording: Recording,
    timeline: Timeline | None = None,
    *,
    raw: Recording | None = None,
    how: Mapping[str, Any] | None = None,
    key_frames: Iterable[tuple[float, np.ndarray]] = (),
    video: str | None = None,
    video_start_s: float | None = None,
    limits: Limits | None = None,
) -> str:
    """The page as text.

    Args:
        recording: What to show: the smoothed tracks where there are some. 2D in image px.
        timeline: Verbs; the recording's own segments by default.
        raw: The estimates before the filter, for the detection quality; `recording` by default.
        how: How it was made: models (cards), options, versions, command, speed; nested plain data.
            `recording.meta` by default.
        key_frames: (time_s, RGB picture) pairs, e.g. of `key_times`; poses are drawn in here.
        video: Name of the overlay video beside the page, or None.
        video_start_s: Source time of the video's first frame; the recording's first frame by default.
        limits: Bounds on what goes in; lowered until the page is below `MAX_BYTES`.

    Returns:
        HTML below `MAX_BYTES` in UTF-8. Every text from outside reaches the page as text, never as markup.
    """
    bounds = limits or Limits()
    bounds = replace(bounds, values=min(bounds.values, MAX_BYTES * 3 // 8))
    pictures = key_pictures(recording, timeline, key_frames)
    made = dict(recording.meta if how is None else how)
    while True:
        data = report_data(
            recording, timeline, raw=raw, how=made, pictures=pictures, video=video, limits=bounds
        )
        data["video_start"] = data["start"] if video_start_s is None else float(video_start_s)
        page = _page(data)
        if len(page.encode("utf-8", "backslashreplace")) <= MAX_BYTES or bounds.values < 1000:
            return page
        bounds = replace(
            bounds,
            values=bounds.values * 3 // 5,
            people=max(20, bounds.people * 4 // 5),
            segments=max(100, bounds.segments * 4 // 5),
        )


def write_report(
    path: str | Path, recording: Recording, timeline: Timeline | None = None, **options: Any
) -> Path:
    """Write the page; options as `report_html`. Where `video` is not given, an mp4 of the same stem is
    linked.

    Raises:
        OutputError: the file cannot be written.
    """
    path = Path(path)
    beside = path.with_suffix(".mp4")
    if "video" not in options and beside.is_file():
        options["video"] = beside.name
    return write_text(path, report_html(recording, timeline, **options))


def _page(data: Mapping[str, Any]) -> str:
    """The template with style, script, data and the few texts that are there before the script runs."""
    folder = files("bodyverb.outputs") / "templates"
    parts = {
        "TITLE": html.escape(str(data["title"])),
        "STYLE": (folder / "report.css").read_text(encoding="utf-8"),
        "SCRIPT": (folder / "report.js").read_text(encoding="utf-8"),
        "LEFT": hex_of(LEFT),
        "RIGHT": hex_of(RIGHT),
        "DATA": _script_json(data),
    }
    pieces = (folder / "report.html").read_text(encoding="utf-8").split("{{")
    page = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        page += [parts[name], rest]
    return "".join(page)


def _script_json(data: Mapping[str, Any]) -> str:
    """JSON that cannot end its script element: ASCII, and no `<`, `>` or `&`."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
