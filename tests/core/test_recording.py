from typing import Any

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import ABSENT, InputError, PoseSequence, Recording, Segment, stack

TIMES = np.array([0.0, 0.2, 0.4, 0.6, 0.8])


def track(name: str, first: int, last: int, **fields: Any) -> PoseSequence:
    position = np.full((1, last - first, 13, 2), float(first + 1))
    return PoseSequence.from_arrays(
        position,
        skeleton=skeletons.get("penn13"),
        timestamps_s=TIMES[first:last],
        person_ids=(name,),
        **fields,
    )


def record(**fields: Any) -> Recording:
    return Recording(**{"timestamps_s": TIMES, "image_size": (640, 480), "source": "clip.mp4", **fields})


def test_valid_without_anybody() -> None:
    assert record().person_ids == ()
    assert record(timestamps_s=[], image_size=None).tracks == ()
    with pytest.raises(InputError, match="known are none"):
        record().track("1")


def test_tracks_and_pairs() -> None:
    recording = record(
        tracks=[track("3", 0, 3), track("5", 2, 5)],
        segments=[Segment(person_id="3+5", verb="wave", start_s=0.4, end_s=0.6)],
    )
    assert recording.person_ids == ("3", "5")
    assert recording.track("5").frames == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tracks": [track("1", 0, 2), track("1", 2, 4)]}, "one track a person id"),
        ({"tracks": [stack([track("1", 0, 2), track("2", 2, 4)])]}, "tracks of one person, got 2"),
        ({"tracks": [track("1", 0, 5)], "timestamps_s": TIMES[:3]}, "times of track '1'"),
        (
            {"segments": [Segment(person_id="9", verb="wave", start_s=0, end_s=1)]},
            "got id '9'; known are none",
        ),
        ({"timestamps_s": [1, 0]}, "rising"),
    ],
)
def test_rejects(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        record(**fields)


def test_stack_fills_where_nobody_is() -> None:
    depth = {
        "depth_mm": np.ones((1, 3, 13), np.float32),
        "body": np.full((1, 3), 2**60),
        "cut": np.ones((1, 3), bool),
    }
    dense = stack([track("3", 0, 3, extras=depth, box=np.ones((1, 3, 4))), track("5", 2, 5, extras=depth)])
    assert dense.position.shape == (2, 5, 13, 2) and dense.person_ids == ("3", "5")
    assert np.isnan(dense.position[0, 3:]).all() and (dense.state[0, 3:] == ABSENT).all()
    assert not dense.score[0, 3:].any()
    assert (dense.position[1, 2:] == 3).all() and np.isnan(dense.position[1, :2]).all()
    assert np.isnan(dense.extras["depth_mm"][1, 0]).all()
    assert dense.extras["body"].tolist() == [[2**60] * 3 + [-1] * 2, [-1] * 2 + [2**60] * 3]
    assert dense.extras["cut"].tolist() == [[True] * 3 + [False] * 2, [False] * 2 + [True] * 3]
    assert dense.box is not None and np.isnan(dense.box[1]).all() and (dense.box[0, :3] == 1).all()


def test_stack_on_given_times() -> None:
    dense = stack([track("3", 0, 3)], [0.2, 0.3, 0.4, 9.0])
    assert dense.present[0, :, 0].tolist() == [True, False, True, False]


def test_stack_needs_tracks_that_agree() -> None:
    with pytest.raises(InputError, match="at least one track"):
        stack([])
    with pytest.raises(InputError, match="one image_size"):
        stack([track("1", 0, 2), track("2", 0, 2, image_size=(4, 4))])
    with pytest.raises(InputError, match="unique"):
        stack([track("1", 0, 2), track("1", 3, 5)])
