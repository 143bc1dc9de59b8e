"""Fusion by clip id; what differs is refused in a line; weights come from the validation part."""

from pathlib import Path

import numpy as np
import pytest

from bodyverb.core import InputError
from bodyverb.metrics import classification as metrics
from bodyverb.train import fuse
from bodyverb.train.predictions import Predictions


def predicted(strength: float, seed: int, clips: int = 200) -> Predictions:
    """Scores in which the right class stands out by `strength`; order of the clips by seed."""
    label = np.random.default_rng(0).integers(0, 5, clips)
    rng = np.random.default_rng(seed)
    score = rng.normal(size=(clips, 5))
    score[np.arange(clips), label] += strength
    made = Predictions(
        ids=tuple(f"clip{k}" for k in range(clips)),
        label=label,
        score=metrics.log_softmax(score),
        classes=tuple("abcde"),
        subject=("",) * clips,
        camera=("",) * clips,
    )
    return made.take(rng.permutation(clips))


def test_clips_are_matched_by_id() -> None:
    sets = fuse.aligned([predicted(1, 1), predicted(1, 2)], ["a", "b"])
    assert sets[0].ids == sets[1].ids
    fused = fuse.fuse(sets, (3, 1))
    expected = 0.75 * sets[0].score + 0.25 * sets[1].score
    np.testing.assert_allclose(fused.score, expected, atol=1e-12)
    assert fused.ids == sets[0].ids
    assert fused.about["weights"] == [0.75, 0.25]


def test_two_are_better_than_one() -> None:
    sets = fuse.aligned([predicted(1.5, 1), predicted(1.5, 2)], ["a", "b"])
    single = [metrics.top_k(one.score, one.label) for one in sets]
    fused = fuse.fuse(sets, (1, 1))
    assert metrics.top_k(fused.score, fused.label) > max(single) + 0.03


def test_scores_that_are_not_normalised_count_the_same() -> None:
    one, two = fuse.aligned([predicted(1, 1), predicted(1, 2)], ["a", "b"])
    shifted = Predictions(**(vars(two) | {"score": two.score - 3.0}))
    np.testing.assert_allclose(fuse.fuse([one, shifted], (1, 1)).score, fuse.fuse([one, two], (1, 1)).score)


def test_search_finds_whom_to_trust() -> None:
    sets = fuse.aligned([predicted(2.5, 1), predicted(0.0, 2), predicted(2.5, 3)], list("abc"))
    weights = fuse.search(sets)
    assert weights[1] <= 1 and weights[0] >= 1 and weights[2] >= 1
    found = fuse.fuse(sets, weights)
    equal = fuse.fuse(sets, (1, 1, 1))
    assert metrics.top_k(found.score, found.label) > metrics.top_k(equal.score, equal.label)
    assert fuse.search([sets[0]]) == (1,)


def test_search_has_an_end() -> None:
    one = predicted(1, 1, clips=3)
    assert len(fuse.search([one] * 9)) == 9
    with pytest.raises(InputError, match="at most 14 runs"):
        fuse.search([one] * 15)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": tuple("abcdf")}, "same classes.*: x, y"),
        ({"label": np.zeros(200, int)}, "others for .* the first: .*: x, y"),
        ({"ids": tuple(f"other{k}" for k in range(200))}, "400 in one only, the first: clip0.*: x, y"),
    ],
)
def test_sets_that_differ_are_refused(changes: dict, words: str) -> None:
    one, two = predicted(1, 1), predicted(1, 2)
    with pytest.raises(InputError, match=words):
        fuse.aligned([one, Predictions(**(vars(two) | changes))], ["x", "y"])


def test_a_part_of_the_clips_is_refused() -> None:
    with pytest.raises(InputError, match="got 200 and 10 with 190 in one only"):
        fuse.aligned([predicted(1, 1), predicted(1, 2).take(range(10))], ["x", "y"])


@pytest.mark.parametrize("weights", [(1,), (0, 0), (1, -1), (1, float("nan"))])
def test_weights_that_are_none_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="2 weights of 0 or more"):
        fuse.fuse([predicted(1, 1), predicted(1, 1)], weights)


@pytest.mark.parametrize("text", ["1:2:3", "1", "a:b", "", "1,2"])
def test_typed_weights_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="`search` or 2 weights"):
        fuse.parse_weights(text, 2)
    assert fuse.parse_weights("2:1", 2) == (2, 1)


def test_files_of_runs_and_evaluations(tmp_path: Path) -> None:
    made = predicted(1, 1)
    made.save(tmp_path / "run" / "predictions" / "test.npz")
    made.save(tmp_path / "saved" / "predictions.npz")
    assert fuse.predictions_file(tmp_path / "run", "test").parent.parent == tmp_path / "run"
    assert fuse.predictions_file(tmp_path / "saved", "test").parent == tmp_path / "saved"
    assert fuse.predictions_file(tmp_path / "saved" / "predictions.npz", "test").is_file()
    assert fuse.validation_file(tmp_path / "run") is None
    made.save(tmp_path / "run" / "predictions" / "validation.npz")
    assert fuse.validation_file(tmp_path / "run") is not None
    assert fuse.validation_file(tmp_path / "run" / "predictions" / "test.npz") is not None
    with pytest.raises(InputError, match="bodyverb evaluate"):
        fuse.predictions_file(tmp_path, "test")
