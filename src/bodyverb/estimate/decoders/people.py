"""Boxes with joints that the network has decoded and suppressed itself: RTMO as exported for use.

Lu et al., RTMO (CVPR 2024), in the form of MMDeploy: `dets` (1, n, 5) x1 y1 x2 y2 px of the canvas and
score, and `keypoints` (1, n, J, 3) x, y and probability. Boxes count from the corner of the first pixel,
joints from its centre, as in COCO's files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bodyverb.estimate.decoding import Joints
from bodyverb.estimate.decoding import People as Found
from bodyverb.infer import Card
from bodyverb.infer.entries import SHARE, TEXT
from bodyverb.infer.shapes import Shape

GIVES = "people"
ENTRIES = {"boxes": TEXT, "keypoints": TEXT, "threshold": SHARE, "overlap": SHARE}


@dataclass(frozen=True)
class People:
    """The decoder of outputs `boxes` and `keypoints`."""

    boxes: str
    keypoints: str
    shapes: Mapping[str, Shape]

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> Found:
        """Everybody."""
        points = found[self.keypoints][0]
        return Found(
            boxes=found[self.boxes][0] - np.array([0.5, 0.5, 0.5, 0.5, 0], np.float32),
            joints=Joints(position=points[..., :2], score=points[..., 2]),
        )


def build(card: Card, outputs: Sequence[str], joints: int) -> People:
    """The decoder of a card."""
    boxes, keypoints = card.decoder.get("boxes", "dets"), card.decoder.get("keypoints", "keypoints")
    return People(
        boxes=boxes,
        keypoints=keypoints,
        shapes={boxes: (1, "people", 5), keypoints: (1, "people", joints, 3)},
    )
