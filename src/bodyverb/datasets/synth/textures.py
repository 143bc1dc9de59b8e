"""Procedural surfaces: noise, planks, tiles, bricks, grass, clutter. Small pictures (size, size, 3) uint8
RGB."""

from __future__ import annotations

import itertools

import cv2
import numpy as np


def noise(
    rng: np.random.Generator, size: int, first: int = 3, octaves: int = 5, fall: float = 0.55
) -> np.ndarray:
    """Cloudy noise (size, size) float32 in 0..1: smooth random grids, each finer and weaker."""
    total = np.zeros((size, size), np.float32)
    weight = 1.0
    cells = first
    for _ in range(octaves):
        if cells > size:
            break
        grid = rng.random((cells, cells), dtype=np.float32)
        total += weight * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
        weight *= fall
        cells *= 2
    low, high = total.min(), total.max()
    return (total - low) / max(float(high - low), 1e-6)


def natural(
    rng: np.random.Generator, low: float = 0.2, high: float = 0.95, strong: float = 0.45
) -> np.ndarray:
    """A muted random colour, RGB 0..255 float."""
    hue, saturation, value = rng.uniform(0, 180), rng.uniform(0, strong), rng.uniform(low, high)
    pixel = np.array([[[hue, 255 * saturation, 255 * value]]], np.uint8)
    return cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)


def _coloured(shade: np.ndarray, dark: np.ndarray, light: np.ndarray) -> np.ndarray:
    return dark + shade[..., None] * (light - dark)


def plain(rng: np.random.Generator, size: int) -> np.ndarray:
    """Paint or plaster: one colour, faint clouds and grain."""
    base = natural(rng, 0.3, 0.97, 0.35)
    shade = noise(rng, size, 2, 6, 0.6)
    return base * (0.82 + 0.25 * shade[..., None])


def planks(rng: np.random.Generator, size: int) -> np.ndarray:
    """Boards with grain."""
    count = int(rng.integers(5, 14))
    base = np.array([rng.uniform(90, 210), 0, 0], np.float32)
    base[1], base[2] = base[0] * rng.uniform(0.66, 0.9), base[0] * rng.uniform(0.4, 0.75)
    grain = cv2.resize(rng.random((size // 2, max(size // 40, 2)), dtype=np.float32), (size, size))
    tone = np.repeat(rng.uniform(0.8, 1.1, count), -(-size // count))[:size].astype(np.float32)
    edge = np.where((np.arange(size) % (size // count)) < max(1, size // 200), 0.6, 1.0).astype(np.float32)
    return base * ((tone * edge)[:, None] * (0.82 + 0.3 * grain))[..., None]


def tiles(rng: np.random.Generator, size: int) -> np.ndarray:
    """Square tiles or paving, two tones."""
    count = int(rng.integers(4, 16))
    a, b = natural(rng, 0.4, 0.95, 0.3), natural(rng, 0.3, 0.9, 0.3)
    mix = rng.uniform(0, 1)
    grid = np.add.outer(np.arange(count), np.arange(count)) % 2 * mix + rng.uniform(0, 0.15, (count, count))
    big = cv2.resize(grid.astype(np.float32), (size, size), interpolation=cv2.INTER_NEAREST)
    picture = _coloured(big, a, b) * (0.9 + 0.15 * noise(rng, size, 6, 4)[..., None])
    step, gap = size / count, max(1, size // 180)
    for k in range(count):
        at = int(k * step)
        picture[at : at + gap] *= 0.65
        picture[:, at : at + gap] *= 0.65
    return picture


def bricks(rng: np.random.Generator, size: int) -> np.ndarray:
    """A brick wall."""
    rows = int(rng.integers(10, 24))
    columns = max(rows // 2, 2)
    mortar, brick = natural(rng, 0.5, 0.8, 0.15), natural(rng, 0.3, 0.8, 0.6)
    picture = np.empty((size, size, 3), np.float32)
    picture[:] = mortar
    h, w = size / rows, size / columns
    for r in range(rows):
        for c in range(-1, columns):
            x, y = (c + 0.5 * (r % 2)) * w, r * h
            colour = brick * rng.uniform(0.75, 1.15)
            cv2.rectangle(
                picture, (int(x + 1), int(y + 1)), (int(x + w - 2), int(y + h - 2)), colour.tolist(), -1
            )
    return picture * (0.85 + 0.25 * noise(rng, size, 8, 4)[..., None])


def grass(rng: np.random.Generator, size: int) -> np.ndarray:
    """Grass, sand or earth."""
    kind = rng.uniform()
    if kind < 0.6:
        dark, light = np.array([38, 66, 24.0]), np.array([126, 160, 74.0])
    else:
        dark, light = np.array([110, 88, 62.0]), np.array([206, 182, 140.0])
    return _coloured(0.5 * noise(rng, size, 4, 7, 0.85) + 0.5 * noise(rng, size, 3, 4), dark, light)


def clutter(rng: np.random.Generator, size: int, count: int | None = None) -> np.ndarray:
    """Random things before a wall: boxes, frames, balls, poles, books, blurred blobs; like a busy
    photograph."""
    picture = plain(rng, size) if rng.uniform() < 0.6 else bricks(rng, size)
    picture = np.ascontiguousarray(picture, np.float32)
    for _ in range(int(rng.integers(4, 26)) if count is None else count):
        _thing(rng, picture, size)
    if rng.uniform() < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 2.5)))
    shade = 0.7 + 0.6 * noise(rng, size, 2, 2)
    return picture * shade[..., None]


def _thing(rng: np.random.Generator, picture: np.ndarray, size: int) -> None:
    x, y = (int(v) for v in rng.integers(0, size, 2))
    w, h = (int(v) for v in size * rng.uniform(0.02, 0.35, 2) ** 1.2 + 2)
    colour = natural(rng, 0.05, 1.0, 0.8)
    kind = int(rng.integers(0, 6))
    if kind == 0:
        cv2.rectangle(picture, (x, y), (x + w, y + h), colour.tolist(), -1)
        cv2.rectangle(picture, (x, y), (x + w, y + h), (colour * 0.6).tolist(), max(1, size // 128))
    elif kind == 1:
        cv2.ellipse(
            picture,
            (x, y),
            (w // 2, h // 2),
            float(rng.uniform(0, 180)),
            0,
            360,
            colour.tolist(),
            -1,
            cv2.LINE_AA,
        )
    elif kind == 2:
        far = (int(x + rng.normal() * size * 0.3), int(y + rng.normal() * size * 0.5))
        cv2.line(picture, (x, y), far, colour.tolist(), int(rng.integers(1, max(2, size // 20))), cv2.LINE_AA)
    elif kind == 3:
        points = np.array([x, y]) + rng.normal(0, size * 0.12, (int(rng.integers(3, 7)), 2))
        cv2.fillPoly(picture, [points.astype(np.int32)], colour.tolist(), cv2.LINE_AA)
    elif kind == 4:
        for k in range(int(rng.integers(3, 9))):
            thin = max(2, w // 6)
            own = natural(rng, 0.1, 0.9, 0.8)
            cv2.rectangle(picture, (x + k * thin, y - h // 2), (x + (k + 1) * thin - 1, y), own.tolist(), -1)
    else:
        spine = [
            (x + int(0.3 * w * np.sin(a)), y + int(h * a / 6)) for a in np.linspace(0, 6, 7) + rng.uniform()
        ]
        for p, q in itertools.pairwise(spine):
            cv2.line(picture, p, q, colour.tolist(), max(2, w // 5), cv2.LINE_AA)


def horizon(rng: np.random.Generator, size: int) -> np.ndarray:
    """Sky over trees or houses: the far side of an outdoor place (bottom row = the ground)."""
    top, low = np.array([96, 150, 220.0]) * rng.uniform(0.7, 1.1), np.array([214, 224, 232.0])
    ramp = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    picture = np.repeat(_coloured(ramp, top, low), size, axis=1).astype(np.float32)
    cloud = np.clip(noise(rng, size, 3, 5) * 2.4 - 1.2, 0, 1)[..., None]
    picture = np.ascontiguousarray(picture + cloud * (245 - picture) * 0.8)
    line = int(size * rng.uniform(0.55, 0.85))
    if rng.uniform() < 0.6:
        edge = line - (noise(rng, size, 5, 5)[0] * 0.28 * size).astype(int)
        below = np.arange(size)[:, None] >= edge[None, :]
        leaves = _coloured(noise(rng, size, 8, 6, 0.85), np.array([24, 40, 18.0]), np.array([104, 134, 66.0]))
        picture[below] = leaves[below]
    else:
        x = 0
        while x < size:
            w, h = int(rng.uniform(0.06, 0.2) * size) + 4, int(rng.uniform(0.15, 0.6) * size)
            colour = natural(rng, 0.35, 0.85, 0.3)
            cv2.rectangle(picture, (x, line - h), (x + w, size), colour.tolist(), -1)
            step = max(5, size // 40)
            for wy in range(line - h + step, line, 2 * step):
                for wx in range(x + step, x + w - step, 2 * step):
                    cv2.rectangle(
                        picture, (wx, wy), (wx + step // 2, wy + step), (colour * 0.45).tolist(), -1
                    )
            x += w + int(rng.uniform(0, 0.05) * size)
    return picture


def wall(rng: np.random.Generator, size: int) -> np.ndarray:
    """An indoor wall: paint or bricks with pictures, a window or shelf, things before it and a skirting
    board."""
    picture = np.ascontiguousarray(
        plain(rng, size) if rng.uniform() < 0.75 else bricks(rng, size), np.float32
    )
    for _ in range(int(rng.integers(0, 5))):
        x, y = (int(v) for v in rng.uniform(0.05, 0.7, 2) * size)
        w, h = (int(v) for v in rng.uniform(0.08, 0.28, 2) * size)
        inside = natural(rng, 0.1, 1.0, 0.7)
        cv2.rectangle(picture, (x, y), (x + w, y + h), natural(rng, 0.1, 0.9, 0.3).tolist(), -1)
        pad = max(2, size // 90)
        patch = inside * (0.6 + 0.6 * noise(rng, 32, 3, 3)[..., None])
        fitted = cv2.resize(patch.astype(np.float32), (max(w - 2 * pad, 1), max(h - 2 * pad, 1)))
        region = picture[y + pad : y + h - pad, x + pad : x + w - pad]
        region[:] = fitted[: region.shape[0], : region.shape[1]]
    for _ in range(int(rng.integers(0, 5))):
        left, wide, tall = rng.uniform((0.0, 0.05, 0.1), (0.9, 0.3, 0.4)) * size
        near, far = (int(left), int(size - tall)), (int(left + wide), size)
        colour = natural(rng, 0.1, 0.9, 0.5)
        cv2.rectangle(picture, near, far, colour.tolist(), -1)
        cv2.rectangle(picture, near, far, (colour * 0.6).tolist(), max(1, size // 120))
    picture[-max(3, size // 40) :] *= 0.7
    return picture * (0.8 + 0.3 * np.linspace(1, 0, size, dtype=np.float32)[:, None, None])


def finish(picture: np.ndarray) -> np.ndarray:
    """Float picture to uint8."""
    return np.clip(picture, 0, 255).astype(np.uint8)
