"""Points from several cameras: exact, weighted, with wrong views, mirrored, and where nothing can be said."""

import numpy as np
import pytest

from bodyverb.core import InputError
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.rotation import about_y
from bodyverb.geometry.triangulation import triangulate

rng = np.random.default_rng(0)
POINTS = rng.normal(size=(6, 17, 3)) * 0.5
CAMERAS = [
    Camera(
        focal=(900, 910),
        centre=(640, 360),
        distortion=(-0.1, 0.05, 0.001, -0.001, 0.01),
        rotation=about_y(turn),
        translation=(0.1, -0.2, 4.0 + at),
        axes="kinect" if at == 3 else "cv",
    )
    for at, turn in enumerate((0.0, 0.8, -0.9, 2.0))
]
PIXELS = np.stack([camera.project(POINTS) for camera in CAMERAS])


@pytest.mark.parametrize("count", [2, 3, 4])
def test_exact_views_give_the_points(count):
    points, distance = triangulate(CAMERAS[:count], PIXELS[:count])
    assert points.shape == (6, 17, 3) and distance.shape == (count, 6, 17)
    np.testing.assert_allclose(points, POINTS, atol=1e-8)
    assert distance.max() < 1e-5


def test_a_wrong_view_is_pulled_down_and_shows():
    pixels = PIXELS.copy()
    pixels[1, :3] += 80
    points, distance = triangulate(CAMERAS, pixels, outlier_px=2)
    plain, _ = triangulate(CAMERAS, pixels, outlier_px=1e9)
    off = np.linalg.norm(points - POINTS, axis=-1)
    assert off[:3].mean() < 0.2 * np.linalg.norm(plain - POINTS, axis=-1)[:3].mean()
    assert (distance[1, :3] > 60).all()
    np.testing.assert_allclose(points[3:], POINTS[3:], atol=1e-8)


def test_noise_averages_out_by_weight():
    noise = rng.normal(size=PIXELS.shape) * np.array([0.2, 0.2, 8, 8])[:, None, None, None]
    weights = np.ones(PIXELS.shape[:-1]) * np.array([1600, 1600, 1, 1])[:, None, None]
    mean = lambda points: np.linalg.norm(points - POINTS, axis=-1).mean()  # noqa: E731
    weighted = mean(triangulate(CAMERAS, PIXELS + noise, weights, outlier_px=1e9)[0])
    assert weighted < 0.002 < mean(triangulate(CAMERAS, PIXELS + noise, outlier_px=1e9)[0])


def test_two_views_are_needed():
    pixels, weights = PIXELS.copy(), np.ones(PIXELS.shape[:-1])
    pixels[:3, 0, 0] = np.nan
    weights[1:, 1, 1], weights[0, 1, 2] = 0, np.nan
    points, distance = triangulate(CAMERAS, pixels, weights)
    assert np.isnan(points[[0, 1], [0, 1]]).all() and np.isfinite(points).all(axis=-1).sum() == 6 * 17 - 2
    np.testing.assert_allclose(points[1, 2], POINTS[1, 2], atol=1e-8)
    assert np.isnan(distance[:3, 0, 0]).all()
    same, _ = triangulate([CAMERAS[0], CAMERAS[0]], PIXELS[[0, 0]])
    assert np.isnan(same).all()


@pytest.mark.parametrize(
    "arguments", [(CAMERAS[:1], PIXELS[:1]), (CAMERAS, PIXELS[:3]), (CAMERAS, PIXELS, 1.0)]
)
def test_what_does_not_fit(arguments):
    with pytest.raises(InputError, match="Expected"):
        triangulate(*arguments)
