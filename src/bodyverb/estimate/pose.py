"""Pose of each box: crop, network, decode, back to the picture."""

from __future__ import annotations

import cv2
import numpy as np

from bodyverb import skeletons
from bodyverb.core import ModelError, Skeleton
from bodyverb.estimate.preprocess import network_input
from bodyverb.geometry.crops import apply_affine, crop_matrix, invert_affine
from bodyverb.geometry.heatmap import decode_gaussian, decode_softmax
from bodyverb.infer import Session

BATCH = 8


class PoseEstimator:
    """Joints of every person whose box is given (top-down).

    Args:
        session: a network with a card of task `pose`.

    Attributes:
        skeleton: layout of the joints it returns.
    """

    def __init__(self, session: Session) -> None:
        card = session.card
        card.need("input", "size")
        self.session = session
        self.skeleton: Skeleton = skeletons.get(str(card.get("skeleton")))
        self.size: tuple[int, int] = (int(card.input["size"][0]), int(card.input["size"][1]))
        self.padding = float(card.input.get("padding", 1.25))
        kind = card.decoder.get("kind")
        if kind not in ("softmax", "gaussian"):
            raise ModelError(
                f"Expected decoder.kind softmax or gaussian, got {kind!r}; correct the card of: {card.path}"
            )
        self._softmax = kind == "softmax"
        self._heatmap = str(card.decoder.get("heatmap", session.outputs[0]))
        self._visibility = str(card.decoder.get("visibility", "visibility"))
        wanted = {self._heatmap, *((self._visibility,) if self._softmax else ())}
        if not wanted <= set(session.outputs):
            raise ModelError(
                f"Expected outputs {', '.join(sorted(wanted))}, got {', '.join(session.outputs)}; "
                f"correct the card of: {card.path}"
            )

    def __call__(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimate joints.

        Args:
            image: (h, w, 3) uint8 RGB.
            boxes: (n, 4) xyxy px round one person each; the card's padding is added here.

        Returns:
            position (n, joint, 2) float32 px of the image and score (n, joint) float32 in [0, 1]. Every
            joint has a position; the score says how much to believe it.
        """
        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        joints = len(self.skeleton.joints)
        if not len(boxes):
            return np.zeros((0, joints, 2), np.float32), np.zeros((0, joints), np.float32)
        matrices = crop_matrix(boxes, self.size, self.padding)
        step = self.session.fixed_batch or BATCH
        parts = [self._batch(image, matrices[i : i + step]) for i in range(0, len(boxes), step)]
        position = np.concatenate([p for p, _ in parts])
        score = np.concatenate([s for _, s in parts])
        return apply_affine(invert_affine(matrices), position).astype(np.float32), score

    def _batch(self, image: np.ndarray, matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        card = self.session.card
        crops = np.stack([cut(image, matrix, self.size) for matrix in matrices])
        name = card.input.get("name", self.session.inputs[0])
        found = self.session.run({name: network_input(crops, card.input)})
        heatmaps = found[self._heatmap]
        if heatmaps.ndim != 4 or heatmaps.shape[1] != len(self.skeleton):
            raise ModelError(
                f"Expected heatmaps of {len(self.skeleton)} joints ({self.skeleton.name}), "
                f"got {heatmaps.shape}; correct the card of: {card.path}"
            )
        stride = self.size[0] / heatmaps.shape[3]
        if not self._softmax:
            return decode_gaussian(heatmaps, stride)
        position, mass = decode_softmax(heatmaps, stride)
        visible = 1 / (1 + np.exp(-found[self._visibility].astype(np.float64)))
        return position, np.sqrt(mass * visible).astype(np.float32)


def cut(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut an affine crop (size = (w, h)); shrinks first by area where bilinear sampling would skip pixels."""
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    factor = int(0.99 / zoom) if zoom < 0.5 else 1
    if factor < 2:
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(118, 118, 118))
    corners = apply_affine(
        invert_affine(matrix), np.array([[-1.0, -1], [size[0], -1], [-1, size[1]], list(size)])
    )
    low = np.maximum(np.floor(corners.min(0)).astype(int) // factor * factor, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + factor, (image.shape[1], image.shape[0]))
    high = low + (high - low) // factor * factor
    if (high <= low).any():
        return np.full((size[1], size[0], 3), 118, np.uint8)
    region = image[low[1] : high[1], low[0] : high[0]]
    small = cv2.resize(region, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    # Pixel s of `small` covers factor pixels of the picture from low + s * factor on; its centre is half of
    # factor - 1 further.
    inner = matrix.astype(np.float64).copy()
    inner[:, 2] += matrix[:, :2] @ (low + (factor - 1) / 2)
    inner[:, :2] *= factor
    return cv2.warpAffine(small, inner, size, flags=cv2.INTER_LINEAR, borderValue=(118, 118, 118))
