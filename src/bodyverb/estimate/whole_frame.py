"""Everybody in a picture in one go: what a one-stage network returns, and what it has to offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bodyverb.core import InputError, Skeleton
from bodyverb.infer import Card

__all__ = ["FramePoses", "WholeFrameEstimator"]


@dataclass(frozen=True, kw_only=True, eq=False)
class FramePoses:
    """The n people of one picture, best first; n may be 0.

    Attributes:
        boxes: (n, 5) float32 x1 y1 x2 y2 px of the picture and score in [0, 1].
        position: (n, J, 2) float32 px of the picture; both coordinates of an absent joint are NaN.
        score: (n, J) float32 in [0, 1], 0 where a joint is absent; never NaN.
        extras: further float32 arrays by name, (n, J) or (n, J, k), NaN where unknown; the unit is the end of
            the name: `depth_px` (n, J), `depth_mm` (n, J), `world_m` (n, J, 3).

    Raises:
        InputError: the arrays do not fit together.
    """

    boxes: np.ndarray
    position: np.ndarray
    score: np.ndarray
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Convert the kinds and check that the shapes agree."""
        for name in ("boxes", "position", "score"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float32))
        extras = {name: np.asarray(value, np.float32) for name, value in self.extras.items()}
        object.__setattr__(self, "extras", extras)
        n, joints = self.score.shape if self.score.ndim == 2 else (-1, -1)
        wanted = {"boxes": (n, 5), "position": (n, joints, 2), "score": (n, joints)}
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise InputError(
                    f"Expected {name} of shape {shape}, got {getattr(self, name).shape}; align the people"
                )
        for name, value in extras.items():
            if value.ndim not in (2, 3) or value.shape[:2] != (n, joints):
                raise InputError(
                    f"Expected extra {name} of shape ({n}, {joints}) or ({n}, {joints}, k), "
                    f"got {value.shape}; align the people"
                )

    def __len__(self) -> int:
        """Number of people."""
        return len(self.boxes)

    @staticmethod
    def nobody(joints: int) -> FramePoses:
        """An empty picture."""
        return FramePoses(
            boxes=np.zeros((0, 5)), position=np.zeros((0, joints, 2)), score=np.zeros((0, joints))
        )


class WholeFrameEstimator(Protocol):
    """Finds people and their joints at once; a run needs no detector beside it.

    Attributes:
        skeleton: layout of the joints it returns.
        card: name, licence and checksum of the network, for the results; its entry `tracking` sets the
            tracker. What is no ONNX file makes a `Card` in code.
        provider: where it runs, e.g. `CPUExecutionProvider`.
    """

    @property
    def skeleton(self) -> Skeleton: ...  # noqa: D102

    @property
    def card(self) -> Card: ...  # noqa: D102

    @property
    def provider(self) -> str: ...  # noqa: D102

    def __call__(self, image: np.ndarray) -> FramePoses:
        """Find everybody in a picture (h, w, 3) uint8 RGB."""
        ...
