"""Curves and ranges in panels on one picture, with plain or logarithmic scales; RGB uint8."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from bodyverb.core.errors import OutputError
from bodyverb.outputs.figures import draw_text, fit_text, text_size
from bodyverb.outputs.palette import RGB

_GROUND, _INK, _SOFT, _GRID = (250, 250, 251), (28, 32, 40), (104, 110, 122), (226, 229, 234)
_TEXT, _MARGIN, _LEFT, _TOP, _FOOT = 15, 26, 70, 40, 64
_ROW = 24
WIDTH, HEIGHT = 640, 330


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """One line: y over x, NaN where it is broken.

    Attributes:
        name: for the legend; empty leaves it out there.
        x: (N,) ascending; y: (N,).
        colour: of the line.
        thin: a thinner line.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    colour: RGB
    thin: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """Curves over one axis.

    Attributes:
        title: what stands above.
        across: what x is.
        curves: in the order of drawing.
        log: the scale of y has equal steps for equal factors; what is not > 0 is left out.
        labels: names at x = 0, 1, ... in place of numbers, written upwards.
        legend: names the curves, above them.
        span: lowest and highest y, to give several panels one scale; by default those of the curves.
    """

    title: str
    across: str
    curves: Sequence[Curve]
    log: bool = False
    labels: Sequence[str] = ()
    legend: bool = False
    span: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Range:
    """One row: a bar from `low` to `high`, a dot and a tick on it.

    Attributes:
        name: at its left, in its colour.
        low: where the bar begins; `high`: where it ends.
        dot: a value on it; `tick`: another.
    """

    name: str
    low: float
    high: float
    dot: float
    tick: float
    colour: RGB


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranges:
    """Rows on one logarithmic axis, which holds `span` and all values; see `Range`."""

    title: str
    across: str
    rows: Sequence[Range]
    span: tuple[float, ...] = ()


def draw_panels(title: str, rows: Sequence[Sequence[Panel | Ranges]]) -> np.ndarray:
    """(h, w, 3) uint8 RGB: panels in rows and columns, each as large as it needs, below a title."""
    drawn = [[_ranges(p) if isinstance(p, Ranges) else _panel(p) for p in row] for row in rows]
    bands = []
    for row in drawn:
        tall = max(picture.shape[0] for picture in row)
        bands.append(np.hstack([_padded(picture, tall, picture.shape[1]) for picture in row]))
    wide = max(band.shape[1] for band in bands)
    head = np.full((52, wide, 3), _GROUND, np.uint8)
    draw_text(head, fit_text(title, 21, wide - 2 * _MARGIN), (_MARGIN, 18), 21, _INK, bold=True)
    return np.vstack([head, *(_padded(band, band.shape[0], wide) for band in bands)])


def write_panels(path: str | Path, title: str, rows: Sequence[Sequence[Panel | Ranges]]) -> Path:
    """Write `draw_panels` as a picture, of the kind that its name ends with.

    Raises:
        OutputError: it cannot be written.
    """
    path = Path(path)
    image = draw_panels(title, rows)
    try:
        encoded = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded.tobytes())
    except (cv2.error, OSError) as error:
        raise OutputError(
            f"Expected to write a picture such as .png, got {type(error).__name__}; rename it: {path}"
        ) from error
    return path


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """Values from `low` to `high` on px from `begin` to `end`."""

    low: float
    high: float
    begin: int
    end: int
    log: bool = False

    def at(self, value: float) -> float:
        change = math.log10 if self.log else float
        share = (change(value) - change(self.low)) / (change(self.high) - change(self.low))
        return self.begin + share * (self.end - self.begin)

    def ticks(self) -> list[float]:
        if self.log:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            return [10.0**power for power in range(first, last + 1)]
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / 3))
        step = next(step * by for by in (1, 2, 5, 10) if (self.high - self.low) / (step * by) <= 7)
        first = math.ceil(self.low / step - 1e-9)
        return [at * step for at in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _axis(values: np.ndarray, begin: int, end: int, log: bool, zero: bool = False) -> _Axis:
    """An axis that holds all values; whole decades where it is logarithmic."""
    known = values[np.isfinite(values) & ((values > 0) | (not log))]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.1, 1.0)
    if log:
        low, high = 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high) + 1e-9)
    low = min(low, 0.0) if zero and not log else low
    return _Axis(low=low, high=high if high > low else low + 1, begin=begin, end=end, log=log)


def _panel(panel: Panel) -> np.ndarray:
    names = [curve for curve in panel.curves if panel.legend and curve.name]
    foot = _FOOT + (max(text_size(label, 12)[0] for label in panel.labels) - 10 if panel.labels else 0)
    top = _TOP + _ROW * len(names)
    bottom, right = top + HEIGHT - _TOP - _FOOT, WIDTH - _MARGIN
    image = np.full((bottom + foot, WIDTH, 3), _GROUND, np.uint8)
    x = _axis(np.concatenate([curve.x for curve in panel.curves]), _LEFT, right, False)
    heights = np.concatenate([*(curve.y for curve in panel.curves), panel.span or ()])
    y = _axis(heights, bottom, top, panel.log, zero=True)
    draw_text(image, fit_text(panel.title, 17, right - _LEFT), (_LEFT, 10), 17, _INK)
    for at, curve in enumerate(names):
        line = _TOP + at * _ROW
        cv2.line(image, (_LEFT, line + 8), (_LEFT + 26, line + 8), curve.colour, 3, cv2.LINE_AA)
        draw_text(image, curve.name, (_LEFT + 36, line), _TEXT, _INK)
    for tick in y.ticks():
        level = round(y.at(tick))
        cv2.line(image, (_LEFT, level), (right, level), _GRID, 1)
        text = _number(tick)
        draw_text(image, text, (_LEFT - 8 - text_size(text, _TEXT)[0], level - 8), _TEXT, _SOFT)
    _across(image, panel, x, bottom)
    for curve in panel.curves:
        _curve(image, curve, x, y)
    return image


def _across(image: np.ndarray, panel: Panel, x: _Axis, bottom: int) -> None:
    """Ticks of x, or its labels from below, and what it is."""
    if panel.labels:
        for at, label in enumerate(panel.labels):
            wide = text_size(label, 12)[0] + 2
            patch = np.full((18, wide, 3), _GROUND, np.uint8)
            draw_text(patch, label, (0, 2), 12, _SOFT)
            left = round(x.at(at)) - 9
            image[bottom + 8 : bottom + 8 + wide, left : left + 18] = np.rot90(patch)
    else:
        _numbers_below(image, x, bottom + 8)
    wide = text_size(panel.across, _TEXT)[0]
    draw_text(image, panel.across, (x.end - wide, image.shape[0] - 28), _TEXT, _SOFT)


def _numbers_below(image: np.ndarray, x: _Axis, top: int) -> None:
    """The ticks of x as numbers, those that have room."""
    free = 0
    for tick in x.ticks():
        text = _number(tick)
        wide = text_size(text, _TEXT)[0]
        left = round(x.at(tick)) - wide // 2
        if left >= free:
            draw_text(image, text, (left, top), _TEXT, _SOFT)
            free = left + wide + 8


def _curve(image: np.ndarray, curve: Curve, x: _Axis, y: _Axis) -> None:
    known = np.isfinite(curve.y) & ((curve.y > 0) | (not y.log))
    points = [
        (round(16 * x.at(float(a))), round(16 * y.at(float(b)))) if good else None
        for a, b, good in zip(curve.x, curve.y, known, strict=True)
    ]
    width = 1 if curve.thin else 2
    for before, after in pairwise(points):
        if before is not None and after is not None:
            cv2.line(image, before, after, curve.colour, width, cv2.LINE_AA, 4)
    if len(points) <= 40:
        for point in points:
            if point is not None:
                cv2.circle(image, point, 16 * (width + 1), curve.colour, -1, cv2.LINE_AA, 4)


def _ranges(panel: Ranges) -> np.ndarray:
    label = max((text_size(row.name, _TEXT)[0] for row in panel.rows), default=0)
    left, right = _MARGIN + label + 14, WIDTH - _MARGIN
    bottom = _TOP + _ROW * len(panel.rows) + 6
    image = np.full((bottom + _FOOT, WIDTH, 3), _GROUND, np.uint8)
    draw_text(image, fit_text(panel.title, 17, WIDTH - 2 * _MARGIN), (_MARGIN, 10), 17, _INK)
    ends = [end for row in panel.rows for end in (row.low, row.high, row.dot, row.tick)]
    x = _axis(np.array([*ends, *panel.span]), left, right, log=True)
    for tick in x.ticks():
        cv2.line(image, (round(x.at(tick)), _TOP), (round(x.at(tick)), bottom), _GRID, 1)
    _numbers_below(image, x, bottom + 6)
    for number, row in enumerate(panel.rows):
        middle = _TOP + number * _ROW + _ROW // 2
        wide = text_size(row.name, _TEXT)[0]
        draw_text(image, row.name, (left - 14 - wide, middle - 8), _TEXT, row.colour)
        low, high, dot, tick = (round(x.at(v)) for v in (row.low, row.high, row.dot, row.tick))
        cv2.line(image, (low, middle), (high, middle), row.colour, 3, cv2.LINE_AA)
        cv2.line(image, (tick, middle - 7), (tick, middle + 7), row.colour, 2, cv2.LINE_AA)
        cv2.circle(image, (dot, middle), 6, row.colour, -1, cv2.LINE_AA)
    wide = text_size(panel.across, _TEXT)[0]
    draw_text(image, panel.across, (right - wide, image.shape[0] - 28), _TEXT, _SOFT)
    return image


def _number(value: float) -> str:
    return f"{value:.0e}".replace("e-0", "e-") if 0 < abs(value) < 1e-3 else f"{value:g}"


def _padded(picture: np.ndarray, tall: int, wide: int) -> np.ndarray:
    made = np.full((tall, wide, 3), _GROUND, np.uint8)
    made[: picture.shape[0], : picture.shape[1]] = picture
    return made
