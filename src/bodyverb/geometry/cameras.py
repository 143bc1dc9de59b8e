"""Ideal cameras in batches, as the renderer places them: looking at a point, world to camera, clipping.

A calibrated camera with a lens is `bodyverb.geometry.camera.Camera`. The camera frame is ``cv``: x right, y
down, z forward. Pixels: x right, y down, (0, 0) is the CENTRE of the first pixel, so the middle of a picture
of ``w`` x ``h`` pixels is ``((w - 1) / 2, (h - 1) / 2)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bodyverb.geometry.rotation import cross, rotate, unit


def look_at(
    eye: np.ndarray, target: np.ndarray, up: tuple[float, float, float] = (0.0, 1.0, 0.0), roll: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Extrinsics of a camera at ``eye`` that looks at ``target``.

    Args:
        eye: (..., 3) camera centre in the world.
        target: (..., 3) the point in the middle of the picture.
        up: world direction that points up in the picture; must not be parallel to the view.
        roll: turns the camera about its own axis, radians; positive turns the picture's content
            anticlockwise.

    Returns:
        ``(rotation (..., 3, 3), translation (..., 3))`` with ``camera = rotation @ world + translation``.
    """
    eye = np.asarray(eye, np.float64)
    ahead = unit(np.asarray(target, np.float64) - eye)
    right = unit(cross(ahead, np.asarray(up, np.float64)))
    down = cross(ahead, right)
    c, s = np.cos(roll), np.sin(roll)
    rotation = np.stack([c * right + s * down, c * down - s * right, ahead], axis=-2)
    return rotation, -rotate(rotation, eye)


def intrinsics(size: tuple[int, int], focal_px: float | None = None, fov_deg: float = 50.0) -> np.ndarray:
    """Camera matrix (3, 3) with square pixels and the principal point in the middle of a (w, h) picture.

    Args:
        size: width and height in pixels.
        focal_px: focal length in pixels; by default from ``fov_deg``.
        fov_deg: field of view across the longer side.
    """
    width, height = size
    if focal_px is None:
        focal_px = 0.5 * max(width, height) / np.tan(np.radians(fov_deg) / 2.0)
    return np.array(
        [[focal_px, 0.0, (width - 1) / 2.0], [0.0, focal_px, (height - 1) / 2.0], [0.0, 0.0, 1.0]]
    )


def to_camera(points: np.ndarray, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """World points (..., 3) in the camera frame; the extrinsics broadcast over the points' leading
    dimensions."""
    return rotate(rotation, points) + translation


def project(points: np.ndarray, matrix: np.ndarray, near: float = 1e-3) -> np.ndarray:
    """Perspective projection of camera-frame points, without a lens.

    Args:
        points: (..., 3) in the camera frame, any unit.
        matrix: (..., 3, 3) camera matrix.
        near: points with ``z <= near`` (beside or behind the camera) become NaN.

    Returns:
        Pixels (..., 2), pixel-centre convention; NaN stays NaN.
    """
    points = np.asarray(points, np.float64)
    depth = np.where(points[..., 2:] > near, points[..., 2:], np.nan)
    return rotate(matrix[..., :2, :2], points[..., :2] / depth) + matrix[..., :2, 2]


def clip_near(outline: np.ndarray, near: float = 0.1) -> np.ndarray:
    """The part (K', 3) of a flat polygon (K, 3) in the camera frame that lies beyond ``z = near``; may be
    empty."""
    kept = []
    for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if a[2] >= near:
            kept.append(a)
        if (a[2] >= near) != (b[2] >= near):
            kept.append(a + (b - a) * (near - a[2]) / (b[2] - a[2]))
    return np.array(kept).reshape(-1, 3)


@dataclass(frozen=True, kw_only=True)
class Pinhole:
    """One placed camera: extrinsics, matrix and picture size (w, h)."""

    rotation: np.ndarray
    translation: np.ndarray
    matrix: np.ndarray
    size: tuple[int, int]

    @classmethod
    def looking(
        cls,
        eye: np.ndarray,
        target: np.ndarray,
        size: tuple[int, int],
        *,
        focal_px: float | None = None,
        fov_deg: float = 50.0,
        roll: float = 0.0,
    ) -> Pinhole:
        """A camera at ``eye`` looking at ``target`` (world, y up); see ``look_at`` and ``intrinsics``."""
        rotation, translation = look_at(np.asarray(eye), np.asarray(target), roll=roll)
        return cls(
            rotation=rotation, translation=translation, matrix=intrinsics(size, focal_px, fov_deg), size=size
        )

    @property
    def eye(self) -> np.ndarray:
        """Camera centre (3,) in the world."""
        return -self.rotation.T @ self.translation

    def view(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) in the camera frame."""
        return to_camera(points, self.rotation, self.translation)

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) as pixels (..., 2); NaN behind the camera."""
        return project(self.view(points), self.matrix)
