"""Pose of each box: crop, network, decode, back to the picture."""

from __future__ import annotations

import cv2
import numpy as np

from bodyverb.core import Skeleton
from bodyverb.estimate.decoding import Joints
from bodyverb.estimate.network import PictureNetwork
from bodyverb.estimate.preprocess import GREY, halved
from bodyverb.estimate.whole_frame import FramePoses
from bodyverb.geometry.crops import apply_affine, crop_matrix, invert_affine
from bodyverb.infer import Session

BATCH = 8


class PoseEstimator:
    """Joints of every person whose box is given (top-down).

    Args:
        session: a network with a card of task `pose` whose decoder gives joints.

    Attributes:
        skeleton: layout of the joints it returns.
        size: (w, h) px of a crop.
        padding: a crop is the person's box times this.

    Raises:
        ModelError: the network does not fit its card, or gives no joints of a crop.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._network = PictureNetwork(session, "joints")
        assert self._network.skeleton is not None  # a decoder that gives joints has one
        self.skeleton: Skeleton = self._network.skeleton
        wants = session.card.input
        self.size: tuple[int, int] = (int(wants["size"][0]), int(wants["size"][1]))
        self.padding = float(wants.get("padding", 1.25))
        self._border = int(wants.get("border", GREY))

    def __call__(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimate joints.

        Args:
            image: (h, w, 3) uint8 RGB.
            boxes: (n, 4) xyxy px round one person each; the card's padding is added here.

        Returns:
            position (n, joint, 2) float32 px of the image and score (n, joint) float32 in [0, 1]. The score
            says how much to believe a position; NaN with score 0 is where the network gave no number.
        """
        poses = self.estimate(image, boxes)
        return poses.position, poses.score

    def estimate(self, image: np.ndarray, boxes: np.ndarray) -> FramePoses:
        """Estimate joints, with everything else that the network says of them.

        Args:
            image: (h, w, 3) uint8 RGB.
            boxes: (n, 4) xyxy px, or (n, 5) with a score, which is else 1.

        Returns:
            The people of the boxes, in their order; `extras` holds, where the network gives them, `depth_px`
            (n, J), depth in px of the picture (0 at the root that the network chose, growing away from the
            camera), and `world_m` (n, J, 3).
        """
        boxes = np.asarray(boxes, np.float64)
        boxes = boxes.reshape(-1, 5 if boxes.ndim == 2 and boxes.shape[1] == 5 else 4)
        if not len(boxes):
            return FramePoses.nobody(len(self.skeleton))
        matrices = crop_matrix(boxes[:, :4], self.size, self.padding)
        step = self._network.batch or BATCH
        parts = [self._batch(image, matrices[i : i + step]) for i in range(0, len(boxes), step)]
        depth = [part.depth for part in parts if part.depth is not None]
        extras = {name: np.concatenate([part.extras[name] for part in parts]) for name in parts[0].extras}
        if depth:
            extras["depth_px"] = np.concatenate(depth) / matrices[:, :1, 0]
        position = np.concatenate([part.position for part in parts])
        scored = np.ones((len(boxes), 5), np.float32)
        scored[:, : boxes.shape[1]] = boxes
        return FramePoses(
            boxes=scored,
            position=apply_affine(invert_affine(matrices), position),
            score=np.concatenate([part.score for part in parts]),
            extras=extras,
        )

    def _batch(self, image: np.ndarray, matrices: np.ndarray) -> Joints:
        joints: Joints = self._network(np.stack([cut(image, m, self.size, self._border) for m in matrices]))
        return joints.known()


def cut(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], border: int = GREY) -> np.ndarray:
    """Cut an affine crop (size = (w, h)); shrinks first by area where bilinear sampling would skip pixels.

    Beside the picture the crop has the grey level `border`.
    """
    grey = (border,) * 3
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    halves = max(0, int(-np.log2(zoom)))
    factor = 1 << halves
    if not halves:
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=grey)
    corners = apply_affine(
        invert_affine(matrix), np.array([[-1.0, -1], [size[0], -1], [-1, size[1]], list(size)])
    )
    low = np.maximum(np.floor(corners.min(0)).astype(int) // factor * factor, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + factor, (image.shape[1], image.shape[0]))
    high = low + (high - low) // factor * factor
    if (high <= low).any():
        return np.full((size[1], size[0], 3), border, np.uint8)
    region = image[low[1] : high[1], low[0] : high[0]]
    small = halved(region, halves)
    # Pixel s of `small` covers factor pixels of the picture from low + s * factor on; its centre is half of
    # factor - 1 further.
    inner = matrix.astype(np.float64).copy()
    inner[:, 2] += matrix[:, :2] @ (low + (factor - 1) / 2)
    inner[:, :2] *= factor
    return cv2.warpAffine(small, inner, size, flags=cv2.INTER_LINEAR, borderValue=grey)
