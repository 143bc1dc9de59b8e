"""The timeline as a drawing of its own: one row a person, one bar a verb. Plain SVG without a script."""

from __future__ import annotations

import html
from pathlib import Path

from bodyverb.core import OutputError, Recording, Segment, Timeline
from bodyverb.outputs.contact_sheet import clock
from bodyverb.outputs.palette import hex_of, text_on, verb_colour

MAX_PEOPLE = 60
MAX_BARS = 4000
_LABEL, _ROW, _TOP, _RIGHT = 96, 30, 44, 24
_STYLE = (
    "text{font-family:system-ui,sans-serif;font-size:13px}.soft{fill:#686e7a}.ink{fill:#1c2028}"
    ".ground{fill:#fafafb}.lane{fill:#edeff3}.tick{stroke:#d6d9e0}"
    "@media(prefers-color-scheme:dark){.soft{fill:#9aa1ad}.ink{fill:#eceef2}.ground{fill:#14161b}"
    ".lane{fill:#20242c}.tick{stroke:#333943}}"
)


def timeline_svg(recording: Recording, timeline: Timeline | None = None, *, width: int = 1000) -> str:
    """Draw who does what when; hovering a bar shows its details.

    Args:
        recording: Gives the people and the time span.
        timeline: Verbs; the recording's own segments by default.
        width: Width in px.

    Returns:
        A whole SVG document. At most `MAX_PEOPLE` rows and `MAX_BARS` bars; what is left out is said at the
        end.
    """
    segments = recording.segments if timeline is None else timeline.segments
    classes = _classes(segments, timeline)
    everybody = list(dict.fromkeys([*recording.person_ids, *(s.person_id for s in segments)]))
    people = everybody[:MAX_PEOPLE]
    start, end = _span(recording, segments)
    scale = (width - _LABEL - _RIGHT) / max(end - start, 1e-9)
    height = _TOP + max(1, len(people)) * _ROW + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" '
        f'role="img" aria-label="Timeline of verbs"><style>{_STYLE}</style>'
        f'<rect class="ground" width="{width}" height="{height}"/>'
    ]
    parts += _ticks(start, end, scale, height, width)
    rows = {person: _TOP + at * _ROW for at, person in enumerate(people)}
    for person, top in rows.items():
        parts.append(f'<text class="ink" x="12" y="{top + 19}">{_text(person, 11)}</text>')
        for track in recording.tracks:
            if track.person_ids[0] == person and track.frames:
                x = _LABEL + (track.timestamps_s[0] - start) * scale
                wide = max(1.0, (track.timestamps_s[-1] - track.timestamps_s[0]) * scale)
                parts.append(
                    f'<rect class="lane" x="{x:.1f}" y="{top}" width="{wide:.1f}" height="24" rx="5"/>'
                )
    bars = [s for s in segments if s.person_id in rows]
    for segment in sorted(bars, key=lambda s: s.start_s - s.end_s)[:MAX_BARS]:
        parts.append(_bar(segment, rows[segment.person_id], start, scale, classes))
    parts.append(_foot(len(everybody), len(people), len(bars), height))
    return "".join(parts) + "</svg>\n"


def write_timeline_svg(path: str | Path, recording: Recording, timeline: Timeline | None = None) -> Path:
    """Write the drawing.

    Raises:
        OutputError: the file cannot be written.
    """
    return write_text(path, timeline_svg(recording, timeline))


def write_text(path: str | Path, text: str) -> Path:
    """Write UTF-8 text whole: under a temporary name first, then renamed.

    Raises:
        OutputError: the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True) if path.parent.is_dir() else None
        raise OutputError(
            f"Expected to write a file, got '{error.strerror}'; "
            f"free the place or choose another --out: {path}"
        ) from error
    return path


def _classes(segments: tuple[Segment, ...], timeline: Timeline | None) -> tuple[str, ...]:
    if timeline is not None and timeline.classes:
        return timeline.classes
    return tuple(sorted({segment.verb for segment in segments}))


def _span(recording: Recording, segments: tuple[Segment, ...]) -> tuple[float, float]:
    times = recording.timestamps_s
    starts = [float(times[0])] if times.size else []
    ends = [float(times[-1])] if times.size else []
    starts += [segment.start_s for segment in segments]
    ends += [segment.end_s for segment in segments]
    return (min(starts), max(ends)) if starts else (0.0, 0.0)


def _ticks(start: float, end: float, scale: float, height: int, width: int) -> list[str]:
    step = next(
        (s for s in (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800) if (end - start) / s <= 10), 3600
    )
    parts: list[str] = []
    at = -(-start // step) * step
    while at <= end + 1e-9 and len(parts) < 40:
        x = _LABEL + (at - start) * scale
        parts.append(f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="34" y2="{height - 30}"/>')
        anchor = "end" if x > width - 60 else "middle"
        parts.append(f'<text class="soft" x="{x:.1f}" y="24" text-anchor="{anchor}">{clock(at)}</text>')
        at += step
    return parts


def _bar(segment: Segment, top: int, start: float, scale: float, classes: tuple[str, ...]) -> str:
    colour = verb_colour(segment.verb, classes)
    x, wide = _LABEL + (segment.start_s - start) * scale, max(2.0, (segment.end_s - segment.start_s) * scale)
    name = segment.verb.replace("_", " ")
    room = int((wide - 12) / 7.2)
    title = f"{name}, {clock(segment.start_s)} to {clock(segment.end_s)}, {segment.confidence:.0%}"
    inside = ""
    if room >= 4:
        ink = hex_of(text_on(colour))
        inside = f'<text x="{x + 7:.1f}" y="{top + 17}" fill="{ink}">{_text(name, room)}</text>'
    return (
        f"<g><title>{html.escape(title)}</title>"
        f'<rect x="{x:.1f}" y="{top}" width="{wide:.1f}" height="24" rx="5" fill="{hex_of(colour)}"/>'
        f"{inside}</g>"
    )


def _foot(everybody: int, people: int, bars: int, height: int) -> str:
    notes = []
    if not everybody:
        notes.append("Nobody was found.")
    if everybody > people:
        notes.append(f"{people} of {everybody} people shown.")
    if bars > MAX_BARS:
        notes.append(f"The {MAX_BARS} longest of {bars} segments shown.")
    return f'<text class="soft" x="12" y="{height - 10}">{" ".join(notes)}</text>'


def _text(text: str, length: int) -> str:
    return html.escape(text if len(text) <= length else text[: max(1, length - 1)] + "\u2026")
