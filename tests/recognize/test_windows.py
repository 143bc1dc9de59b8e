"""Windows of real seconds."""

import numpy as np
import pytest

from bodyverb.recognize.windows import blend, cut, plan, resample, spans


def test_a_short_track_is_one_window_over_its_own_span():
    assert spans(2.0, 3.0, 3.0, 0.5) == [(2.0, 3.0)]


def test_windows_cover_the_end():
    where = spans(0.0, 4.2, 3.0, 0.5)
    assert where[0] == (0.0, 3.0)
    assert where[-1] == pytest.approx((1.2, 4.2))


@pytest.mark.parametrize("rate", [5, 12.5, 30, 60])
def test_linear_motion_survives_any_rate(rate):
    times = np.arange(0, 4, 1 / rate)
    position = np.stack([times, 2 * times], axis=-1)[:, None]
    targets = np.linspace(0, times[-1], 50)
    np.testing.assert_allclose(resample(times, position, targets)[:, 0, 0], targets, atol=1e-5)


def test_irregular_times():
    times = np.array([0.0, 0.1, 0.35, 0.4])
    position = times[:, None, None] * np.ones((1, 1, 2))
    np.testing.assert_allclose(
        resample(times, position, np.array([0.2, 0.375]))[:, 0, 0], [0.2, 0.375], atol=1e-6
    )


def test_missing_neighbours_and_holes_stay_missing():
    position = np.array([[0.0], [np.nan], [2.0]])[:, :, None]
    mixed = blend(position[:-1], position[1:], np.array([0.25, 0.75])[:, None, None])
    assert mixed.ravel().tolist() == [0.0, 2.0]
    mixed = blend(position[:-1], position[1:], np.array([0.75, 0.25])[:, None, None])
    assert np.isnan(mixed).all()
    times = np.array([0.0, 0.1, 2.0, 2.1])
    assert np.isnan(resample(times, np.zeros((4, 1, 2)), np.array([1.0]))).all()


def test_one_frame():
    lower, weight = plan(np.array([3.0]), np.array([3.0, 3.0]))
    assert (lower == 0).all() and (weight == 0).all()
    windows, seconds = cut(np.array([3.0]), np.ones((1, 2, 2)), [(3.0, 3.0)], 4)
    assert windows.shape == (1, 1, 4, 2, 2)
    assert (seconds == 0).all()


def test_at_a_rate_a_short_window_ends_with_nobody():
    times = np.arange(40) / 20
    position = np.stack([times, times], axis=-1)[:, None]
    where = [(0.0, 1.0), (0.5, 0.7)]
    made, seconds = cut(times, position, where, 12, 10.0)
    assert (
        made.shape == (2, 1, 12, 1, 2) and np.isnan(made[0, 0, 11]).all() and np.isnan(made[1, 0, 3:]).all()
    )
    np.testing.assert_allclose(made[0, 0, :11, 0, 0], np.arange(11) / 10, atol=1e-6)
    np.testing.assert_allclose(made[1, 0, :3, 0, 0], [0.5, 0.6, 0.7], atol=1e-6)
    np.testing.assert_allclose(seconds[1], [0.0, 0.1, *[0.2] * 10], atol=1e-6)
