import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import Clip, InputError, PoseSequence, Sample, Segment


def poses(frames: int = 1) -> PoseSequence:
    return PoseSequence.from_arrays(
        np.zeros((1, frames, 13, 2)), skeleton=skeletons.get("penn13"), rate_hz=30
    )


def test_clip() -> None:
    assert Clip(id="0001", poses=poses(3), label="squat").segments == ()
    part = Segment(person_id="0", verb="squat", start_s=0, end_s=1)
    assert Clip(id="0001", poses=poses(3), segments=[part]).segments == (part,)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="a label or segments, got both"):
        Clip(id="0001", poses=poses(3), label="squat", segments=(part,))
    with pytest.raises(InputError, match="as text"):
        Clip(id=1, poses=poses())  # type: ignore[arg-type]


def test_sample() -> None:
    sample = Sample(id="a", image="a.jpg", boxes=np.array([[0, 0, 4, 5]]), poses=poses())
    assert sample.boxes.dtype == np.float32
    assert Sample(id="a", image="a.jpg", boxes=np.zeros((0, 4))).poses is None


@pytest.mark.parametrize(
    ("boxes", "frames", "message"),
    [
        (np.zeros((1, 3)), 1, "boxes of shape"),
        (np.array([[3, 0, 1, 1]]), 1, "rising order"),
        (np.full((1, 4), np.nan), 1, "finite boxes"),
        (np.zeros((1, 4)), 2, "one frame, got 2"),
        (np.zeros((0, 4)), 1, "a box for each of 1 persons"),
    ],
)
def test_sample_rejects(boxes: np.ndarray, frames: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Sample(id="a", image="a.jpg", boxes=boxes, poses=poses(frames))
