"""What a card may say: a layout by name or whole, dimensions; and networks that know no unknown."""

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import ModelError, PoseSequence, Skeleton
from bodyverb.recognize.recognizer import Recognizer

OWN = Skeleton(
    name="own3", joints=("left_hand", "right_hand", "head"), parents=(2, 2, -1), limbs=((0, 2), (1, 2)),
    flip=(1, 0, 2), root=(2,),
)  # fmt: skip


class Closed:
    """Two classes and no output `known`."""

    def __init__(self, **card: object) -> None:
        self.card = {
            "name": "closed", "classes": ["a", "b"], "skeleton": OWN.to_dict(), "window_s": 1.0,
            "stride_s": 0.5, "steps": 4,
        } | card  # fmt: skip

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"logits": np.tile([[2.0, 0.0]], (len(inputs["position"]), 1))}


def test_a_layout_of_its_own_and_no_unknown() -> None:
    recognizer = Recognizer(Closed())
    assert recognizer.skeleton == OWN
    position = np.ones((1, 11, 3, 2))
    track = PoseSequence.from_arrays(position, skeleton=OWN, rate_hz=10)
    windows = recognizer(track)
    assert [window.known for window in windows] == [1.0]
    assert [segment.verb for segment in recognizer.segments(windows)] == ["a"]
    gone = PoseSequence.from_arrays(position * np.nan, skeleton=OWN, rate_hz=10)
    assert [window.known for window in recognizer(gone)] == [0.0]


def test_a_layout_by_name() -> None:
    assert Recognizer(Closed(skeleton="penn13")).skeleton == skeletons.get("penn13")


def test_three_dimensions_are_refused_in_a_line() -> None:
    with pytest.raises(ModelError, match="'closed', which needs 3D poses"):
        Recognizer(Closed(dims=3))


def test_a_broken_layout_is_refused() -> None:
    with pytest.raises(ModelError, match="in the card"):
        Recognizer(Closed(skeleton={"name": "x", "joints": ["a"]}))
