"""Candidates of a whole picture: letterbox, network, decoder, back to the picture, suppression."""

from __future__ import annotations

import numpy as np

from bodyverb.estimate.decoding import FAR_PX, Joints, People
from bodyverb.estimate.network import PictureNetwork
from bodyverb.estimate.preprocess import letterbox
from bodyverb.geometry.boxes import nms
from bodyverb.infer import Session

__all__ = ["FrameNetwork"]

MOST = 300
THRESHOLD = 0.4
OVERLAP = 0.6


class FrameNetwork:
    """A network that sees the whole picture at once.

    Args:
        session: a network whose decoder gives one of `gives`.
        gives: boxes, people.
        threshold: least score; the card's by default.

    Attributes:
        network: with its card and layout.
        threshold: least score of a box.
        overlap: IoU from which two boxes are one.
    """

    def __init__(self, session: Session, *gives: str, threshold: float | None = None) -> None:
        self.network = PictureNetwork(session, *gives)
        decoder = session.card.decoder
        self.threshold = float(decoder.get("threshold", THRESHOLD) if threshold is None else threshold)
        self.overlap = float(decoder.get("overlap", OVERLAP))

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, Joints | None]:
        """Look at a picture.

        Args:
            image: (h, w, 3) uint8 RGB.

        Returns:
            Boxes (n, 5) float32, x1 y1 x2 y2 px of the picture and score, best first, and the joints of each
            in px of the picture, or None where the network gives boxes alone. Boxes that are not finite,
            hardly larger than a pixel or doubles of a better one are left out.
        """
        placed = letterbox(image, self.network.card.input)
        found: People = self.network(placed.canvas[None])
        index = np.flatnonzero((np.abs(found.boxes) < FAR_PX).all(1) & (found.boxes[:, 4] >= self.threshold))
        index = index[np.argsort(-found.boxes[index, 4], kind="stable")[:MOST]]
        boxes = found.boxes[index].astype(np.float32)
        for corner in (slice(0, 2), slice(2, 4)):
            boxes[:, corner] = placed.back(boxes[:, corner])
        limits = np.array([image.shape[1], image.shape[0]] * 2, np.float32) - 0.5
        boxes[:, :4] = np.clip(boxes[:, :4], -0.5, limits)
        boxes[:, 4] = np.minimum(boxes[:, 4], 1)
        large = ((boxes[:, 2:4] - boxes[:, :2]) > 2).all(1)
        boxes, index = boxes[large], index[large]
        kept = nms(boxes[:, :4], boxes[:, 4], self.overlap)
        if found.joints is None:
            return boxes[kept], None
        joints = found.joints.take(index[kept]).known()
        return boxes[kept], Joints(position=placed.back(joints.position), score=joints.score)
