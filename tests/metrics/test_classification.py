"""Against scikit-learn on random sets with ties, classes without samples and one class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from bodyverb.core import InputError
from bodyverb.metrics import classification as ours


@st.composite
def sets(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels; often tied, often with classes that nobody has."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    samples, classes = draw(st.integers(1, 40)), draw(st.integers(1, 7))
    score = rng.normal(size=(samples, classes)) * draw(st.sampled_from([0.3, 3.0, 30.0]))
    if draw(st.booleans()):
        score = np.round(score)
    return score, rng.integers(0, draw(st.integers(1, classes)), samples)


def same(one: object, other: object) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(sets())
def test_naming_agrees_with_scikit_learn(given_set: tuple[np.ndarray, np.ndarray]) -> None:
    score, label = given_set
    classes = np.arange(max(2, score.shape[1]))  # scikit-learn warns about a single one
    named = score.argmax(axis=1)
    there = np.unique(label)
    counts = ours.confusion(label, named, len(classes))
    same(counts, reference.confusion_matrix(label, named, labels=classes))
    same(ours.top_k(score, label), reference.accuracy_score(label, named))
    same(
        ours.mean_class_accuracy(counts), reference.recall_score(label, named, labels=there, average="macro")
    )
    each = ours.per_class(counts)
    precision, recall, f1, samples = reference.precision_recall_fscore_support(
        label, named, labels=classes, zero_division=0.0
    )
    absent = samples == 0
    for mine, theirs in ((each.precision, precision), (each.recall, recall), (each.f1, f1)):
        same(mine[~absent], theirs[~absent])
        assert np.isnan(mine[absent]).all()
    same(each.samples, samples)
    for average, mine in (
        ("macro", [ours.macro(part) for part in (each.precision, each.recall, each.f1)]),
        (
            "weighted",
            [ours.weighted(part, each.samples) for part in (each.precision, each.recall, each.f1)],
        ),
    ):
        theirs = reference.precision_recall_fscore_support(
            label, named, labels=there, average=average, zero_division=0.0
        )[:3]
        same(mine, theirs)


@settings(max_examples=60, deadline=None)
@given(sets(), st.integers(1, 6))
def test_top_k_agrees_with_scikit_learn(given_set: tuple[np.ndarray, np.ndarray], k: int) -> None:
    score, label = given_set
    classes = score.shape[1]
    if classes < 3 or k >= classes:
        assert ours.top_k(score, label, classes) == 1.0
        return
    # scikit-learn lets the later of two equal columns win: turn the columns round
    theirs = reference.top_k_accuracy_score(
        classes - 1 - label, score[:, ::-1], k=k, labels=np.arange(classes)
    )
    same(ours.top_k(score, label, k), theirs)


@settings(max_examples=60, deadline=None)
@given(sets())
def test_chances_agree_with_scikit_learn(given_set: tuple[np.ndarray, np.ndarray]) -> None:
    score, label = given_set
    classes = np.arange(score.shape[1])
    chances = ours.probability(score)
    same(chances.sum(axis=1), 1)
    mine = ours.class_average_precision(score, label)
    for c in classes:
        if (label == c).any():
            ranked = ours.log_softmax(score)[:, c]
            same(mine[c], reference.average_precision_score(label == c, ranked))
        else:
            assert np.isnan(mine[c])
    if len(classes) > 1:
        floor = np.log(np.finfo(np.float64).eps)
        if ours.log_softmax(score).min() > floor:  # scikit-learn cuts chances off there
            same(ours.nll(score, label), reference.log_loss(label, chances, labels=classes))
        same(
            ours.brier(score, label),
            reference.brier_score_loss(label, chances, labels=classes, scale_by_half=False),
        )
    right, chance = score.argmax(axis=1) == label, chances.max(axis=1).clip(0, 1)
    table = ours.reliability(score, label)
    accuracy, confidence = calibration_curve(right, chance, n_bins=ours.BINS)
    full = table.samples > 0
    same(table.accuracy[full], accuracy)
    same(table.confidence[full], confidence)
    assert np.isnan(table.accuracy[~full]).all()
    same(table.error, (table.samples[full] * np.abs(accuracy - confidence)).sum() / len(label))


def test_a_class_without_samples_counts_nowhere() -> None:
    score = np.log([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    found = ours.summary(score, np.array([0, 0]))
    assert found["mean_class"] == found["recall"] == 0.5
    assert found["precision"] == 1.0
    assert found["map"] == 1.0
    each = ours.per_class(ours.confusion(np.array([0, 0]), np.array([0, 2]), 3))
    np.testing.assert_array_equal(each.recall, [0.5, np.nan, np.nan])


def test_one_class_is_always_right() -> None:
    found = ours.summary(np.zeros((4, 1)), np.zeros(4, int))
    assert found["top_1"] == found["top_5"] == found["map"] == 1.0
    assert found["nll"] == found["brier"] == found["ece"] == 0.0


def test_equal_scores_name_the_first_class() -> None:
    assert ours.rank(np.zeros((3, 3)), np.array([0, 1, 2])).tolist() == [0, 1, 2]
    assert ours.top_k(np.zeros((3, 3)), np.array([0, 1, 2])) == pytest.approx(1 / 3)


def test_nothing_gives_nan() -> None:
    found = ours.summary(np.zeros((0, 3)), np.zeros(0, int))
    assert found.pop("samples") == 0
    assert all(np.isnan(value) for value in found.values())


@pytest.mark.parametrize(
    ("score", "label", "words"),
    [
        (np.zeros((2, 3)), np.zeros(3, int), "label a sample"),
        (np.full((2, 3), np.nan), np.zeros(2, int), "without NaN"),
        (np.zeros((2, 3)), np.array([0, 3]), "from 0 to 2"),
    ],
)
def test_what_does_not_fit_is_refused(score: np.ndarray, label: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        ours.summary(score, label)
