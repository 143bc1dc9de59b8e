"""Bar charts side by side on one picture, for counts and shares by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bodyverb.core.errors import OutputError
from bodyverb.outputs.figures import draw_text, fit_text, text_size
from bodyverb.outputs.palette import RGB

_GROUND, _INK, _SOFT, _BAR = (250, 250, 251), (28, 32, 40), (104, 110, 122), (0, 114, 178)
_ROW, _LETTERS, _LABEL, _LENGTH, _VALUE, _GAP, _HEAD = 22, 14, 210, 240, 76, 26, 84


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One bar a name.

    Attributes:
        title: what stands above.
        values: by name, not negative.
        percent: the values are shares.
        colour: of the bars.
        decimals: of values that are no shares.
        full: a bar of this value is as long as there is room, where no value is larger.
    """

    title: str
    values: Mapping[str, float]
    percent: bool = False
    colour: RGB = _BAR
    decimals: int = 0
    full: float = 0.0


def draw_bars(title: str, charts: Sequence[Chart]) -> np.ndarray:
    """(h, w, 3) uint8 RGB: charts beside each other, each with its own scale."""
    wide = _LABEL + _LENGTH + _VALUE
    rows = max((len(chart.values) for chart in charts), default=0)
    shape = (_HEAD + max(rows, 1) * _ROW + _GAP, _GAP + len(charts) * (wide + _GAP), 3)
    image = np.full(shape, _GROUND, np.uint8)
    draw_text(image, fit_text(title, 20, shape[1] - 2 * _GAP), (_GAP, 16), 20, _INK, bold=True)
    for number, chart in enumerate(charts):
        left = _GAP + number * (wide + _GAP)
        draw_text(image, chart.title, (left, 52), 16, _SOFT)
        most = max([*chart.values.values(), chart.full, 0.01 if chart.percent else 1e-12])
        for row, (name, value) in enumerate(chart.values.items()):
            top = _HEAD + row * _ROW
            label = fit_text(name.replace("_", " "), _LETTERS, _LABEL - 10)
            at = left + _LABEL - 10 - text_size(label, _LETTERS)[0]
            draw_text(image, label, (at, top), _LETTERS, _INK)
            end = left + _LABEL + round(_LENGTH * value / most)
            if value > 0:
                cv2.rectangle(
                    image, (left + _LABEL, top), (max(end, left + _LABEL + 1), top + 15), chart.colour, -1
                )
            text = f"{value:.1%}" if chart.percent else f"{value:,.{chart.decimals}f}"
            draw_text(image, text, (end + 6, top), _LETTERS, _SOFT)
    return image


def write_bars(path: str | Path, title: str, charts: Sequence[Chart]) -> Path:
    """Write `draw_bars` as a picture, of the kind that its name ends with.

    Raises:
        OutputError: it cannot be written.
    """
    path = Path(path)
    image = draw_bars(title, charts)
    try:
        encoded = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded.tobytes())
    except (cv2.error, OSError) as error:
        raise OutputError(
            f"Expected to write a picture such as .png, got {type(error).__name__}; rename it: {path}"
        ) from error
    return path
