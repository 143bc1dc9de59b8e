"""Drawing one person on a picture: text, tags and stick figures. RGB uint8 arrays, changed in place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from bodyverb.core import Skeleton
from bodyverb.outputs.palette import LEFT, RGB, RIGHT, limb_sides, mix, text_on

_SHIFT = 4
_DARK: RGB = (18, 20, 26)
_WHITE: RGB = (255, 255, 255)
_LEVELS = ((0.25, 0.25), (0.5, 0.55), (float("inf"), 1.0))  # joint scores below -> opacity


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One person on one picture.

    Attributes:
        position: (J, 2) px of that picture, NaN = absent.
        score: (J,) in [0, 1]; low scores are drawn fainter.
        state: (J,) 0 absent, 1 inferred or filled (drawn hollow), 2 seen; None = all seen.
        colour: The person's colour.
        name: The person's id, in the coloured part of the tag; empty = no tag.
        label: Text behind the id (the verb), may be empty.
    """

    position: np.ndarray
    score: np.ndarray
    skeleton: Skeleton
    colour: RGB
    state: np.ndarray | None = None
    name: str = ""
    label: str = ""


def text_size(text: str, height: int, *, bold: bool = False) -> tuple[int, int]:
    """Width and height in px of `text` set with letters of about `height` px."""
    if hasattr(cv2, "FontFace"):
        _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), height, 700 if bold else 500)
        return int(width) + 1, height
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, height / 30, 1)
    return int(width), height


def draw_text(
    image: np.ndarray, text: str, at: tuple[int, int], height: int, colour: RGB, bold: bool = False
) -> None:
    """Write `text` with its left top corner at `at` (x, y)."""
    base = (at[0], at[1] + round(height * 0.86))
    if hasattr(cv2, "FontFace"):
        cv2.putText(image, text, base, colour, _font(), height, 700 if bold else 500)
    else:
        cv2.putText(image, text, base, cv2.FONT_HERSHEY_SIMPLEX, height / 30, colour, 1 + bold, cv2.LINE_AA)


@lru_cache(maxsize=1)
def _font() -> Any:
    return cv2.FontFace("sans")


def fit_text(text: str, height: int, width: int) -> str:
    """`text`, or its longest beginning with an ellipsis that is at most `width` px wide."""
    if text_size(text, height)[0] <= width:
        return text
    while text and text_size(text + "...", height)[0] > width:
        text = text[:-1]
    return text + "..." if text else ""


def draw_figure(
    image: np.ndarray, figure: Figure, *, thickness: float | None = None, halo: bool = True
) -> None:
    """Draw limbs and joints; left limbs blue, right limbs orange, the trunk in the person's colour.

    Args:
        image: (h, w, 3) uint8 RGB, C-contiguous, changed in place.
        figure: Who and where.
        thickness: Limb width in px; by default from the figure's size.
        halo: A dark outline that keeps the limbs readable on any ground.
    """
    finite = np.isfinite(figure.position).all(axis=1)
    if not finite.any():
        return
    points = np.clip(np.where(finite[:, None], figure.position, 0.0), -20_000, 20_000)
    width = limb_width(image, points[finite]) if thickness is None else thickness
    limbs = [
        (a, b, side)
        for (a, b), side in zip(figure.skeleton.limbs, _sides(figure.skeleton), strict=True)
        if finite[a] and finite[b]
    ]
    low = 0.0
    for high, opacity in _LEVELS:
        mine = [limb for limb in limbs if low <= min(figure.score[limb[0]], figure.score[limb[1]]) < high]
        dots = [j for j in np.flatnonzero(finite).tolist() if low <= figure.score[j] < high]
        low = high
        if not mine and not dots:
            continue
        used = np.array(sorted({j for a, b, _ in mine for j in (a, b)} | set(dots)), int)
        window = _window(points[used], 2 * width + 4, image.shape)
        if window is None:
            continue
        y0, y1, x0, x1 = window
        part = image[y0:y1, x0:x1]
        canvas = part if opacity == 1.0 else part.copy()
        _draw_parts(canvas, points - (x0, y0), mine, dots, figure, width, halo)
        if opacity < 1.0:
            image[y0:y1, x0:x1] = cv2.addWeighted(canvas, opacity, part, 1.0 - opacity, 0.0)


def limb_width(image: np.ndarray, points: np.ndarray) -> float:
    """Limb width in px that suits a figure of these points (n, 2) on this picture."""
    size = float(np.ptp(points, axis=0).max()) if len(points) > 1 else 0.0
    return float(np.clip(size / 62, min(image.shape[:2]) / 400, min(image.shape[:2]) / 70).clip(1.0, 24.0))


@lru_cache(maxsize=32)
def _sides(skeleton: Skeleton) -> tuple[str, ...]:
    return limb_sides(skeleton)


@lru_cache(maxsize=32)
def _joint_sides(skeleton: Skeleton) -> tuple[str, ...]:
    return tuple(skeleton.sides)


def _side_colour(side: str, person: RGB) -> RGB:
    return LEFT if side == "left" else RIGHT if side == "right" else person


def _window(points: np.ndarray, margin: float, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    low = np.floor(points.min(axis=0) - margin).astype(int)
    high = np.ceil(points.max(axis=0) + margin).astype(int) + 1
    x0, y0 = np.maximum(low, 0)
    x1, y1 = np.minimum(high, (shape[1], shape[0]))
    return (int(y0), int(y1), int(x0), int(x1)) if x1 > x0 and y1 > y0 else None


def _draw_parts(
    canvas: np.ndarray,
    points: np.ndarray,
    limbs: list[tuple[int, int, str]],
    dots: list[int],
    figure: Figure,
    width: float,
    halo: bool,
) -> None:
    fixed = np.rint(points * (1 << _SHIFT)).astype(int)
    line, rim = max(1, round(width)), max(1, round(width * 0.35))
    if canvas.flags.c_contiguous:
        target = canvas
    else:
        target = np.ascontiguousarray(canvas)
    if halo:
        for a, b, _ in limbs:
            _line(target, fixed[a], fixed[b], _DARK, line + 2 * rim)
    for a, b, side in limbs:
        _line(target, fixed[a], fixed[b], _side_colour(side, figure.colour), line)
    radius = max(1.0, 0.72 * width)
    sides = _joint_sides(figure.skeleton)
    for j in dots:
        colour = _side_colour(sides[j], figure.colour)
        hollow = figure.state is not None and figure.state[j] == 1
        _dot(target, fixed[j], radius + rim, _DARK if halo else colour)
        _dot(target, fixed[j], radius, _DARK if hollow else mix(colour, _WHITE, 0.45))
        if hollow:
            _dot(target, fixed[j], radius, mix(colour, _WHITE, 0.45), max(1, rim))
    if target is not canvas:
        canvas[...] = target


def _line(image: np.ndarray, a: np.ndarray, b: np.ndarray, colour: RGB, width: int) -> None:
    cv2.line(image, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), colour, width, cv2.LINE_AA, _SHIFT)


def _dot(image: np.ndarray, at: np.ndarray, radius: float, colour: RGB, width: int = -1) -> None:
    size = max(1, round(radius * (1 << _SHIFT)))
    cv2.circle(image, (int(at[0]), int(at[1])), size, colour, width, cv2.LINE_AA, _SHIFT)


def tag_height(image: np.ndarray) -> int:
    """Letter height in px for tags on this picture."""
    return int(np.clip(round(min(image.shape[:2]) * 0.03), 11, 44))


@lru_cache(maxsize=512)
def tag_picture(name: str, label: str, colour: RGB, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A tag as RGB (h, w, 3) uint8 and opacity (h, w, 1) float32; at most `width` px wide."""
    pad = max(3, round(height * 0.45))
    name = fit_text(name, height, max(1, width - 2 * pad))
    chip = text_size(name, height, bold=True)[0] + 2 * pad
    label = fit_text(label, height, width - chip - 2 * pad) if label else ""
    full = chip + (text_size(label, height)[0] + 2 * pad if label else 0)
    tall = height + pad + (height + pad) % 2
    picture = np.empty((tall, full, 3), np.uint8)
    picture[:] = _DARK
    picture[:, :chip] = colour
    draw_text(picture, name, (pad, (tall - height) // 2), height, text_on(colour), bold=True)
    if label:
        draw_text(picture, label, (chip + pad, (tall - height) // 2), height, _WHITE)
    return picture, _rounded(tall, full) * np.where(np.arange(full) < chip, 1.0, 0.82)[None, :, None]


def _rounded(height: int, width: int) -> np.ndarray:
    """Opacity (h, w, 1) float32 of a rectangle with round corners."""
    big = np.zeros((height * 4, width * 4), np.uint8)
    r = min(height * 4 // 4, width * 2)
    cv2.rectangle(big, (r, 0), (width * 4 - 1 - r, height * 4), 255, -1)
    cv2.rectangle(big, (0, r), (width * 4, height * 4 - 1 - r), 255, -1)
    for x in (r, width * 4 - 1 - r):
        for y in (r, height * 4 - 1 - r):
            cv2.circle(big, (x, y), r, 255, -1)
    small = cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA)
    return (small.astype(np.float32) / 255)[:, :, None]


def paste(image: np.ndarray, picture: np.ndarray, opacity: np.ndarray, x: int, y: int) -> None:
    """Blend `picture` into `image` with its corner at (x, y); what lies outside is cut."""
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + picture.shape[1], image.shape[1]), min(y + picture.shape[0], image.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    source = picture[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32)
    share = opacity[y0 - y : y1 - y, x0 - x : x1 - x]
    target = image[y0:y1, x0:x1]
    target[...] = np.rint(source * share + target * (1 - share)).astype(np.uint8)
