"""Small synthetic recordings for the output tests."""

from collections.abc import Callable

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import PoseSequence, Recording, Segment

STANDING = np.array(
    [
        [-20, 90], [-20, 50], [-15, 0], [15, 0], [20, 50], [20, 90], [-40, -10],
        [-38, -50], [-25, -90], [25, -90], [38, -50], [40, -10], [0, -95], [0, -120],
    ],
    np.float32,
)  # fmt: skip


def _recording(people: int = 2, frames: int = 60, rate_hz: float = 30, source: str = "clip.mp4") -> Recording:
    """People standing side by side; the first frame of the last person is not theirs; some joints are NaN."""
    rng = np.random.default_rng(0)
    times = np.arange(frames) / rate_hz
    tracks, segments = [], []
    for person in range(people):
        span = slice(1 if person and person == people - 1 and frames > 2 else 0, frames)
        position = STANDING + np.array([100 + 90 * (person % 6), 240], np.float32)
        position = position + rng.normal(0, 1, (times[span].size, 14, 2)).astype(np.float32)
        position[rng.random(position.shape[:2]) < 0.05] = np.nan
        name = str(person + 1)
        tracks.append(
            PoseSequence.from_arrays(
                position,
                skeleton=skeletons.get("lsp14"),
                timestamps_s=times[span],
                score=rng.uniform(0, 1, position.shape[:2]),
                image_size=(640, 480),
                person_ids=(name,),
            )
        )
        if frames > 1:
            middle, end = float(times[frames // 2]), float(times[-1])
            segments += [
                Segment(
                    person_id=name,
                    verb="squat",
                    start_s=0.0,
                    end_s=middle,
                    confidence=0.9,
                    top5=(("squat", 0.9),),
                ),
                Segment(person_id=name, verb="unknown", start_s=middle, end_s=end, confidence=0.3),
            ]
    return Recording(
        timestamps_s=times,
        image_size=(640, 480),
        source=source,
        tracks=tuple(tracks),
        segments=tuple(segments),
        meta={"models": [{"name": "pose", "licence": "none"}], "speed": {"frames_per_s": 61.25}},
    )


@pytest.fixture
def make_recording() -> Callable[..., Recording]:
    return _recording
