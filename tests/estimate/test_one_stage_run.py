"""Runs with a network that finds people and joints at once, as `--pose` and as mere `--detector`."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bodyverb
from bodyverb import skeletons
from bodyverb.core import ModelError
from bodyverb.formats import poses_h5
from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.options import RunOptions

pytestmark = pytest.mark.usefixtures("tiny_weights")

SHARES = np.stack([np.linspace(0.1, 0.9, 17), np.linspace(0, 1, 17)], 1)
PLAIN: dict[str, Any] = {"video": False, "report": False, "smooth": "none"}


@pytest.fixture(scope="module")
def net(graphs: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the form of RTMO: one person in each half of the picture, where it is red."""
    card = {
        "task": "pose", "skeleton": "coco17", "decoder": {"kind": "people"},
        "input": {"size": [160, 128], "layout": "nchw", "channels": "rgb", "border": 114},
    }  # fmt: skip
    return str(
        graphs.boxes_of_red(tmp_path_factory.mktemp("nets") / "one", card, (160, 128), 2, SHARES.tolist())
    )


def test_finding_and_posing_are_one_step(tiny: ModuleType, net: str, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=3, people=2)
    result = bodyverb.run(clip, out=tmp_path / "out", pose=net, detector="not there", **PLAIN)
    recording = result.recordings[0]
    assert recording.person_ids == ("1", "2") and set(result.items[0].seconds) >= {"pose"}
    assert "find" not in result.items[0].seconds
    seen = []
    for number, track in enumerate(
        sorted(recording.tracks, key=lambda one: np.nanmean(one.position[..., 0]))
    ):
        assert track.skeleton == skeletons.get("coco17") and track.frames > 40
        times = track.timestamps_s
        middle = np.stack(
            [
                160 * (number + 1) / 3 + 6 * np.sin(2 * times + number),
                64 + 14 * np.sin(4 * times + 2 * number),
            ],
            1,
        )
        expected = middle[:, None] + (SHARES - 0.5) * [18, 36] - 0.5
        seen.append(np.abs(track.position[0] - expected).max())
        assert np.allclose(track.box[0][:, 2] - track.box[0][:, 0], 18, atol=2.1)
    assert max(seen) < 3.5  # a px of rounding where it was drawn, and what the codec does to edges
    models = poses_h5.read(result.items[0].paths["poses"]).meta["models"]
    assert models["detect"] == models["pose"] and models["pose"]["name"] == "one"


def test_a_picture_and_an_empty_one(tiny: ModuleType, net: str, tmp_path: Path) -> None:
    tiny.write_pictures(tmp_path / "photos", 2, [2, 0])
    result = bodyverb.run(tmp_path / "photos", out=tmp_path / "out", each=True, pose=net, **PLAIN)
    assert [len(recording.tracks) for recording in result.recordings] == [2, 0]


def test_a_resumed_run_is_the_same(tiny: ModuleType, net: str, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=2)

    class Stop:
        def source(self, name: str) -> Any:
            from contextlib import nullcontext

            return nullcontext()

        def advance(self, stage: str, done: int, of: int | None) -> None:
            if stage == "poses" and done == 17:
                raise KeyboardInterrupt

        def note(self, line: str) -> None: ...

    whole = bodyverb.run(clip, out=tmp_path / "a", pose=net, **PLAIN).recordings[0]
    with pytest.raises(KeyboardInterrupt):
        bodyverb.run(clip, out=tmp_path / "b", pose=net, progress=Stop(), **PLAIN)
    again = bodyverb.run(clip, out=tmp_path / "b", pose=net, resume=True, **PLAIN).recordings[0]
    np.testing.assert_array_equal(again.tracks[0].position, whole.tracks[0].position)


def test_the_same_network_as_detector(tiny: ModuleType, net: str, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=2, people=2)
    result = bodyverb.run(clip, out=tmp_path / "out", detector=net, **PLAIN)
    assert len(result.recordings[0].tracks) == 2 and result.recordings[0].tracks[0].skeleton.name == "lsp14"
    assert {"find", "pose"} <= set(result.items[0].seconds)
    with pytest.raises(
        ModelError, match="decoder.kind to be one of boxes, centre, people, yolo_pose, yolox here"
    ):
        Engine.load(RunOptions(detector="pose-lite"))


def test_what_else_a_network_says_is_in_the_file(
    graphs: ModuleType, tiny: ModuleType, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    table = np.concatenate(
        [rng.uniform(8, 56, (1, 33, 2)), np.arange(33.0)[None, :, None], np.full((1, 33, 1), 4)], 2
    )
    card = {
        "skeleton": "blazepose33", "input": {"size": [64, 64], "layout": "nchw"},
        "decoder": {"kind": "regression", "values": ["x", "y", "z", "visibility"]},
    }  # fmt: skip
    outputs = {"out": table.reshape(1, -1).astype(np.float32)}
    place = graphs.constant(tmp_path / "net", outputs, card, shape=["n", 3, 64, 64])
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=1)
    result = bodyverb.run(clip, out=tmp_path / "out", pose=str(place), **{**PLAIN, "smooth": "butterworth"})
    for which in ("raw", "smoothed"):
        track = poses_h5.read(result.items[0].paths["poses"], which).tracks[0]  # type: ignore[arg-type]
        depth = track.extras["depth_px"]
        assert depth.shape == (1, track.frames, 33) and track.frames > 10
        assert np.allclose(depth / depth[..., 1:2], np.arange(33), atol=1e-4)


def test_a_card_can_say_how_sure_is_sure(net: str, tmp_path: Path) -> None:
    folder = tmp_path / "net"
    folder.mkdir()
    card = json.loads((Path(net) / "card.json").read_text()) | {"tracking": {"new_score": 0.5}}
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "model.onnx").write_bytes((Path(net) / "model.onnx").read_bytes())
    engine = Engine.load(RunOptions(pose=str(folder), verbs="none"))
    assert (
        engine.tracking() == {"new_score": 0.5}
        and not engine.verifies
        and set(engine.models()) == {"detect", "pose"}
    )
