"""What a decoder is and what it returns; the decoders themselves are the files of `decoders/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from bodyverb.core import ModelError
from bodyverb.infer import Card
from bodyverb.infer.shapes import Shape

__all__ = ["FAR_PX", "Decoder", "Joints", "People", "heat_stride", "sigmoid"]

FAR_PX = 1e6
"""What a network places further away than this, it does not place."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Joints:
    """Joints of n people in the network's picture (crop or canvas).

    Attributes:
        position: (n, J, 2) px; the first pixel's centre is (0, 0).
        score: (n, J) in [0, 1].
        depth: (n, J) in px of the same picture, growing away from the camera, or None.
        extras: further arrays (n, J) or (n, J, k) in units that no crop changes.
    """

    position: np.ndarray
    score: np.ndarray
    depth: np.ndarray | None = None
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def known(self) -> Joints:
        """The same, where a position or score that is no real number is an absent joint: NaN, score 0."""
        known = (np.abs(self.position) < FAR_PX).all(-1) & np.isfinite(self.score)

        def kept(value: np.ndarray) -> np.ndarray:
            mask = known.reshape(known.shape + (1,) * (value.ndim - 2))
            return np.where(mask & (np.abs(value) < FAR_PX), value, np.float32(np.nan))

        return Joints(
            position=kept(self.position),
            score=np.where(known, np.clip(self.score, 0, 1), np.float32(0)),
            depth=None if self.depth is None else kept(self.depth),
            extras={name: kept(value) for name, value in self.extras.items()},
        )

    def take(self, index: np.ndarray) -> Joints:
        """Some of the people."""
        return Joints(
            position=self.position[index],
            score=self.score[index],
            depth=None if self.depth is None else self.depth[index],
            extras={name: value[index] for name, value in self.extras.items()},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """Candidates in the canvas: boxes (n, 5) float32 xyxy px and score, and their joints where there are any.

    Rows that are not finite are left to the caller.
    """

    boxes: np.ndarray
    joints: Joints | None = None


class Decoder(Protocol):
    """Reads the outputs of one run.

    Attributes:
        shapes: the outputs it reads and their shapes; `n` is the number of pictures that went in.
    """

    @property
    def shapes(self) -> Mapping[str, Shape]: ...  # noqa: D102

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> Any:
        """Read outputs of these shapes.

        Args:
            found: name -> array.
            size: (w, h) px of the pictures that went in.

        Returns:
            `Joints` of every picture, or `People` of the only one.
        """
        ...


def heat_stride(card: Card, heatmaps: np.ndarray, size: tuple[int, int]) -> float:
    """Px of a crop (w, h) a cell of its heatmaps (n, J, h, w).

    Raises:
        ModelError: it is not the same across and down.
    """
    down, across = heatmaps.shape[2:]
    if across * size[1] != down * size[0]:
        raise ModelError(
            f"Expected heatmaps of the aspect of {size[0]} x {size[1]} px as the card says (input.size), got "
            f"{across} x {down} cells; correct the card of: {card.path}"
        )
    return size[0] / across


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits, float64; NaN stays NaN."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-logits.astype(np.float64)))
