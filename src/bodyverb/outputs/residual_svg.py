"""Where in the picture a fitted camera misses, and by how much: plain SVG without a script."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb.core import OutputError

MAX_POINTS = 3000
_WIDE, _BAR, _TOP, _FOOT, _BINS = 640, 240, 34, 26, 24
_STYLE = (
    "text{font-family:system-ui,sans-serif;font-size:13px;fill:#1c2028}.soft{fill:#686e7a;font-size:11px}"
    ".ground{fill:#fafafb}.frame{fill:none;stroke:#9aa1ad}.bar{fill:#0072b2}"
    "@media(prefers-color-scheme:dark){text{fill:#eceef2}.soft{fill:#9aa1ad}.ground{fill:#14161b}}"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Residuals:
    """One camera's misses: pixels (N, 2), their distances (N,) px, and the (width, height) of the picture."""

    title: str
    pixels: np.ndarray
    distance_px: np.ndarray
    size: tuple[int, int]


def residual_svg(cameras: Sequence[Residuals]) -> str:
    """A whole SVG document: a row a camera, with the picture's points and how often each distance occurs."""
    rows, top = [], 0.0
    for camera in cameras:
        tall = _WIDE * camera.size[1] / camera.size[0]
        rows.append(f'<g transform="translate(12 {top:.1f})">{_row(camera, tall)}</g>')
        top += tall + _TOP + _FOOT
    width = _WIDE + _BAR + 48
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top:.0f}" width="{width}" '
        f'height="{top:.0f}" role="img" aria-label="Residuals of fitted cameras"><style>{_STYLE}</style>'
        f'<rect class="ground" width="{width}" height="{top:.0f}"/>{"".join(rows)}</svg>\n'
    )


def write_residual_svg(path: str | Path, cameras: Sequence[Residuals]) -> Path:
    """Write `residual_svg`.

    Raises:
        OutputError: The file cannot be written.
    """
    try:
        Path(path).write_text(residual_svg(cameras), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"Expected to write a drawing, got '{error.strerror}'; choose another: {path}"
        ) from None
    return Path(path)


def _row(camera: Residuals, tall: float) -> str:
    step = max(1, -(-len(camera.pixels) // MAX_POINTS))
    pixels, distance = camera.pixels[::step], camera.distance_px[::step]
    most = float(np.quantile(camera.distance_px, 0.999)) if len(distance) else 0.0
    scale = _WIDE / camera.size[0]
    inside = (pixels >= -0.5).all(axis=1) & (pixels < np.array(camera.size) - 0.5).all(axis=1)
    dots = [
        f'<circle cx="{x * scale:.1f}" cy="{_TOP + y * scale:.1f}" r="1.6" fill="{_colour(part)}"/>'
        for (x, y), part in zip(pixels[inside], distance[inside] / max(most, 1e-30), strict=True)
    ]
    return (
        f'<text x="0" y="22">{html.escape(camera.title)}</text>'
        f'<rect class="frame" x="0" y="{_TOP}" width="{_WIDE}" height="{tall:.1f}"/>'
        f"{''.join(dots)}{_bars(camera.distance_px, most, tall)}"
    )


def _bars(distance: np.ndarray, most: float, tall: float) -> str:
    """How often each distance occurs; the last bar holds all beyond."""
    counts, _ = np.histogram(np.minimum(distance, most), bins=_BINS, range=(0, max(most, 1e-30)))
    height = (tall - 30) * counts / max(int(counts.max(initial=0)), 1)
    wide, left, bottom = _BAR / _BINS, _WIDE + 18, _TOP + tall - 20
    bars = [
        f'<rect class="bar" x="{left + at * wide:.1f}" y="{bottom - high:.1f}" width="{wide - 1:.1f}" '
        f'height="{high:.1f}"/>'
        for at, high in enumerate(height)
    ]
    return (
        "".join(bars) + f'<text class="soft" x="{left}" y="{bottom + 15:.1f}">0</text>'
        f'<text class="soft" x="{left + _BAR}" y="{bottom + 15:.1f}" text-anchor="end">{most:.2g} px</text>'
    )


def _colour(part: float) -> str:
    """From blue (no distance) to orange (the largest)."""
    low, high = np.array([0, 114, 178]), np.array([230, 120, 0])
    red, green, blue = (low + (high - low) * min(max(float(part), 0.0), 1.0)).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
