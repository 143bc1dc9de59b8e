"""People in a whole frame."""

from __future__ import annotations

import numpy as np

from bodyverb.estimate.frame import FrameNetwork
from bodyverb.infer import Session


class Detector:
    """Boxes round people.

    Args:
        session: a network whose decoder gives boxes, or people, whose joints are then left out.
        threshold: least score of a box; the card's by default.

    Raises:
        ModelError: the network does not fit its card, or gives no boxes.
    """

    def __init__(self, session: Session, threshold: float | None = None) -> None:
        self.session = session
        self._frame = FrameNetwork(session, "boxes", "people", threshold=threshold)

    @property
    def threshold(self) -> float:
        """Least score of a box."""
        return self._frame.threshold

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Find people.

        Args:
            image: (h, w, 3) uint8 RGB.

        Returns:
            (n, 5) float32: x1 y1 x2 y2 px of the image and score, best first; (0, 5) where nobody is found.
        """
        boxes, _ = self._frame(image)
        return boxes


def centred_boxes(image_size: tuple[int, int], score: float = 0.3) -> np.ndarray:
    """Where one person stands whom the detector missed: two upright boxes in the middle of the picture.

    Only for pose networks that score an empty crop low (their cards say `verifies`): the pose decides whether
    somebody is there.

    Args:
        image_size: (w, h) px.
        score: given to both.

    Returns:
        (2, 5) xyxy px and score: 0.9 and 0.6 of the height, half as wide.
    """
    width, height = image_size
    middle = np.array([width - 1, height - 1]) / 2
    rows = []
    for share in (0.9, 0.6):
        half = np.array([min(share * height / 2, width), share * height]) / 2
        rows.append([*(middle - half), *(middle + half), score])
    return np.array(rows, np.float32)
