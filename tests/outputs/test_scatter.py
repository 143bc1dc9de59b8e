"""Dots are where their values say, and their names do not lie on each other."""

from pathlib import Path

import numpy as np
import pytest

from bodyverb.core import OutputError
from bodyverb.outputs.palette import VERBS
from bodyverb.outputs.scatter import Axis, Dot, draw_scatter, write_scatter

ALONG, UP = Axis(title="work", log=True), Axis(title="speed")


def middle(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Centre (x, y) of the px of one colour."""
    y, x = np.nonzero((image == colour).all(axis=2))
    return np.array([x.mean(), y.mean()])


def test_dots_lie_on_their_scales() -> None:
    dots = [Dot(name=name, x=x, y=y) for name, x, y in (("a", 1, 10), ("b", 10, 20), ("c", 100, 30))]
    image = draw_scatter("three", dots, ALONG, UP)
    a, b, c = (middle(image, VERBS[number]) for number in range(3))
    assert np.abs(b - (a + c) / 2).max() < 1.5, "equal factors along, equal steps up"
    assert a[0] < b[0] < c[0] and a[1] > b[1] > c[1]


def test_a_larger_size_is_a_larger_dot_and_equal_values_are_drawn() -> None:
    image = draw_scatter("two", [Dot(name="a", x=1, y=1), Dot(name="b", x=2, y=1, size=9)], ALONG, UP)
    small, large = ((image == VERBS[number]).all(axis=2).sum() for number in range(2))
    assert large > 2 * small > 0
    assert draw_scatter("one", [Dot(name="a", x=5, y=0)], ALONG, UP).any()


def test_a_picture_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    assert write_scatter(tmp_path / "new" / "a.png", "", [], ALONG, UP).stat().st_size > 1000
    with pytest.raises(OutputError, match="Expected to write a picture"):
        write_scatter(tmp_path / "a.nonsense", "", [], ALONG, UP)
