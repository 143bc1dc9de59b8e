"""A recording on one picture: a row of stick figures, or of picture cut-outs, for each person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from bodyverb.core import PoseSequence, Recording, Timeline
from bodyverb.outputs.figures import Figure, draw_figure, draw_text, fit_text, paste, tag_picture, text_size
from bodyverb.outputs.overlay import OverlayDrawer
from bodyverb.outputs.palette import person_colour

ImageAt = Callable[[float], np.ndarray | None]

_GROUND = (250, 250, 251)
_CELL = (237, 239, 243)
_INK = (28, 32, 40)
_SOFT = (104, 110, 122)
_GAP = 10


def contact_sheet(
    recording: Recording,
    timeline: Timeline | None = None,
    *,
    columns: int = 8,
    people: int = 6,
    cell: int = 170,
    image_at: ImageAt | None = None,
) -> np.ndarray:
    """Draw the people who are seen longest, each at `columns` moments spread over their frames.

    Args:
        recording: 2D tracks in image px.
        timeline: Verbs for the captions; the recording's own segments by default.
        columns: Moments a person, at least 1.
        people: Rows at most; the head line tells how many there are.
        cell: Width of a cell in px.
        image_at: Gives the RGB picture of a time, in the size of the recording, or None; figures are then
            drawn over a cut-out of it.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    order = sorted(range(len(recording.tracks)), key=lambda at: -_presence(recording.tracks[at]).size)
    shown = [at for at in order[:people] if _presence(recording.tracks[at]).size]
    tall = round(cell * 1.3)
    label = round(cell * 0.95)
    width = _GAP + label + columns * (cell + _GAP)
    sheet = np.full((58 + max(1, len(shown)) * (tall + _GAP), width, 3), _GROUND, np.uint8)
    _head(sheet, recording, len(shown))
    drawer = OverlayDrawer(recording, timeline)
    for row, at in enumerate(shown):
        top = 58 + row * (tall + _GAP)
        _row(sheet, recording, at, top, (label, cell, tall), columns, drawer, image_at)
    if not shown:
        draw_text(sheet, "Nobody was found.", (_GAP + 4, 58 + tall // 3), 22, _SOFT)
    return sheet


def write_contact_sheet(path: str | Path, recording: Recording, timeline: Timeline | None = None) -> Path:
    """Draw the sheet and write it as a picture by media's rules.

    Raises:
        OutputError: the file cannot be written.
    """
    from bodyverb.media import write_image

    write_image(path, contact_sheet(recording, timeline))
    return Path(path)


def _presence(track: PoseSequence) -> np.ndarray:
    """Indices of the frames with at least a third of the joints."""
    seen = np.isfinite(track.position[0]).all(axis=-1).sum(axis=-1)
    return np.flatnonzero(seen * 3 >= len(track.skeleton))


def _head(sheet: np.ndarray, recording: Recording, shown: int) -> None:
    times = recording.timestamps_s
    count = len(recording.tracks)
    facts = [
        f"{count} {'person' if count == 1 else 'people'}" + (f", {shown} shown" if shown < count else "")
    ]
    if times.size:
        facts.append(f"{clock(float(times[0]))} to {clock(float(times[-1]))}")
    facts.append(f"{times.size} frames")
    if recording.image_size:
        facts.append("{} x {} px".format(*recording.image_size))
    name = Path(recording.source).name or recording.source or "recording"
    fitted = fit_text(name, 22, sheet.shape[1] // 2)
    draw_text(sheet, fitted, (_GAP + 2, 16), 22, _INK, bold=True)
    start = _GAP + 26 + round(text_size(fitted, 22, bold=True)[0] * 1.04)
    draw_text(sheet, fit_text("   ".join(facts), 16, sheet.shape[1] - start - _GAP), (start, 21), 16, _SOFT)


def _row(
    sheet: np.ndarray,
    recording: Recording,
    at: int,
    top: int,
    sizes: tuple[int, int, int],
    columns: int,
    drawer: OverlayDrawer,
    image_at: ImageAt | None,
) -> None:
    label, cell, tall = sizes
    track = recording.tracks[at]
    frames = _presence(track)
    name = track.person_ids[0]
    picture, opacity = tag_picture(name, "", person_colour(at), 20, label - _GAP)
    paste(sheet, picture, opacity, _GAP, top + 4)
    first, last = float(track.timestamps_s[frames[0]]), float(track.timestamps_s[frames[-1]])
    lines = [f"{clock(first)} to {clock(last)}", f"{frames.size} frames", *_verbs(drawer, name)]
    for number, line in enumerate(lines):
        draw_text(sheet, fit_text(line, 14, label - _GAP), (_GAP, top + 44 + 22 * number), 14, _SOFT)
    chosen = np.unique(np.linspace(0, frames.size - 1, min(columns, frames.size)).round().astype(int))
    poses = track.position[0, frames[chosen], :, :2].astype(np.float64)
    reach = max(1.0, float(np.nanmax(np.nanmax(poses, axis=1) - np.nanmin(poses, axis=1))))
    for column, frame in enumerate(frames[chosen].tolist()):
        left = _GAP + label + column * (cell + _GAP)
        part = np.full((tall, cell, 3), _CELL, np.uint8)
        time_s = float(track.timestamps_s[frame])
        _figure_cell(part, track, frame, reach, person_colour(at), image_at(time_s) if image_at else None)
        segment = drawer.segment_at(name, time_s)
        draw_text(part, clock(time_s), (8, 6), 13, _INK)
        if segment is not None:
            text = fit_text(segment.verb.replace("_", " "), 14, cell - 16)
            draw_text(part, text, (8, tall - 22), 14, _INK, bold=True)
        sheet[top : top + tall, left : left + cell] = part


def _figure_cell(
    part: np.ndarray,
    track: PoseSequence,
    frame: int,
    reach: float,
    colour: tuple[int, int, int],
    image: np.ndarray | None,
) -> None:
    """One figure, centred, at the person's own scale (`reach` px of the source fill the cell)."""
    tall, wide = part.shape[:2]
    pose = track.position[0, frame, :, :2].astype(np.float64)
    middle = (np.nanmin(pose, axis=0) + np.nanmax(pose, axis=0)) / 2
    room = min(wide - 24, tall - 56) if image is None else min(wide, tall) * 0.8
    scale = room / reach
    target = np.array([(wide - 1) / 2, (tall - 1) / 2])
    if image is not None:
        move = np.array(
            [[scale, 0, target[0] - scale * middle[0]], [0, scale, target[1] - scale * middle[1]]]
        )
        cv2.warpAffine(image, move, (wide, tall), part, cv2.INTER_AREA, cv2.BORDER_CONSTANT, _CELL)
        part[:24] = (part[:24] * 0.35 + 0.65 * 255).astype(np.uint8)
        part[-28:] = (part[-28:] * 0.35 + 0.65 * 255).astype(np.uint8)
    figure = Figure(
        position=(pose - middle) * scale + target,
        score=track.score[0, frame],
        state=track.state[0, frame],
        skeleton=track.skeleton,
        colour=colour,
    )
    draw_figure(part, figure, thickness=max(2.0, room / 45), halo=image is not None)


def _verbs(drawer: OverlayDrawer, person: str) -> list[str]:
    """The three verbs a person does longest, with seconds."""
    seconds: dict[str, float] = {}
    for segment in drawer.segments_of(person):
        if segment.verb != "unknown":
            seconds[segment.verb] = seconds.get(segment.verb, 0.0) + segment.end_s - segment.start_s
    best = sorted(seconds.items(), key=lambda item: -item[1])[:3]
    return [f"{verb.replace('_', ' ')} {length:.1f} s" for verb, length in best]


def clock(time_s: float) -> str:
    """`0:07.3`, `1:02:07` for people to read."""
    sign, time_s = ("-", -time_s) if time_s < 0 else ("", time_s)
    tenths = round(time_s * 10)
    hours, minutes, seconds = tenths // 36000, tenths // 600 % 60, tenths % 600 / 10
    return f"{sign}{hours}:{minutes:02}:{int(seconds):02}" if hours else f"{sign}{minutes}:{seconds:04.1f}"
