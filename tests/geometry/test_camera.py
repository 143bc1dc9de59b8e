"""The calibrated camera: against OpenCV, there and back, mirrored, at the rim, and what it refuses."""

import cv2
import numpy as np
import pytest

from bodyverb.core import InputError
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.known_cameras import CAMERAS
from bodyverb.geometry.rotation import about_x, about_y

rng = np.random.default_rng(0)
POINTS = rng.normal(size=(20_000, 3)) * (1, 1, 0.3) + (0, 0, 4)
TURN = about_y(0.3) @ about_x(-0.2)
LENSES = [(), (0.1, -0.2, 0.001, -0.002), (0.09, -0.27, 0, 0, 0.09), (-0.2, 0.24, -0.0009, -0.0016, -0.003)]
MATRIX = np.array([[1145.0, 0, 512.5], [0, 1143.7, 515.4], [0, 0, 1]])


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("placed", [False, True])
def test_as_opencv_projects(lens, placed):
    turn, shift = (TURN, np.array([0.1, -0.2, 0.3])) if placed else (np.eye(3), np.zeros(3))
    camera = Camera.from_opencv(MATRIX, lens, rotation=turn, translation=shift)
    theirs = cv2.projectPoints(POINTS, cv2.Rodrigues(turn)[0], shift, MATRIX, np.array(lens))[0][:, 0]
    assert np.abs(camera.project(POINTS) - theirs).max() < 1e-9
    np.testing.assert_array_equal(camera.matrix, MATRIX)
    by_vector = Camera.from_opencv(MATRIX, lens, rotation=cv2.Rodrigues(turn)[0], translation=shift[:, None])
    np.testing.assert_allclose(by_vector.rotation, turn, atol=1e-12)


@pytest.mark.parametrize("camera", [*CAMERAS.values(), Camera.from_opencv(MATRIX, LENSES[3], rotation=TURN)])
def test_there_and_back_over_the_whole_picture(camera):
    width, height = camera.image_size or (1000, 1002)
    pixels = np.stack(np.meshgrid(np.arange(0, width, 9.5), np.arange(0, height, 9.5)), axis=-1)
    depth = rng.uniform(0.5, 8, pixels.shape[:2])
    points = camera.unproject(pixels, depth)
    assert np.abs(camera.project(points) - pixels).max() < 1e-6
    np.testing.assert_allclose(camera.unproject(camera.project(points), depth), points, atol=1e-9)
    assert camera.replace(image_size=(width, height)).sees(points).all()


def test_undistorted_pixels_are_those_of_a_pinhole():
    camera = CAMERAS["ntu-a"]
    points = POINTS * (0.3, 0.3, 1)
    pinhole = camera.replace(distortion=0.0)
    np.testing.assert_allclose(camera.undistort(camera.project(points)), pinhole.project(points), atol=1e-9)


def test_the_kinect_picture_is_mirrored():
    """What is to the sensor's left has the larger u, what is above the smaller v; only y turns over."""
    camera = CAMERAS["ntu-a"]
    left, above = camera.project([[0.5, 0, 2], [0, 0.5, 2.0]])
    assert left[0] > 300 and left[1] == pytest.approx(208.495499)
    assert above[1] < 150 and camera.mirrored
    same = camera.replace(axes="cv").project([[0.5, 0, 2], [0, -0.5, 2.0]])
    np.testing.assert_array_equal(same, [left, above])


def test_what_is_not_in_front_or_not_there_is_nan():
    points = np.array([[0, 0, -1.0], [1, 1, 0], [np.nan, 0, 2], [0, 0, 2], [9, 0, 2]])
    camera = CAMERAS["ntu-b"]
    assert np.isnan(camera.project(points)).any(axis=-1).tolist() == [True, True, True, False, False]
    assert camera.sees(points).tolist() == [False, False, False, True, False]


def test_a_point_that_the_lens_folds_back_is_not_seen():
    """r (1 - r^2) has its largest value at r^2 = 1/3; r = 0.95 comes back to 0.09."""
    camera = Camera(focal=100, centre=(50, 50), distortion=(-1, 0, 0, 0, 0), image_size=(100, 100))
    point = np.array([0.95, 0, 1.0])
    assert camera.reach == pytest.approx(1 / 3)
    assert camera.project(point)[0] < 60 and not camera.sees(point)
    assert np.isnan(camera.rays([50 + 39.0, 50])).all() and np.isfinite(camera.rays([50 + 38.0, 50])).all()


def test_shapes_are_kept():
    camera = CAMERAS["kinect-v2-ir"]
    assert camera.project(POINTS.reshape(4, 50, 100, 3)).shape == (4, 50, 100, 2)
    assert camera.project(np.zeros((0, 25, 3))).shape == (0, 25, 2)
    assert camera.unproject(np.ones((3, 4, 2)), np.ones((3, 4))).shape == (3, 4, 3)
    moved = camera.replace(rotation=TURN, translation=(1, 2, 3))
    np.testing.assert_allclose(moved.to_camera(moved.eye), 0, atol=1e-12)
    np.testing.assert_allclose(moved.to_world(moved.to_camera(POINTS)), POINTS, atol=1e-12)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"focal": -1}, "focal"),
        ({"focal": (1, 2, 3)}, "focal"),
        ({"centre": (np.nan, 0)}, "centre"),
        ({"distortion": (1, 2)}, "distortion"),
        ({"rotation": np.diag([1, 1, -1])}, "rotation"),
        ({"translation": "here"}, "translation"),
        ({"axes": "y-up"}, "axes"),
    ],
)
def test_what_is_no_camera(fields, word):
    with pytest.raises(InputError, match=f"Expected .*{word}"):
        Camera(**{"focal": 1, "centre": 0, **fields})


@pytest.mark.parametrize(("matrix", "lens"), [(MATRIX + np.eye(3, k=1), ()), (MATRIX, np.zeros(8))])
def test_cameras_of_other_models(matrix, lens):
    with pytest.raises(InputError, match="Expected"):
        Camera.from_opencv(matrix, lens)


def test_points_of_another_shape():
    with pytest.raises(InputError, match="points"):
        CAMERAS["ntu-a"].project(np.zeros((3, 2)))
    with pytest.raises(InputError, match="pixels"):
        CAMERAS["ntu-a"].rays(np.zeros((3, 3)))
