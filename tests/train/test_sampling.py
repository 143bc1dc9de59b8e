"""Moments at a rate: clips keep their pace and length, and what is after their end is nobody."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.core import InputError  # noqa: E402
from bodyverb.train.clips import Clips  # noqa: E402
from bodyverb.train.lab_settings import Sampling  # noqa: E402
from bodyverb.train.sampling import batch, moments  # noqa: E402

LENGTHS = (31, 10, 1)


@pytest.fixture
def clips() -> Clips:
    """Three clips at 30 frames a second; every joint's x is the frame's number."""
    total, joints = sum(LENGTHS), 17
    number = np.concatenate([np.arange(frames) for frames in LENGTHS])
    position = np.broadcast_to(number[:, None, None, None], (total, 1, joints, 2)).astype(np.float32)
    return Clips(
        position=position.copy(),
        score=np.ones((total, 1, joints), np.float32),
        seconds=(number / 30).astype(np.float32),
        first=np.cumsum((0, *LENGTHS[:-1])),
        frames=np.array(LENGTHS),
        label=np.zeros(3, np.int64),
        ids=("a", "b", "c"),
        subject=("", "", ""),
        camera=("", "", ""),
        classes=("still",),
        skeleton=skeletons.get("coco17"),
    )


ROWS = np.arange(3)


def test_at_their_own_rate_clips_are_their_frames(clips):
    made = batch(clips, ROWS, moments(clips, ROWS, Sampling(steps=64, rate_hz=30), None))
    assert made["position"].shape == (3, 1, 31, 17, 2)
    for row, frames in enumerate(LENGTHS):
        seen = made["position"][row, 0, :, 4, 0]
        torch.testing.assert_close(seen[:frames], torch.arange(float(frames)), atol=1e-4, rtol=0)
        assert torch.isnan(made["position"][row, 0, frames:]).all()
        assert (made["score"][row, 0, :frames] == 1).all() and (made["score"][row, 0, frames:] == 0).all()
        assert made["seconds"][row, -1] == pytest.approx((frames - 1) / 30, abs=1e-5)


def test_another_rate_is_another_pace_and_long_clips_lose_their_ends(clips):
    at = moments(clips, ROWS, Sampling(steps=6, rate_hz=10), None)
    np.testing.assert_allclose(at[0], 7.5 + 3 * np.arange(6), atol=1e-4)  # the middle half second
    np.testing.assert_allclose(at[1, :4], 3 * np.arange(4), atol=1e-4)
    assert np.isnan(at[1, 4:]).all() and np.isnan(at[2, 1:]).all() and at[2, 0] == 0


def test_in_training_any_part_is_seen_in_order(clips):
    sampling, starts = Sampling(steps=8, rate_hz=15, crop=0.5, whole=0.2), set()
    for seed in range(20):
        at = moments(clips, ROWS, sampling, np.random.default_rng(seed))
        for row, frames in enumerate(LENGTHS):
            own = at[row][~np.isnan(at[row])]
            assert len(own) and (own >= 0).all() and (own <= frames - 1).all() and (np.diff(own) >= 0).all()
            assert np.isnan(at[row, len(own) :]).all()
        starts.add(round(float(at[0, 0])))
    assert len(starts) > 4
    one, other = (moments(clips, ROWS, sampling, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rate_hz", [-1.0, float("nan"), float("inf")])
def test_a_rate_that_means_nothing_is_refused(rate_hz):
    with pytest.raises(InputError, match=r"Expected sampling\.rate_hz of 0 or more"):
        Sampling(rate_hz=rate_hz)
