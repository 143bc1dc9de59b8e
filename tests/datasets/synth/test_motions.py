"""Procedural motions: finite, repeatable, on the floor, with bones of constant length."""

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core.errors import InputError
from bodyverb.datasets.synth import motions
from bodyverb.datasets.synth.body import FLIP, INDEX, JOINTS, PARENTS, Body, random_body
from bodyverb.datasets.synth.made import clearance
from bodyverb.geometry.kinematics import bone_lengths

PENN15 = (
    "baseball_pitch", "baseball_swing", "bench_press", "bowl", "clean_and_jerk", "golf_swing", "jump_rope",
    "jumping_jacks", "pullup", "pushup", "situp", "squat", "strum_guitar", "tennis_forehand", "tennis_serve",
)  # fmt: skip
TIMES = np.arange(45) / 15.0


def _make(name: str, seed: int = 0, **options: object) -> np.ndarray:
    return motions.make(name, TIMES, rng=np.random.default_rng(seed), **options)[0].position  # type: ignore[arg-type]


def test_verbs_are_the_fifteen_of_penn_action() -> None:
    assert sorted(motions.names("verbs")) == sorted(PENN15)
    assert not set(motions.names("verbs")) & set(motions.names("everyday"))
    assert set(motions.names()) == set(motions.names("verbs")) | set(motions.names("everyday"))


@pytest.mark.parametrize("name", motions.names())
def test_every_motion_is_finite_and_keeps_its_bones(name: str) -> None:
    for seed in range(4):
        joints = _make(name, seed)
        assert joints.shape == (45, len(JOINTS), 3) and np.isfinite(joints).all()
        lengths = bone_lengths(joints, PARENTS)
        assert np.ptp(lengths, axis=0).max() < 1e-6


@pytest.mark.parametrize("name", motions.names())
def test_every_motion_meets_the_floor(name: str) -> None:
    for seed in range(4):
        result, body = motions.make(name, TIMES, rng=np.random.default_rng(seed))
        low = clearance(result.position, body.height / 1.72)
        if name == "pullup":
            assert low.min() > 0.0
            continue
        assert low.min() == pytest.approx(0.0, abs=1e-9)
        if result.contact == "frame":
            assert np.abs(low).max() < 1e-9
        assert np.median(low) < 0.12


@pytest.mark.parametrize("name", motions.names())
def test_joints_move_smoothly(name: str) -> None:
    result, body = motions.make(name, np.arange(120) / 60.0, rng=np.random.default_rng(3))
    speed = np.linalg.norm(np.diff(result.position, axis=0), axis=-1) * 60.0
    assert speed.max() < 16.0 * body.height


@pytest.mark.parametrize("name", motions.names())
def test_same_seed_same_motion_and_another_seed_another(name: str) -> None:
    assert np.array_equal(_make(name, 5), _make(name, 5))
    assert not np.allclose(_make(name, 5), _make(name, 6))


@pytest.mark.parametrize("name", ["squat", "golf_swing", "walk"])
def test_left_handed_is_the_mirror_image(name: str) -> None:
    right = _make(name, 2, left_handed=False, body=Body())
    left = _make(name, 2, left_handed=True, body=Body())
    assert np.allclose(left, right[:, list(FLIP)] * [-1, 1, 1])


def test_standing_body_is_the_right_way_round() -> None:
    joints = _make("idle", 0)[0]
    at = {name: joints[i] for name, i in INDEX.items()}
    assert at["left_shoulder"][0] > at["right_shoulder"][0] and at["left_hip"][0] > at["right_hip"][0]
    assert at["head_top"][1] > at["neck"][1] > at["pelvis"][1] > at["left_knee"][1] > at["left_ankle"][1]
    assert at["nose"][2] > at["head"][2] and at["left_foot"][2] > at["left_heel"][2]
    assert 0.9 < at["head_top"][1] / random_body(np.random.default_rng(0)).height < 1.15


def test_lying_motions_lie_and_pushups_hold_on_hands() -> None:
    for seed in range(4):
        assert _make("lie", seed)[:, INDEX["pelvis"], 1].max() < 0.35
        push = _make("pushup", seed)
        assert push[:, INDEX["left_hand"], 1].max() < 0.15
        assert (push[:, INDEX["left_shoulder"], 1] < 0.8).all()
        assert _make("bench_press", seed)[:, INDEX["head"], 1].max() < 1.0


def test_squats_sink_and_jumping_jacks_raise_the_arms() -> None:
    for seed in range(4):
        joints = motions.make("squat", np.arange(100) / 15, rng=np.random.default_rng(seed))[0].position
        assert np.ptp(joints[:, INDEX["pelvis"], 1]) > 0.12
        joints = motions.make("jumping_jacks", np.arange(60) / 15, rng=np.random.default_rng(seed))[
            0
        ].position
        wrist, head = joints[:, INDEX["left_wrist"], 1], joints[:, INDEX["head"], 1]
        assert (wrist > head).any() and (wrist < joints[:, INDEX["left_shoulder"], 1]).any()


def test_short_clip_of_an_action_contains_its_moment() -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        joints = motions.make("tennis_serve", np.arange(30) / 30, rng=rng, left_handed=False)[0].position
        assert np.linalg.norm(np.diff(joints[:, INDEX["right_wrist"]], axis=0), axis=-1).max() * 30 > 3.0


@pytest.mark.parametrize("layout", ["synth", "penn13", "lsp14"])
def test_pose_sequence_in_a_layout(layout: str) -> None:
    rng = np.random.default_rng(0)
    poses = motions.motion("squat", rng=rng, duration_s=2.0, rate_hz=10, layout=layout)
    names = JOINTS if layout == "synth" else skeletons.get(layout).joints
    assert poses.skeleton.joints == names and poses.position.shape == (1, 20, len(names), 3)
    assert (poses.space, poses.unit, poses.axes) == ("world", "m", "y-up")
    assert poses.timestamps_s[1] == pytest.approx(0.1)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="Expected a motion"):
        motions.make("moonwalk", TIMES, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="Expected kind"):
        motions.names("sports")


def test_one_frame_works_for_every_motion() -> None:
    for name in motions.names():
        poses = motions.motion(name, rng=np.random.default_rng(0), duration_s=0.01, rate_hz=30)
        assert poses.position.shape[1] == 1 and np.isfinite(poses.position).all()
