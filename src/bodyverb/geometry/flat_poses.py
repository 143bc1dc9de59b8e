"""Whole pose sequences through a camera, and back by their depth."""

from __future__ import annotations

import numpy as np

from bodyverb.core import ABSENT, INFERRED, InputError, PoseSequence
from bodyverb.geometry.camera import Camera

METRES = {"m": 1.0, "mm": 1e-3}


def metres(poses: PoseSequence, axes: str) -> np.ndarray:
    """(P, T, J, 3) float64: 3D poses of camera space in metres and these axes, `cv` or `kinect`.

    Raises:
        InputError: The poses are no 3D poses of camera space in m or mm.
    """
    if poses.position.shape[3] != 3 or poses.space != "camera" or poses.unit not in METRES:
        raise InputError(
            f"Expected 3D poses of camera space in m or mm, got {poses.space} {poses.unit}; convert them"
        )
    if poses.axes not in ("cv", "kinect"):
        raise InputError(f"Expected axes cv or kinect, got {poses.axes}; convert them")
    turn = (1, 1, 1) if poses.axes == axes else (-1, -1, 1)
    return poses.position.astype(np.float64) * turn * METRES[poses.unit]


def flat(poses: PoseSequence, camera: Camera) -> PoseSequence:
    """The poses in the camera's picture.

    Args:
        poses: 3D, camera space of the sensor, m or mm.
        camera: In metres.

    Returns:
        Pixels of the same people, times and joints. A joint that is absent or not in front of the camera is
        absent (NaN); one outside the picture keeps its place there, has the state `INFERRED` and the extra
        `outside`. The extra `depth_mm` is z in the camera's frame, from which `solid` gives 3D again.

    Raises:
        InputError: The poses are of another kind.
    """
    points = metres(poses, camera.axes)
    pixels = camera.project(points).astype(np.float32)
    there = np.isfinite(pixels).all(axis=-1) & poses.present
    outside = there & ~camera.sees(points)
    depth = np.where(there, camera.to_camera(points)[..., 2] * 1000.0, np.nan)
    return PoseSequence.from_arrays(
        np.where(there[..., None], pixels, np.nan),
        skeleton=poses.skeleton,
        timestamps_s=poses.timestamps_s,
        rate=poses.rate,
        score=np.where(there, poses.score, 0),
        state=np.where(outside, INFERRED, np.where(there, poses.state, ABSENT)),
        extras={"depth_mm": depth.astype(np.float32), "outside": outside},
        mirrored=camera.mirrored,
        image_size=camera.image_size,
        person_ids=poses.person_ids,
        source=poses.source,
    )


def solid(poses: PoseSequence, camera: Camera) -> PoseSequence:
    """The 3D poses, m in the axes of the camera, of pixels with the extra `depth_mm`.

    Raises:
        InputError: The poses are no pixels with depth, or of a picture that is mirrored otherwise.
    """
    if poses.space != "image" or poses.unit != "px" or "depth_mm" not in poses.extras:
        raise InputError(
            f"Expected pixels with the extra 'depth_mm', got {poses.space} {poses.unit} with "
            f"{', '.join(poses.extras) or 'no extras'}; add the depths"
        )
    if poses.mirrored != camera.mirrored:
        raise InputError("Expected pixels mirrored as the camera's picture is, got the other; mirror them")
    points = camera.unproject(poses.position, poses.extras["depth_mm"].astype(np.float64) / 1000.0)
    return PoseSequence.from_arrays(
        points,
        skeleton=poses.skeleton,
        timestamps_s=poses.timestamps_s,
        rate=poses.rate,
        score=poses.score,
        state=poses.state,
        axes=camera.axes,
        person_ids=poses.person_ids,
        source=poses.source,
    )
