"""Landmarks of MediaPipe for browsers: the picture, the world, named joints, and damage."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import mediapipe_json

rng = np.random.default_rng(0)
PIXELS = rng.uniform(100, 700, (3, 33, 3)).round(3)
COCO = skeletons.get("coco17").joints


def save(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content, indent=1))
    return path


def world():
    values = rng.uniform(-1, 1, (3, 33, 3))
    values[:, 24] = -values[:, 23]
    return values


def test_the_picture(tmp_path):
    poses = mediapipe_json.read(save(tmp_path, PIXELS.tolist()), rate_hz=5)
    assert (poses.skeleton.name, poses.space, poses.unit) == ("blazepose33", "image", "px")
    np.testing.assert_allclose(poses.position[0], PIXELS[..., :2] - 0.5, rtol=1e-6)
    np.testing.assert_allclose(poses.extras["depth_px"][0], PIXELS[..., 2], rtol=1e-6)
    assert poses.timestamps_s.tolist() == [0, 0.2, 0.4] and poses.rate == "nominal"


def test_the_world(tmp_path):
    values = world()
    poses = mediapipe_json.read(save(tmp_path, values.tolist()))
    assert (poses.space, poses.unit, poses.axes, poses.rate) == ("root", "m", "cv", "unknown")
    np.testing.assert_allclose(poses.position[0], values, rtol=1e-6)
    assert mediapipe_json.read(save(tmp_path, values.tolist()), space="image").position.shape[3] == 2


def test_joints_by_name_and_gaps(tmp_path):
    frame = {joint: {"x": 10 + at, "y": 20.5, "score": 0.25} for at, joint in enumerate(COCO)}
    poses = mediapipe_json.read(save(tmp_path, [{}, frame, [], {**frame, "nose": None}]))
    assert poses.skeleton.name == "coco17" and poses.frames == 4 and poses.extras == {}
    assert poses.position[0, 1, 3].tolist() == [12.5, 20] and (poses.score[0, 1] == 0.25).all()
    assert poses.present[0].sum(axis=1).tolist() == [0, 17, 0, 16]
    other = [{"tail": {"x": 1, "y": 2}, "left_ear": {"x": 3, "y": 4}, "right_ear": {"x": 3, "y": 4}}]
    found = mediapipe_json.read(save(tmp_path, other)).skeleton
    assert found.joints == ("tail", "left_ear", "right_ear") and found.flip == (0, 2, 1)


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    layout=st.sampled_from(["blazepose33", "coco17"]),
    solid=st.booleans(),
    depth=st.booleans(),
)
def test_what_is_written_reads_back(tmp_path_factory, seed, layout, solid, depth):
    random = np.random.default_rng(seed)
    skeleton = skeletons.get(layout)
    position = (
        random.uniform(-0.05, 0.05, (1, 4, len(skeleton), 3))
        if solid
        else random.uniform(1, 900, (1, 4, len(skeleton), 2))
    )
    position[0, 1, 3] = np.nan
    position[0, 2] = np.nan
    extras = (
        {}
        if solid or not depth
        else {"depth_px": random.normal(0, 50, (1, 4, len(skeleton))).astype(np.float32)}
    )
    poses = PoseSequence.from_arrays(
        position,
        skeleton=skeleton,
        rate_hz=30,
        space="root" if solid else "image",
        extras=extras,
        score=random.uniform(0, 1, position.shape[:3]),
    )
    path = tmp_path_factory.mktemp("landmarks") / "a.json"
    again = mediapipe_json.read(mediapipe_json.write(path, poses), rate_hz=30)
    assert again.space == poses.space and again.skeleton == skeleton
    np.testing.assert_allclose(again.position, poses.position, atol=0 if solid else 1e-4)
    if layout == "coco17":
        np.testing.assert_array_equal(again.score[again.present], poses.score[poses.present])
    for name, value in extras.items():
        np.testing.assert_array_equal(again.extras[name][again.present], value[poses.present])


def test_what_cannot_be_written(tmp_path):
    skeleton = skeletons.get("coco17")
    two = PoseSequence.from_arrays(np.ones((2, 3, 17, 2)), skeleton=skeleton, rate_hz=30)
    camera = PoseSequence.from_arrays(np.ones((3, 17, 3)), skeleton=skeleton, rate_hz=30)
    for poses in (two, camera):
        with pytest.raises(InputError, match="one person in image px"):
            mediapipe_json.write(tmp_path / "a.json", poses)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({}, "a list"),
        ([], "empty"),
        ([[]], "empty"),
        ([[[1, 2, 3]] * 32], "33 landmarks"),
        ([[[1, 2, 3]] * 33, {"nose": {"x": 1, "y": 2}}], "joints of the frames before"),
        ([[[1, 2, 3]] * 32 + [[1]]], "right_foot_index"),
        ([[[1, 2, "3"]] * 33], "numbers of 'nose'"),
        ([[[1, 2, True]] * 33], "numbers of 'nose'"),
        ([[[1e300, 2, 3]] * 33], "finite"),
        ([[[1, 2, float("inf")]] * 33], "finite"),
        ([{"nose": {"x": 1}}], "nose"),
        ([{"nose": 5}], "nose"),
        ([5], "lists or objects"),
    ],
)
def test_structural_damage(tmp_path, content, word):
    with pytest.raises(FormatError, match=rf"(?s)Expected .*{word}.*a\.json"):
        mediapipe_json.read(save(tmp_path, content))


def test_damage(damage):
    def check(poses):
        assert poses.persons == 1

    damage("a.json", json.dumps(PIXELS[:2].tolist()).encode(), mediapipe_json.read, check, 40)


@pytest.mark.realdata
def test_golden_files(data_root, tmp_path):
    folder = data_root / "videos" / "tfjs_pose_squats"
    for name, frames, layout, space in (
        ("pose_squats.full.json", 65, "blazepose33", "image"),
        ("pose_squats_3d.full.json", 65, "blazepose33", "root"),
        ("pose_1.json", 120, "coco17", "image"),
    ):
        poses = mediapipe_json.read(folder / name)
        assert (poses.frames, poses.skeleton.name, poses.space) == (frames, layout, space)
        again = mediapipe_json.read(mediapipe_json.write(tmp_path / name, poses))
        assert again.equals(poses)
