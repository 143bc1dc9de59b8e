import numpy as np
import pytest

from bodyverb.geometry.heatmap import decode_gaussian, decode_softmax


def gaussian(x: float, y: float, size: int = 32, sigma: float = 1.0) -> np.ndarray:
    grid = np.arange(size)
    return -((grid[None] - x) ** 2 + (grid[:, None] - y) ** 2) / (2 * sigma**2)


@pytest.mark.parametrize(("x", "y"), [(12.0, 20.0), (12.4, 20.3), (0.0, 31.0), (31.0, 0.0)])
def test_softmax_finds_the_centre_between_cells(x: float, y: float) -> None:
    position, mass = decode_softmax(gaussian(x, y)[None, None], stride=4)
    expected = (np.array([x, y]) + 0.5) * 4 - 0.5
    border = 4 if min(x, y) == 0 else 0.7  # half of the window hangs over the border there
    assert np.abs(position[0, 0] - expected).max() < border
    assert 0.9 < mass[0, 0] <= 1 + 1e-6


def test_a_second_mode_does_not_pull() -> None:
    two = np.logaddexp(gaussian(8, 8), gaussian(25, 25) - 0.1)
    position, mass = decode_softmax(two[None, None], stride=1)
    assert np.abs(position[0, 0] - 8).max() < 0.05
    assert 0.4 < mass[0, 0] < 0.6


def test_a_flat_map_has_little_mass() -> None:
    _, mass = decode_softmax(np.zeros((1, 1, 32, 32)), stride=4)
    assert mass[0, 0] < 0.03


def test_gaussian_peak_moves_a_quarter_cell() -> None:
    maps = np.exp(gaussian(12.4, 20.0))[None, None]
    position, score = decode_gaussian(maps, stride=4)
    assert position[0, 0].tolist() == [12.25 * 4, 20.0 * 4]
    assert score[0, 0] == pytest.approx(maps.max())
