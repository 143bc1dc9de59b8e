"""A source's result, printed for a person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bodyverb.pipeline import SourceResult


def show_result(item: SourceResult) -> None:
    """Print who was found, what they did, and where the files are."""
    from rich.console import Console

    from bodyverb.outputs.tables import segments_table

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    count = 0 if item.recording is None else len(item.recording.tracks)
    people = "nobody found" if not count else "1 person" if count == 1 else f"{count} people"
    total = item.seconds.get("total", 0.0)
    frames = "1 frame" if item.frames == 1 else f"{item.frames} frames"
    speed = f", {frames} in {total:.1f} s ({item.frames / total:.0f} frames/s)" if total else ""
    console.print(f"{item.source}: {people}{speed}", markup=False)
    if item.timeline is not None and item.timeline.segments:
        console.print(segments_table(item.timeline.segments))
    for path in dict.fromkeys(item.paths.values()):
        console.print(f"  {path}", markup=False)
