"""What a classifier looked at: figures with the joints that counted, the moments, the joints by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from bodyverb.outputs.bars import Chart, draw_bars
from bodyverb.outputs.figures import draw_text, text_size
from bodyverb.outputs.palette import RGB
from bodyverb.outputs.strips import GROUND, SOFT, Strip, draw_strips

_FOR: RGB = (213, 40, 20)
_AGAINST: RGB = (40, 110, 190)
_LABEL, _TALL, _MOST = 258, 120, 10


def draw_explanation(title: str, strip: Strip, moments: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Draw an explanation.

    Args:
        title: what stands above.
        strip: the clip with its heat.
        moments: (K,) drop of the log-odds without each of K equal blocks of time, in nats.
        joints: (J,) without each joint and its neighbours.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    figures = draw_strips(title, [strip])
    times = _moments(figures.shape[1], moments)
    return _stacked([figures, times, _joints(strip.skeleton.joints, joints)])


def write_explanation(
    path: str | Path, title: str, strip: Strip, moments: np.ndarray, joints: np.ndarray
) -> Path:
    """Write `draw_explanation` as a picture.

    Raises:
        OutputError: it cannot be written.
    """
    from bodyverb.media import write_image

    write_image(path, draw_explanation(title, strip, moments, joints))
    return Path(path)


def _moments(width: int, drops: np.ndarray) -> np.ndarray:
    """Bars along the time of the clip: up for the class, down against it."""
    image = np.full((_TALL, width, 3), GROUND, np.uint8)
    draw_text(image, "without a stretch of time", (12, 20), 14, SOFT)
    draw_text(image, "(fall of log-odds, nats)", (12, 42), 12, SOFT)
    high, low = max(float(drops.max(initial=0)), 0.0), max(float(-drops.min(initial=0)), 0.0)
    scale = (_TALL - 44) / max(high + low, 1e-9)
    base = 20 + round(high * scale)
    step = (width - _LABEL - 12) / max(len(drops), 1)
    for number, drop in enumerate(drops.tolist()):
        left, right = (round(_LABEL + (number + side) * step) for side in (0, 1))
        end = base - round(drop * scale)
        cv2.rectangle(image, (left + 2, base), (right - 3, end), _FOR if drop > 0 else _AGAINST, -1)
        text = f"{drop:+.2f}"
        at = (left + (right - left - text_size(text, 12)[0]) // 2, end - 15 if drop > 0 else end + 3)
        draw_text(image, text, at, 12, SOFT)
    cv2.line(image, (_LABEL, base), (width - 12, base), SOFT, 1)
    return image


def _joints(names: Sequence[str], drops: np.ndarray) -> np.ndarray:
    """The joints that spoke most for the class, and those that spoke against it."""
    order, full = np.argsort(-drops), float(np.abs(drops).max(initial=0.0))
    charts = []
    for words, sign, rows, colour in (("for", 1, order, _FOR), ("against", -1, order[::-1], _AGAINST)):
        values = {names[at]: sign * float(drops[at]) for at in rows[:_MOST] if sign * drops[at] > 0}
        title = f"joints {words} it (nats)"
        charts.append(Chart(title=title, values=values, decimals=2, colour=colour, full=full))
    return draw_bars("without a joint and its neighbours", charts)


def _stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    """One below the other, filled up to the widest."""
    width = max(part.shape[1] for part in parts)
    image = np.full((sum(part.shape[0] for part in parts), width, 3), GROUND, np.uint8)
    top = 0
    for part in parts:
        image[top : top + part.shape[0], : part.shape[1]] = part
        top += part.shape[0]
    return image
