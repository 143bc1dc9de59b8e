"""People and their joints from one network that sees the whole picture: RTMO, YOLO pose."""

from __future__ import annotations

import numpy as np

from bodyverb.core import Skeleton
from bodyverb.estimate import decoders
from bodyverb.estimate.frame import FrameNetwork
from bodyverb.estimate.whole_frame import FramePoses
from bodyverb.infer import Card, Session

__all__ = ["OneStage", "is_one_stage"]


def is_one_stage(card: Card) -> bool:
    """Whether a network finds people and their joints at once.

    Raises:
        ModelError: the card names no decoder that exists.
    """
    return bool(decoders.of(card).GIVES == "people")


class OneStage:
    """Everybody in a picture in one go; a `WholeFrameEstimator`.

    Args:
        session: a network whose decoder gives people.
        threshold: least score of a person's box; the card's by default.

    Raises:
        ModelError: the network does not fit its card, or gives no people.
    """

    def __init__(self, session: Session, threshold: float | None = None) -> None:
        self.session = session
        self._frame = FrameNetwork(session, "people", threshold=threshold)
        assert self._frame.network.skeleton is not None  # a decoder that gives people has one
        self.skeleton: Skeleton = self._frame.network.skeleton

    @property
    def card(self) -> Card:
        """The network's."""
        return self.session.card

    @property
    def provider(self) -> str:
        """Where it runs."""
        return self.session.provider

    def __call__(self, image: np.ndarray) -> FramePoses:
        """Find everybody in a picture (h, w, 3) uint8 RGB."""
        boxes, joints = self._frame(image)
        assert joints is not None
        return FramePoses(boxes=boxes, position=joints.position, score=joints.score)
