from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core import ABSENT, INFERRED, SEEN, InputError, PoseSequence

PENN = skeletons.get("penn13")


def make(persons: int = 2, frames: int = 5, **fields: Any) -> PoseSequence:
    position = np.random.default_rng(0).uniform(0, 100, (persons, frames, 13, 2))
    position[0, 1, 3] = np.nan
    return PoseSequence.from_arrays(position, skeleton=PENN, **{"rate_hz": 10.0, **fields})


def test_defaults_follow_from_the_positions() -> None:
    poses = make()
    assert (poses.position.dtype, poses.score.dtype, poses.state.dtype) == (np.float32, np.float32, np.uint8)
    assert (poses.space, poses.unit, poses.axes, poses.rate) == ("image", "px", "cv", "nominal")
    assert poses.person_ids == ("0", "1")
    assert (poses.persons, poses.frames) == (2, 5)
    np.testing.assert_allclose(poses.timestamps_s, [0, 0.1, 0.2, 0.3, 0.4])
    assert poses.state[0, 1, 3] == ABSENT and poses.score[0, 1, 3] == 0
    assert poses.state[0, 0, 3] == SEEN and poses.score[0, 0, 3] == 1
    assert poses.present.sum() == 2 * 5 * 13 - 1


def test_three_coordinates_default_to_the_camera() -> None:
    poses = PoseSequence.from_arrays(np.zeros((4, 13, 3)), skeleton=PENN, timestamps_s=[0, 1, 2, 5])
    assert (poses.space, poses.unit, poses.rate, poses.persons) == ("camera", "m", "measured", 1)


def test_half_a_joint_is_absent() -> None:
    position = np.zeros((1, 1, 13, 2))
    position[0, 0, 0, 0] = np.nan
    position[0, 0, 1, 1] = np.inf
    poses = PoseSequence.from_arrays(position, skeleton=PENN, rate_hz=1, score=np.full((1, 1, 13), np.nan))
    assert np.isnan(poses.position[0, 0, :2]).all()
    assert poses.state[0, 0].tolist() == [ABSENT, ABSENT, *[SEEN] * 11]
    assert not poses.score.any()
    assert np.isinf(position).any(), "the caller's array was changed"


def test_given_state_and_score_are_kept() -> None:
    state = np.full((2, 5, 13), INFERRED)
    poses = make(state=state, score=np.full((2, 5, 13), 0.25))
    assert poses.state[0, 1, 3] == ABSENT
    assert poses.state[1].tolist() == state[1].tolist()
    assert (poses.score == 0.25).all()


def test_arrays_are_read_only_views() -> None:
    poses = make()
    for array in (poses.position, poses.score, poses.state, poses.timestamps_s):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    own = np.zeros((1, 2, 13, 2), np.float32)
    kept = poses.replace(
        position=own,
        score=np.ones((1, 2, 13)),
        state=np.full((1, 2, 13), 2),
        timestamps_s=[0, 1],
        person_ids=("a",),
    )
    assert np.shares_memory(kept.position, own) and own.flags.writeable


def test_empty_is_valid() -> None:
    assert PoseSequence.from_arrays(np.zeros((0, 0, 13, 2)), skeleton=PENN, rate_hz=5).persons == 0
    assert PoseSequence.from_arrays(np.zeros((0, 13, 3)), skeleton=PENN, rate_hz=5).frames == 0


def full(**changes: Any) -> PoseSequence:
    fields: dict[str, Any] = {
        "position": np.zeros((2, 5, 13, 2)),
        "score": np.ones((2, 5, 13)),
        "state": np.full((2, 5, 13), SEEN),
        "skeleton": PENN,
        "timestamps_s": np.arange(5.0),
        "rate": "measured",
        "space": "image",
        "unit": "px",
        "axes": "cv",
        "person_ids": ("a", "b"),
    }
    return PoseSequence(**{**fields, **changes})


BAD_BOX = np.zeros((2, 5, 4))
BAD_BOX[0, 0] = [5, 0, 1, 1]
HALF_BOX = np.zeros((2, 5, 4))
HALF_BOX[0, 0, 0] = np.nan
HALF_JOINT = np.zeros((2, 5, 13, 2))
HALF_JOINT[1, 2, 3, 0] = np.nan
HALF_STATE = np.full((2, 5, 13), SEEN)
HALF_STATE[1, 2, 3] = ABSENT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"position": np.zeros((5, 13, 2))}, "4 axes"),
        ({"position": "nonsense"}, "array of float32"),
        ({"position": np.zeros((2, 5, 14, 2))}, "13 joints of layout 'penn13'"),
        ({"position": np.zeros((2, 5, 13, 4))}, "2 or 3 coordinates"),
        ({"score": np.ones((2, 5))}, r"score of shape \(2, 5, 13\)"),
        ({"score": np.full((2, 5, 13), 1.5)}, r"scores in \[0, 1\]"),
        ({"score": np.full((2, 5, 13), np.nan)}, "without NaN"),
        ({"state": np.full((2, 5, 13), 3)}, "state 0, 1 or 2"),
        ({"state": np.zeros((2, 5, 13))}, r"mismatch at \(person, time, joint\) \(0, 0, 0\)"),
        ({"position": HALF_JOINT, "state": HALF_STATE}, "all coordinates of an absent joint"),
        ({"timestamps_s": np.arange(4.0)}, r"timestamps_s of shape \(5,\)"),
        ({"timestamps_s": [0, 1, 1, 2, 3]}, "rising timestamps_s, got 1 then 1 at frame 2"),
        ({"timestamps_s": [0, 1, np.nan, 2, 3]}, "finite timestamps_s"),
        ({"rate": "steady"}, "rate to be one of measured, nominal, unknown, got 'steady'"),
        ({"space": "moon"}, "space"),
        ({"unit": "inch"}, "unit"),
        ({"axes": "left-handed"}, "axes"),
        ({"unit": "mm"}, "image space"),
        ({"axes": "kinect"}, "image space"),
        ({"space": "camera", "position": np.zeros((2, 5, 13, 3))}, "depth_mm"),
        ({"box": np.zeros((2, 4))}, "box of shape"),
        ({"box": BAD_BOX}, "x2 >= x1"),
        ({"box": HALF_BOX}, "finite or all NaN"),
        ({"extras": {"depth_mm": np.zeros((2, 4))}}, "extra 'depth_mm' aligned"),
        ({"extras": {"x": np.zeros((2, 5, 7))}}, "extra 'x' aligned"),
        ({"extras": {"x": np.full((2, 5), "a")}}, "numbers or flags"),
        ({"image_size": (0, 4)}, "at least 1 x 1"),
        ({"image_size": 7}, "image_size as"),
        ({"person_ids": ("a",)}, "Expected 2 person_ids, got 1"),
        ({"person_ids": ("a", "a")}, "unique texts"),
        ({"person_ids": (1, 2)}, "unique texts"),
    ],
)
def test_rejects(changes: dict[str, Any], message: str) -> None:
    full()
    with pytest.raises(InputError, match=message):
        full(**changes)


@pytest.mark.parametrize("rate_hz", [None, 0, -1, float("nan")])
def test_times_or_a_rate_are_needed(rate_hz: float | None) -> None:
    with pytest.raises(InputError, match="rate_hz"):
        PoseSequence.from_arrays(np.zeros((1, 13, 2)), skeleton=PENN, rate_hz=rate_hz)


def test_select_keeps_everything_aligned() -> None:
    box = np.arange(40, dtype=np.float32).reshape(2, 5, 4)
    poses = make(
        box=box, extras={"depth_mm": np.arange(130.0).reshape(2, 5, 13), "id": np.arange(10).reshape(2, 5)}
    )
    part = poses.select(persons=[1], frames=slice(1, 4))
    assert part.position.shape == (1, 3, 13, 2) and part.person_ids == ("1",)
    np.testing.assert_array_equal(part.position, poses.position[1:, 1:4])
    np.testing.assert_array_equal(part.box, box[1:, 1:4])
    np.testing.assert_array_equal(part.extras["id"], [[6, 7, 8]])
    assert poses.select(frames=poses.timestamps_s > 0.15).frames == 3
    assert poses.select(frames=[0, 4]).timestamps_s.tolist() == pytest.approx([0, 0.4])
    assert poses.select().equals(poses)


def test_equals_sees_every_field() -> None:
    poses = make()
    assert poses.equals(make())
    assert not poses.equals(poses.replace(source="other"))
    assert not poses.equals(poses.replace(extras={"id": np.zeros((2, 5))}))
    moved = poses.position.copy()
    moved[1, 1, 1] += 1
    assert not poses.equals(poses.replace(position=moved))


def test_repr_is_one_line() -> None:
    assert repr(make()).startswith("PoseSequence(2 persons x 5 frames x 13 joints (penn13) x 2, image px cv")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3), st.integers(0, 6), st.sampled_from([2, 3]), st.integers(0, 2**32 - 1))
def test_from_arrays_accepts_any_pattern_of_gaps(persons: int, frames: int, space: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    position = rng.normal(size=(persons, frames, 13, space))
    position[rng.random(position.shape) < 0.3] = np.nan
    poses = PoseSequence.from_arrays(position, skeleton=PENN, rate_hz=30)
    np.testing.assert_array_equal(poses.present, np.isfinite(position).all(-1))
    np.testing.assert_array_equal(np.isnan(poses.position).any(-1), np.isnan(poses.position).all(-1))
