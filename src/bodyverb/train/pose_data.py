"""Person crops for training and evaluating a pose network: box, affine crop, augmentation, soft targets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import torch

from bodyverb.datasets.lspet import PosePictures

BOX_MARGIN = 1.25


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Random changes of a training crop."""

    rotation: float = 35.0
    """Standard deviation of the rotation in degrees, cut at twice that."""
    turn: float = 0.05
    """Share of crops rotated by any angle."""
    scale: float = 0.25
    """The crop's side is multiplied by a factor drawn from [1 - scale, 1 + scale]."""
    shift: float = 0.1
    """Shift of the centre, in sides."""
    partial: float = 0.12
    """Share of crops zoomed to a random part of the person, so that joints fall outside."""
    flip: float = 0.5
    """Share of mirrored crops (left and right joints swap)."""
    colour: float = 0.4
    """Strength of brightness, contrast and saturation changes."""
    grey: float = 0.08
    """Share of crops without colour."""
    erase: float = 0.35
    """Share of crops with a rectangle of noise pasted on them."""
    blur: float = 0.15
    """Share of crops sent through a smaller size, as from a low-resolution video."""


def pose_box(joints: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (2,) and square side in px of the visible joints' extent times 1.25."""
    low, high = np.nanmin(joints, 0), np.nanmax(joints, 0)
    return (low + high) / 2, float(max((high - low).max(), 8.0)) * BOX_MARGIN


def crop_affine(
    centre: np.ndarray, side: float, size: int, degrees: float = 0.0, flip: bool = False
) -> np.ndarray:
    """Affine (2, 3) from picture to a size x size crop, both with the first pixel's centre at 0, 0."""
    angle, zoom = np.deg2rad(degrees), size / side
    turn = zoom * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    if flip:
        turn = np.diag([-1.0, 1.0]) @ turn
    return np.concatenate([turn, ((size - 1) / 2 - turn @ centre)[:, None]], 1)


class Crops:
    """Crops with joints in crop pixels (NaN = outside or not visible), augmented when `augment` is given."""

    def __init__(
        self,
        pictures: list[np.ndarray],
        joints: np.ndarray,
        flip: tuple[int, ...],
        size: int,
        augment: AugmentConfig | None = None,
        seed: int = 0,
    ) -> None:
        self.pictures, self.joints, self.flip = pictures, joints, np.array(flip)
        self.size, self.augment, self.seed = size, augment, seed

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        joints = self.joints[row]
        centre, side = pose_box(joints)
        if self.augment is None:
            matrix = crop_affine(centre, side, self.size)
            return _warp(self.pictures[row], matrix, self.size, 128), _inside(joints, matrix, self.size)
        rng = np.random.default_rng((self.seed, row))
        a = self.augment
        degrees = np.clip(rng.normal(0, a.rotation), -2 * a.rotation, 2 * a.rotation)
        if rng.random() < a.turn:
            degrees = rng.uniform(-180, 180)
        zoom, shift = 1 + rng.uniform(-a.scale, a.scale), a.shift
        if rng.random() < a.partial:
            zoom, shift = rng.uniform(0.35, 0.8), 0.4
        centre = centre + rng.uniform(-shift, shift, 2) * side
        flip = bool(rng.random() < a.flip)
        matrix = crop_affine(centre, side * zoom, self.size, float(degrees), flip)
        crop = _warp(self.pictures[row], matrix, self.size, int(rng.integers(0, 256)))
        joints = _inside(joints, matrix, self.size)
        return _recolour(crop, a, rng), joints[self.flip] if flip else joints


def _warp(picture: np.ndarray, matrix: np.ndarray, size: int, border: int) -> np.ndarray:
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if zoom < 0.6:  # bilinear sampling would skip pixels
        smaller = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        half = matrix.copy()
        half[:, :2] *= 2
        half[:, 2] += matrix[:, :2] @ [0.5, 0.5]
        picture, matrix = smaller, half
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=(border,) * 3)


def _inside(joints: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Joints in the crop's pixels; NaN outside of it."""
    moved = joints @ matrix[:, :2].T + matrix[:, 2]
    outside = ~((moved > -0.5) & (moved < size - 0.5)).all(-1)
    moved[outside] = np.nan
    return moved.astype(np.float32)


def _recolour(crop: np.ndarray, a: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    size = len(crop)
    if rng.random() < a.blur:
        small = int(size * rng.uniform(0.25, 0.7))
        crop = cv2.resize(cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    if rng.random() < a.erase:
        h, w = (rng.uniform(0.08, 0.35, 2) * size).astype(int) + 1
        y, x = rng.integers(0, size - h), rng.integers(0, size - w)
        crop[y : y + h, x : x + w] = rng.integers(0, 256, (1, 1, 3))
    mix = np.eye(3, dtype=np.float32)
    grey = 1.0 if rng.random() < a.grey else max(0.0, rng.uniform(-a.colour, a.colour))
    mix = (1 - grey) * mix + grey * np.array([0.299, 0.587, 0.114], np.float32)[None]
    gain = (1 + rng.uniform(-a.colour, a.colour)) * (1 + rng.uniform(-0.15, 0.15, 3))
    mix = mix * gain[:, None].astype(np.float32)
    bias = rng.uniform(-a.colour, a.colour) * 80 + 118 * (1 - mix.sum(1))
    mixed = cv2.transform(crop, np.concatenate([mix, bias[:, None]], 1).astype(np.float32))
    return mixed


def soft_targets(
    joints: torch.Tensor, cells: int, stride: float, sigma: float = 1.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised Gaussians over the cells.

    Args:
        joints: (batch, joint, 2) crop px, NaN = absent.
        cells: side of the map.
        stride: px a cell.
        sigma: spread in cells.

    Returns:
        targets (batch, joint, cells, cells) summing to 1 where present, else 0; present (batch, joint) bool.
    """
    present = torch.isfinite(joints).all(-1)
    centre = torch.nan_to_num((joints + 0.5) / stride - 0.5)
    grid = torch.arange(cells, device=joints.device, dtype=torch.float32)
    fx = torch.exp(-((grid - centre[..., :1]) ** 2) / (2 * sigma**2))
    fy = torch.exp(-((grid - centre[..., 1:]) ** 2) / (2 * sigma**2))
    fx, fy = fx / fx.sum(-1, keepdim=True).clamp_min(1e-6), fy / fy.sum(-1, keepdim=True).clamp_min(1e-6)
    return fy[..., :, None] * fx[..., None, :] * present[..., None, None], present


def decode_pictures(data: PosePictures, rows: np.ndarray) -> list[np.ndarray]:
    """Decode the pictures of some rows to RGB arrays (kept in memory: 9,000 take about 0.9 GB)."""
    return [data.picture(int(row)) for row in rows]


class Indexed(Protocol):
    """Items by number, each a tuple of arrays."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> tuple: ...


def loader(crops: Indexed, batch: int, seed: int, workers: int) -> Iterator[list[torch.Tensor]]:
    """Shuffled batches of stacked items, prepared ahead by threads (OpenCV and NumPy release the lock).

    Threads, not processes: a forked worker deadlocks in OpenCV once the parent has used its thread pool.
    """
    order = np.random.default_rng(seed).permutation(len(crops))
    groups = [order[i : i + batch] for i in range(0, len(order) - batch + 1, batch)]

    def prepare(rows: np.ndarray) -> list[torch.Tensor]:
        items = [crops[int(row)] for row in rows]
        return [torch.from_numpy(np.stack(column)) for column in zip(*items, strict=True)]

    with ThreadPoolExecutor(max(1, workers)) as pool:
        ahead = deque(pool.submit(prepare, rows) for rows in groups[: workers + 2])
        for rows in groups[workers + 2 :]:
            yield ahead.popleft().result()
            ahead.append(pool.submit(prepare, rows))
        while ahead:
            yield ahead.popleft().result()
