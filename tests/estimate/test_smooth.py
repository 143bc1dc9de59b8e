"""Smoothing: what passes, what is filled, what stays missing, at any rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core.errors import InputError
from bodyverb.core.pose import PoseSequence
from bodyverb.estimate.smooth import METHODS, default_method, insert_rows, smooth

LSP = skeletons.get("lsp14")
FILTERS = [m for m in METHODS if m != "none"]
ZERO_PHASE = ["butterworth", "savgol"]


def sequence(position: np.ndarray, times: np.ndarray, **fields: object) -> PoseSequence:
    return PoseSequence.from_arrays(position, skeleton=LSP, timestamps_s=times, **fields)


def still(times: np.ndarray, persons: int = 1) -> np.ndarray:
    """(P, T, 14, 2): bodies of 200 px at rest."""
    body = np.stack([np.linspace(100, 180, 14), np.linspace(50, 250, 14)], axis=-1)
    return np.broadcast_to(body, (persons, len(times), 14, 2)).copy()


def wave(times: np.ndarray, hz: float, px: float = 20.0) -> np.ndarray:
    return still(times) + px * np.sin(2 * np.pi * hz * times)[None, :, None, None]


def gain(method: str, hz: float, rate: float = 60.0) -> float:
    times = np.arange(int(4 * rate)) / rate
    out = smooth(sequence(wave(times, hz), times), method, reject_spikes=False).position
    middle = slice(len(times) // 4, -len(times) // 4)
    return float(np.std(out[0, middle, 0, 0]) / np.std(wave(times, hz)[0, middle, 0, 0]))


irregular = st.lists(st.sampled_from([1 / 60, 1 / 30, 0.04, 0.1]), min_size=0, max_size=40).map(
    lambda steps: np.concatenate([[0.0], np.cumsum(steps)])
)
holes = st.integers(0, 2**32 - 1)


@given(irregular, st.sampled_from(FILTERS), st.floats(-1e3, 1e3))
@settings(max_examples=20, deadline=None)
def test_a_constant_passes_unchanged(times: np.ndarray, method: str, shift: float) -> None:
    track = sequence(still(times) + shift, times)
    np.testing.assert_allclose(smooth(track, method).position, track.position, atol=1e-3)


@given(irregular, st.sampled_from(FILTERS), holes)
@settings(max_examples=20, deadline=None)
def test_what_is_seen_stays_seen_and_what_is_missing_is_nan_or_marked(
    times: np.ndarray, method: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    position = still(times) + rng.normal(0, 3, (1, len(times), 14, 2))
    position[rng.random((1, len(times), 14)) < 0.4] = np.nan
    score = rng.uniform(0.2, 1, (1, len(times), 14))
    track = sequence(position, times, score=score * np.isfinite(position[..., 0]))
    out = smooth(track, method, reject_spikes=False)
    seen = track.state == 2
    assert np.array_equal(out.state == 2, seen)
    assert np.array_equal(out.score[seen], track.score[seen])
    assert np.isfinite(out.position[seen]).all()
    filled = out.state == 1
    assert np.isfinite(out.position[filled]).all()
    assert (out.score[filled] <= 0.5).all() and (out.score[filled] > 0).all()
    assert not filled[:, [0, -1]].any()
    low, high = np.nanmin(position, initial=1e9) - 40, np.nanmax(position, initial=-1e9) + 40
    known = out.position[out.state > 0]
    assert ((known > low) & (known < high)).all()


@given(irregular, st.sampled_from(ZERO_PHASE), holes)
@settings(max_examples=20, deadline=None)
def test_zero_phase_filters_treat_both_directions_of_time_alike(
    times: np.ndarray, method: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    position = still(times) + rng.normal(0, 5, (1, len(times), 14, 2)).cumsum(axis=1)
    position[rng.random((1, len(times), 14)) < 0.1] = np.nan
    there = smooth(sequence(position, times), method).position
    back = smooth(sequence(position[:, ::-1], (times[-1] - times)[::-1]), method).position[:, ::-1]
    np.testing.assert_allclose(there, back, atol=2e-2)


def test_butterworth_loses_3_db_at_the_cutoff() -> None:
    assert gain("butterworth", 6.0) == pytest.approx(np.sqrt(0.5), abs=0.01)
    assert gain("butterworth", 6.0, rate=16) == pytest.approx(np.sqrt(0.5), abs=0.03)
    assert gain("butterworth", 1.0) > 0.99 and gain("butterworth", 20.0) < 0.02


@pytest.mark.parametrize("method", ZERO_PHASE)
def test_rates_below_twice_the_cutoff_pass_unchanged(method: str) -> None:
    times = np.arange(40) / 5
    noisy = still(times) + np.random.default_rng(0).normal(0, 9, (1, 40, 14, 2))
    np.testing.assert_allclose(smooth(sequence(noisy, times), method).position, noisy, atol=1e-3)


def test_savgol_has_about_the_same_cutoff() -> None:
    assert 0.65 < gain("savgol", 6.0) < 0.85
    assert gain("savgol", 6.0, rate=16) == pytest.approx(1.0)
    assert gain("savgol", 1.0) > 0.99 and gain("savgol", 20.0) < 0.25


@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize("rate", [15, 30, 60])
def test_noise_falls_and_motion_stays(method: str, rate: float) -> None:
    times = np.arange(int(6 * rate)) / rate
    truth = wave(times, 0.7, 40)
    noisy = truth + np.random.default_rng(0).normal(0, 4, truth.shape)
    out = smooth(sequence(noisy, times), method).position
    before = np.sqrt(np.mean((noisy - truth) ** 2))
    after = np.sqrt(np.mean((out - truth) ** 2))
    limit = {15: 1.01, 30: 0.85, 60: 0.7}[rate] if method != "one-euro" else 1.25
    assert after < limit * before
    jitter = np.std(np.diff(out, axis=1)) / np.std(np.diff(noisy, axis=1))
    assert jitter < (1.01 if rate == 15 else 0.75)


def test_uneven_times_are_filtered_in_seconds() -> None:
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.choice([1 / 60, 1 / 30, 1 / 20], 300))
    truth = wave(times, 0.7, 40)
    noisy = truth + rng.normal(0, 4, truth.shape)
    out = smooth(sequence(noisy, times), "butterworth").position
    assert np.sqrt(np.mean((out - truth) ** 2)) < 0.8 * np.sqrt(np.mean((noisy - truth) ** 2))
    np.testing.assert_allclose(smooth(sequence(truth, times)).position, truth, atol=1.5)


@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize(
    ("rate", "missing", "filled"), [(30, 7, True), (30, 8, False), (5, 1, True), (5, 2, False)]
)
def test_gaps_up_to_a_quarter_of_a_second_are_filled(
    method: str, rate: float, missing: int, filled: bool
) -> None:
    times = np.arange(40) / rate
    position = wave(times, 0.2)
    truth = position.copy()
    position[:, 15 : 15 + missing, 3] = np.nan
    out = smooth(sequence(position, times, score=np.full((1, 40, 14), 0.8)), method)
    hole = out.state[0, 15 : 15 + missing, 3]
    assert (hole == (1 if filled else 0)).all()
    assert np.allclose(out.score[0, 15 : 15 + missing, 3], 0.4 if filled else 0)
    if filled:
        np.testing.assert_allclose(
            out.position[0, 15 : 15 + missing, 3], truth[0, 15 : 15 + missing, 3], atol=8
        )
    assert (np.delete(out.state[0], 3, axis=1) == 2).all()


@pytest.mark.parametrize("method", FILTERS)
def test_nothing_leaks_across_a_long_gap(method: str) -> None:
    times = np.arange(60) / 30
    position = still(times)
    position[:, 35:] += 300
    position[:, 25:35] = np.nan
    out = smooth(sequence(position, times), method).position
    np.testing.assert_allclose(out, position, atol=1e-3)


@pytest.mark.parametrize("method", FILTERS)
def test_nothing_leaks_across_missing_rows(method: str) -> None:
    times = np.concatenate([np.arange(20) / 30, 2 + np.arange(20) / 30])
    position = still(times)
    position[:, 20:] += 300
    np.testing.assert_allclose(smooth(sequence(position, times), method).position, position, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", range(12))
def test_short_tracks(method: str, count: int) -> None:
    times = np.arange(count) / 30
    out = smooth(sequence(still(times), times), method)
    np.testing.assert_allclose(out.position, still(times), atol=1e-3)


def test_low_scores_count_as_missing() -> None:
    times = np.arange(30) / 30
    position, score = still(times), np.full((1, 30, 14), 0.9)
    position[0, 10, 2] += 500
    score[0, 10, 2] = 0.05
    score[0, 15:, 4] = 0.05
    out = smooth(sequence(position, times, score=score))
    np.testing.assert_allclose(out.position[0, :, 2], still(times)[0, :, 2], atol=1e-3)
    assert out.state[0, 10, 2] == 1 and out.score[0, 10, 2] == pytest.approx(0.45)
    assert np.isnan(out.position[0, 15:, 4]).all() and (out.state[0, 15:, 4] == 0).all()
    kept = smooth(sequence(position, times, score=score), min_score=0.0, reject_spikes=False)
    assert (kept.state == 2).all()


def test_a_spike_is_replaced_and_fast_motion_is_not() -> None:
    times = np.arange(60) / 30
    noise = np.random.default_rng(0).normal(0, 2, (1, 60, 14, 2))
    position = still(times) + noise
    position[0, 20, 6] += (120, -60)
    out = smooth(sequence(position, times))
    assert np.argwhere(out.state != 2).tolist() == [[0, 20, 6]]
    assert np.linalg.norm(out.position[0, 20, 6] - still(times)[0, 20, 6]) < 6
    punch = wave(times, 3.0, 60)  # 60 px of 200 px there and back, three times a second
    assert (smooth(sequence(punch, times)).state == 2).all()
    slow = np.arange(20) / 5
    jump = still(slow)
    jump[0, 10, 6] += 150
    assert (smooth(sequence(jump, slow), "one-euro").state == 2).all()


@pytest.mark.parametrize("method", FILTERS)
def test_boxes_follow_and_persons_do_not_mix(method: str) -> None:
    times = np.arange(40) / 30
    position = still(times, persons=2)
    position[1] += 400
    box = np.concatenate([position.min(axis=2), position.max(axis=2)], axis=-1)
    track_box = box.copy()
    track_box[0, 10:13], track_box[1, 10:30] = np.nan, np.nan
    out = smooth(sequence(position, times, box=track_box), method)
    np.testing.assert_allclose(out.position, position, atol=1e-3)
    np.testing.assert_allclose(out.box[0], box[0], atol=1e-3)
    assert np.array_equal(np.isnan(out.box[1, :, 0]), np.isnan(track_box[1, :, 0]))


def test_three_dimensions_in_metres() -> None:
    times = np.arange(60) / 30
    rng = np.random.default_rng(0)
    truth = np.broadcast_to(rng.normal(0, 0.5, (14, 3)), (1, 60, 14, 3))
    track = sequence(truth + rng.normal(0, 0.02, truth.shape), times)
    for method in FILTERS:
        out = smooth(track, method)
        assert np.std(out.position - truth) < 0.8 * 0.02 and out.unit == "m"


def test_none_and_extras_and_ids_pass() -> None:
    times = np.arange(10) / 30
    track = sequence(still(times), times, extras={"depth_mm": np.ones((1, 10, 14))}, person_ids=("7",))
    assert smooth(track, "none") is track
    out = smooth(track)
    assert out.person_ids == ("7",) and np.array_equal(out.extras["depth_mm"], track.extras["depth_mm"])
    assert np.array_equal(out.timestamps_s, track.timestamps_s)


def test_insert_rows_opens_short_holes_only() -> None:
    frames = np.arange(90) / 30
    own = np.delete(frames, [0, 1, 10, 11, 12, *range(30, 50), 88, 89])
    track = insert_rows(sequence(still(own), own), frames)
    assert np.array_equal(np.setdiff1d(track.timestamps_s, own), frames[[10, 11, 12]])
    out = smooth(track)
    assert (out.state[0, 8:11] == 1).all() and np.isfinite(out.position).all()
    assert insert_rows(track, own) is track


def test_insert_rows_of_a_track_seen_in_every_other_frame() -> None:
    frames = np.arange(20) / 30
    track = insert_rows(sequence(still(frames[::2]), frames[::2]), frames)
    assert track.frames == 19


def test_default_method() -> None:
    assert [default_method(r) for r in (None, 5, 14.9, 14.99, 15, 60)] == ["one-euro"] * 3 + [
        "butterworth"
    ] * 3
    assert default_method(30, live=True) == "one-euro"


def test_wrong_arguments_are_named() -> None:
    track = sequence(still(np.arange(3) / 30), np.arange(3) / 30)
    with pytest.raises(InputError, match="butterworth, one-euro"):
        smooth(track, "median")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="cutoff_hz > 0"):
        smooth(track, cutoff_hz=0)
