"""Panels of curves and ranges: what is drawn where, broken lines, one scale for several, and bad names."""

import numpy as np
import pytest

from bodyverb.core import OutputError
from bodyverb.outputs.curves import WIDTH, Curve, Panel, Range, Ranges, draw_panels, write_panels

RED, BLUE = (200, 0, 0), (0, 0, 200)


def curve(y: list[float], colour: tuple[int, int, int] = RED) -> Curve:
    return Curve(name="a", x=np.arange(len(y), dtype=float), y=np.array(y), colour=colour)


def rows_of(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """The rows in which a colour occurs."""
    return np.flatnonzero((image == colour).all(axis=2).any(axis=1))


def test_higher_values_lie_higher_and_a_gap_stays_open():
    panel = Panel(title="t", across="x", curves=[curve([1, 1, np.nan, 9, 9]), curve([5] * 5, BLUE)])
    image = draw_panels("title", [[panel, panel]])
    assert image.dtype == np.uint8 and image.shape[1] == 2 * WIDTH
    image = image[:, :WIDTH]
    reds, blues = rows_of(image, RED), rows_of(image, BLUE)
    low, high = reds[reds > blues.max()], reds[reds < blues.min()]
    assert low.size and high.size and low.size + high.size == reds.size
    columns = np.flatnonzero((image == RED).all(axis=2).any(axis=0))
    assert np.diff(columns).max() > 100  # nothing between the two pieces


def test_a_logarithmic_scale_leaves_out_what_is_not_positive():
    def level(y: list[float], span: tuple[float, float]) -> int:
        panel = Panel(title="", across="", curves=[curve(y)], log=True, span=span)
        return int(rows_of(draw_panels("", [[panel]]), RED).mean())

    levels = [level([value, 0.0, -1.0, value], (1e-4, 1e2)) for value in (1e-3, 1e-1, 1e1)]
    assert levels[0] - levels[1] == pytest.approx(levels[1] - levels[2], abs=2) and levels[0] > levels[1]


def test_ranges_and_labels():
    rows = [Range(name="one", low=1e-3, high=1.0, dot=0.1, tick=0.5, colour=RED)]
    panels = [
        [Ranges(title="r", across="px", rows=rows, span=(1e-5, 10.0))],
        [Panel(title="p", across="", curves=[curve([1, 2])], labels=["left hand", "right hand"])],
    ]
    image = draw_panels("title", panels)
    assert image.shape[1] == WIDTH and rows_of(image, RED).size > 20


def test_a_name_that_is_no_picture(tmp_path):
    panel = Panel(title="t", across="x", curves=[curve([1, 2])])
    assert write_panels(tmp_path / "a.png", "t", [[panel]]).read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputError, match=r"picture such as \.png"):
        write_panels(tmp_path / "a.nothing", "t", [[panel]])
