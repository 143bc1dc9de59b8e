import numpy as np
import pytest

from bodyverb.metrics.pck import pck, pck_report, torso_px

NAMES = ("left_shoulder", "right_shoulder", "left_hip", "right_hip", "nose")


def body() -> np.ndarray:
    return np.array([[[10.0, 0], [0, 0], [10, 30], [0, 40], [5, -10]]])


def test_torso_is_the_longer_visible_diagonal() -> None:
    pairs = ((0, 3), (1, 2))
    assert torso_px(body(), pairs)[0] == pytest.approx(np.hypot(10, 40))
    hidden = body()
    hidden[0, 3] = np.nan
    assert torso_px(hidden, pairs)[0] == pytest.approx(np.hypot(10, 30))
    hidden[0, 2] = np.nan
    assert np.isnan(torso_px(hidden, pairs)[0])


def test_threshold_is_inclusive_and_missing_estimates_are_wrong() -> None:
    truth = body()
    estimate = truth.copy()
    estimate[0, 4, 0] += 2.0
    estimate[0, 0] = np.nan
    share, each = pck(estimate, truth, np.array([10.0]))
    assert share == pytest.approx(4 / 5)
    assert each.tolist() == [0, 1, 1, 1, 1]
    assert pck(estimate + 1e-6, truth, np.array([10.0]))[1][4] == 0


def test_rows_without_scale_and_hidden_joints_do_not_count() -> None:
    truth = np.concatenate([body(), body()])
    truth[1, 4] = np.nan
    share, each = pck(truth + 100, truth, np.array([np.nan, 1000.0]))
    assert share == 1.0 and np.isnan(each[4])


def test_report_counts_upright_people_apart() -> None:
    truth = np.concatenate([body(), body() * [1, -1]])
    estimate = truth.copy()
    estimate[1] += 100
    report = pck_report(estimate, truth, NAMES)
    assert report["rows"] == 2 and report["rows_upright"] == 1
    assert report["pck"] == pytest.approx(0.5) and report["pck_upright"] == 1.0


def test_nothing_to_count_is_nan() -> None:
    assert np.isnan(pck(body(), body() * np.nan, np.array([1.0]))[0])
