"""The bundled verb classifier on procedural motion, and on a real pose net's output where the data is."""

import json

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import PoseSequence
from bodyverb.datasets.synth import motions
from bodyverb.infer import bundled, load
from bodyverb.recognize.recognizer import Recognizer

CLASSES = {"verbs-penn15": 15, "verbs-everyday": 34}
BLAZE = {"head": 0, "left_shoulder": 11, "right_shoulder": 12, "left_elbow": 13, "right_elbow": 14,
         "left_wrist": 15, "right_wrist": 16, "left_hip": 23, "right_hip": 24, "left_knee": 25,
         "right_knee": 26, "left_ankle": 27, "right_ankle": 28}  # fmt: skip


@pytest.fixture(scope="module", params=CLASSES)
def recognizer(request) -> Recognizer:
    return Recognizer(load(request.param, "verbs", threads=1))


def flat(poses: PoseSequence, turn_deg: float) -> PoseSequence:
    """An orthographic side view of a 3D motion, y down, 400 px a metre."""
    angle = np.radians(turn_deg)
    x = poses.position[..., 0] * np.cos(angle) + poses.position[..., 2] * np.sin(angle)
    position = 400 * np.stack([x, -poses.position[..., 1]], axis=-1)
    return PoseSequence.from_arrays(position, skeleton=poses.skeleton, timestamps_s=poses.timestamps_s)


def longest(recognizer: Recognizer, track: PoseSequence) -> str:
    segments = recognizer.segments(recognizer(track))
    return max(segments, key=lambda segment: segment.end_s - segment.start_s).verb


@pytest.mark.parametrize("name", CLASSES)
def test_card_is_complete(name):
    card = next(card for card in bundled() if card.name == name)
    assert card.task == "verbs"
    assert len(card.facts["classes"]) == CLASSES[name]
    assert {"data", "training_command", "quality", "limits", "thresholds"} <= set(card.facts)
    assert (card.path.parent / "LICENSE.txt").is_file()
    assert card.path.stat().st_size < 2_000_000
    card.check_file()


@pytest.mark.parametrize("verb", ["squat", "jumping_jacks", "pushup", "situp", "pullup"])
def test_procedural_exercise_is_named_at_five_frames_a_second(recognizer, verb):
    poses = motions.motion(verb, rng=np.random.default_rng(5), duration_s=6.0, rate_hz=5, layout="lsp14")
    named = [longest(recognizer, flat(poses, turn)) for turn in (20, 60, 110)]
    assert named.count(verb) >= 2


@pytest.mark.parametrize(("motion", "verb"), [("walk", "walk"), ("run", "jog")])
def test_daily_motion_is_named_by_the_everyday_network(motion, verb):
    everyday = Recognizer(load("verbs-everyday", "verbs", threads=1))
    poses = motions.motion(motion, rng=np.random.default_rng(5), duration_s=5.0, rate_hz=15, layout="lsp14")
    named = [longest(everyday, flat(poses, turn)) for turn in (20, 60, 110)]
    assert named.count(verb) >= 2


def test_a_frozen_squat_is_unknown(recognizer):
    poses = motions.motion("squat", rng=np.random.default_rng(5), duration_s=6.0, rate_hz=30, layout="lsp14")
    held = np.repeat(flat(poses, 40).position[:, 40:41], 150, axis=1)
    held = held + np.random.default_rng(0).normal(0, 4, held.shape)
    track = PoseSequence.from_arrays(held, skeleton=poses.skeleton, rate_hz=30)
    assert longest(recognizer, track) == "unknown"


def test_nothing_seen_is_unknown(recognizer):
    track = PoseSequence.from_arrays(
        np.full((1, 30, 14, 2), np.nan), skeleton=skeletons.get("lsp14"), rate_hz=10
    )
    assert longest(recognizer, track) == "unknown"


@pytest.mark.realdata
def test_real_squats_seen_by_a_pose_net(recognizer, data_root):
    frames = json.loads((data_root / "videos" / "tfjs_pose_squats" / "pose_squats.full.json").read_text())
    skeleton = skeletons.get("penn13")
    position = np.array(frames, np.float32)[:, [BLAZE[name] for name in skeleton.joints], :2]
    track = PoseSequence.from_arrays(position[None], skeleton=skeleton, rate_hz=5)
    assert longest(recognizer, track) == "squat"
