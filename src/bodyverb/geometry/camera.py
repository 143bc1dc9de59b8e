"""One calibrated camera: pinhole, lens after Brown (1966) and Conrady (1919), place in the world.

`seen = rotation @ point + translation`; a camera of axes `kinect` then turns y over, which is how the Kinect
stores its mirrored pictures. The ray is (x, y) = (seen_x, seen_y) / seen_z; the lens moves it to

    x' = x D + 2 p1 x y + p2 (r2 + 2 x^2),  y' = y D + p1 (r2 + 2 y^2) + 2 p2 x y,
    D = 1 + k1 r2 + k2 r2^2 + k3 r2^3,  r2 = x^2 + y^2

and the pixel is (fx x' + cx, fy y' + cy), (0, 0) the centre of the first. Everything is float64.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from bodyverb.core import InputError
from bodyverb.geometry.rotation import about_axis

CameraAxes = Literal["cv", "kinect"]
NEAR = 1e-9
"""Depths up to here, in the unit of the points, are beside or behind the camera."""
MAX_TURN_ERROR = 1e-3
_BLOCK = 8192
_STEPS = 30
_CLOSE = 1e-13


@dataclass(frozen=True, kw_only=True, eq=False)
class Camera:
    """A camera and where it stands.

    The arrays may be given as lists, vectors of equal numbers as one number; they are kept read-only.

    Attributes:
        focal: (2,) fx, fy px.
        centre: (2,) cx, cy px, where the axis meets the picture.
        distortion: (5,) k1 k2 p1 p2 k3, in OpenCV's order.
        rotation: (3, 3) turns the world into the camera's frame.
        translation: (3,) in the unit of the points.
        image_size: (width, height) px, or None.
        axes: Of the camera's frame: `cv` x right y down z forward, or `kinect` x to the sensor's left, y up,
            z forward, whose picture is mirrored.

    Raises:
        InputError: A field has another shape, is not finite, or is no rotation; a focal length is not > 0.

    Example:
        >>> camera = Camera(focal=100, centre=(50, 50), axes="kinect")
        >>> camera.project([[1.0, 1.0, 2.0], [0.0, 0.0, -1.0]]).tolist()
        [[100.0, 0.0], [nan, nan]]
    """

    focal: np.ndarray
    centre: np.ndarray
    distortion: np.ndarray = field(default_factory=lambda: np.zeros(5))
    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))
    translation: np.ndarray = field(default_factory=lambda: np.zeros(3))
    image_size: tuple[int, int] | None = None
    axes: CameraAxes = "cv"

    def __post_init__(self) -> None:
        """Convert, freeze and check the fields."""
        shapes = {"focal": (2,), "centre": (2,), "distortion": (5,), "rotation": (3, 3), "translation": (3,)}
        for name, shape in shapes.items():
            object.__setattr__(self, name, _numbers(name, getattr(self, name), shape))
        if self.axes not in get_args(CameraAxes):
            raise InputError(f"Expected axes cv or kinect, got {self.axes!r}; correct it")
        if not (self.focal > 0).all():
            raise InputError(
                f"Expected focal lengths > 0 px, got {self.focal}; see `axes` for mirrored pictures"
            )
        turn = self.rotation
        if np.abs(turn @ turn.T - np.eye(3)).max() > MAX_TURN_ERROR or np.linalg.det(turn) < 0:
            raise InputError(f"Expected a rotation, got {turn.tolist()}; check the calibration")

    @classmethod
    def from_opencv(
        cls,
        matrix: npt.ArrayLike,
        distortion: npt.ArrayLike = (),
        *,
        rotation: npt.ArrayLike | None = None,
        translation: npt.ArrayLike = 0.0,
        image_size: tuple[int, int] | None = None,
    ) -> Camera:
        """A camera of OpenCV, or of Human3.6M, which uses the same order.

        Args:
            matrix: (3, 3) without skew.
            distortion: None, 4 or 5 numbers: k1 k2 p1 p2 [k3].
            rotation: (3, 3), or a rotation vector (3,).
            translation: (3,) or (3, 1).
            image_size: (width, height).

        Raises:
            InputError: The matrix has skew, or the lens is of another model.
        """
        inner = _numbers("matrix", matrix, (3, 3))
        if np.abs(inner[[0, 1, 2, 2], [1, 0, 0, 1]]).max() > 0 or inner[2, 2] != 1:
            raise InputError(f"Expected a camera matrix without skew, got {inner.tolist()}; drop it")
        lens = np.asarray(distortion, np.float64).ravel()
        if lens.size not in (0, 4, 5):
            raise InputError(f"Expected 0, 4 or 5 distortion numbers, got {lens.size}; fit that model")
        turn = np.eye(3) if rotation is None else np.asarray(rotation, np.float64)
        return cls(
            focal=inner[[0, 1], [0, 1]],
            centre=inner[:2, 2],
            distortion=np.concatenate((lens, np.zeros(5 - lens.size))),
            rotation=turn if turn.shape == (3, 3) else _from_vector(turn.ravel()),
            translation=np.broadcast_to(np.asarray(translation, np.float64).ravel(), 3),
            image_size=image_size,
        )

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3) the camera matrix, as OpenCV takes it; of axes `kinect` it applies to (x, -y, z)."""
        (fx, fy), (cx, cy) = self.focal, self.centre
        return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])

    @property
    def eye(self) -> np.ndarray:
        """(3,) where the camera stands in the world."""
        return -self.rotation.T @ self.translation

    @property
    def mirrored(self) -> bool:
        """Whether the picture is mirrored."""
        return self.axes == "kinect"

    @property
    def reach(self) -> float:
        """How far from the axis, as r2 of the undistorted ray, the radial lens still spreads outwards.

        Beyond it the polynomial folds back, and far points would land inside the picture.
        """
        k1, k2, _, _, k3 = self.distortion
        roots = np.roots([7 * k3, 5 * k2, 3 * k1, 1.0])
        real = roots.real[(np.abs(roots.imag) < 1e-12) & (roots.real > 0)]
        return float(real.min(initial=np.inf))

    def replace(self, **changes: Any) -> Camera:
        """A checked copy with some fields changed."""
        return replace(self, **changes)

    def to_camera(self, points: npt.ArrayLike) -> np.ndarray:
        """World points (..., 3) in the camera's frame, in its `axes`."""
        points = np.asarray(points, np.float64)
        if np.array_equal(self.rotation, np.eye(3)) and not np.any(self.translation):
            return points
        return points @ self.rotation.T + self.translation

    def to_world(self, points: npt.ArrayLike) -> np.ndarray:
        """The inverse of `to_camera`."""
        return (np.asarray(points, np.float64) - self.translation) @ self.rotation

    def project(self, points: npt.ArrayLike) -> np.ndarray:
        """World points (..., 3) as px (..., 2); NaN where NaN, beside or behind the camera.

        Points outside the picture keep their place there: see `sees`.
        """
        points = np.asarray(points, np.float64)
        if points.shape[-1:] != (3,):
            raise InputError(f"Expected points (..., 3), got shape {points.shape}; reshape them")
        flat = points.reshape(-1, 3)
        pixels = np.empty((len(flat), 2))
        scratch = np.empty((6, min(_BLOCK, len(flat))))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for at in range(0, len(flat), _BLOCK):
                self._project(flat[at : at + _BLOCK], pixels[at : at + _BLOCK], scratch)
        return pixels.reshape(*points.shape[:-1], 2)

    def sees(self, points: npt.ArrayLike) -> np.ndarray:
        """(...) bool: which world points (..., 3) lie in front, in the lens's reach and in the picture."""
        seen = self.to_camera(points)
        pixels = self.project(points)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            near_axis = (seen[..., :2] ** 2).sum(axis=-1) < self.reach * seen[..., 2] ** 2
        inside = near_axis & np.isfinite(pixels).all(axis=-1)
        if self.image_size is None:
            return inside
        return inside & ((pixels >= -0.5) & (pixels < np.array(self.image_size) - 0.5)).all(axis=-1)

    def rays(self, pixels: npt.ArrayLike) -> np.ndarray:
        """The undistorted rays (..., 2) of px (..., 2), by Newton's method; NaN where the lens gives none."""
        pixels = np.asarray(pixels, np.float64)
        if pixels.shape[-1:] != (2,):
            raise InputError(f"Expected pixels (..., 2), got shape {pixels.shape}; reshape them")
        wanted = (pixels.reshape(-1, 2) - self.centre) / self.focal
        rays = self._undo_lens(wanted) if np.any(self.distortion) else wanted
        return rays.reshape(pixels.shape)

    def unproject(self, pixels: npt.ArrayLike, depth: npt.ArrayLike) -> np.ndarray:
        """World points (..., 3) of px (..., 2) and depths (...) along the camera's z axis."""
        rays = self.rays(pixels)
        if self.mirrored:
            rays = rays * (1.0, -1.0)
        depth = np.asarray(depth, np.float64)[..., None]
        return self.to_world(
            np.concatenate((rays * depth, np.broadcast_to(depth, (*rays.shape[:-1], 1))), -1)
        )

    def undistort(self, pixels: npt.ArrayLike) -> np.ndarray:
        """Where px (..., 2) would lie without the lens, the matrix kept."""
        return self.rays(pixels) * self.focal + self.centre

    def _project(self, points: np.ndarray, pixels: np.ndarray, scratch: np.ndarray) -> None:
        """Fill `pixels`; blocks fit the cache, and no array is made."""
        seen = self.to_camera(points)
        x, y, square, radial, bent_x, bent_y = scratch[:, : len(seen)]
        np.divide(1.0, seen[:, 2], out=square)
        np.multiply(seen[:, 0], square, out=x)
        np.multiply(seen[:, 1], -square if self.mirrored else square, out=y)
        k1, k2, p1, p2, k3 = self.distortion
        np.multiply(x, x, out=square)
        square += np.multiply(y, y, out=radial)
        np.multiply(square, k3, out=radial)
        for k in (k2, k1):
            radial += k
            radial *= square
        radial += 1.0
        np.multiply(x, radial, out=bent_x)
        np.multiply(y, radial, out=bent_y)
        if p1 or p2:
            bent_x += 2 * p1 * x * y + p2 * (square + 2 * x * x)
            bent_y += p1 * (square + 2 * y * y) + 2 * p2 * x * y
        for axis, bent in enumerate((bent_x, bent_y)):
            bent *= self.focal[axis]
            np.add(bent, self.centre[axis], out=pixels[:, axis])
        behind = ~(seen[:, 2] > NEAR)
        if behind.any():
            pixels[behind] = np.nan

    def _undo_lens(self, wanted: np.ndarray) -> np.ndarray:
        """(N, 2) rays that the lens moves to `wanted`."""
        k1, k2, p1, p2, k3 = self.distortion
        x, y = wanted.T.copy()
        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                square = x * x + y * y
                radial = 1 + square * (k1 + square * (k2 + square * k3))
                slope = 2 * (k1 + square * (2 * k2 + square * 3 * k3))
                off_x = x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x) - wanted[:, 0]
                off_y = y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y - wanted[:, 1]
                xx = radial + slope * x * x + 2 * p1 * y + 6 * p2 * x
                yy = radial + slope * y * y + 6 * p1 * y + 2 * p2 * x
                xy = slope * x * y + 2 * p1 * x + 2 * p2 * y
                scale = 1 / (xx * yy - xy * xy)
                step_x, step_y = (yy * off_x - xy * off_y) * scale, (xx * off_y - xy * off_x) * scale
                x -= step_x
                y -= step_y
                if not (np.abs(step_x) + np.abs(step_y) > _CLOSE).any():
                    break
            off = np.abs(off_x) + np.abs(off_y)
            lost = ~(off < 1e-9) | (x * x + y * y >= self.reach)
        x[lost] = y[lost] = np.nan
        return np.stack((x, y), axis=-1)


def _numbers(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A read-only float64 array of this shape; one number stands for all of a vector."""
    try:
        array = np.array(value, np.float64)
        array = np.full(shape, array) if array.ndim == 0 and len(shape) == 1 else array
    except (TypeError, ValueError):
        array = np.full(0, np.nan)
    if array.shape != shape or not np.isfinite(array).all():
        raise InputError(f"Expected {name} as finite numbers {shape}, got {value}; check the calibration")
    array.flags.writeable = False
    return array


def _from_vector(vector: np.ndarray) -> np.ndarray:
    """The rotation (3, 3) of a rotation vector (3,): its direction the axis, its length the angle."""
    return about_axis(vector, float(np.linalg.norm(vector)))
