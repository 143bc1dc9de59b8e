"""The streaming filter: causal, resumable, calm at rest and quick in motion."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bodyverb.core.errors import InputError
from bodyverb.estimate.one_euro import OneEuro

TIMES = np.arange(90) / 30
NOISY = np.random.default_rng(0).normal(0, 3, (90, 14, 2)) + 100


def play(smooth: OneEuro, values: np.ndarray, times: np.ndarray = TIMES, size: float = 200.0) -> np.ndarray:
    return np.stack([smooth(float(t), v, size) for t, v in zip(times, values, strict=True)])


def test_output_depends_on_the_past_alone() -> None:
    whole = play(OneEuro(), NOISY)
    np.testing.assert_array_equal(play(OneEuro(), NOISY[:40], TIMES[:40]), whole[:40])


def test_calm_at_rest_and_quick_in_motion() -> None:
    out = play(OneEuro(), NOISY)
    assert np.std(out[30:]) < 0.6 * np.std(NOISY)
    ramp = np.zeros((90, 1, 2)) + (600 * TIMES)[:, None, None]  # 3 body sizes / s
    lag = ramp[60:, 0, 0] - play(OneEuro(), ramp)[60:, 0, 0]
    assert lag.max() < 0.03 * 600


def test_scale_of_the_picture_does_not_matter() -> None:
    small = play(OneEuro(), NOISY)
    np.testing.assert_allclose(play(OneEuro(), 5 * NOISY, size=1000.0), 5 * small, rtol=1e-9)


def test_missing_points_are_nan_and_long_gaps_start_afresh() -> None:
    values = NOISY.copy()
    values[20:24, 3] = np.nan
    values[40:60, 5, 0] = np.nan
    values[60:, 5] += 500
    out = play(OneEuro(), values)
    assert np.isnan(out[20:24, 3]).all() and np.isnan(out[40:60, 5]).all()
    assert np.isfinite(np.delete(out, [3, 5], axis=1)).all()
    assert not np.array_equal(out[24, 3], values[24, 3])
    np.testing.assert_array_equal(out[60, 5], values[60, 5])


@pytest.mark.parametrize("cut", [0, 1, 45])
def test_state_survives_json_and_goes_on_exactly(cut: int) -> None:
    values = NOISY.copy()
    values[10:80, 2] = np.nan
    first = OneEuro(beta=3.0)
    play(first, values[:cut], TIMES[:cut]) if cut else None
    second = OneEuro.from_state(json.loads(json.dumps(first.state(), allow_nan=False)))
    np.testing.assert_array_equal(
        play(second, values[cut:], TIMES[cut:]), play(OneEuro(beta=3.0), values)[cut:]
    )


def test_wrong_input_is_named() -> None:
    with pytest.raises(InputError, match="cut-offs"):
        OneEuro(min_cutoff_hz=0)
    smooth = OneEuro()
    smooth(0.0, np.zeros((2, 2)))
    with pytest.raises(InputError, match="one a track|a filter a track"):
        smooth(0.1, np.zeros((3, 2)))
    with pytest.raises(InputError, match="complete filter state"):
        OneEuro.from_state({})
