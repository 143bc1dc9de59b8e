"""The recognizer around a stand-in network, and the bundled one on procedural motion."""

from typing import ClassVar

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import InputError, ModelError, PoseSequence
from bodyverb.recognize.recognizer import Recognizer


class Fake:
    """Says class 1 where the first joint moves, class 0 where it rests."""

    card: ClassVar[dict[str, object]] = {
        "classes": ["rest", "move"],
        "skeleton": "penn13",
        "window_s": 2.0,
        "stride_s": 0.5,
        "steps": 16,
    }

    def __init__(self) -> None:
        self.calls: list[tuple[int, ...]] = []

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        position = inputs["position"]
        self.calls.append(position.shape)
        moves = np.nan_to_num(np.ptp(position[:, 0, :, 0, 0], axis=1)) > 1
        return {
            "logits": np.where(moves[:, None], [[0.0, 5.0]], [[5.0, 0.0]]),
            "known": np.full(len(position), 4.0),
        }


def track(seconds: float, rate: float = 10, layout: str = "penn13", speed: float = 10.0) -> PoseSequence:
    skeleton = skeletons.get(layout)
    times = np.arange(0, seconds + 1e-9, 1 / rate)
    position = np.ones((1, len(times), len(skeleton.joints), 2)) * (speed * times)[None, :, None, None]
    return PoseSequence.from_arrays(position, skeleton=skeleton, timestamps_s=times, person_ids=("7",))


def test_windows_and_segments_of_a_track():
    recognizer = Recognizer(Fake())
    windows = recognizer(track(4.0))
    np.testing.assert_allclose(
        [(w.start_s, w.end_s) for w in windows], [(0, 2), (0.5, 2.5), (1, 3), (1.5, 3.5), (2, 4)]
    )
    (segment,) = recognizer.segments(windows)
    assert (segment.person_id, segment.verb, segment.end_s) == ("7", "move", 4.0)
    assert recognizer.timeline([]).segments == ()


def test_a_short_track_is_one_window_of_its_own_length():
    session = Fake()
    (window,) = Recognizer(session)(track(1.0))
    assert (window.start_s, window.end_s) == (0.0, 1.0)
    assert session.calls == [(1, 1, 16, 13, 2)]


def test_other_layouts_are_converted_by_name():
    (window,) = Recognizer(Fake())(track(1.0, layout="lsp14"))
    assert window.probabilities.argmax() == 1


def test_low_scores_are_missing():
    recognizer = Recognizer(Fake())
    recognizer.min_score = 0.5
    seen = track(1.0)
    low = PoseSequence.from_arrays(
        seen.position,
        skeleton=seen.skeleton,
        timestamps_s=seen.timestamps_s,
        score=np.full(seen.score.shape, 0.4),
    )
    assert np.isnan(recognizer.prepare(low)[1]).all()
    assert recognizer(low)[0].known == 0.0


@pytest.mark.parametrize("seconds", [0.7, 2.0, 4.0, 4.3])
def test_streaming_gives_the_same_windows(seconds):
    recognizer = Recognizer(Fake())
    whole = track(seconds)
    stream = recognizer.stream(whole.skeleton, "7")
    windows = []
    for time, position, score in zip(whole.timestamps_s, whole.position[0], whole.score[0], strict=True):
        windows += stream.push(time, position, score)
    windows += stream.finish()
    expected = recognizer(whole)
    np.testing.assert_allclose(
        [(w.start_s, w.end_s) for w in windows], [(w.start_s, w.end_s) for w in expected]
    )
    for got, want in zip(windows, expected, strict=True):
        np.testing.assert_allclose(got.probabilities, want.probabilities, atol=1e-6)


def test_errors():
    with pytest.raises(InputError):
        Recognizer(Fake())(
            PoseSequence.from_arrays(np.zeros((2, 3, 13, 2)), skeleton=skeletons.get("penn13"), rate_hz=5)
        )
    bare = Fake()
    bare.card = {"classes": ["a"]}
    with pytest.raises(ModelError, match="window_s|skeleton"):
        Recognizer(bare)


def test_a_long_track_in_pieces_gives_the_windows_of_the_whole():
    class Sum(Fake):
        def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            known = np.nan_to_num(inputs["position"]).sum(axis=(1, 2, 3, 4)) / 1e4
            return {"logits": np.stack([known, -known], axis=1), "known": known}

    recognizer, rng = Recognizer(Sum()), np.random.default_rng(0)
    times = np.sort(rng.choice(np.arange(1500) / 10, 1200, replace=False))
    position = rng.normal(0, 50, (1, 1200, 13, 2))
    position[:, 300:330] = np.nan
    long = PoseSequence.from_arrays(position, skeleton=skeletons.get("penn13"), timestamps_s=times)
    windows = recognizer(long)
    where = [(w.start_s, w.end_s) for w in windows]
    whole = recognizer.score(*recognizer.prepare(long), where)
    assert len(windows) > 128
    assert [w.known for w in windows] == [w.known for w in whole]
