"""Projections learned on made-up pairs: recipes, splits, and going on after a stop."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

torch = pytest.importorskip("torch", reason="needs the extra [train]")

from bodyverb.core import FormatError, InputError  # noqa: E402
from bodyverb.geometry.fitting import fit_ir  # noqa: E402
from bodyverb.geometry.known_cameras import CAMERAS  # noqa: E402
from bodyverb.geometry.sensors import Sensor  # noqa: E402
from bodyverb.train import projection_mlp  # noqa: E402
from bodyverb.train.projection import RECIPES, ProjectionTraining, Recipe, train  # noqa: E402
from bodyverb.train.projection_data import SensorPool, from_data_sets, from_ntu  # noqa: E402

PUBLISHED = replace(RECIPES["published"], points=640, epochs=4)
BETTER = replace(RECIPES["better"], points=20_000, epochs=8)


def pairs(name: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    depth = rng.uniform(2.5, 4.5, (count, 1))
    points = np.hstack((rng.uniform(-0.4, 0.4, (count, 2)), np.ones((count, 1)))) * depth
    return points, CAMERAS[name].project(points)


def pools() -> dict[str, SensorPool]:
    return {
        name: SensorPool(train=pairs(name, 3000, 1), held=pairs(name, 300, 2), files=(f"{name}.skeleton",))
        for name in ("ntu-a", "ntu-b")
    }


def settings(out: Path, recipe: Recipe, resume: bool = False) -> ProjectionTraining:
    return ProjectionTraining(recipe=recipe, out=out, source="made-up", resume=resume)


def weights(learned: projection_mlp.Learned) -> np.ndarray:
    layers = [part for net in learned.networks.values() for layer in net.layers for part in layer]
    return np.concatenate([part.ravel() for part in layers])


def test_the_published_recipe(tmp_path):
    learned = train(settings(tmp_path, PUBLISHED), pools())
    assert learned.only.parameters == 686 and learned.trained_on == {"ntu-a.skeleton", "ntu-b.skeleton"}
    with (tmp_path / "pooled" / "log.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 4 and losses[-1] < losses[0]
    told = json.loads((tmp_path / "config.json").read_text())
    assert told["settings"]["seed"] == 0 and told["settings"]["lr"] == 0.01 and "torch" in told["environment"]
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    last = projection_mlp.load(tmp_path / "model3.pt")  # as the published files are
    np.testing.assert_array_equal(weights(last), weights(learned))


def test_a_better_one_is_one_a_sensor_and_nearer(tmp_path):
    learned = train(settings(tmp_path, BETTER), pools())
    assert list(learned.networks) == ["ntu-a", "ntu-b"]
    for name in learned.networks:
        points, pixels = pairs(name, 500, 3)
        net = learned.nearest(points, pixels)
        assert net is learned.networks[name] and net.pinhole.size == 3 and net.parameters == 1221
        off = np.linalg.norm(net.project(points) - pixels, axis=1).mean()
        pinhole = np.linalg.norm(net.start(points) - pixels, axis=1).mean()
        assert off < 0.5 * pinhole < 0.1
    with np.errstate(all="raise"):
        assert np.isfinite(net.project(np.array([[9.0, -9.0, 0.5]]))).all()


@pytest.mark.parametrize("recipe", [PUBLISHED, replace(BETTER, points=512, epochs=3)], ids=lambda r: r.name)
def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path, recipe):
    whole = train(settings(tmp_path / "whole", recipe), pools())
    steps = []

    def stop(done: int, of: int) -> None:
        steps.append(done)
        if done > 0.7 * of:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(settings(tmp_path / "cut", recipe), pools(), stop)
    assert not (tmp_path / "cut" / "model.pt").exists()
    again = train(settings(tmp_path / "cut", recipe, resume=True), pools())
    np.testing.assert_array_equal(weights(again), weights(whole))
    for name in ("whole", "cut"):
        logs = sorted((tmp_path / name).glob("*/log.csv"))
        assert all(len(log.read_text().splitlines()) == recipe.epochs + 1 for log in logs) and logs
    finished = train(settings(tmp_path / "cut", recipe, resume=True), pools())
    np.testing.assert_array_equal(weights(finished), weights(whole))


def test_runs_do_not_mix(tmp_path):
    with pytest.raises(InputError, match="run to resume"):
        train(settings(tmp_path, PUBLISHED, resume=True), pools())
    short = replace(PUBLISHED, epochs=1)
    train(settings(tmp_path, short), pools())
    with pytest.raises(InputError, match="--resume"):
        train(settings(tmp_path, short), pools())
    with pytest.raises(InputError, match="settings"):
        train(settings(tmp_path, PUBLISHED, resume=True), pools())


@pytest.mark.parametrize("content", [{}, {"sensors": 3}, {"sensors": {"a": 3}}, {"sensors": {"a": {}}}])
def test_broken_run_folders(tmp_path, content):
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(FormatError, match=r"Expected .*model\.pt"):
        projection_mlp.load(tmp_path)


def ntu_sensor(name: str, performers: tuple[int, ...]) -> Sensor:
    files = {f"S001C001P{p:03d}R001A001.skeleton": pairs(name, 200, p) for p in performers}
    return Sensor(fit=fit_ir(*pairs(name, 200, 0)), pairs=files)


def test_splits_of_ntu_files():
    sensors = {"ntu-a": ntu_sensor("ntu-a", (1, 2, 3, 4)), "ntu-b": ntu_sensor("ntu-b", (5, 6, 8))}
    found, tests = from_ntu(sensors, "performer")
    assert [len(pool.files) for pool in found.values()] == [3, 2]
    assert [list(files) for files in tests.values()] == [
        ["S001C001P003R001A001.skeleton"],
        ["S001C001P006R001A001.skeleton"],
    ]
    assert len(found["ntu-a"].train[0]) == 400 and len(found["ntu-a"].held[0]) == 200
    found, tests = from_ntu(sensors, "sensor")
    assert list(found) == ["ntu-a"] and list(tests) == ["ntu-b"] and len(tests["ntu-b"]) == 3
    with pytest.raises(InputError, match="none of one kind"):
        from_ntu({"ntu-a": ntu_sensor("ntu-a", (1, 2))}, "performer")


def test_other_sets_through_the_known_sensors(tmp_path):
    """Missing joints and those beside the picture are left out; performers are kept apart."""
    rng = np.random.default_rng(0)
    for subject in (1, 8):
        skeleton = rng.uniform(-0.5, 0.5, (20, 3, 8)) + (0, 0, 3) @ np.eye(3)[:, :, None].repeat(8, 2)
        skeleton[:, 2] += 3 - skeleton[:, 2].mean()
        skeleton[0, :, 0], skeleton[1, 0, 0] = 0, 50
        savemat(tmp_path / f"a1_s{subject}_t1_skeleton.mat", {"d_skel": skeleton})
    (tmp_path / "utd_mhad").mkdir()
    for path in tmp_path.glob("*.mat"):
        path.rename(tmp_path / "utd_mhad" / path.name)
    counted = []
    found = from_data_sets(tmp_path, lambda done, of: counted.append((done, of)))
    assert list(found) == ["ntu-a", "ntu-b"] and counted == [(1, 2), (2, 2)]
    for name, pool in found.items():
        for points, pixels in (pool.train, pool.held):
            assert len(points) == 2 * 20 - 2
            np.testing.assert_array_equal(CAMERAS[name].project(points), pixels)
    with pytest.raises(InputError, match="pku_mmd"):
        from_data_sets(tmp_path / "utd_mhad")
