"""Procedural renders kept on disk, so that a run draws them once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bodyverb.datasets.synth import samples


def pose_renders(count: int, seed: int, path: Path, size: int = 152) -> tuple[np.ndarray, np.ndarray]:
    """Person crops (n, size, size, 3) uint8 and joints (n, 14, 2) px, NaN where occluded; drawn where
    `path` is missing."""
    if not path.exists():
        images, joints = samples.pose_samples(count, np.random.default_rng(seed), size)
        _save(path, images=images, joints=joints)
    with np.load(path) as table:
        images, joints = table["images"], table["joints"]
    return images, np.where(joints[..., 2:] > 0, joints[..., :2], np.nan).astype(np.float32)


def scene_renders(count: int, seed: int, path: Path, size: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Frames (n, size, size, 3) uint8 and a box array (k, 4) xyxy px each; drawn where `path` is missing."""
    if not path.exists():
        images, boxes, _ = samples.scene_samples(count, np.random.default_rng(seed), size)
        _save(
            path,
            images=images,
            count=np.array([len(b) for b in boxes]),
            boxes=np.concatenate(boxes).astype(np.float32),
        )
    with np.load(path) as table:
        images, ends, flat = table["images"], np.cumsum(table["count"]), table["boxes"]
    return images, np.split(flat, ends[:-1])


def _save(path: Path, **arrays: np.ndarray) -> None:
    part = path.with_name(path.stem + ".part.npz")
    np.savez(part, **arrays)  # type: ignore[arg-type]
    part.replace(path)
