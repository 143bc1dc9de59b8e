"""Joints from heatmaps with a bump at the joint; its height is the score: SimpleBaseline, HRNet ...

Xiao et al., Simple Baselines for Human Pose Estimation and Tracking (ECCV 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bodyverb.estimate.decoding import Joints, heat_stride
from bodyverb.geometry.heatmap import decode_gaussian
from bodyverb.infer import Card
from bodyverb.infer.entries import TEXT
from bodyverb.infer.shapes import Shape

GIVES = "joints"
ENTRIES = {"heatmap": TEXT}


@dataclass(frozen=True)
class Gaussian:
    """The decoder of output `heatmap`."""

    card: Card
    heatmap: str
    shapes: Mapping[str, Shape]

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> Joints:
        """Joints in px of the crop."""
        heatmaps = found[self.heatmap]
        position, score = decode_gaussian(heatmaps, heat_stride(self.card, heatmaps, size))
        return Joints(position=position, score=score)


def build(card: Card, outputs: Sequence[str], joints: int) -> Gaussian:
    """The decoder of a card."""
    heatmap = card.decoder.get("heatmap", outputs[0])
    return Gaussian(card=card, heatmap=heatmap, shapes={heatmap: ("n", joints, "h", "w")})
