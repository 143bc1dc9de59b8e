"""A pose net's statistics are found again from poses that they spoilt."""

import numpy as np
import pytest

pytest.importorskip("torch")

from bodyverb import skeletons
from bodyverb.core import InputError
from bodyverb.train.augment.pose_error import PoseErrorModel
from bodyverb.train.pose_statistics import measure_errors

FLIP = np.array(skeletons.get("penn13").flip)


def poses() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    true = np.repeat(rng.normal(size=(40, 1, 13, 2)) * 60 + 200, 50, axis=1).astype(np.float32)
    return true, np.tile(np.arange(50) / 30.0, (40, 1))


def test_rates_and_sizes_come_back():
    true, seconds = poses()
    model = PoseErrorModel(sd=(0.02,), outlier_rate=(0.06,), outlier_sd=0.5, miss_rate=(0.1,), swap_rate=0.05)
    found = model.apply(true, seconds, FLIP, np.random.default_rng(1))
    again = measure_errors(true, found, FLIP, seconds=seconds, source="test")
    assert np.mean(again.sd) == pytest.approx(0.02, rel=0.1)
    assert np.mean(again.outlier_rate) == pytest.approx(0.06, abs=0.012)
    assert np.mean(again.miss_rate) == pytest.approx(0.1, abs=0.02)
    assert again.swap_rate == pytest.approx(0.05, abs=0.01)
    assert again.memory_s < 0.02


def test_memory_comes_back():
    true = np.tile(poses()[0], (1, 4, 1, 1))
    seconds = np.tile(np.arange(200) / 30.0, (40, 1))
    model = PoseErrorModel(sd=(0.02,), outlier_rate=(0.0,), miss_rate=(0.0,), swap_rate=0.0, memory_s=0.15)
    found = model.apply(true, seconds, FLIP, np.random.default_rng(1))
    assert measure_errors(true, found, FLIP, seconds=seconds, source="test").memory_s == pytest.approx(
        0.15, abs=0.04
    )


def test_nothing_in_common_is_refused():
    true, _ = poses()
    with pytest.raises(InputError, match="none"):
        measure_errors(true, np.full_like(true, np.nan), FLIP, source="test")
    with pytest.raises(InputError, match="align"):
        measure_errors(true, true[:, :, :5], FLIP, source="test")
