"""Joints of crops: SimCC, heatmaps, plain numbers with depth; half pixels, no numbers, batches."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bodyverb.core import ModelError
from bodyverb.estimate.pose import PoseEstimator
from bodyverb.geometry.simcc import decode_simcc
from bodyverb.infer import load

SIZE = (48, 64)
JOINTS = 17
IMAGE = np.zeros((200, 300, 3), np.uint8)
BOXES = np.array([[20.0, 30, 68, 94], [100, 20, 196, 148], [150, 90, 174, 122]])
"""Of the crop's aspect: with padding 1 a crop holds 1, 2 and 1/2 px of the picture."""


def card(kind: str, size: tuple[int, int] = SIZE, layout: str = "coco17", **decoder: Any) -> dict[str, Any]:
    wants = {"size": list(size), "layout": "nchw", "padding": 1.0, "border": 0}
    return {"skeleton": layout, "input": wants, "decoder": {"kind": kind, **decoder}}


def estimator(
    graphs: ModuleType,
    folder: Path,
    given: dict[str, Any],
    outputs: dict[str, np.ndarray],
    batch: int | str = "n",
) -> PoseEstimator:
    across, down = given["input"]["size"]
    place = graphs.constant(folder, outputs, given, shape=[batch, 3, down, across])
    return PoseEstimator(load(str(place), "pose"))


def in_picture(px: np.ndarray, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Px (J, 2) of the crop in px of the picture for each of BOXES: the middle of the box lies on the middle
    of the crop, and both count from the centre of their first pixel."""
    scale = size[0] / (BOXES[:, 2] - BOXES[:, 0])
    middle = (BOXES[:, :2] + BOXES[:, 2:]) / 2
    return middle[:, None] + (px[None] - (np.array(size) - 1) / 2) / scale[:, None, None]


def bins(rng: np.random.Generator, split: int = 2) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Outputs of RTMPose with one high bin a joint; the bins (J, 2) and the smaller peaks (J,)."""
    at = np.stack([rng.integers(0, side * split, JOINTS) for side in SIZE], 1)
    peak = rng.uniform(0.2, 0.9, (JOINTS, 2))
    outputs = {}
    for axis, (name, side) in enumerate(zip(("simcc_x", "simcc_y"), SIZE, strict=True)):
        values = rng.uniform(-0.3, 0.1, (1, JOINTS, side * split))
        values[0, np.arange(JOINTS), at[:, axis]] = peak[:, axis]
        outputs[name] = values.astype(np.float32)
    return outputs, at, peak.min(1)


def test_simcc(graphs: ModuleType, tmp_path: Path) -> None:
    outputs, at, peak = bins(np.random.default_rng(0))
    position, score = estimator(graphs, tmp_path / "net", card("simcc"), outputs)(IMAGE, BOXES)
    np.testing.assert_allclose(position, in_picture(at / 2), atol=1e-3)
    np.testing.assert_allclose(score, np.repeat(peak[None], 3, 0), atol=1e-6)


@pytest.mark.parametrize("split", [2, 3])
@pytest.mark.parametrize("zoom", [1, 2])
def test_simcc_finds_the_very_pixel(graphs: ModuleType, tmp_path: Path, split: int, zoom: int) -> None:
    """A red pixel of the picture comes back as itself; also in the mirror image; zoomed, within its width."""
    place = graphs.simcc_of_red(tmp_path / "net", card("simcc", split=split), SIZE, split, JOINTS)
    network = PoseEstimator(load(str(place), "pose"))
    for x, y in ((40, 50), (20, 30), (43, 61)):
        image = IMAGE.copy()
        image[y, x, 0] = 255
        # Centres of crop px lie on centres of picture px where the box's middle is half a px beside one.
        box = np.array([31.5, 45.5, 31.5, 45.5]) + np.array([-24, -32, 24, 32]) / zoom
        position, score = network(image, box[None])
        np.testing.assert_allclose(position[0], np.tile([x, y], (JOINTS, 1)), atol=1e-3 if zoom == 1 else 0.5)
        flipped, _ = network(
            np.ascontiguousarray(image[:, ::-1]), box[[2, 1, 0, 3]][None] * [-1, 1, -1, 1] + [299, 0, 299, 0]
        )
        np.testing.assert_allclose(
            flipped[0], np.tile([299 - x, y], (JOINTS, 1)), atol=1e-3 if zoom == 1 else 0.5
        )
        assert (score > 0.5).all()
    assert (network(IMAGE, box[None])[1] == 0).all()


def test_peaks_of_simcc_are_squeezed_into_scores() -> None:
    across, down = np.zeros((1, 6, 8), np.float32), np.zeros((1, 6, 10), np.float32)
    across[0, :, 3] = [1.4, 0.5, 0.7, np.nan, np.inf, 0.5]
    down[0, :, 7] = [1.2, 0.8, -0.1, 0.5, 0.5, -np.inf]
    down[0, 2] -= 0.2
    position, score = decode_simcc(across, down, 2.0)
    assert score[0, :3].tolist() == [1, 0.5, 0] and np.isnan(score[0, 3:5]).all() and score[0, 5] == 0
    assert (position[0, :2] == [1.5, 3.5]).all() and position.dtype == score.dtype == np.float32


@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_batches_of_any_size(graphs: ModuleType, tmp_path: Path, batch: int | str) -> None:
    outputs, at, _ = bins(np.random.default_rng(1))
    if batch == 4:
        outputs = {name: value.repeat(4, 0) for name, value in outputs.items()}
    network = estimator(graphs, tmp_path / "net", card("simcc"), outputs, batch)
    many = np.concatenate([BOXES] * 7)[:19]
    position, score = network(IMAGE, many)
    assert position.shape == (19, JOINTS, 2) and score.shape == (19, JOINTS)
    np.testing.assert_allclose(position[:3], in_picture(at / 2), atol=1e-3)
    np.testing.assert_array_equal(position[:3], position[15:18])
    nobody = network.estimate(IMAGE, np.zeros((0, 4)))
    assert len(nobody) == 0 and nobody.position.shape == (0, JOINTS, 2)


def test_a_joint_without_numbers_is_absent(graphs: ModuleType, tmp_path: Path) -> None:
    outputs, at, _ = bins(np.random.default_rng(2))
    outputs["simcc_x"][0, 3] = np.nan
    outputs["simcc_y"][0, 4, 5] = np.inf
    position, score = estimator(graphs, tmp_path / "net", card("simcc"), outputs)(IMAGE, BOXES)
    absent = np.isnan(position).all(-1)
    assert (
        (absent.nonzero()[1] == [3, 4] * 3).all() and (score[absent] == 0).all() and np.isfinite(score).all()
    )
    np.testing.assert_allclose(position[~absent], in_picture(at / 2)[~absent], atol=1e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["gaussian", "softmax"])
def test_heatmaps_without_numbers(graphs: ModuleType, tmp_path: Path, kind: str, bad: float) -> None:
    maps = np.random.default_rng(3).uniform(0, 0.1, (1, JOINTS, 16, 12)).astype(np.float32)
    maps[0, :, 5, 6] = 9.0
    maps[0, 2] = bad
    outputs = {"heat": maps} | (
        {"visibility": np.full((1, JOINTS), -1e4, np.float32)} if kind == "softmax" else {}
    )
    position, score = estimator(graphs, tmp_path / "net", card(kind), outputs)(IMAGE, BOXES)
    absent = np.isnan(position).all(-1)
    assert absent[:, 2].all() and absent.sum() == 3 and (score[:, 2] == 0).all()
    assert (score[:, 3:] == (1 if kind == "gaussian" else 0)).all()


def test_gaussian_heatmaps(graphs: ModuleType, tmp_path: Path) -> None:
    """Cell c lies on px 4 c of the crop; the peak moves a quarter of a cell to its higher neighbour."""
    rng = np.random.default_rng(4)
    at = np.stack([rng.integers(1, 11, JOINTS), rng.integers(1, 15, JOINTS)], 1)
    side = rng.choice([-1, 1], (JOINTS, 2))
    maps, peak = np.zeros((1, JOINTS, 16, 12), np.float32), rng.uniform(0.3, 1, JOINTS)
    for joint, ((x, y), (dx, dy)) in enumerate(zip(at, side, strict=True)):
        maps[0, joint, y, x] = peak[joint]
        maps[0, joint, y, x + dx] = maps[0, joint, y + dy, x] = 0.2
    network = estimator(graphs, tmp_path / "net", card("gaussian", heatmap="heat"), {"heat": maps})
    position, score = network(IMAGE, BOXES)
    np.testing.assert_allclose(position, in_picture(4 * (at + 0.25 * side)), atol=1e-3)
    np.testing.assert_allclose(score, np.repeat(peak[None], 3, 0), atol=1e-6)


def test_heatmaps_of_another_aspect(graphs: ModuleType, tmp_path: Path) -> None:
    network = estimator(
        graphs, tmp_path / "net", card("gaussian"), {"h": np.zeros((1, JOINTS, 16, 16), np.float32)}
    )
    with pytest.raises(ModelError, match="aspect of 48 x 64 px as the card says .* got 16 x 16 cells"):
        network(IMAGE, BOXES)


LANDMARKS = 39
BLAZE = ["x", "y", "z", "visibility", "presence"]
SQUARE = (64, 64)


def landmarks(rng: np.random.Generator) -> np.ndarray:
    """(39, 5) in px of a crop of 64 x 64, with logits."""
    table = np.concatenate([rng.uniform(0, 64, (LANDMARKS, 2)), rng.uniform(-30, 30, (LANDMARKS, 1))], 1)
    return np.concatenate([table, rng.uniform(-3, 5, (LANDMARKS, 2))], 1)


def probability(logit: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(logit / 2))


def blaze(**decoder: Any) -> dict[str, Any]:
    return card("regression", SQUARE, "blazepose33", landmarks=LANDMARKS, values=BLAZE, **decoder)


def square(px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Px (J, 2) of square crops that hold BOXES in px of the picture, and the scales (3,)."""
    middle, high = (BOXES[:, :2] + BOXES[:, 2:]) / 2, BOXES[:, 3] - BOXES[:, 1]
    scale = 64 / high
    return middle[:, None] + (px[None] - 31.5) / scale[:, None, None], scale


def test_landmarks_with_depth(graphs: ModuleType, tmp_path: Path) -> None:
    table = landmarks(np.random.default_rng(5))
    world = np.random.default_rng(6).uniform(-1, 1, (LANDMARKS, 3)).astype(np.float32)
    outputs = {
        "ld_3d": table.reshape(1, -1).astype(np.float32), "flag": np.array([[0.8]], np.float32),
        "world_3d": world.reshape(1, -1),
    }  # fmt: skip
    network = estimator(
        graphs, tmp_path / "net", blaze(z_scale=0.5, person="flag", world="world_3d"), outputs
    )
    found = network.estimate(IMAGE, BOXES)
    expected, scale = square(table[:33, :2])
    np.testing.assert_allclose(found.position, expected, atol=1e-3)
    seen = np.minimum(probability(table[:33, 3]), probability(table[:33, 4])) * 0.8
    np.testing.assert_allclose(found.score, np.repeat(seen[None], 3, 0), atol=1e-6)
    np.testing.assert_allclose(
        found.extras["depth_px"], 0.5 * table[None, :33, 2] / scale[:, None], atol=1e-4
    )
    np.testing.assert_allclose(found.extras["world_m"], np.repeat(world[None, :33], 3, 0), atol=1e-6)
    assert found.boxes.tolist() == [[*box, 1] for box in BOXES.tolist()]
    scored = np.concatenate([BOXES, [[0.5], [0.6], [0.7]]], 1)
    np.testing.assert_allclose(network.estimate(IMAGE, scored).boxes, scored, atol=1e-6)


def test_the_card_says_which_landmarks_are_joints(graphs: ModuleType, tmp_path: Path) -> None:
    table = landmarks(np.random.default_rng(7))
    keep = [0, 2, 5, 7, 8, *range(11, 17), *range(23, 29)]
    outputs = {"out": table[:, [1, 0, 3]].reshape(1, -1).astype(np.float32)}
    entries = {"values": ["y", "x", "score"], "scores": "probability", "origin": "corner", "keep": keep}
    given = card("regression", SQUARE, landmarks=39, **entries)
    found = estimator(graphs, tmp_path / "net", given, outputs).estimate(IMAGE, BOXES)
    np.testing.assert_allclose(found.position, square(table[keep, :2] - 0.5)[0], atol=1e-3)
    np.testing.assert_allclose(found.score[0], np.clip(table[keep, 3], 0, 1), atol=1e-6)
    assert not found.extras


def test_landmarks_without_numbers(graphs: ModuleType, tmp_path: Path) -> None:
    table = landmarks(np.random.default_rng(8))
    table[1, 0], table[2, 1], table[3, 2], table[4, 3], table[5, 3] = np.nan, np.inf, np.nan, np.nan, -1e5
    outputs = {"ld_3d": table.reshape(1, -1).astype(np.float32)}
    found = estimator(graphs, tmp_path / "net", blaze(), outputs).estimate(IMAGE, BOXES)
    absent = np.isnan(found.position).all(-1)
    assert absent[0].nonzero()[0].tolist() == [1, 2, 4] and (found.score[absent] == 0).all()
    unknown = np.isnan(found.extras["depth_px"])
    assert unknown[1].nonzero()[0].tolist() == [1, 2, 3, 4] and found.score[0, 5] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"keep": [0, 1]}, "33 of 39 landmarks, got 2 up to 1"), ({"keep": [*range(32), 39]}, "33 up to 39"),
        ({"values": ["x", "y", "z"]}, "x, y and a score"), ({"values": [*BLAZE, "x"]}, "each once"),
        ({"landmarks": 33}, r"shape \(n, 165\).*got \(n, 195\)"), ({"z_scale": 0}, "z_scale to be a number"),
        ({"person": "flag"}, "Expected outputs ld_3d, flag .*got ld_3d in the file"),
        ({"values": [*BLAZE, "-"]}, r"shape \(n, 234\)"), ({"heatmap": "ld_3d"}, "got heatmap"),
    ],
)  # fmt: skip
def test_landmarks_that_make_no_pose(
    graphs: ModuleType, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    given = blaze()
    given["decoder"] |= changes
    outputs = {"ld_3d": np.zeros((1, 195), np.float32)}
    with pytest.raises(ModelError, match=words):
        estimator(graphs, tmp_path / "net", given, outputs)
