"""What a card says of windows, thresholds and pairs, and which convolutions may stay in float."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from bodyverb import skeletons
from bodyverb.train.clips import Clips
from bodyverb.train.lab_settings import Sampling
from bodyverb.train.predictions import Predictions
from bodyverb.train.quantize_verbs import _ladder, agreement
from bodyverb.train.verbs_card import pair_classes, thresholds, window


def clips(lengths_s: list[float], second: list[bool], label: list[int]) -> Clips:
    """Clips of two frames each; the second person is there where `second` says so."""
    count, skeleton = len(lengths_s), skeletons.get("coco17")
    position = np.ones((2 * count, 2, 17, 2), np.float32)
    position[~np.repeat(second, 2), 1] = np.nan
    return Clips(
        position=position,
        score=np.ones(position.shape[:3], np.float32),
        seconds=np.stack([np.zeros(count), lengths_s], axis=1).reshape(-1).astype(np.float32),
        first=np.arange(0, 2 * count, 2),
        frames=np.full(count, 2),
        label=np.array(label),
        ids=tuple(f"c{k}" for k in range(count)),
        subject=("",) * count,
        camera=("",) * count,
        classes=("hug", "walk", "push"),
        skeleton=skeleton,
    )


def predictions(chance: np.ndarray, right: np.ndarray) -> Predictions:
    """Two classes; the named one has `chance`."""
    count = len(chance)
    return Predictions(
        ids=tuple(f"c{k}" for k in range(count)),
        label=np.where(right, 0, 1),
        score=np.log(np.stack([chance, 1 - chance], axis=1)),
        classes=("a", "b"),
        subject=("",) * count,
        camera=("",) * count,
    )


def test_windows_are_as_long_as_half_of_the_clips() -> None:
    some = clips([1.0, 2.0, 9.0], [False] * 3, [0, 1, 2])
    assert window(some, Sampling()) == 2.0
    assert window(clips([0.0, 0.0], [False] * 2, [0, 1]), Sampling()) == 0.5
    assert window(clips([99.0, 99.0], [False] * 2, [0, 1]), Sampling()) == 10.0
    assert window(some, Sampling(steps=31, rate_hz=20)) == 1.5


def test_pairs_are_classes_that_mostly_show_two() -> None:
    some = clips([1.0] * 6, [True, True, False, False, True, False], [0, 0, 0, 1, 1, 1])
    assert pair_classes(some) == ["hug"]
    assert pair_classes(replace(some, position=some.position * np.nan)) == []


def test_nineteen_of_twenty_right_verbs_would_begin() -> None:
    chance = np.linspace(0.6, 0.99, 100)
    limits = thresholds(predictions(chance, np.ones(100, bool)))
    assert (chance >= limits["known_on"]).mean() == pytest.approx(0.95, abs=0.01)
    assert limits["known_off"] < limits["known_on"]
    assert thresholds(predictions(chance, np.zeros(100, bool)))["known_on"] == 0.6


def test_agreement_counts_verdicts_and_points() -> None:
    one = predictions(np.full(10, 0.9), np.ones(10, bool))
    other = predictions(np.array([0.9] * 9 + [0.4]), np.ones(10, bool))
    assert agreement(one, one) == {"same": 1.0, "points lost": 0.0}
    assert agreement(one, other)["same"] == 0.9
    assert agreement(one, other)["points lost"] == pytest.approx(10.0)


def test_at_most_half_of_the_convolutions_stay_in_float() -> None:
    assert list(_ladder(12)) == [set(), {0}, {0, 11}, {0, 11, 1, 10}]
    assert list(_ladder(1)) == [set()]
    assert list(_ladder(2)) == [set(), {0}]
