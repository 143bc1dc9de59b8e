"""Light: from buffers to colours, and the soft shadow a figure throws on the floor."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bodyverb.datasets.synth.raster import Buffers
from bodyverb.geometry.cameras import Pinhole, clip_near


@dataclass(frozen=True, kw_only=True)
class Light:
    """One far light: world direction TOWARDS it (3,), its and the surroundings' strength, and its tint
    (3,)."""

    direction: np.ndarray
    strength: float = 0.75
    ambient: float = 0.45
    tint: np.ndarray
    softness: float = 0.35


def random_light(rng: np.random.Generator) -> Light:
    """A light from above, from any side."""
    around, high = rng.uniform(0, 2 * np.pi), rng.uniform(0.75, 1.3)
    direction = np.array([np.cos(high) * np.sin(around), np.sin(high), np.cos(high) * np.cos(around)])
    warm = rng.normal(0, 0.05)
    return Light(
        direction=direction,
        strength=float(rng.uniform(0.5, 0.95)),
        ambient=float(rng.uniform(0.4, 0.68)),
        tint=np.array([1.0 + warm, 1.0, 1.0 - warm]),
        softness=float(rng.uniform(0.15, 0.6)),
    )


def shade(buffers: Buffers, image: np.ndarray, palette: np.ndarray, stripes: np.ndarray, camera: Pinhole,
          light: Light) -> None:  # fmt: skip
    """Paint what the buffers hold onto ``image`` (h, w, 3) uint8 in place.

    Args:
        buffers: filled by the rasteriser.
        image: the background.
        palette: (P, 3) RGB 0..255 by paint index.
        stripes: (P,) stripes per metre of ``along``, 0 plain.
        camera: for turning the light into the camera's frame.
        light: the light.
    """
    rows, columns = np.nonzero(buffers.paint >= 0)
    if len(rows) == 0:
        return
    _soften(buffers, rows, columns)
    paint = buffers.paint[rows, columns]
    normal = buffers.normal[rows, columns]
    toward = (camera.rotation @ light.direction).astype(np.float32)
    up = camera.rotation[:, 1].astype(np.float32)
    lit = np.maximum((normal @ toward + light.softness) / (1.0 + light.softness), 0.0)
    sky = 0.75 + 0.25 * (normal @ up)
    facing = 0.72 + 0.28 * np.clip(-normal[:, 2], 0.0, 1.0)
    level = (light.ambient * sky + light.strength * lit) * facing
    half = toward + np.array([0.0, 0.0, -1.0], np.float32)
    gloss = np.maximum(normal @ (half / np.linalg.norm(half)), 0.0) ** 24
    colour = palette.astype(np.float32)[paint]
    frequency = stripes.astype(np.float32)[paint]
    if frequency.any():
        wave = np.sin(2 * np.pi * frequency * buffers.along[rows, columns])
        colour = colour * np.where((frequency > 0) & (wave > 0.25), 0.55, 1.0)[:, None].astype(np.float32)
    colour = colour * level[:, None] * light.tint.astype(np.float32) + 8.0 * light.strength * gloss[:, None]
    image[rows, columns] = np.clip(colour, 0, 255).astype(np.uint8)


def _soften(buffers: Buffers, rows: np.ndarray, columns: np.ndarray) -> None:
    """Blur the normals a little, so that neighbouring shapes run into each other like cloth."""
    part = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    normal = buffers.normal[part]
    reach = int(np.clip(np.sqrt(len(rows)) / 30, 1, 4)) * 2 + 1
    soft = cv2.blur(normal, (reach, reach))
    buffers.normal[part] = soft / (np.sqrt((soft * soft).sum(-1, keepdims=True)) + np.float32(1e-6))


def floor_shadow(image: np.ndarray, points: np.ndarray, pairs: np.ndarray, radii: np.ndarray, camera: Pinhole,
                 light: Light, depth: float = 0.5) -> None:  # fmt: skip
    """Darken the floor (y = 0) where a figure stands in the light's way; in place.

    Args:
        image: (h, w, 3) uint8.
        points: (J, 3) joints of one frame, world.
        pairs: (B, 2) bones between them.
        radii: (B,) thickness of each, metres.
        camera: the camera.
        light: the light.
        depth: how much darker the core gets.
    """
    slope = light.direction[[0, 2]] / max(float(light.direction[1]), 0.35)
    ground = points[:, [0, 2]] - points[:, 1:2] * slope
    side, span = 96, 4.2
    corner = 0.5 * (ground.min(0) + ground.max(0)) - span / 2
    cells = (ground - corner) * side / span
    cover = np.zeros((side, side), np.uint8)
    for (i, j), radius in zip(pairs, radii, strict=True):
        a, b = (tuple(int(v * 16) for v in cells[k]) for k in (i, j))
        cv2.line(cover, a, b, 255, max(1, round(2 * radius * side / span)), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(cover, (0, 0), 1.6)
    scale = span / side
    plane = np.array([[scale, 0, corner[0]], [0, 0, 0], [0, scale, corner[1]], [0, 0, 1.0]])
    homography = camera.matrix @ np.hstack([camera.rotation, camera.translation[:, None]]) @ plane
    square = np.array([[0, side, side, 0], [0, 0, side, side], [1, 1, 1, 1.0]])
    outline = clip_near((np.linalg.inv(camera.matrix) @ homography @ square).T)
    if len(outline) < 3:
        return
    flat = outline[:, :2] / outline[:, 2:] * camera.matrix[0, 0] + camera.matrix[:2, 2]
    limits = np.array([image.shape[1], image.shape[0]])
    x0, y0 = (int(v) for v in np.clip(np.floor(flat.min(0)), 0, limits))
    x1, y1 = (int(v) for v in np.clip(np.ceil(flat.max(0)), 0, limits))
    if x1 <= x0 or y1 <= y0:
        return
    move = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1.0]])
    mask = cv2.warpPerspective(soft, move @ homography, (x1 - x0, y1 - y0))
    shape = np.zeros_like(mask)
    near = np.clip(flat, -20 * limits, 20 * limits) - [x0, y0]
    cv2.fillPoly(shape, [np.round(near).astype(np.int32)], 255)
    mask = cv2.bitwise_and(mask, shape)
    part = image[y0:y1, x0:x1]
    factor = cv2.merge([255 - cv2.convertScaleAbs(mask, alpha=depth)] * 3)
    cv2.multiply(part, factor, dst=part, scale=1 / 255)
