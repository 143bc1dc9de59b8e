"""Infrared cameras of Kinect v2 sensors, by name.

`ntu-a` and `ntu-b` are two of the sensors of NTU RGB+D, recovered from pairs of 3D and 2D joints in its
files; the number after the C in a file's name does not tell them apart (`bodyverb project fit` does).
`kinect-v2-ir` is the published calibration of a sensor of that kind, for data of an unknown sensor.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from bodyverb.geometry.camera import Camera

IR_SIZE, COLOR_SIZE = (512, 424), (1920, 1080)


def kinect_ir(f: float, cx: float, cy: float, k1: float, k2: float, k3: float) -> Camera:
    """A Kinect v2 infrared camera: one focal length, a radial lens, a mirrored picture."""
    return Camera(
        focal=np.array([f, f]),
        centre=np.array([cx, cy]),
        distortion=np.array([k1, k2, 0.0, 0.0, k3]),
        image_size=IR_SIZE,
        axes="kinect",
    )


CAMERAS = MappingProxyType(
    {
        "ntu-a": kinect_ir(365.5191, 256.348114, 208.495499, 0.09354, -0.26785, 0.089305),
        "ntu-b": kinect_ir(364.972699, 262.536805, 209.739899, 0.090219, -0.265671, 0.090106),
        "kinect-v2-ir": kinect_ir(365.456, 254.878, 205.395, 0.0905474, -0.26819, 0.0950862),
    }
)


def spread_px(points: np.ndarray, camera: Camera) -> tuple[float, float]:
    """How far the pixels of the other known sensors lie from those of `camera`: mean and largest, px.

    Args:
        points: (..., 3) metres in `kinect` axes; NaN is left out.
        camera: What they were projected with.
    """
    chosen = camera.project(points)
    others = [other for other in CAMERAS.values() if other is not camera]
    away = np.stack([np.linalg.norm(other.project(points) - chosen, axis=-1) for other in others])
    known = np.isfinite(away)
    return (float(away[known].mean()), float(away[known].max())) if known.any() else (np.nan, np.nan)
