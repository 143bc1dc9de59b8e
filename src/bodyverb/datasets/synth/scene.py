"""Places: a box of textured surfaces (room, hall, or a lawn under a sky) seen by a moving camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from bodyverb.datasets.synth import textures
from bodyverb.datasets.synth.shade import Light, random_light
from bodyverb.geometry.cameras import Pinhole, clip_near


@dataclass(frozen=True)
class Surface:
    """A textured rectangle: corner (3,), the edges along the texture's x and y (3,), and its picture (n, n,
    3)."""

    corner: np.ndarray
    along_x: np.ndarray
    along_y: np.ndarray
    picture: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Surfaces round the origin (floor at y = 0), the light, and the grain and softness of the picture."""

    surfaces: tuple[Surface, ...]
    light: Light
    grain: float = 2.0
    blur: float = 0.55
    half: tuple[float, float] = (3.0, 3.0)
    """Half size of the place along x and z, metres."""


def random_scene(rng: np.random.Generator, *, outdoor: bool | None = None, detail: int = 384,
                 reach_m: float = 4.0) -> Scene:  # fmt: skip
    """A random place that is at least ``reach_m`` metres from the middle to each side."""
    outdoor = bool(rng.uniform() < 0.4) if outdoor is None else outdoor
    wide, deep = rng.uniform(12, 22, 2) if outdoor else rng.uniform(reach_m, reach_m + 3.0, 2)
    high = rng.uniform(9, 14) if outdoor else rng.uniform(2.9, 4.5)
    floor_kinds: list[Callable] = [textures.grass, textures.tiles] if outdoor else [
        textures.planks, textures.tiles, textures.plain]  # fmt: skip
    floor = floor_kinds[int(rng.integers(len(floor_kinds)))](rng, detail)
    repeat = 2 if not outdoor else 4
    floor = np.tile(
        cv2.resize(np.asarray(floor, np.float32), (detail // repeat * 2,) * 2), (repeat // 2, repeat // 2, 1)
    )
    side = textures.horizon if outdoor else textures.wall
    pictures = [textures.finish(side(rng, detail)) for _ in range(4)]
    top = textures.finish(np.full((8, 8, 3), textures.natural(rng, 0.8, 1.0, 0.1)) if not outdoor
                          else np.tile(pictures[0][:1, :8].astype(np.float32), (8, 1, 1)))  # fmt: skip
    x, z, y = float(wide), float(deep), float(high)
    surfaces = (
        Surface(
            np.array([-x, 0, -z]), np.array([2 * x, 0, 0]), np.array([0, 0, 2 * z]), textures.finish(floor)
        ),
        Surface(np.array([-x, y, -z]), np.array([2 * x, 0, 0]), np.array([0, 0, 2 * z]), top),
        Surface(np.array([-x, y, -z]), np.array([2 * x, 0, 0]), np.array([0, -y, 0]), pictures[0]),
        Surface(np.array([x, y, z]), np.array([-2 * x, 0, 0]), np.array([0, -y, 0]), pictures[1]),
        Surface(np.array([-x, y, z]), np.array([0, 0, -2 * z]), np.array([0, -y, 0]), pictures[2]),
        Surface(np.array([x, y, -z]), np.array([0, 0, 2 * z]), np.array([0, -y, 0]), pictures[3]),
    )
    return Scene(surfaces=surfaces, light=random_light(rng), grain=float(rng.uniform(0.5, 5.0)),
                 blur=float(rng.uniform(0.4, 0.9)), half=(x, z))  # fmt: skip


def draw_scene(scene: Scene, camera: Pinhole) -> np.ndarray:
    """The empty place as the camera (inside it) sees it: (h, w, 3) uint8 RGB."""
    width, height = camera.size
    image = np.full((height, width, 3), 128, np.uint8)
    for surface in scene.surfaces:
        _draw_surface(image, surface, camera)
    return image


def _draw_surface(image: np.ndarray, surface: Surface, camera: Pinhole) -> None:
    corner, ex, ey = surface.corner, surface.along_x, surface.along_y
    outline = camera.view(np.stack([corner, corner + ex, corner + ex + ey, corner + ey]))
    outline = clip_near(outline)
    if len(outline) < 3:
        return
    flat = outline[:, :2] / outline[:, 2:] * camera.matrix[0, 0] + camera.matrix[:2, 2]
    height, width = image.shape[:2]
    flat = np.clip(flat, -20 * width, 20 * width)
    x0, y0 = (max(int(v), 0) for v in np.floor(flat.min(0)))
    x1, y1 = (min(int(v) + 1, m) for v, m in zip(np.ceil(flat.max(0)), (width, height), strict=True))
    if x1 <= x0 or y1 <= y0:
        return
    n = surface.picture.shape[0]
    plane = np.stack([ex / n, ey / n, corner], axis=1)
    extrinsic = np.hstack([camera.rotation, camera.translation[:, None]])
    homography = camera.matrix @ extrinsic @ np.vstack([plane, [0, 0, 1]])
    move = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1.0]])
    part = cv2.warpPerspective(surface.picture, move @ homography, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR,
                               borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(mask, [np.round((flat - [x0, y0]) * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    cv2.copyTo(part, mask, image[y0:y1, x0:x1])
