"""Joints that a camera never sees: cut-off legs, a hidden arm, single joints missing for a while."""

from __future__ import annotations

import numpy as np

#: Groups of joints that leave together, by the ends of their names.
PARTS = (
    ("knee", "ankle"),
    ("ankle",),
    ("left_elbow", "left_wrist"),
    ("right_elbow", "right_wrist"),
    ("head",),
    ("left_knee", "left_ankle"),
    ("right_knee", "right_ankle"),
    ("left_wrist",),
    ("right_wrist",),
)


def random_dropout(
    position: np.ndarray,
    joints: tuple[str, ...],
    rng: np.random.Generator,
    *,
    part: float = 0.2,
    head: float = 0.1,
) -> np.ndarray:
    """Removes a body part from some sequences, and the head from some.

    Args:
        position: (batch, time, joint, 2).
        joints: names of the joints.
        rng: source of chance.
        part: share of sequences that lose a part.
        head: share of sequences that lose the head.

    Returns:
        (batch, time, joint, 2) with more NaN.
    """
    masks = np.array([[name.endswith(group) for name in joints] for group in PARTS])
    batch = len(position)
    gone = masks[rng.integers(0, len(PARTS), batch)] & (rng.random(batch) < part)[:, None]
    gone |= np.array([name == "head" for name in joints]) & (rng.random(batch) < head)[:, None]
    result = position.copy()
    result[np.broadcast_to(gone[:, None], position.shape[:3])] = np.nan
    return result


def random_head(
    position: np.ndarray, joints: tuple[str, ...], rng: np.random.Generator, sd: float = 0.25
) -> np.ndarray:
    """Moves the head along the neck: data sets mark its top, its middle or the nose.

    Args:
        position: (batch, time, joint, 2).
        joints: names of the joints.
        rng: source of chance.
        sd: standard deviation of the change of the distance from the shoulders, as a share of it.

    Returns:
        (batch, time, joint, 2).
    """
    head, left, right = (joints.index(name) for name in ("head", "left_shoulder", "right_shoulder"))
    result = position.copy()
    neck = 0.5 * (position[:, :, left] + position[:, :, right])
    factor = (1 + np.clip(rng.normal(0, sd, len(position)), -0.5, 0.5)).astype(np.float32)[:, None, None]
    moved = neck + (position[:, :, head] - neck) * factor
    result[:, :, head] = np.where(np.isnan(moved), position[:, :, head], moved)
    return result
