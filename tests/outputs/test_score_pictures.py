"""Pictures of scores: what must be there is there, at any number of classes."""

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.metrics.classification import confusion, reliability
from bodyverb.outputs.confusion import draw_confusion
from bodyverb.outputs.reliability import draw_reliability
from bodyverb.outputs.strips import Strip, draw_strips, moments

BLUE, ORANGE, GREY = (0, 114, 178), (213, 94, 0), (237, 239, 243)


def near(image: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(image.astype(int) - colour).max(axis=-1) <= 4).sum())


@pytest.mark.parametrize("classes", [1, 2, 10, 27, 60])
def test_a_confusion_matrix_grows_with_its_classes(classes: int) -> None:
    label = np.repeat(np.arange(classes), 3)
    right = draw_confusion(confusion(label, label, classes), [f"verb_{c}" for c in range(classes)], "t")
    assert near(right, BLUE) > 100 * classes
    assert near(right, ORANGE) == 0
    wrong = draw_confusion(confusion(label, np.roll(label, 3), classes), [f"v{c}" for c in range(classes)])
    assert near(wrong, ORANGE if classes > 1 else BLUE) > 100 * classes
    assert max(right.shape) < 2400


def test_an_empty_class_is_a_grey_row() -> None:
    image = draw_confusion(confusion(np.array([0, 0]), np.array([0, 1]), 2), ["a", "b"])
    assert near(image, GREY) > 1000
    assert near(draw_confusion(np.zeros((2, 2), int), ["a", "b"]), GREY) > 4000


def test_long_names_stay_inside() -> None:
    counts = np.eye(2, dtype=int)
    image = draw_confusion(counts, ["x" * 500, "b"], "y" * 500)
    assert max(image.shape) < 700


def test_bars_show_overconfidence() -> None:
    sure = np.log(np.tile([0.9, 0.1], (100, 1)))
    half = draw_reliability(reliability(sure, np.arange(100) % 2))
    good = draw_reliability(reliability(sure, (np.arange(100) >= 90).astype(int)))
    pale = (238, 191, 153)
    assert near(half, pale) > 3000
    assert near(good, pale) == 0
    assert draw_reliability(reliability(np.zeros((0, 2)), np.zeros(0, int))).shape == good.shape


def test_moments_are_those_in_which_somebody_is_there() -> None:
    present = np.zeros(100, bool)
    present[20:40] = True
    assert moments(present, 3).tolist() == [20, 30, 39]
    assert moments(present[:22], 8).tolist() == [20, 21]
    assert moments(present[:10], 8).tolist() == []


@pytest.mark.parametrize("dims", [2, 3])
def test_strips_draw_people_of_any_size(dims: int) -> None:
    skeleton = skeletons.get("coco17")
    rng = np.random.default_rng(0)
    position = rng.normal(size=(9, 2, 17, dims)) * 1e-3
    position[3] = np.nan
    position[4, 1, 5:] = np.nan
    plain = Strip(position=position, seconds=np.arange(9.0), skeleton=skeleton, title="a", notes=("b",))
    heat = Strip(**(vars(plain) | {"heat": np.ones((9, 17))}))
    empty = Strip(**(vars(plain) | {"position": position * np.nan}))
    one = Strip(**(vars(plain) | {"position": position[:1], "seconds": np.zeros(1)}))
    red = (213, 40, 20)
    assert near(draw_strips("t", [plain, empty, one]), red) == 0
    assert near(draw_strips("t", [heat]), red) > 500
    assert draw_strips("t", []).shape[1] == draw_strips("t", [plain]).shape[1]
