"""Joints from maps of logits whose softmax says where the joint is, and one more logit that says whether.

The project's own pose networks; see `geometry.heatmap.decode_softmax`. A joint's score is the geometric
mean of the probability within the window round the peak and of the visibility.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bodyverb.estimate.decoding import Joints, heat_stride, sigmoid
from bodyverb.geometry.heatmap import decode_softmax
from bodyverb.infer import Card
from bodyverb.infer.entries import TEXT
from bodyverb.infer.shapes import Shape

GIVES = "joints"
ENTRIES = {"heatmap": TEXT, "visibility": TEXT}


@dataclass(frozen=True)
class Softmax:
    """The decoder of outputs `heatmap` and `visibility`."""

    card: Card
    heatmap: str
    visibility: str
    shapes: Mapping[str, Shape]

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> Joints:
        """Joints in px of the crop."""
        heatmaps = found[self.heatmap]
        position, mass = decode_softmax(heatmaps, heat_stride(self.card, heatmaps, size))
        return Joints(
            position=position, score=np.sqrt(mass * sigmoid(found[self.visibility])).astype(np.float32)
        )


def build(card: Card, outputs: Sequence[str], joints: int) -> Softmax:
    """The decoder of a card."""
    heatmap = card.decoder.get("heatmap", outputs[0])
    visibility = card.decoder.get("visibility", "visibility")
    shapes: dict[str, Shape] = {heatmap: ("n", joints, "h", "w"), visibility: ("n", joints)}
    return Softmax(card=card, heatmap=heatmap, visibility=visibility, shapes=shapes)
