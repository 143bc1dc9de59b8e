"""Kinematic chains and rotations."""

import numpy as np
import pytest

from bodyverb.geometry import kinematics, rotation


def test_reach_keeps_lengths_and_hits_a_target_in_reach() -> None:
    rng = np.random.default_rng(1)
    start = rng.normal(size=(50, 3))
    target = start + rotation.unit(rng.normal(size=(50, 3))) * rng.uniform(0.1, 0.5, (50, 1))
    pole = rng.normal(size=(50, 3))
    middle, end = kinematics.reach(start, target, 0.3, 0.27, pole)
    assert np.allclose(end, target, atol=1e-9)
    assert np.allclose(np.linalg.norm(middle - start, axis=-1), 0.3)
    assert np.allclose(np.linalg.norm(end - middle, axis=-1), 0.27)
    straight = start + (target - start) * 0.5
    assert (((middle - straight) * pole).sum(-1) > -0.15).mean() > 0.9


def test_reach_points_at_a_far_target() -> None:
    _, end = kinematics.reach(np.zeros(3), np.array([0, 5.0, 0]), 0.3, 0.3, np.array([0, 0, 1.0]))
    assert end[1] == pytest.approx(0.6, abs=1e-3) and np.allclose(end[[0, 2]], 0.0)


def test_forward_of_a_bent_arm() -> None:
    offsets = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 0.0]])
    turns = np.stack([np.eye(3), rotation.about_z(np.pi / 2), np.eye(3)])
    joints = kinematics.forward(offsets, (-1, 0, 1), turns, np.zeros(3))
    assert joints == pytest.approx(np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0.0]]))


def test_forward_keeps_bone_lengths_over_batches() -> None:
    rng = np.random.default_rng(0)
    parents = (-1, 0, 1, 0)
    offsets = rng.normal(size=(4, 3))
    turns = rotation.about_axis(rng.normal(size=(6, 4, 3)), rng.normal(size=(6, 4)))
    joints = kinematics.forward(offsets, parents, turns, rng.normal(size=(6, 3)))
    lengths = kinematics.bone_lengths(joints, parents)
    assert np.allclose(lengths[:, 1:], np.linalg.norm(offsets[1:], axis=-1))
    assert (lengths[:, 0] == 0).all()


def test_forward_refuses_children_before_parents() -> None:
    with pytest.raises(ValueError, match="parents before children"):
        kinematics.forward(np.zeros((2, 3)), (1, -1), np.tile(np.eye(3), (2, 1, 1)), np.zeros(3))


def test_yaw_turns_forward_to_the_left() -> None:
    assert rotation.rotate(rotation.about_y(np.pi / 2), np.array([0, 0, 1.0])) == pytest.approx([1, 0, 0])


def test_frame_is_a_rotation_even_for_parallel_directions() -> None:
    forward = np.array([[0, 0, 1.0], [0, 1.0, 0], [1, 1, 0]])
    made = rotation.frame(forward, np.array([0, 1.0, 0]))
    assert np.allclose(made @ np.swapaxes(made, -1, -2), np.eye(3))
    assert np.allclose(np.linalg.det(made), 1.0)
    assert np.allclose(made[..., 2], rotation.unit(forward))


def test_random_rotation_is_a_rotation() -> None:
    turn = rotation.random_rotation(np.random.default_rng(0))
    assert np.allclose(turn @ turn.T, np.eye(3)) and np.linalg.det(turn) == pytest.approx(1.0)


def test_cross_agrees_with_numpy() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 7, 3))
    assert np.allclose(rotation.cross(a, b), np.cross(a, b))
