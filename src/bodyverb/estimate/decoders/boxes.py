"""Boxes that the network has decoded and suppressed itself: RTMDet, YOLOX and others as exported for use.

Lyu et al., RTMDet (2022), in the form of MMDeploy: `dets` (1, n, 5) x1 y1 x2 y2 px of the canvas and
score, and `labels` (1, n). Boxes count from the corner of the first pixel, as in COCO's files; rows past
the last box have score 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bodyverb.estimate.decoding import People
from bodyverb.infer import Card
from bodyverb.infer.entries import SHARE, TEXT, whole
from bodyverb.infer.shapes import Shape

GIVES = "boxes"
ENTRIES = {"boxes": TEXT, "labels": TEXT, "person": whole(0, 9999), "threshold": SHARE, "overlap": SHARE}


@dataclass(frozen=True)
class Boxes:
    """The decoder: rows of output `boxes` where output `labels` says `person`."""

    boxes: str
    labels: str
    person: int
    shapes: Mapping[str, Shape]

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> People:
        """The person boxes."""
        boxes = found[self.boxes][0][found[self.labels][0] == self.person]
        return People(boxes=boxes - np.array([0.5, 0.5, 0.5, 0.5, 0], np.float32))


def build(card: Card, outputs: Sequence[str], joints: int) -> Boxes:
    """The decoder of a card."""
    boxes, labels = card.decoder.get("boxes", "dets"), card.decoder.get("labels", "labels")
    return Boxes(
        boxes=boxes,
        labels=labels,
        person=int(card.decoder.get("person", 0)),
        shapes={boxes: (1, "people", 5), labels: (1, "people")},
    )
