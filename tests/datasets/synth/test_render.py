"""Renders and their truth: joints lie on the drawn body, left and right, occlusion, repeatability."""

import numpy as np
import pytest

from bodyverb.datasets.synth import demo, motions, render, samples, scene
from bodyverb.datasets.synth.render import LSP14
from bodyverb.datasets.synth.shade import random_light
from bodyverb.geometry.cameras import Pinhole

MAGENTA = np.array([255, 0, 255], np.uint8)


def _plain_scene() -> scene.Scene:
    return scene.Scene(surfaces=(), light=random_light(np.random.default_rng(0)), grain=0.0, blur=0.0)


def _front(size: tuple[int, int] = (240, 240), z: float = 3.6) -> Pinhole:
    return Pinhole.looking(np.array([0.0, 1.1, z]), np.array([0.0, 0.95, 0.0]), size, fov_deg=45.0)


def _drawn(image: np.ndarray) -> np.ndarray:
    return ~((image[..., 1] == 0) & (image[..., 0] == image[..., 2]))


def _shot(cast: list[render.Actor], camera: Pinhole) -> tuple[np.ndarray, np.ndarray]:
    background = np.tile(MAGENTA, (camera.size[1], camera.size[0], 1))
    return render.render_frame(cast, 0, camera, background, _plain_scene())


@pytest.mark.parametrize("name", motions.names())
def test_true_joints_lie_on_the_drawn_body(name: str) -> None:
    person = render.random_actor("1", name, np.arange(3) / 10, np.random.default_rng(4), yaw=0.6)
    centre = person.position[0].mean(0)
    camera = Pinhole.looking(centre + np.array([0, 0.3, 3.5]), centre, (240, 240), fov_deg=45.0)
    image, joints = _shot([person], camera)
    drawn = _drawn(image)
    for x, y, _ in joints[0]:
        u, v = round(float(x)), round(float(y))
        if 2 <= u < 238 and 2 <= v < 238:
            assert drawn[v - 2 : v + 3, u - 2 : u + 3].any()


def test_facing_the_camera_the_left_side_is_on_the_right_of_the_picture() -> None:
    person = render.random_actor("1", "idle", np.arange(2) / 10, np.random.default_rng(1))
    _, joints = _shot([person], _front())
    at = dict(zip(LSP14, joints[0], strict=True))
    assert at["left_shoulder"][0] > at["right_shoulder"][0] and at["left_hip"][0] > at["right_hip"][0]
    assert at["head_top"][1] < at["neck"][1] < at["left_hip"][1] < at["left_knee"][1] < at["left_ankle"][1]
    assert joints[0, :, 2].sum() >= 12


def test_a_person_behind_another_is_occluded() -> None:
    rng = np.random.default_rng(2)
    near = render.random_actor("1", "idle", np.arange(2) / 10, rng)
    far = render.random_actor("2", "idle", np.arange(2) / 10, rng, z=-1.0)
    _, joints = _shot([far, near], _front())
    assert joints[1, :, 2].sum() >= 12 and joints[0, :, 2].sum() <= 7


def test_absent_people_leave_no_trace() -> None:
    person = render.random_actor("1", "idle", np.arange(2) / 10, np.random.default_rng(1))
    gone = render.Actor("1", np.full_like(person.position, np.nan), person.shapes, person.look)
    image, joints = _shot([gone], _front())
    assert not _drawn(image).any() and np.isnan(joints).all()


def test_the_camera_may_stand_next_to_people() -> None:
    person = render.random_actor("1", "idle", np.arange(2) / 10, np.random.default_rng(1))
    image, joints = _shot([person], _front(z=0.2))
    assert image.shape == (240, 240, 3) and joints.shape == (1, 14, 3)


def _clip(seed: int) -> list[render.Rendered]:
    rng = np.random.default_rng(seed)
    cast = [
        render.random_actor(k, "jumping_jacks", np.arange(3) / 10, rng, x=x)
        for k, x in (("a", -0.8), ("b", 0.8))
    ]
    camera = render.drifting((128, 96), start=(0, 1.4, 3.5), end=(0.5, 1.4, 3.5), duration_s=0.3, rng=rng)
    place = scene.random_scene(rng, detail=96)
    return list(render.render_clip(cast, camera, place, rate_hz=10))


def test_clips_repeat_by_seed_and_carry_truth() -> None:
    one, two = _clip(3), _clip(3)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(one, two, strict=True))
    assert [f.time_s for f in one] == pytest.approx([0.0, 0.1, 0.2])
    assert set(one[0].truth) == {"a", "b"} and one[0].image.shape == (96, 128, 3)
    pose = one[1].truth["a"]
    assert pose.position.shape == (1, 1, 14, 2) and pose.image_size == (128, 96)
    assert pose.skeleton.joints == LSP14 and (pose.state[np.isnan(pose.position[..., 0])] == 0).all()
    assert one[0].image.std() > 10


def test_pose_samples() -> None:
    images, joints = samples.pose_samples(10, np.random.default_rng(0), 96)
    assert images.shape == (10, 96, 96, 3) and images.dtype == np.uint8
    assert joints.shape == (10, 14, 3) and np.isfinite(joints).all()
    assert set(np.unique(joints[..., 2])) <= {0.0, 1.0} and joints[..., 2].mean() > 0.5
    assert (joints[..., :2] > -0.5).all() and (joints[..., :2] < 95.5).all()
    extent = np.ptp(joints[..., :2], axis=1).max(-1)
    assert (extent > 0.4 * 96).all()
    again, _ = samples.pose_samples(10, np.random.default_rng(0), 96)
    assert np.array_equal(images, again)


def test_scene_samples() -> None:
    images, boxes, joints = samples.scene_samples(12, np.random.default_rng(1), 128)
    assert images.shape == (12, 128, 128, 3)
    assert {len(b) for b in boxes} >= {0, 1}
    for box, joint in zip(boxes, joints, strict=True):
        assert box.shape == (len(joint), 4) and joint.shape[1:] == (14, 3)
        assert (box[:, 2:] > box[:, :2]).all() and (box >= 0).all() and (box <= 127).all()
        for b, j in zip(box, joint, strict=True):
            seen = j[j[:, 2] > 0, :2]
            assert (seen >= b[:2] - 2).all() and (seen <= b[2:] + 2).all()


def test_demo_shows_two_people_and_says_what_they_do() -> None:
    frames: list[np.ndarray] = []
    truth = demo.render_demo(lambda image, _: frames.append(image), size=(160, 90), rate_hz=2.0)
    assert len(frames) == 40 and frames[0].shape == (90, 160, 3)
    first, second = truth.poses["1"], truth.poses["2"]
    assert (first.state > 0).mean() > 0.95
    assert not (second.state[0, :12] > 0).any() and (second.state[0, -10:] > 0).mean() > 0.95
    assert {(s.person_id, s.verb) for s in truth.segments} == {
        ("1", "squat"),
        ("1", "jumping_jacks"),
        ("2", "squat"),
    }
    gap = np.nanmin(
        np.abs(np.nanmean(first.position[0, -10:, :, 0], -1) - np.nanmean(second.position[0, -10:, :, 0], -1))
    )
    assert gap > 30
