"""Cutting people out of pictures by their joints: masks for collages, and backgrounds without the person."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bodyverb import skeletons
from bodyverb.core import Skeleton
from bodyverb.datasets import lspet
from bodyverb.datasets.lspet import PosePictures
from bodyverb.train.pose_data import decode_pictures

PAIRS = (("ankle", "knee"), ("knee", "hip"), ("wrist", "elbow"), ("elbow", "shoulder"), ("shoulder", "hip"))
LIMBS = (
    *((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in PAIRS),
    ("left_hip", "right_hip"),
    ("left_shoulder", "right_shoulder"),
    ("neck", "head_top"),
)


@dataclass(frozen=True)
class Cutout:
    """A person cut out of a picture.

    Attributes:
        picture: (h, w, 3) uint8 RGB.
        mask: (h, w) uint8, 255 on the person.
        box: (4,) xyxy px of the mask.
        background: the picture with the person painted over.
        upright: shoulders above the hips, as far as known.
    """

    picture: np.ndarray
    mask: np.ndarray
    box: np.ndarray
    background: np.ndarray
    upright: bool = True


def figure_masks(
    shape: tuple[int, int], joints: np.ndarray, skeleton: Skeleton
) -> tuple[np.ndarray, np.ndarray]:
    """Surely the person (thin limbs) and possibly the person (thick limbs), as bool (h, w)."""
    at = {name: joints[i] for i, name in enumerate(skeleton.joints)}
    size = float(np.nanmax(np.nanmax(joints, 0) - np.nanmin(joints, 0)))
    sure, maybe = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for a, b in LIMBS:
        if np.isfinite(at[a]).all() and np.isfinite(at[b]).all():
            start, end = _pixel(at[a]), _pixel(at[b])
            head = a == "neck"
            cv2.line(sure, start, end, 1, max(1, int(size * (0.05 if head else 0.025))))
            cv2.line(maybe, start, end, 1, max(3, int(size * (0.26 if head else 0.17))))
    trunk = [at[n] for n in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
    if all(np.isfinite(p).all() for p in trunk):
        polygon = np.round(np.stack(trunk)).astype(np.int32)
        cv2.fillConvexPoly(sure, cv2.convexHull(polygon), 1)
        cv2.fillConvexPoly(maybe, cv2.convexHull(polygon), 1)
    for side in ("left", "right"):
        ankle, knee = at[f"{side}_ankle"], at[f"{side}_knee"]
        if np.isfinite(ankle).all() and np.isfinite(knee).all():  # the foot lies beyond the ankle
            cv2.circle(maybe, _pixel(ankle), max(3, int(size * 0.1)), 1, -1)
    return sure.astype(bool), maybe.astype(bool)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def cut_out(picture: np.ndarray, joints: np.ndarray, skeleton: Skeleton) -> Cutout | None:
    """Segment the person with GrabCut (Rother et al., SIGGRAPH 2004), seeded by the joints.

    Args:
        picture: (h, w, 3) uint8 RGB.
        joints: (joint, 2) px, NaN where not visible.
        skeleton: layout with limbs and head_top by name, e.g. lsp14.

    Returns:
        The cutout, or None where too few joints are visible or the segmentation is implausible.
    """
    if np.isfinite(joints).all(-1).sum() < 11:
        return None
    sure, maybe = figure_masks(picture.shape[:2], joints, skeleton)
    labels = np.full(picture.shape[:2], cv2.GC_BGD, np.uint8)
    labels[maybe] = cv2.GC_PR_FGD
    rim = cv2.dilate(maybe.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool) & ~maybe
    labels[rim] = cv2.GC_PR_BGD
    labels[sure] = cv2.GC_FGD
    try:
        cv2.grabCut(  # type: ignore[call-overload]
            np.ascontiguousarray(picture[..., ::-1]),
            labels,
            None,
            np.zeros((1, 65)),
            np.zeros((1, 65)),
            2,
            cv2.GC_INIT_WITH_MASK,
        )
    except cv2.error:
        return None
    person = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    mask = cv2.medianBlur(person.astype(np.uint8) * 255, 3)
    if not (mask > 0).sum() / max(1, maybe.sum()) > 0.35 or mask.sum() == 0:
        return None
    ys, xs = np.nonzero(mask)
    box = np.array([xs.min(), ys.min(), xs.max(), ys.max()], np.float32)
    hole = cv2.dilate(np.maximum(mask, maybe.astype(np.uint8) * 255), np.ones((7, 7), np.uint8))
    return Cutout(picture, mask, box, paint_over(picture, hole > 0))


def paint_over(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Fill a hole with its surroundings, blurred outwards at ever coarser scales (push-pull), plus grain."""
    height, width = hole.shape
    levels = []
    colour: np.ndarray = picture.astype(np.float32) * ~hole[..., None]
    weight: np.ndarray = (~hole).astype(np.float32)
    while min(colour.shape[:2]) > 2:
        levels.append((colour, weight))
        size = ((colour.shape[1] + 1) // 2, (colour.shape[0] + 1) // 2)
        colour, weight = (
            np.asarray(cv2.resize(x, size, interpolation=cv2.INTER_AREA)) for x in (colour, weight)
        )
    filled = colour / np.maximum(weight, 1e-3)[..., None]
    for fine, share in reversed(levels):
        up = cv2.resize(filled, (fine.shape[1], fine.shape[0]), interpolation=cv2.INTER_LINEAR)
        filled = fine + (1 - np.minimum(share, 1))[..., None] * up
    grain = np.random.default_rng(height * 7919 + width).normal(0, 4, filled.shape)
    return np.where(hole[..., None], np.clip(filled + grain, 0, 255), picture).astype(np.uint8)


def is_upright(joints: np.ndarray, skeleton: Skeleton) -> bool:
    """Whether the shoulders (joint, 2) are above the hips; where nothing shows them, yes."""
    at = {name: joints[i, 1] for i, name in enumerate(skeleton.joints)}
    shoulders, hips = ([at[f"{side}_{part}"] for side in ("left", "right")] for part in ("shoulder", "hip"))
    if np.isnan(shoulders).all() or np.isnan(hips).all():
        return True
    return bool(np.nanmean(shoulders) < np.nanmean(hips))


def make_cutouts(
    data: PosePictures, rows: np.ndarray, skeleton: Skeleton, path: Path, seconds: float = np.inf
) -> int:
    """Cut people out and keep the masks (PNG bytes) in an .npz; slow, so done once.

    Args:
        data: the pictures.
        rows: which of them.
        skeleton: their layout.
        path: the .npz.
        seconds: stop after so long with what there is.

    Returns:
        How many were cut out.
    """
    kept, masks, begin = [], [], time.monotonic()
    for row in rows:
        found = cut_out(decode_pictures(data, np.array([row]))[0], data.joints[row], skeleton)
        if found is not None:
            kept.append(int(row))
            masks.append(cv2.imencode(".png", found.mask)[1].ravel())
        if time.monotonic() - begin > seconds:
            break
    ends = np.cumsum([len(m) for m in masks])
    np.savez(
        path, rows=np.array(kept), ends=ends, masks=np.concatenate(masks) if masks else np.zeros(0, np.uint8)
    )
    return len(kept)


def load_cutouts(data: PosePictures, path: Path) -> list[Cutout]:
    """Read what `make_cutouts` kept; the pictures come from the data set."""
    with np.load(path) as table:
        rows, ends, masks = table["rows"], table["ends"], table["masks"]
    found, skeleton = [], skeletons.get(str(lspet.CARD["skeleton"]))
    for row, end, begin in zip(rows, ends, np.concatenate([[0], ends[:-1]]), strict=True):
        picture = decode_pictures(data, np.array([row]))[0]
        mask = np.asarray(cv2.imdecode(masks[begin:end], cv2.IMREAD_GRAYSCALE))
        ys, xs = np.nonzero(mask)
        joints = data.joints[row]  # a limb that the segmentation lost still belongs to the box
        low = np.minimum([xs.min(), ys.min()], np.nanmin(joints, 0))
        high = np.maximum([xs.max(), ys.max()], np.nanmax(joints, 0))
        box = np.concatenate([low, high]).astype(np.float32)
        hole = cv2.dilate(mask, np.ones((11, 11), np.uint8)) > 0
        found.append(Cutout(picture, mask, box, paint_over(picture, hole), is_upright(joints, skeleton)))
    return found
