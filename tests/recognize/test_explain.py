"""An explanation finds the joint and the moment that a known rule looks at."""

from collections.abc import Mapping

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import InputError
from bodyverb.recognize.explain import Explanation, explain, neighbours

LAYOUT = skeletons.get("coco17")
WRIST = LAYOUT.index("left_wrist")


def hand_up(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Class 1 where the left wrist is high in frames 20 to 29; what is missing counts as not high."""
    assert len(inputs["position"]) <= 32
    height = np.nan_to_num(inputs["position"][:, 0, 20:30, WRIST, 1], nan=0.0).mean(axis=1)
    assert (np.isnan(inputs["position"][..., 0]) == (inputs["score"] == 0)).all()
    return np.stack([np.zeros_like(height), 4 * height - 1], axis=1)


def clip(frames: int = 40, persons: int = 1) -> dict[str, np.ndarray]:
    position = np.ones((1, persons, frames, 17, 2), np.float32)
    return {
        "position": position,
        "score": np.ones(position.shape[:4], np.float32),
        "seconds": np.arange(frames, dtype=np.float32)[None] / 10,
    }


def test_the_wrist_in_its_time_decides() -> None:
    found = explain(hand_up, clip(), LAYOUT)
    assert found.target == 1
    assert found.chances[1] == pytest.approx(1 / (1 + np.exp(-3)))
    full = 4.0  # the log-odds fall from 3 to -1
    near = neighbours(LAYOUT)[WRIST]
    np.testing.assert_allclose(found.joints, np.where(near, full, 0), atol=1e-6)
    assert (found.moments > 0.1).tolist() == [False, False, False, False, True, True, False, False]
    assert (found.parts[4:6][:, near] > 0.1).all()
    assert np.abs(found.parts).sum() == pytest.approx(np.abs(found.parts[4:6][:, near]).sum())
    assert found.heat.shape == (40, 17)
    assert found.heat.max() == 1 and (found.heat[:20] == 0).all() and found.heat[20, WRIST] == 1


def test_what_speaks_against_a_class_is_negative() -> None:
    found = explain(hand_up, clip(), LAYOUT, target=0)
    assert found.joints[WRIST] < -1 and found.heat.min() == -1


def test_two_people_lose_the_joint_together() -> None:
    assert explain(hand_up, clip(persons=2), LAYOUT).joints[WRIST] > 1


def test_a_clip_of_one_frame() -> None:
    def one(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.nan_to_num(inputs["position"][:, 0, 0, :2, 0])

    found: Explanation = explain(one, clip(frames=1), LAYOUT)
    assert found.parts.shape == (1, 17) and found.edges.tolist() == [0, 1]
    assert found.heat.shape == (1, 17)


def test_missing_frames_stay_missing() -> None:
    holed = clip()
    holed["position"][:, :, 10:15] = np.nan
    holed["score"][:, :, 10:15] = 0
    assert explain(hand_up, holed, LAYOUT).joints[WRIST] > 1


@pytest.mark.parametrize(
    ("position", "target", "words"),
    [
        (np.ones((1, 1, 4, 13, 2)), None, "17 joints"),
        (np.ones((2, 1, 4, 17, 2)), None, "one clip"),
        (np.full((1, 1, 40, 17, 2), np.nan), None, "no joint at all"),
        (np.ones((1, 1, 40, 17, 2)), 2, "from 0 to 1"),
    ],
)
def test_what_does_not_fit_is_refused(position: np.ndarray, target: int | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        explain(hand_up, clip() | {"position": position}, LAYOUT, target=target)


def test_a_class_that_is_certain_still_falls() -> None:
    found = explain(lambda inputs: 20 * hand_up(inputs), clip(), LAYOUT)
    assert found.chances[1] == pytest.approx(1) and found.joints[WRIST] == pytest.approx(80, rel=1e-5)
    alone = explain(lambda inputs: hand_up(inputs)[:, 1:], clip(), LAYOUT)
    assert alone.chances.tolist() == [1.0] and not alone.parts.any()
