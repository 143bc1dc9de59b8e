"""Cameras: conventions of the view, projection, clipping."""

import numpy as np
import pytest

from bodyverb.geometry import cameras


def test_middle_of_view_is_middle_of_picture() -> None:
    camera = cameras.Pinhole.looking(np.array([1.0, 2.0, 5.0]), np.array([0.0, 1.0, 0.0]), (640, 480))
    assert camera.project(np.array([0.0, 1.0, 0.0])) == pytest.approx([319.5, 239.5])


def test_up_is_up_and_right_is_right() -> None:
    camera = cameras.Pinhole.looking(np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 0.0]), (101, 101))
    up, right = camera.project(np.array([[0.0, 1.5, 0.0], [0.5, 1.0, 0.0]]))
    assert up[1] < 50.0 < right[0]
    assert up[0] == pytest.approx(50.0) and right[1] == pytest.approx(50.0)


def test_focal_length_scales_by_depth() -> None:
    matrix = cameras.intrinsics((201, 101), focal_px=100.0)
    assert cameras.project(np.array([1.0, 0.5, 2.0]), matrix) == pytest.approx([150.0, 75.0])


def test_behind_the_camera_is_nan() -> None:
    matrix = cameras.intrinsics((10, 10))
    assert np.isnan(cameras.project(np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0]]), matrix)).all()


def test_extrinsics_are_rotations_and_invert() -> None:
    rng = np.random.default_rng(0)
    eye, target = rng.normal(size=(5, 3)) * 3, rng.normal(size=(5, 3))
    rotation, translation = cameras.look_at(eye, target, roll=0.3)
    assert np.allclose(rotation @ np.swapaxes(rotation, -1, -2), np.eye(3))
    assert np.allclose(np.linalg.det(rotation), 1.0)
    assert np.allclose(cameras.to_camera(eye, rotation, translation), 0.0, atol=1e-12)
    ahead = cameras.to_camera(target, rotation, translation)
    assert np.allclose(ahead[:, :2], 0.0, atol=1e-12) and (ahead[:, 2] > 0).all()


def test_eye_of_a_placed_camera() -> None:
    camera = cameras.Pinhole.looking(np.array([1.0, 2.0, 3.0]), np.zeros(3), (64, 64), roll=0.5)
    assert camera.eye == pytest.approx([1.0, 2.0, 3.0])


def test_roll_turns_the_content_anticlockwise() -> None:
    still = cameras.Pinhole.looking(np.array([0, 0, 4.0]), np.zeros(3), (101, 101))
    rolled = cameras.Pinhole.looking(np.array([0, 0, 4.0]), np.zeros(3), (101, 101), roll=0.2)
    point = np.array([1.0, 0.0, 0.0])
    assert rolled.project(point)[1] < still.project(point)[1]


def test_clip_near_cuts_a_square_in_half() -> None:
    square = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1.0]])
    clipped = cameras.clip_near(square, 0.1)
    assert clipped.shape == (4, 3) and clipped[:, 2].min() == pytest.approx(0.1)
    assert len(cameras.clip_near(square - [0, 0, 5.0])) == 0
