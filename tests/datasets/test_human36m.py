"""Human3.6M as tables of clips: world, camera, image, detections."""

from typing import Any

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import InputError
from bodyverb.datasets import human36m
from bodyverb.formats import h36m_cameras, h36m_npz
from bodyverb.formats.h36m_cameras import IMAGE_SIZES, H36mCamera
from bodyverb.formats.h36m_npz import H36mPoses

rng = np.random.default_rng(0)
# The sensor's x to the right, y down, z forward; the world's z up.
TURN = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


@pytest.fixture
def root(tmp_path: Any) -> Any:
    keys = [("S1", "Walking 1"), ("S9", "WalkingDog"), ("S11", "Photo 1")]
    arrays = {key: (rng.uniform(-1, 1, (4, 32, 3)).astype("f4"),) for key in keys}
    h36m_npz.write_3d(
        tmp_path / "data_3d_h36m.npz", H36mPoses(arrays=arrays, skeleton=skeletons.get("h36m32"))
    )
    cameras = {
        (subject, name): H36mCamera(
            subject=subject,
            name=name,
            matrix=np.array([[1145.0, 0, 512], [0, 1143, 515], [0, 0, 1]]),
            distortion=np.array([-0.2, 0.24, -0.001, -0.002, -0.003]),
            rotation=TURN,
            translation=np.array([0.0, 0, 5000]),
            image_size=size,
        )
        for subject in ("S1", "S9", "S11")
        for name, size in IMAGE_SIZES.items()
    }
    h36m_cameras.write(tmp_path / "camera-parameters.json", cameras)
    return tmp_path


def test_the_world(root):
    table = human36m.open(root, space="world")
    assert table.ids == ("S1/Walking 1", "S9/WalkingDog", "S11/Photo 1")
    assert table.split("official", "train") == ("S1/Walking 1",)
    assert table.split("official", "test") == ("S9/WalkingDog", "S11/Photo 1")
    assert [clip.label for clip in table] == ["walking", "walk_dog", "photo"]
    whole = human36m.open(root, space="world", layout="h36m32")[0].poses.position
    kept = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
    np.testing.assert_array_equal(table[0].poses.position, whole[:, :, kept])


def test_cameras_and_pictures_are_of_one_moment(root):
    solid, flat = human36m.open(root), human36m.open(root, space="image")
    assert solid.ids == flat.ids and len(solid) == 12 and solid.ids[1] == "S1/Walking 1/55011271"
    poses, seen = solid[0].poses, flat[0].poses
    assert (poses.space, poses.unit, poses.axes, seen.unit, seen.image_size) == (
        "camera",
        "m",
        "cv",
        "px",
        (1000, 1002),
    )
    assert solid[0].camera == "54138969" and poses.rate == "nominal"
    world = human36m.open(root, space="world")[0].poses
    np.testing.assert_allclose(poses.position, world.position @ TURN.T.astype("f4") + [0, 0, 5], atol=1e-5)
    camera = h36m_cameras.read(root / "camera-parameters.json")["S1", "54138969"]
    np.testing.assert_allclose(seen.position, camera.project(poses.position), atol=0.01)


def test_detections(root):
    arrays = {("S9", "Walking"): tuple(rng.uniform(0, 999, (5, 17, 2)).astype("f4") for _ in range(4))}
    found = H36mPoses(arrays=arrays, skeleton=skeletons.get("coco17"))
    h36m_npz.write_2d(root / "data_2d_h36m_detectron.npz", found)
    table = human36m.open(root, space="image", detections="detectron")
    assert len(table) == 4 and table[1].poses.skeleton.name == "coco17"
    np.testing.assert_array_equal(table["S9/Walking/55011271"].poses.position[0], arrays["S9", "Walking"][1])
    with pytest.raises(InputError, match="one of 4"):
        table["S1/Walking/1"]


def test_actions():
    names = (
        "Directions 1",
        "SittingDown",
        "Sitting 2",
        "TakingPhoto",
        "WalkTogether 1",
        "WalkDog",
        "Walking",
    )
    assert [human36m.action_class(name) for name in names] == [
        "directions", "sitting_down", "sitting", "photo", "walk_together", "walk_dog", "walking",
    ]  # fmt: skip
    with pytest.raises(InputError, match="Dancing"):
        human36m.action_class("Dancing 1")


def test_what_is_missing_is_said(root, tmp_path_factory):
    with pytest.raises(InputError, match="data_3d_h36m"):
        human36m.open(tmp_path_factory.mktemp("empty"))
    with pytest.raises(InputError, match="data_2d_h36m_cpn"):
        human36m.open(root, space="image", detections="cpn")
    with pytest.raises(InputError, match="space"):
        human36m.open(root, space="camera", detections="cpn")
    cameras = h36m_cameras.read(root / "camera-parameters.json")
    del cameras["S9", "60457274"]
    h36m_cameras.write(root / "camera-parameters.json", cameras)
    with pytest.raises(InputError, match="S9.*60457274"):
        human36m.open(root)


@pytest.mark.realdata
def test_real_cameras_serve_every_subject(root, data_root):
    cameras = data_root / "h36m_cameras" / "camera-parameters.json"
    table = human36m.open(root, space="image", cameras=cameras)
    position = table["S9/WalkingDog/58860488"].poses.position
    assert np.isfinite(position).all() and (np.abs(position - 500) < 1000).all()
