"""MediaPipe files: on a stand-in of its Tasks API, and on the package itself where it is installed."""

import importlib.util
import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bodyverb.core import ModelError
from bodyverb.estimate.mediapipe import MediaPipePose
from bodyverb.pipeline import run

WIDTH, HEIGHT = 200, 100


def person(x: float, visible: float) -> tuple[list[Any], list[Any]]:
    """33 landmarks in a row, a hundredth of the picture apart, the last one hidden; and as many in metres."""
    marks = [
        SimpleNamespace(x=x + at / 100, y=0.01 * at, z=-0.1, visibility=visible if at < 32 else 0.0)
        for at in range(33)
    ]
    return marks, [SimpleNamespace(x=0.1, y=at / 10, z=-0.2, visibility=1.0) for at in range(33)]


class Api:
    """As much of the package `mediapipe` as a landmarker needs; remembers what it was asked."""

    def __init__(self, people: list[tuple[list[Any], list[Any]]], error: Exception | None = None) -> None:
        self.people, self.error, self.pictures = people, error, []
        self.options: SimpleNamespace
        self.ImageFormat = SimpleNamespace(SRGB="srgb")
        self.tasks = SimpleNamespace(BaseOptions=SimpleNamespace, vision=self)
        self.PoseLandmarkerOptions = SimpleNamespace
        self.RunningMode = SimpleNamespace(IMAGE="image")
        self.PoseLandmarker = self

    def create_from_options(self, options: SimpleNamespace) -> "Api":
        if self.error is not None:
            raise self.error
        self.options = options
        return self

    def Image(self, *, image_format: str, data: np.ndarray) -> np.ndarray:
        assert image_format == "srgb" and data.flags.c_contiguous and data.dtype == np.uint8
        return data

    def detect(self, picture: np.ndarray) -> SimpleNamespace:
        self.pictures.append(picture)
        marks, metres = [m for m, _ in self.people], [w for _, w in self.people]
        return SimpleNamespace(pose_landmarks=marks, pose_world_landmarks=metres)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pose_landmarker_full.task"
    path.write_bytes(b"any bytes")
    return path


IMAGE = np.zeros((HEIGHT, WIDTH, 3), np.uint8)


def test_landmarks_become_pixels(file: Path) -> None:
    api = Api([person(0.1, 0.5), person(0.5, 0.9)])
    estimate = MediaPipePose(file, people=3, api=api)
    found = estimate(IMAGE[:, ::-1])
    assert (api.options.running_mode, api.options.num_poses) == ("image", 3)
    assert api.options.base_options.model_asset_path == str(file)
    assert len(found) == 2 and found.position.shape == (2, 33, 2) and found.score.shape == (2, 33)
    # The surer person comes first. Half the width is 100 px from the corner, 99.5 from a pixel's centre.
    np.testing.assert_allclose(found.position[:, 0], [[99.5, -0.5], [19.5, -0.5]], atol=1e-4)
    np.testing.assert_allclose(found.position[0, 10], [119.5, 9.5], atol=1e-4)
    np.testing.assert_allclose(found.score[:, 0], [0.9, 0.5], atol=1e-6)
    np.testing.assert_allclose(found.boxes[:, 4], [0.9, 0.5], atol=1e-6)
    # The box goes round what is seen, without the hidden last joint.
    np.testing.assert_allclose(found.boxes[0, :4], [99.5, -0.5, 161.5, 30.5], atol=1e-4)
    np.testing.assert_allclose(found.extras["depth_px"], np.full((2, 33), -20.0), atol=1e-4)
    np.testing.assert_allclose(found.extras["world_m"][1, 7], [0.1, 0.7, -0.2], atol=1e-6)
    assert estimate.skeleton.joints[23] == "left_hip" and estimate.card.name == "pose_landmarker_full"
    assert estimate.card.sha256 is not None and len(estimate.card.sha256) == 64


def test_joints_that_are_all_hidden_still_have_a_box(file: Path) -> None:
    found = MediaPipePose(file, api=Api([person(0.2, 0.0)]))(IMAGE)
    assert np.isfinite(found.boxes).all() and found.boxes[0, 4] == 0 and found.boxes[0, 2] > found.boxes[0, 0]


def test_nobody(file: Path) -> None:
    found = MediaPipePose(file, api=Api([]))(IMAGE)
    assert len(found) == 0 and found.position.shape == (0, 33, 2)


def test_a_file_that_is_no_landmarker(file: Path) -> None:
    with pytest.raises(ModelError, match=r"Unable to open zip archive.*pose_landmarker_lite.*\.task$"):
        MediaPipePose(file, api=Api([], RuntimeError("Unable to open zip archive.\nmore")))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"No such file.*nowhere\.task$"):
        MediaPipePose(tmp_path / "nowhere.task", api=Api([]))


def test_without_the_package(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(ModelError, match=r"pip install 'bodyverb\[mediapipe\]'") as caught:
        MediaPipePose(file)
    assert "\n" not in str(caught.value)


def test_a_run_takes_such_a_file(
    file: Path, tiny: ModuleType, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a detector: every frame goes to the landmarker, and its person is followed."""
    api = Api([person(0.2, 0.9)])
    monkeypatch.setattr("bodyverb.estimate.mediapipe._installed", lambda path: api)
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=1.0)
    result = run(clip, out=tmp_path / "out", pose=str(file), video=False, report=False, smooth="none")
    (track,) = result.items[0].recording.tracks  # type: ignore[union-attr]
    assert len(api.pictures) == result.items[0].frames == track.frames == 15
    assert track.skeleton.name == "blazepose33"
    width, height = tiny.SIZE
    expected = [(0.2 + 0.05) * width - 0.5, 0.05 * height - 0.5]
    np.testing.assert_allclose(track.position[0, :, 5], np.tile(expected, (15, 1)), atol=1e-3)
    np.testing.assert_allclose(
        track.extras["world_m"][0, :, 7], np.tile([0.1, 0.7, -0.2], (15, 1)), atol=1e-6
    )
    assert result.recordings[0].meta["models"]["pose"]["name"] == "pose_landmarker_full"


@pytest.fixture(scope="module")
def real_file(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.task` file of $BODYVERB_DATA/mediapipe, or one made of the networks in the package (0.10.21)."""
    there = sorted((data_root / "mediapipe").glob("pose_landmarker_*.task"))
    if there:
        return there[0]
    found = importlib.util.find_spec("mediapipe")
    if found is None or found.origin is None:
        pytest.skip("the extra [mediapipe] is not installed")
    folder = Path(found.origin).parent / "modules"
    parts = {
        "pose_detector": (folder / "pose_detection/pose_detection.tflite", 127.5, 127.5),
        "pose_landmarks_detector": (folder / "pose_landmark/pose_landmark_full.tflite", 0.0, 255.0),
    }
    if not all(path.is_file() for path, _, _ in parts.values()):
        pytest.skip("this mediapipe carries no networks (0.10.21 does), and there is no .task file")
    from mediapipe.tasks.python.metadata.metadata_writers.metadata_writer import MetadataWriter

    path = tmp_path_factory.mktemp("task") / "pose_landmarker_full.task"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as bundle:
        for name, (network, mean, std) in parts.items():
            writer = MetadataWriter.create(bytearray(network.read_bytes()))
            writer.add_image_input([mean] * 3, [std] * 3)
            bundle.writestr(f"{name}.tflite", bytes(writer.populate()[0]))
    return path


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_package_itself(data_root: Path, real_file: Path) -> None:
    pytest.importorskip("mediapipe")
    from bodyverb.media import open_source

    folder = data_root / "videos" / "tfjs_pose_squats"
    truth = json.loads((folder / "pose_1.json").read_text(encoding="utf-8"))[0]
    with open_source(folder / "pose_1.mp4", end_s=0.1) as media:
        image, other = [frame.image for frame in media][:2]
    estimate = MediaPipePose(real_file)
    found = estimate(image)
    assert len(found) == 1
    at = estimate.skeleton.index
    for name in ("left_shoulder", "right_shoulder", "left_ankle", "right_ankle"):
        expected = [truth[name]["x"], truth[name]["y"]]
        assert np.linalg.norm(found.position[0, at(name)] - expected) < 20, name
    # Metres: hips round the origin, the head above the feet (y points down), a body of human height.
    world = found.extras["world_m"][0]
    assert np.abs(world[[at("left_hip"), at("right_hip")]].mean(0)).max() < 0.05
    assert 1.2 < world[at("left_ankle"), 1] - world[at("nose"), 1] < 2.0
    # What was seen before does not matter.
    estimate(other)
    again = estimate(image)
    np.testing.assert_array_equal(found.position, again.position)
    np.testing.assert_array_equal(found.extras["world_m"], again.extras["world_m"])
