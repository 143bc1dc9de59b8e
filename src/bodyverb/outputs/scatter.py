"""Named dots over two axes on one picture, each axis plain or logarithmic; RGB uint8."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bodyverb.core.errors import OutputError
from bodyverb.outputs.figures import draw_text, fit_text, text_size
from bodyverb.outputs.palette import RGB, VERBS

_GROUND, _INK, _SOFT, _GRID = (250, 250, 251), (28, 32, 40), (104, 110, 122), (226, 229, 234)
_LETTERS, _LEFT, _RIGHT, _TOP, _BOTTOM = 15, 84, 40, 78, 70
WIDTH, HEIGHT = 900, 600


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One thing that is compared.

    Attributes:
        name: beside it.
        x: along; y: up.
        size: area of the dot, relative to the others.
    """

    name: str
    x: float
    y: float
    size: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What is measured along an axis, and whether equal steps are equal factors (values > 0 only)."""

    title: str
    log: bool = False


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """Values from `low` to `high` on px from `begin` to `end`."""

    low: float
    high: float
    begin: int
    end: int
    log: bool

    def at(self, value: float) -> int:
        low, high, value = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return round(self.begin + (value - low) / (high - low) * (self.end - self.begin))

    def ticks(self) -> list[float]:
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            every = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
        else:
            step = 10.0 ** math.floor(math.log10((self.high - self.low) / 3))
            step = next(step * by for by in (1, 2, 5, 10) if (self.high - self.low) / (step * by) <= 7)
            every = [step * at for at in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]
        return [tick for tick in every if self.low <= tick <= self.high]


def draw_scatter(title: str, dots: Sequence[Dot], across: Axis, up: Axis) -> np.ndarray:
    """(h, w, 3) uint8 RGB: the dots with their names, each name where it hides least."""
    image = np.full((HEIGHT, WIDTH, 3), _GROUND, np.uint8)
    x = _scale([dot.x for dot in dots], _LEFT, WIDTH - _RIGHT, across.log)
    y = _scale([dot.y for dot in dots], HEIGHT - _BOTTOM, _TOP, up.log)
    draw_text(image, fit_text(title, 20, WIDTH - 2 * _RIGHT), (_RIGHT, 16), 20, _INK, bold=True)
    draw_text(image, up.title, (_LEFT, _TOP - 30), _LETTERS, _SOFT)
    wide = text_size(across.title, _LETTERS)[0]
    draw_text(image, across.title, (WIDTH - _RIGHT - wide, HEIGHT - 30), _LETTERS, _SOFT)
    for tick in x.ticks():
        cv2.line(image, (x.at(tick), _TOP), (x.at(tick), HEIGHT - _BOTTOM), _GRID, 1)
        text = _number(tick)
        left = x.at(tick) - text_size(text, _LETTERS)[0] // 2
        draw_text(image, text, (left, HEIGHT - _BOTTOM + 8), _LETTERS, _SOFT)
    for tick in y.ticks():
        cv2.line(image, (_LEFT, y.at(tick)), (WIDTH - _RIGHT, y.at(tick)), _GRID, 1)
        text = _number(tick)
        draw_text(image, text, (_LEFT - 8 - text_size(text, _LETTERS)[0], y.at(tick) - 8), _LETTERS, _SOFT)
    _dots(image, dots, x, y)
    return image


def write_scatter(path: str | Path, title: str, dots: Sequence[Dot], across: Axis, up: Axis) -> Path:
    """Write `draw_scatter` as a picture, of the kind that its name ends with.

    Raises:
        OutputError: it cannot be written.
    """
    path = Path(path)
    image = draw_scatter(title, dots, across, up)
    try:
        encoded = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded.tobytes())
    except (cv2.error, OSError) as error:
        raise OutputError(
            f"Expected to write a picture such as .png, got {type(error).__name__}; rename it: {path}"
        ) from error
    return path


def _scale(values: Sequence[float], begin: int, end: int, log: bool) -> _Scale:
    """All values with some room round them."""
    low, high = min(values, default=1.0), max(values, default=1.0)
    if log:
        room = max((high / low) ** 0.12, 1.5)
        return _Scale(low=low / room, high=high * room, begin=begin, end=end, log=True)
    room = 0.12 * (high - low) or 0.5
    return _Scale(low=low - room, high=high + room, begin=begin, end=end, log=False)


def _dots(image: np.ndarray, dots: Sequence[Dot], x: _Scale, y: _Scale) -> None:
    largest = max((dot.size for dot in dots), default=1.0)
    radii = [6 + round(16 * math.sqrt(dot.size / largest)) for dot in dots]
    taken = [
        (x.at(d.x) - r, y.at(d.y) - r, x.at(d.x) + r, y.at(d.y) + r) for d, r in zip(dots, radii, strict=True)
    ]
    for number, (dot, radius) in enumerate(zip(dots, radii, strict=True)):
        colour: RGB = VERBS[number % len(VERBS)]
        cv2.circle(image, (x.at(dot.x), y.at(dot.y)), radius, colour, -1, cv2.LINE_AA)
        cv2.circle(image, (x.at(dot.x), y.at(dot.y)), radius, _GROUND, 1, cv2.LINE_AA)
    for dot, radius in zip(dots, radii, strict=True):
        wide, tall = text_size(dot.name, _LETTERS)
        middle, level, away = x.at(dot.x), y.at(dot.y), radius + 5
        places = [
            (middle + away, level - tall // 2),
            (middle - away - wide, level - tall // 2),
            (middle - wide // 2, level - away - tall),
            (middle - wide // 2, level + away),
        ]
        boxes = [(left, top, left + wide, top + tall + 4) for left, top in places]
        best = min(boxes, key=lambda box: _hidden(box, taken))
        taken.append(best)
        draw_text(image, dot.name, best[:2], _LETTERS, _INK)


def _hidden(box: tuple[int, ...], taken: Sequence[tuple[int, ...]]) -> int:
    """Area of what is there already, and of what lies outside of the picture, under a box."""
    outside = max(0, -box[0]) + max(0, box[2] - WIDTH) + max(0, _TOP - box[1]) + max(0, box[3] - HEIGHT)
    covered = 0
    for other in taken:
        width = min(box[2], other[2]) - max(box[0], other[0])
        height = min(box[3], other[3]) - max(box[1], other[1])
        covered += max(0, width) * max(0, height)
    return covered + 1000 * outside


def _number(value: float) -> str:
    return f"{value:.0e}".replace("e-0", "e-") if 0 < abs(value) < 1e-3 else f"{value:g}"
