"""A reliability diagram: how often a classifier is right when it is so sure."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from bodyverb.metrics.classification import Reliability
from bodyverb.outputs.figures import draw_text, fit_text, text_size
from bodyverb.outputs.palette import RGB, mix

_GROUND, _INK, _SOFT, _LINE = (250, 250, 251), (28, 32, 40), (104, 110, 122), (222, 226, 233)
_BAR, _GAP_COLOUR, _WHITE = (0, 114, 178), (213, 94, 0), (255, 255, 255)
_LEFT, _TOP, _SIZE, _LOW, _EDGE, _LETTERS = 64, 84, 400, 90, 24, 14


def draw_reliability(table: Reliability, title: str = "") -> np.ndarray:
    """Draw accuracy by confidence, the gap to the diagonal, and below how many samples a bin has.

    Returns:
        (h, w, 3) uint8 RGB; empty bins have no bar.
    """
    tall = _TOP + _SIZE + 24 + _LOW + 52
    image = np.full((tall, _LEFT + _SIZE + _EDGE, 3), _GROUND, np.uint8)
    draw_text(image, fit_text(title, 20, image.shape[1] - 32), (16, 14), 20, _INK, bold=True)
    words = "no samples"
    if table.samples.sum():
        words = f"share that is right, by confidence; expected calibration error {table.error:.1%}"
    draw_text(image, words, (16, 46), _LETTERS, _SOFT)
    _grid(image)
    for number in range(len(table.samples)):
        if table.samples[number]:
            _bar(image, table, number)
    cv2.line(image, _at(0, 0), _at(1, 1), _INK, 1, cv2.LINE_AA)
    _counts(image, table)
    return image


def write_reliability(path: str | Path, table: Reliability, title: str = "") -> Path:
    """Write `draw_reliability` as a picture.

    Raises:
        OutputError: it cannot be written.
    """
    from bodyverb.media import write_image

    write_image(path, draw_reliability(table, title))
    return Path(path)


def _at(confidence: float, accuracy: float) -> tuple[int, int]:
    return _LEFT + round(_SIZE * confidence), _TOP + round(_SIZE * (1 - accuracy))


def _grid(image: np.ndarray) -> None:
    cv2.rectangle(image, _at(0, 1), _at(1, 0), _WHITE, -1)
    for share in np.linspace(0, 1, 6):
        cv2.line(image, _at(0, share), _at(1, share), _LINE, 1)
        cv2.line(image, _at(share, 0), _at(share, 1), _LINE, 1)
        text = f"{share:.0%}"
        wide = text_size(text, _LETTERS)[0]
        draw_text(image, text, (_LEFT - 8 - wide, _at(0, share)[1] - 8), _LETTERS, _SOFT)


def _bar(image: np.ndarray, table: Reliability, number: int) -> None:
    """The accuracy in blue; in orange what confidence promises beyond it or holds back."""
    low, high = table.edges[number] + 0.004, table.edges[number + 1] - 0.004
    accuracy, confidence = float(table.accuracy[number]), float(table.confidence[number])
    cv2.rectangle(image, _at(low, accuracy), _at(high, 0), mix(_BAR, _WHITE, 0.25), -1)
    gap: RGB = mix(_GAP_COLOUR, _WHITE, 0.6)
    if confidence > accuracy:
        cv2.rectangle(image, _at(low, confidence), _at(high, accuracy), gap, -1)
    else:
        cv2.rectangle(image, _at(low, confidence), _at(high, accuracy), _GAP_COLOUR, 1)
    cv2.line(image, _at(low, confidence), _at(high, confidence), _GAP_COLOUR, 2)


def _counts(image: np.ndarray, table: Reliability) -> None:
    base = _TOP + _SIZE + 24 + _LOW
    most = max(1, int(table.samples.max(initial=0)))
    for number, count in enumerate(table.samples.tolist()):
        left, right = (_at(table.edges[number + side], 0)[0] for side in (0, 1))
        if count:
            top = base - max(1, round((_LOW - 18) * count / most))
            cv2.rectangle(image, (left + 2, top), (right - 2, base), mix(_SOFT, _WHITE, 0.4), -1)
            text = str(count)
            at = (left + (right - left - text_size(text, 11)[0]) // 2, top - 14)
            draw_text(image, text, at, 11, _SOFT)
    cv2.line(image, (_LEFT, base), (_LEFT + _SIZE, base), _SOFT, 1)
    draw_text(image, "samples", (4, base - 14), 13, _SOFT)
    for share in np.linspace(0, 1, 6):
        text = f"{share:.0%}"
        draw_text(image, text, (_at(share, 0)[0] - text_size(text, 13)[0] // 2, base + 6), 13, _SOFT)
    words = "confidence (chance of the named class)"
    draw_text(image, words, (_LEFT + (_SIZE - text_size(words, 13)[0]) // 2, base + 28), 13, _SOFT)
