"""Joints from one distribution across and one down (SimCC): RTMPose and its kind.

Li et al., SimCC (ECCV 2022); Jiang et al., RTMPose (2023). See `geometry.simcc`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bodyverb.core import ModelError
from bodyverb.estimate.decoding import Joints
from bodyverb.geometry.simcc import decode_simcc
from bodyverb.infer import Card
from bodyverb.infer.entries import POSITIVE, TEXT
from bodyverb.infer.shapes import Shape

GIVES = "joints"
ENTRIES = {"x": TEXT, "y": TEXT, "split": POSITIVE}


@dataclass(frozen=True)
class Simcc:
    """The decoder of outputs `x` and `y` with `split` bins a px of the crop."""

    x: str
    y: str
    split: float
    shapes: Mapping[str, Shape]

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> Joints:
        """Joints in px of the crop."""
        position, score = decode_simcc(found[self.x], found[self.y], self.split)
        return Joints(position=position, score=score)


def build(card: Card, outputs: Sequence[str], joints: int) -> Simcc:
    """The decoder of a card.

    Raises:
        ModelError: x and y are one output.
    """
    x, y = card.decoder.get("x", "simcc_x"), card.decoder.get("y", "simcc_y")
    if x == y:
        raise ModelError(
            f"Expected two outputs as decoder.x and decoder.y, got '{x}' twice; "
            f"correct the card of: {card.path}"
        )
    split = float(card.decoder.get("split", 2))
    across, down = (round(side * split) for side in card.input["size"])
    return Simcc(x=x, y=y, split=split, shapes={x: ("n", joints, across), y: ("n", joints, down)})
