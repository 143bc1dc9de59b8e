"""Boxes: overlap against counted pixels, suppression, boxes of poses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodyverb.core.errors import InputError
from bodyverb.geometry.boxes import area, box_of_pose, clip_box, expand_box, iou, nms

corners = st.tuples(*[st.integers(0, 12)] * 4).map(
    lambda v: (min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]) + 1, max(v[1], v[3]) + 1)
)


@given(corners, corners)
def test_iou_equals_counted_pixels(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    grid = np.zeros((2, 14, 14), bool)
    for layer, (x1, y1, x2, y2) in zip(grid, (a, b), strict=True):
        layer[y1:y2, x1:x2] = True
    expected = (grid[0] & grid[1]).sum() / (grid[0] | grid[1]).sum()
    assert iou(np.array([a]), np.array([b]))[0, 0] == pytest.approx(expected)
    assert area(np.array(a)) == grid[0].sum()


def test_unknown_and_empty_boxes_overlap_nothing() -> None:
    boxes = np.array([[0, 0, 2, 2], [np.nan] * 4, [1, 1, 1, 1]])
    assert iou(boxes, boxes).tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert iou(np.zeros((0, 4)), boxes).shape == (0, 3)


def test_nms_keeps_the_best_of_each_heap() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [np.nan] * 4])
    assert nms(boxes, np.array([0.5, 0.9, 0.1, 1.0])).tolist() == [1, 2]
    assert nms(boxes, np.array([0.5, 0.9, 0.1, 1.0]), threshold=0.95).tolist() == [1, 0, 2]
    assert nms(np.zeros((0, 4)), np.zeros(0)).tolist() == []
    with pytest.raises(InputError, match="one score a box"):
        nms(boxes, np.zeros(2))


def test_box_of_pose_reads_visible_joints_only() -> None:
    pose = np.array([[1.0, 2], [5, 9], [np.nan, 3], [100, 100]])
    assert box_of_pose(pose, np.array([1, 1, 1, 0.1]), min_score=0.2).tolist() == [1, 2, 5, 9]
    assert np.isnan(box_of_pose(pose[2:3])).all()
    assert box_of_pose(np.zeros((3, 2, 14, 3))).shape == (3, 2, 4)
    assert np.isnan(box_of_pose(np.zeros((0, 2)))).all()


def test_expand_and_clip() -> None:
    box = np.array([2.0, 4, 6, 8])
    assert expand_box(box, 2).tolist() == [0, 2, 8, 10]
    assert expand_box(box, (1, 0.5)).tolist() == [2, 5, 6, 7]
    assert clip_box(np.array([-5.0, 1, 900, 3]), (10, 8)).tolist() == [-0.5, 1, 9.5, 3]


def test_wrong_shape_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"\(\.\.\., 4\)"):
        iou(np.zeros((2, 5)), np.zeros((2, 4)))
