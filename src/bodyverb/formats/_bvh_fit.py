"""Turns of joints from their positions, for files that hold bones instead of points."""

from __future__ import annotations

import numpy as np

from bodyverb.core import InputError, PoseSequence

_TWIST = 1e-6


def fit(poses: PoseSequence) -> tuple[np.ndarray, list[int], list[int], np.ndarray, np.ndarray]:
    """Bones of one length each, and the turns that bring them nearest to the positions.

    A joint's turn is the rotation that best moves its bones from rest onto their directions (Kabsch), with a
    trace of its parent's turn, which decides what the bones leave open. Joints are put parents first; further
    roots hang on the first.

    Args:
        poses: One person in 3D.

    Returns:
        Offsets (J, 3) at rest, which is the first frame of each bone; parents; the joints in this order;
        places of the root (T, 3); turns (T, J, 3, 3) of each joint against its parent.

    Raises:
        InputError: The poses are 2D, of several people, or never show the root.
    """
    if poses.persons != 1 or poses.position.shape[3] != 3:
        raise InputError(
            f"Expected one person in 3D, got {poses.persons} in {poses.position.shape[3]}D; "
            "select one, or write a format of positions"
        )
    order, parents = _order(poses.skeleton.parents)
    where = poses.position[0][:, order].astype(np.float64)
    root = _held(where[:, 0])
    where[:, 0] = root
    bones = where - where[:, np.maximum(parents, 0)]
    offsets = np.zeros((len(order), 3))
    for joint in range(1, len(order)):
        seen = bones[np.isfinite(bones[:, joint]).all(axis=1), joint]
        if len(seen):
            length = np.median(np.linalg.norm(seen, axis=1))
            offsets[joint] = seen[0] / max(float(np.linalg.norm(seen[0])), 1e-12) * length
    return offsets, parents, order, root, _turns(offsets, parents, np.nan_to_num(bones))


def _turns(offsets: np.ndarray, parents: list[int], bones: np.ndarray) -> np.ndarray:
    """(T, J, 3, 3) local turns from bones (T, J, 3), zeros where unknown."""
    frames, joints = bones.shape[:2]
    world = np.empty((frames, joints, 3, 3))
    local = np.empty_like(world)
    scale = float(np.max(offsets**2, initial=1e-12))
    for joint, parent in enumerate(parents):
        before = np.broadcast_to(np.eye(3), (frames, 3, 3)) if parent < 0 else world[:, parent]
        children = [child for child, other in enumerate(parents) if other == joint]
        aim = np.einsum("tci,cj->tij", bones[:, children], offsets[children]) + _TWIST * scale * before
        left, _, right = np.linalg.svd(aim)
        left[..., 2] *= np.sign(np.linalg.det(left @ right))[:, None]
        world[:, joint] = left @ right
        local[:, joint] = before.swapaxes(-1, -2) @ world[:, joint]
    return local


def angles(turns: np.ndarray) -> np.ndarray:
    """Radians (..., 3) about z, y and x of rotations (..., 3, 3) as ``Rz Ry Rx``."""
    y = np.arcsin(np.clip(-turns[..., 2, 0], -1, 1))
    locked = np.hypot(turns[..., 0, 0], turns[..., 1, 0]) < 1e-9
    z = np.where(
        locked,
        np.arctan2(-turns[..., 0, 1], turns[..., 1, 1]),
        np.arctan2(turns[..., 1, 0], turns[..., 0, 0]),
    )
    x = np.where(locked, 0.0, np.arctan2(turns[..., 2, 1], turns[..., 2, 2]))
    return np.stack([z, y, x], axis=-1)


def _order(parents: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Joints depth first from the first root, and their parents in the new numbers."""
    first = parents.index(-1)
    order, todo = [], [first]
    while todo:
        joint = todo.pop()
        order.append(joint)
        mine = [at for at, parent in enumerate(parents) if parent == joint]
        if joint == first:
            mine += [at for at, parent in enumerate(parents) if parent < 0 and at != first]
        todo += reversed(mine)
    place = {joint: at for at, joint in enumerate(order)}
    return order, [-1 if joint == first else place.get(parents[joint], 0) for joint in order]


def _held(places: np.ndarray) -> np.ndarray:
    """(T, 3) places, the last known one where there is none.

    Raises:
        InputError: None is known.
    """
    known = np.flatnonzero(np.isfinite(places).all(axis=1))
    if not known.size:
        raise InputError("Expected the root joint in some frame, got it in none; convert to another layout")
    last = known[np.maximum(np.searchsorted(known, np.arange(len(places)), side="right") - 1, 0)]
    held: np.ndarray = places[last]
    return held
