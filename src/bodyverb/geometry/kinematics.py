"""Kinematic chains: forward kinematics, two-bone reach, bone lengths. Pure functions, any unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bodyverb.geometry.rotation import cross, rotate, unit


def forward(
    offsets: np.ndarray, parents: Sequence[int], rotations: np.ndarray, root: np.ndarray
) -> np.ndarray:
    """Joint positions of a kinematic tree from local rotations.

    Args:
        offsets: (J, 3) offset of each joint from its parent in the parent's frame at rest; a root's is
            ignored.
        parents: parent index per joint, -1 for a root; a parent comes before its children.
        rotations: (..., J, 3, 3) rotation of each joint relative to its parent's frame.
        root: (..., 3) position given to every root.

    Returns:
        Positions (..., J, 3) in the frame of ``root``.

    Raises:
        ValueError: a parent follows its child.
    """
    count = len(parents)
    position = np.empty((*rotations.shape[:-3], count, 3))
    world = np.empty_like(rotations, dtype=np.float64)
    for joint, parent in enumerate(parents):
        if parent >= joint:
            raise ValueError(f"Expected parents before children, got parent {parent} of joint {joint}")
        if parent < 0:
            position[..., joint, :] = root
            world[..., joint, :, :] = rotations[..., joint, :, :]
            continue
        position[..., joint, :] = position[..., parent, :] + rotate(
            world[..., parent, :, :], np.asarray(offsets[joint], dtype=np.float64)
        )
        world[..., joint, :, :] = world[..., parent, :, :] @ rotations[..., joint, :, :]
    return position


def reach(
    start: np.ndarray, target: np.ndarray, upper: float, lower: float, pole: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Middle and end joint of a two-bone limb (shoulder-elbow-wrist, hip-knee-ankle) that reaches for a
    target.

    Args:
        start: (..., 3) upper joint.
        target: (..., 3) wanted place of the end joint; out of reach, the limb points at it, stretched.
        upper: length of the upper bone.
        lower: length of the lower bone.
        pole: (..., 3) direction towards which the middle joint bends.

    Returns:
        ``(middle, end)``, each (..., 3); both bone lengths are kept exactly.
    """
    start, target = np.broadcast_arrays(np.asarray(start, np.float64), np.asarray(target, np.float64))
    span = target - start
    axis = unit(span)
    length = np.linalg.norm(span, axis=-1, keepdims=True)
    length = np.clip(length, abs(upper - lower) * 1.001 + 1e-6, (upper + lower) * 0.9995)
    pole = np.broadcast_to(np.asarray(pole, np.float64), start.shape)
    side = pole - (pole * axis).sum(-1, keepdims=True) * axis
    spare = cross(
        axis, np.where(np.abs(axis[..., :1]) < 0.8, np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]))
    )
    side = unit(np.where(np.linalg.norm(side, axis=-1, keepdims=True) < 1e-6, spare, side))
    along = (upper**2 - lower**2 + length**2) / (2.0 * length)
    across = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    return start + along * axis + across * side, start + length * axis


def bone_lengths(position: np.ndarray, parents: Sequence[int]) -> np.ndarray:
    """Distance of every joint (..., J, 3|2) from its parent, (..., J); 0 for roots, NaN where either end is
    NaN."""
    index = np.array([p if p >= 0 else j for j, p in enumerate(parents)])
    return np.linalg.norm(position - position[..., index, :], axis=-1)
