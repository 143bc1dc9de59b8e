"""What each augmentation does to one person: the picture of docs/concepts/augmentation.md."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch

from bodyverb import skeletons
from bodyverb.core import Skeleton
from bodyverb.outputs.figures import Figure, draw_figure, draw_text
from bodyverb.train.augment.clips import Augmenter
from bodyverb.train.augment.settings import Affine, Augment, Crop, Mirror, Spoil

CELL = (230, 300)
LINE, MARK, INK = (205, 208, 214), (0, 114, 178), (40, 44, 52)
PALE = 0.25
"""Share of the colour that is left of the clip as it was."""
STILL = Augment(
    affine=Affine(yaw_deg=0, tilt_deg=0, scale=0, shear=0),
    mirror=Mirror(chance=0),
    spoil=Spoil(noise=0, offset=0, joints=0, frames=0, chance=0),
    speed=0,
)


def only(**changes: float) -> Affine:
    """One kind of map alone."""
    return replace(STILL.affine, **changes)


STEPS: dict[str, tuple[Augment, int]] = {
    "affine.yaw_deg": (replace(STILL, affine=only(yaw_deg=75)), 3),
    "affine.tilt_deg": (replace(STILL, affine=only(tilt_deg=15)), 5),
    "affine.scale": (replace(STILL, affine=only(scale=0.15)), 2),
    "affine.shear": (replace(STILL, affine=only(shear=0.2)), 4),
    "mirror": (replace(STILL, mirror=Mirror(chance=1)), 0),
    "spoil.noise": (replace(STILL, spoil=replace(STILL.spoil, noise=0.05)), 1),
    "spoil.offset": (replace(STILL, spoil=replace(STILL.spoil, offset=0.15)), 9),
    "spoil.joints": (replace(STILL, spoil=replace(STILL.spoil, joints=0.15, chance=1)), 4),
    "spoil.limb": (replace(STILL, spoil=replace(STILL.spoil, limb=1)), 2),
    "crop.area (2D)": (replace(STILL, crop=Crop(area=0.25)), 8),
    "mix": (replace(STILL, mix=1.0), 1),
}
"""What is written above a cell -> settings that show it well, stronger than in training, and a seed."""


def draw_augmentations(body: np.ndarray, other: np.ndarray, layout: Skeleton) -> np.ndarray:
    """Each augmentation in colour over the clip itself in grey; (h, w, 3) uint8 RGB.

    Args:
        body: (joint, 3) y-up, one moment of a clip.
        other: the same of another clip, for mixing.
        layout: of both.
    """
    cells = [_cell(words, _changed(body, other, layout, *how), body, layout) for words, how in STEPS.items()]
    cells.append(_moments())
    return np.vstack([np.hstack(cells[row : row + 6]) for row in range(0, len(cells), 6)])


def _changed(
    body: np.ndarray, other: np.ndarray, layout: Skeleton, settings: Augment, seed: int
) -> np.ndarray:
    dims = 2 if settings.crop.area < 1 else 3
    clips = torch.tensor(np.stack([body, other])[:, None, None, :, :dims], dtype=torch.float32)
    score, seconds = torch.ones(clips.shape[:-1]), torch.zeros(2, 1)
    return Augmenter(settings, layout)(clips, score, seconds, seed)[0][0, 0, 0, :, :2].numpy()


def _cell(words: str, changed: np.ndarray, body: np.ndarray, layout: Skeleton) -> np.ndarray:
    cell = np.full((CELL[1], CELL[0], 3), 255, np.uint8)
    for points in (body, changed):
        cell = np.repeat(255 - PALE * (255 - cell.mean(axis=2, keepdims=True)), 3, axis=2).astype(np.uint8)
        where = np.column_stack((points[:, 0], -points[:, 1])) * 66 + (CELL[0] / 2, 165)
        score = np.isfinite(where).all(axis=1).astype(float)
        draw_figure(
            cell, Figure(position=where, score=score, skeleton=layout, colour=INK), thickness=3, halo=False
        )
    draw_text(cell, words, (10, 10), 17, INK)
    return cell


def _moments() -> np.ndarray:
    """Which moments of a clip of 60 frames are seen, judged and in training."""
    from bodyverb.train.clips import Clips
    from bodyverb.train.lab_settings import Sampling
    from bodyverb.train.sampling import moments

    layout = skeletons.get("penn13")
    clips = Clips(
        position=np.zeros((60, 1, len(layout), 2), np.float32),
        score=np.ones((60, 1, len(layout)), np.float32),
        seconds=np.arange(60, dtype=np.float32) / 30, first=np.zeros(1, np.int64), frames=np.array([60]),
        label=np.zeros(1, np.int64), ids=("",), subject=("",), camera=("",), classes=("",), skeleton=layout,
    )  # fmt: skip
    cell = np.full((CELL[1], CELL[0], 3), 255, np.uint8)
    draw_text(cell, "sampling, 12 steps", (10, 10), 17, INK)
    rng = np.random.default_rng(3)
    for row, words in enumerate(("judging", "training", "training", "training")):
        y = 70 + 58 * row
        draw_text(cell, words, (12, y - 26), 14, INK)
        cv2.line(cell, (12, y + 12), (CELL[0] - 12, y + 12), LINE, 3)
        sampling = Sampling(steps=12, crop=0.5, whole=0)
        for at in moments(clips, np.zeros(1, int), sampling, rng if row else None)[0]:
            x = round(12 + at / 59 * (CELL[0] - 24))
            cv2.line(cell, (x, y + 4), (x, y + 20), MARK, 2)
    return cell
