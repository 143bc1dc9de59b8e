"""A source's result, printed for a person."""

from __future__ import annotations

import sys


def show_result(item) -> None:  # type: ignore[no-untyped-def]
    """A source's result for a person."""
    from rich.console import Console

    from bodyverb.outputs.tables import segments_table

    console = Console(file=sys.stdout, highlight=False)
    if item.error is not None:
        console.print(f"{item.source}: failed: {item.error}", markup=False)
        return
    count = len(item.recording.tracks)
    people = "nobody" if not count else "1 person" if count == 1 else f"{count} people"
    frames, total = item.seconds.get("frames", 0), item.seconds.get("total", 0)
    speed = f", {frames:.0f} frames in {total:.1f} s ({frames / total:.0f} frames/s)" if total else ""
    console.print(f"{item.source}: {people}{speed}", markup=False)
    if item.timeline is not None and item.timeline.segments:
        console.print(segments_table(item.timeline.segments))
    for path in dict.fromkeys(item.paths.values()):
        console.print(f"  {path}", markup=False)
