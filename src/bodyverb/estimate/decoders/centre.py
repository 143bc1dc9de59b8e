"""Boxes from a map of person centres and the distances to the four sides.

Zhou et al., Objects as Points, and Tian et al., FCOS (both 2019). Outputs `centre` (1, 1, h, w),
probabilities, and `sides` (1, 4, h, w), left, up, right and down in cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bodyverb.estimate.decoding import People
from bodyverb.infer import Card
from bodyverb.infer.entries import POSITIVE, SHARE
from bodyverb.infer.shapes import Shape

GIVES = "boxes"
ENTRIES = {"stride": POSITIVE.required, "threshold": SHARE, "overlap": SHARE}

LEAST = 0.05
MOST = 200


@dataclass(frozen=True)
class Centre:
    """The decoder: `stride` px a cell."""

    stride: float
    shapes: Mapping[str, Shape]

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> People:
        """Boxes at the local peaks of the map."""
        heat, sides = found["centre"][0, 0], found["sides"][0]
        peaks = (heat >= cv2.dilate(heat, np.ones((3, 3)))) & (heat > LEAST)
        y, x = np.nonzero(peaks)
        order = np.argsort(-heat[y, x])[:MOST]
        y, x = y[order], x[order]
        left, up, right, down = sides[:, y, x]
        corners = np.stack([x - left, y - up, x + right, y + down], 1)
        boxes = np.concatenate([(corners + 0.5) * self.stride - 0.5, heat[y, x, None]], 1)
        return People(boxes=boxes.astype(np.float32))


def build(card: Card, outputs: Sequence[str], joints: int) -> Centre:
    """The decoder of a card."""
    return Centre(
        stride=float(card.decoder["stride"]),
        shapes={"centre": (1, 1, "h", "w"), "sides": (1, 4, "h", "w")},
    )
