from typing import Any

import numpy as np
import pytest

from bodyverb.core import InputError, Segment, Timeline, Window


def segment(**fields: Any) -> Segment:
    return Segment(**{"person_id": "1", "verb": "squat", "start_s": 0.0, "end_s": 1.0, **fields})


def window(**fields: Any) -> Window:
    good = {"person_id": "1", "start_s": 0.0, "end_s": 1.0, "probabilities": [0.75, 0.25], "known": 0.9}
    return Window(**{**good, **fields})


def test_a_timeline() -> None:
    line = Timeline(
        classes=("squat", "bowl"),
        segments=[segment(top5=[("squat", 0.75)]), segment(verb="unknown")],  # type: ignore[arg-type]
        windows=[window()],  # type: ignore[arg-type]
        model="toy",
        thresholds={"known": 0.5},
    )
    assert line.segments[0].top5 == (("squat", 0.75),)
    assert line.windows[0].probabilities.dtype == np.float32
    assert not line.windows[0].probabilities.flags.writeable


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"person_id": 1}, "person_id of a segment as text"),
        ({"verb": ""}, "a verb"),
        ({"end_s": -1.0}, "start_s <= end_s"),
        ({"start_s": float("nan")}, "start_s <= end_s"),
        ({"confidence": 1.2}, "confidence"),
        ({"top5": [("a", 0.1)] * 6}, "at most 5"),
    ],
)
def test_segments_reject(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        segment(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"probabilities": [[1.0]]}, "1 axes"),
        ({"probabilities": [2.0, -1.0]}, "softmax"),
        ({"probabilities": [np.nan]}, "softmax"),
        ({"known": float("inf")}, "finite known"),
        ({"end_s": -1.0}, "window with start_s <= end_s"),
    ],
)
def test_windows_reject(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        window(**fields)


def test_timelines_reject() -> None:
    with pytest.raises(InputError, match="unique classes"):
        Timeline(classes=("a", "a"))
    with pytest.raises(InputError, match="Expected 1 probabilities a window, got 2"):
        Timeline(classes=("squat",), windows=(window(),))
    with pytest.raises(InputError, match=r"got \['squat'\]"):
        Timeline(classes=("bowl",), segments=(segment(),))
