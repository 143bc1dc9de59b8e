"""Crops: round trips, the pixel-centre convention, and agreement with what OpenCV draws."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyverb.core.errors import InputError
from bodyverb.geometry.crops import apply_affine, crop_matrix, invert_affine, resize_matrix

number = st.floats(-500, 500)
extent = st.floats(1, 800)


@given(number, number, extent, extent, st.floats(1, 2), st.sampled_from([(128, 128), (96, 192), (192, 96)]))
def test_round_trip_and_padded_box_inside_the_crop(
    x: float, y: float, w: float, h: float, padding: float, size: tuple[int, int]
) -> None:
    box = np.array([x, y, x + w, y + h])
    matrix = crop_matrix(box, size, padding)
    points = np.array([[x, y], [x + w, y + h], [x + w / 3, y], [np.nan, 1]])
    crop = apply_affine(matrix, points)
    np.testing.assert_allclose(apply_affine(invert_affine(matrix), crop)[:3], points[:3], atol=1e-6)
    assert np.isnan(crop[3]).any()
    margin = (1 - 1 / padding) / 2 * np.array([w, h]) * padding * matrix[0, 0]
    assert (crop[0] >= -0.5 + margin - 1e-6).all() and (crop[1] <= np.array(size) - 0.5 - margin + 1e-6).all()
    np.testing.assert_allclose(crop[:2].mean(axis=0), (np.array(size) - 1) / 2, atol=1e-6)


def test_whole_picture_is_the_identity() -> None:
    matrix = crop_matrix(np.array([-0.5, -0.5, 63.5, 63.5]), 64, padding=1.0)
    np.testing.assert_allclose(matrix, [[1, 0, 0], [0, 1, 0]], atol=1e-12)


def test_a_drawn_dot_lands_where_the_matrix_says() -> None:
    image = np.zeros((60, 80), np.float32)
    image[33, 41] = 1
    matrix = crop_matrix(np.array([30.0, 20, 50, 50]), (96, 96), 1.25)
    crop = cv2.warpAffine(image, matrix, (96, 96))
    y, x = np.indices(crop.shape)
    centre = np.array([(x * crop).sum(), (y * crop).sum()]) / crop.sum()
    np.testing.assert_allclose(centre, apply_affine(matrix, np.array([[41.0, 33.0]]))[0], atol=0.05)


def test_resize_matrix_agrees_with_cv2_resize() -> None:
    ramp = np.tile(np.arange(40, dtype=np.float32), (20, 1))
    small = cv2.resize(ramp, (10, 5), interpolation=cv2.INTER_AREA)
    back = apply_affine(invert_affine(resize_matrix((40, 20), (10, 5))), np.array([[4.0, 2.0]]))[0]
    assert small[2, 4] == pytest.approx(back[0])


def test_batches_broadcast() -> None:
    boxes = np.array([[0.0, 0, 10, 20], [5, 5, 50, 10]])
    matrices = crop_matrix(boxes, 64)
    points = np.arange(2 * 3 * 2, dtype=float).reshape(2, 3, 2)
    out = apply_affine(matrices, points)
    for index in range(2):
        np.testing.assert_allclose(out[index], apply_affine(crop_matrix(boxes[index], 64), points[index]))


@pytest.mark.parametrize("box", [[0, 0, 0, 0], [np.nan, 0, 1, 1], [5, 0, 1, 1]])
def test_boxes_without_extent_are_refused(box: list[float]) -> None:
    with pytest.raises(InputError, match="Expected finite boxes"):
        crop_matrix(np.array(box, float), 64)


def test_singular_maps_and_bad_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="singular"):
        invert_affine(np.zeros((2, 3)))
    with pytest.raises(InputError, match="positive"):
        crop_matrix(np.array([0.0, 0, 1, 1]), (0, 5))
    with pytest.raises(InputError, match="reshape"):
        apply_affine(np.zeros((3, 3)), np.zeros((1, 2)))
