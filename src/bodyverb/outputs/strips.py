"""Clips as rows of stick figures, one row a clip: what a classifier got wrong, or what it looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bodyverb.core import Skeleton
from bodyverb.outputs.figures import Figure, draw_figure, draw_text, fit_text
from bodyverb.outputs.palette import RGB, mix, person_colour

GROUND, CELL, INK, SOFT = (250, 250, 251), (237, 239, 243), (28, 32, 40), (104, 110, 122)
_PALE, _HOT, _COLD = (176, 181, 190), (213, 40, 20), (40, 110, 190)
_GAP, _HEAD, _LABEL = 8, 56, 250


@dataclass(frozen=True, kw_only=True, eq=False)
class Strip:
    """One row.

    Attributes:
        position: (T, P, J, 2|3), NaN = missing; 2D with y down, 3D in axes y-up, any unit.
        seconds: (T,) rising.
        skeleton: layout of the joints.
        title: in bold letters beside the row.
        notes: lines below the title.
        heat: (T, J) in [-1, 1]: what spoke for (red) and against (blue) the verdict; None draws the plain
            figures.
    """

    position: np.ndarray
    seconds: np.ndarray
    skeleton: Skeleton
    title: str
    notes: Sequence[str] = ()
    heat: np.ndarray | None = None


def draw_strips(title: str, strips: Sequence[Strip], *, columns: int = 8, cell: int = 130) -> np.ndarray:
    """Draw rows of figures at `columns` moments spread over each clip.

    Returns:
        (h, w, 3) uint8 RGB. A clip in which nobody is ever there is said to be empty.
    """
    tall = round(cell * 1.25)
    width = _GAP + _LABEL + columns * (cell + _GAP)
    image = np.full((_HEAD + max(1, len(strips)) * (tall + _GAP), width, 3), GROUND, np.uint8)
    draw_text(image, fit_text(title, 20, width - 32), (_GAP + 4, 16), 20, INK, bold=True)
    if not strips:
        draw_text(image, "none", (_GAP + 4, _HEAD + tall // 3), 18, SOFT)
    for row, strip in enumerate(strips):
        top = _HEAD + row * (tall + _GAP)
        draw_text(image, fit_text(strip.title, 15, _LABEL - 16), (_GAP + 4, top + 8), 15, INK, bold=True)
        for number, line in enumerate(strip.notes):
            at = (_GAP + 4, top + 34 + 21 * number)
            draw_text(image, fit_text(line, 14, _LABEL - 16), at, 14, SOFT)
        _row(image[top : top + tall, _GAP + _LABEL :], strip, columns, cell)
    return image


def write_strips(path: str | Path, title: str, strips: Sequence[Strip], *, columns: int = 8) -> Path:
    """Write `draw_strips` as a picture.

    Raises:
        OutputError: it cannot be written.
    """
    from bodyverb.media import write_image

    write_image(path, draw_strips(title, strips, columns=columns))
    return Path(path)


def moments(present: np.ndarray, columns: int) -> np.ndarray:
    """At most `columns` frames spread over those in which somebody is there, from (T,) bool."""
    frames = np.flatnonzero(present)
    spread = np.linspace(0, max(len(frames) - 1, 0), min(columns, len(frames)))
    return frames[np.unique(spread.round().astype(int))]


def flat(position: np.ndarray) -> np.ndarray:
    """Points (..., 2) right and down of poses: 2D as they are, 3D (y-up) from the front."""
    if position.shape[-1] == 2:
        return np.asarray(position, np.float64)
    return np.stack([position[..., 0], -position[..., 1]], axis=-1).astype(np.float64)


def _row(part: np.ndarray, strip: Strip, columns: int, cell: int) -> None:
    """The figures of one clip, all at one scale; each is centred on its people."""
    points = flat(strip.position)
    present = np.isfinite(points).all(axis=-1).any(axis=(1, 2))
    shown = moments(present, columns)
    tall = part.shape[0]
    if not len(shown):
        cv2.rectangle(part, (0, 0), (cell - 1, tall - 1), CELL, -1)
        draw_text(part, "nobody", (10, tall // 2 - 8), 14, SOFT)
        return
    low, high = (edge(points[shown].reshape(len(shown), -1, 2), axis=1) for edge in (np.nanmin, np.nanmax))
    reach = np.maximum((high - low).max(axis=0), 1e-6)
    scale = float(min((cell - 24) / reach[0], (tall - 48) / reach[1]))
    for column, frame in enumerate(shown):
        left = column * (cell + _GAP)
        cv2.rectangle(part, (left, 0), (left + cell - 1, tall - 1), CELL, -1)
        middle = (low[column] + high[column]) / 2
        room = np.ascontiguousarray(part[:, left : left + cell])
        target = np.array([cell / 2, tall / 2 + 8])
        for person, at in enumerate((points[frame] - middle) * scale + target):
            heat = None if strip.heat is None else strip.heat[frame]
            _figure(room, at, strip.skeleton, person_colour(person), heat)
        part[:, left : left + cell] = room
        draw_text(part, f"{strip.seconds[frame]:.2f} s", (left + 7, 5), 12, SOFT)


def _figure(
    image: np.ndarray, at: np.ndarray, skeleton: Skeleton, colour: RGB, heat: np.ndarray | None
) -> None:
    """One person; with heat, a pale figure with discs that grow with what their joint did."""
    pale = heat is not None
    figure = Figure(
        position=at.astype(np.float32),
        score=np.full(len(at), 0.3 if pale else 1.0, np.float32),
        skeleton=skeleton,
        colour=colour,
    )
    draw_figure(image, figure, thickness=2.0 if pale else 2.6, halo=False)
    if heat is None:
        return
    for joint in np.argsort(np.abs(heat)):
        if np.isfinite(at[joint]).all() and abs(heat[joint]) > 0.02:
            share = min(1.0, abs(float(heat[joint])))
            tone = mix(_PALE, _HOT if heat[joint] > 0 else _COLD, round(share, 2))
            centre = (round(float(at[joint, 0]) * 16), round(float(at[joint, 1]) * 16))
            cv2.circle(image, centre, round((2 + 5 * share) * 16), tone, -1, cv2.LINE_AA, 4)
