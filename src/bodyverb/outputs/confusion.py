"""A confusion matrix as a picture that can be read with 10 classes and with 60, and as a CSV table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from bodyverb.outputs.figures import draw_text, fit_text, text_size
from bodyverb.outputs.palette import RGB, mix, text_on

_GROUND, _INK, _SOFT, _LINE = (250, 250, 251), (28, 32, 40), (104, 110, 122), (222, 226, 233)
_EMPTY, _WHITE = (237, 239, 243), (255, 255, 255)
_RIGHT, _WRONG = (0, 114, 178), (213, 94, 0)
_GAP, _HEAD, _LABEL, _SHARE = 18, 74, 220, 62


def draw_confusion(counts: np.ndarray, classes: Sequence[str], title: str = "") -> np.ndarray:
    """Draw counts; the colour of a cell is its share of the row: blue where right, orange where not.

    Args:
        counts: (C, C), row = right class, column = named class.
        classes: (C) names.
        title: what stands above.

    Returns:
        (h, w, 3) uint8 RGB. A class without samples has a grey row. At the end of a row stands its recall.
    """
    number = len(classes)
    letters = 15 if number <= 16 else 13 if number <= 40 else 11
    widest = text_size(str(int(counts.max(initial=0))), letters)[0]
    cell = max(letters + 6, widest + 6, min(52, 640 // max(number, 1)))
    names = [name.replace("_", " ") for name in classes]
    label = min(_LABEL, max((text_size(name, letters)[0] for name in names), default=0) + 10)
    left, top = _GAP + label + letters + 10, _HEAD + label + letters + 10
    shape = (top + number * cell + _GAP, left + number * cell + _SHARE + _GAP, 3)
    image = np.full((shape[0], max(shape[1], 360), 3), _GROUND, np.uint8)
    draw_text(image, fit_text(title, 20, image.shape[1] - 2 * _GAP), (_GAP, 14), 20, _INK, bold=True)
    draw_text(image, _total(counts), (_GAP, 44), 14, _SOFT)
    _axis_words(image, left, top, number * cell, letters)
    for place, name in enumerate(names):
        middle = place * cell + (cell - letters) // 2
        text = fit_text(name, letters, label - 6)
        draw_text(image, text, (left - 6 - text_size(text, letters)[0], top + middle), letters, _INK)
        _upright(image, text, left + middle, top - 6, letters)
    _cells(image, np.asarray(counts), left, top, cell, letters)
    return image


def write_confusion(path: str | Path, counts: np.ndarray, classes: Sequence[str], title: str = "") -> Path:
    """Write `draw_confusion` as a picture.

    Raises:
        OutputError: it cannot be written.
    """
    from bodyverb.media import write_image

    write_image(path, draw_confusion(counts, classes, title))
    return Path(path)


def _total(counts: np.ndarray) -> str:
    total, right = int(counts.sum()), int(np.trace(counts))
    return f"{right} of {total} right ({right / total:.1%})" if total else "no samples"


def _axis_words(image: np.ndarray, left: int, top: int, size: int, letters: int) -> None:
    """`named` above the columns, `right class` beside the rows."""
    draw_text(image, "named", (left, _HEAD), letters, _SOFT)
    words = "right class"
    _upright(image, words, _GAP, top + min(size, text_size(words, letters)[0]), letters, _SOFT)


def _cells(image: np.ndarray, counts: np.ndarray, left: int, top: int, cell: int, letters: int) -> None:
    rows = counts.sum(axis=1)
    for row, column in np.ndindex(counts.shape):
        x, y, count = left + column * cell, top + row * cell, int(counts[row, column])
        base = _RIGHT if row == column else _WRONG
        share = count / rows[row] if rows[row] else 0.0
        colour: RGB = mix(_WHITE, base, round(0.15 + 0.85 * share, 3)) if count else _WHITE
        colour = colour if rows[row] else _EMPTY
        cv2.rectangle(image, (x, y), (x + cell - 1, y + cell - 1), colour, -1)
        cv2.rectangle(image, (x, y), (x + cell - 1, y + cell - 1), _LINE, 1)
        if count:
            text = str(count)
            at = (x + (cell - text_size(text, letters)[0]) // 2, y + (cell - letters) // 2)
            draw_text(image, text, at, letters, text_on(colour))
    end = left + counts.shape[1] * cell + 8
    for row, total in enumerate(rows):
        text = f"{counts[row, row] / total:.0%}" if total else "none"
        draw_text(image, text, (end, top + row * cell + (cell - letters) // 2), letters, _SOFT)


def _upright(image: np.ndarray, text: str, x: int, bottom: int, height: int, colour: RGB = _INK) -> None:
    """Write from below to above, beginning at `bottom`; the letters' tops are at the left."""
    width, tall = text_size(text, height)[0] + 4, height + 6
    strip = np.full((tall, width, 3), _GROUND, np.uint8)
    draw_text(strip, text, (0, 1), height, colour)
    turned = np.rot90(strip)
    y = max(0, bottom - width)
    room = image[y:bottom, x : x + tall]
    room[...] = turned[-room.shape[0] :, : room.shape[1]]
