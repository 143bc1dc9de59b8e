"""`project fit`, `apply`, `invert`, `compare`, `train` and `triangulate`, from files to files."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.cli.main import main
from bodyverb.core import FormatError, PoseSequence, Recording, stack
from bodyverb.datasets.store import pack
from bodyverb.formats import (
    calibration,
    camera_json,
    coco_json,
    ir_skeleton_h5,
    ntu_skeleton,
    pku_text,
    pose_csv,
    poses_h5,
)
from bodyverb.geometry.flat_poses import flat, solid
from bodyverb.geometry.known_cameras import CAMERAS, kinect_ir
from bodyverb.outputs.curves import WIDTH

rng = np.random.default_rng(0)


def people(frames: int = 40) -> PoseSequence:
    """Two people in the middle of the picture; the second comes late."""
    position = np.stack(
        [
            rng.uniform(-0.3, 0.3, (2, frames, 25)),
            rng.uniform(-0.3, 0.2, (2, frames, 25)),
            np.ones((2, frames, 25)),
        ],
        axis=-1,
    ) * rng.uniform(2.5, 4.5, (2, frames, 25, 1))
    position[1, :10] = np.nan
    return PoseSequence.from_arrays(
        position.round(6), skeleton=skeletons.get("kinect25"), rate_hz=30, axes="kinect"
    )


def sensor_file(path: Path, camera: str) -> Path:
    """An NTU file as this sensor would have made it; the joints of one frame are untracked."""
    poses = people()
    ir = flat(poses, CAMERAS[camera]).replace(extras={})
    file = ntu_skeleton.from_sequences({"camera": poses, "ir": ir})
    file.joints[0, :, 11] = 0
    return ntu_skeleton.write(path, file)


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_fit_finds_the_sensors(tmp_path, capsys):
    for at, name in enumerate(("ntu-a", "ntu-b", "ntu-a")):
        sensor_file(tmp_path / f"{at}.skeleton", name)
    out, plot = tmp_path / "cameras.json", tmp_path / "plot.svg"
    code, said, _ = told(capsys, "project", "fit", tmp_path, "--out", out, "--plot", plot, "--json")
    cameras = json.loads(said)["cameras"]
    assert code == 0 and [item["files"] for item in cameras] == [["0.skeleton", "2.skeleton"], ["1.skeleton"]]
    assert [item["id"] for item in cameras] == ["ntu-a", "ntu-b"]
    assert cameras[0]["pairs"] == {"used": 3450, "left_out": 50, "bad": 0}
    assert set(cameras[0]["sd"]) == {"f", "cx", "cy", "k1", "k2", "k3"} and cameras[0]["border_sd_px"] > 0
    assert cameras[0]["residual_px"]["max"] < 1e-3 and cameras[0]["target"] == "ir"
    read = camera_json.read(out)
    np.testing.assert_allclose(read["ntu-b"].centre, CAMERAS["ntu-b"].centre, atol=1e-3)
    drawn = plot.read_text()
    assert drawn.startswith("<svg") and drawn.count("<circle") > 500 and "ntu-b: 1 files" in drawn
    code, said, _ = told(capsys, "project", "fit", tmp_path / "1.skeleton")
    assert code == 0 and "ntu-b" in said and "±" in said


def test_the_json_is_as_documented(tmp_path, capsys):
    """Infrared: one focal length and the lens; colour: two, and the place beside the infrared camera."""
    poses, color = people(), kinect_ir(1057.0, 962.0, 545.0, 0.0, 0.0, 0.0)
    color = color.replace(translation=(0.053, 0.001, -0.002), image_size=(1920, 1080))
    spaces = {"camera": poses}
    for name, camera in (("ir", CAMERAS["ntu-b"]), ("color", color)):
        spaces[name] = flat(poses, camera).replace(extras={})
    file = ntu_skeleton.write(tmp_path / "a.skeleton", ntu_skeleton.from_sequences(spaces))
    shared = {"id", "files", "target", "cx", "cy", "sd", "residual_px", "border_sd_px", "pairs"}
    for target, own in (("ir", {"f", "k1", "k2", "k3"}), ("color", {"fx", "fy", "rotation", "translation"})):
        code, said, _ = told(capsys, "project", "fit", file, "--target", target, "--json")
        (one,) = json.loads(said)["cameras"]
        assert code == 0 and set(one) == shared | own and set(one["residual_px"]) == {"mean", "p99", "max"}
        assert one["target"] == target and one["residual_px"]["mean"] < 0.1
    assert np.shape(one["rotation"]) == (3, 3) and one["translation"][0] == pytest.approx(0.053, abs=3e-3)


def test_fit_says_what_is_wrong(tmp_path, capsys):
    sensor_file(tmp_path / "good.skeleton", "ntu-a")
    poses = people()
    mirrored = flat(poses, CAMERAS["ntu-a"])
    turned = mirrored.replace(position=(511, 0) + mirrored.position * (-1, 1), extras={})
    ntu_skeleton.write(
        tmp_path / "bad.skeleton", ntu_skeleton.from_sequences({"camera": poses, "ir": turned})
    )
    code, _, wrong = told(capsys, "project", "fit", tmp_path / "bad.skeleton")
    assert code == 2 and "left and right" in wrong and "bad.skeleton" in wrong and wrong.count("\n") == 1
    code, said, wrong = told(capsys, "project", "fit", tmp_path, "--json")
    assert (
        code == 3 and "bad.skeleton" in wrong and json.loads(said)["cameras"][0]["files"] == ["good.skeleton"]
    )
    assert told(capsys, "project", "fit", tmp_path / "none.skeleton")[0] == 2


def test_apply_to_every_format(tmp_path, capsys):
    poses = people()
    source = pku_text.write(tmp_path / "0001-L.txt", poses)
    expected = flat(poses, CAMERAS["ntu-a"])
    code, said, _ = told(capsys, "project", "apply", source, tmp_path / "a.poses.h5", "--camera", "ntu-a")
    assert code == 0 and "camera ntu-a" in said and "other known" in said
    recording = poses_h5.read(tmp_path / "a.poses.h5")
    found = stack(recording.tracks, recording.timestamps_s)
    np.testing.assert_allclose(found.position, expected.position, atol=1e-4)
    assert recording.image_size == (512, 424) and found.mirrored
    for name, read in (("a.csv", pose_csv.read), ("a.json", coco_json.read)):
        assert told(capsys, "project", "apply", source, tmp_path / name, "--camera", "ntu-a")[0] == 0
        tracks = read(tmp_path / name).tracks
        assert [track.frames for track in tracks] == [40, 30]
        np.testing.assert_allclose(tracks[1].position[0], expected.position[1, 10:], atol=1e-3)
    code, _, wrong = told(capsys, "project", "apply", source, tmp_path / "a.xyz", "--camera", "ntu-a")
    assert code == 2 and "ends in" in wrong


def test_a_folder_becomes_one_file(tmp_path, capsys):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("0001-L", "0001-R"):
        pku_text.write(folder / f"{name}.txt", people(5 if name[-1] == "L" else 12))
    (folder / "labels.txt").write_text("1,2,3,2\n")
    (folder / "readme.txt").write_text("Read me.\n")
    out = tmp_path / "ir_skeleton.h5"
    code, said, _ = told(capsys, "project", "apply", folder, out, "--camera", "kinect-v2-ir")
    assert code == 0 and "2 recordings" in said
    with h5py.File(out) as file:
        assert (
            sorted(file) == ["0001-L", "0001-R"] and json.loads(file.attrs["camera"])["id"] == "kinect-v2-ir"
        )
        assert (file["0001-L/ir_skeleton"][..., 1] == 0).all()  # the second body is not there yet
    code, _, wrong = told(capsys, "project", "apply", folder, tmp_path / "a.csv", "--camera", "ntu-a")
    assert code == 2 and "one recording" in wrong
    code, _, wrong = told(capsys, "project", "apply", out, tmp_path / "b.h5", "--camera", "ntu-a")
    assert code == 2 and "3D poses" in wrong and not (tmp_path / "b.h5").exists()


def test_a_packed_store(tmp_path, capsys):
    folder, poses = tmp_path / "ntu", people()
    folder.mkdir()
    name = "S001C001P001R001A001"
    ntu_skeleton.write(folder / f"{name}.skeleton", ntu_skeleton.from_sequences({"camera": poses}))
    store = pack("ntu", folder, tmp_path / "ntu.store", options={"bodies": "file"}).path
    out = tmp_path / "ir_skeleton.h5"
    assert told(capsys, "project", "apply", store, out, "--camera", "ntu-a")[0] == 0
    found = dict(ir_skeleton_h5.sequences(out))
    np.testing.assert_allclose(found[name].position, flat(poses, CAMERAS["ntu-a"]).position, atol=1e-4)


def test_what_the_camera_does_not_see_is_flagged():
    position = np.tile([0, 0, 2.0], (1, 1, 25, 1))
    position[0, 0, 1], position[0, 0, 2], position[0, 0, 3] = (0, 0, -2), (1.6, 0, 2), np.nan
    poses = PoseSequence.from_arrays(position, skeleton=skeletons.get("kinect25"), rate_hz=30, axes="kinect")
    made = flat(poses, CAMERAS["ntu-a"])
    assert made.state[0, 0, :4].tolist() == [2, 0, 1, 0] and made.position[0, 0, 2, 0] > 512
    assert made.extras["outside"][0, 0, :4].tolist() == [False, False, True, False]


@pytest.mark.parametrize("axes", ["cv", "kinect"])
@pytest.mark.parametrize("unit", ["m", "mm"])
def test_units_and_axes(axes, unit):
    poses = people(3)
    turn, scale = ((-1, -1, 1) if axes == "cv" else (1, 1, 1)), 1000 if unit == "mm" else 1
    other = poses.replace(position=poses.position * turn * scale, axes=axes, unit=unit)
    expected = flat(poses, CAMERAS["ntu-b"])
    np.testing.assert_allclose(flat(other, CAMERAS["ntu-b"]).position, expected.position, atol=1e-3)


def test_there_and_back(tmp_path, capsys):
    poses = people()
    np.testing.assert_allclose(
        solid(flat(poses, CAMERAS["ntu-b"]), CAMERAS["ntu-b"]).position, poses.position, atol=1e-6
    )
    file = sensor_file(tmp_path / "a.skeleton", "ntu-b")
    out = tmp_path / "b.poses.h5"
    assert told(capsys, "project", "invert", file, out, "--camera", "ntu-b")[0] == 0
    recording = poses_h5.read(out)
    truth = ntu_skeleton.read(file).sequences()["camera"]
    found = stack(recording.tracks, truth.timestamps_s)
    np.testing.assert_allclose(found.position, truth.position, atol=1e-6)
    assert told(capsys, "project", "apply", file, tmp_path / "c.poses.h5", "--camera", "ntu-b")[0] == 0
    again = tmp_path / "again.txt"
    code, said, _ = told(capsys, "project", "invert", tmp_path / "c.poses.h5", again, "--camera", "ntu-b")
    assert code == 0 and " 0 without a ray" in said
    code, _, wrong = told(capsys, "project", "invert", again, out, "--camera", "ntu-b")
    assert code == 2 and ".skeleton or .poses.h5" in wrong


def test_cameras_by_name(tmp_path, capsys):
    source = pku_text.write(tmp_path / "0001-L.txt", people(2))
    code, _, wrong = told(capsys, "project", "apply", source, tmp_path / "a.csv", "--camera", "ntu-z")
    assert code == 2 and "ntu-a, ntu-b" in wrong
    numbers = {"f": 365, "cx": 256, "cy": 208, "k1": 0, "k2": 0, "k3": 0}
    color = {
        "fx": 1057,
        "fy": 1057,
        "cx": 960,
        "cy": 540,
        "rotation": np.eye(3).tolist(),
        "translation": [0, 0, 0],
    }
    listed = [{"id": "one", **numbers}, {"id": "two", **color}]
    file = tmp_path / "cameras.json"
    file.write_text(json.dumps({"cameras": listed}))
    words = "project", "apply", source, tmp_path / "a.csv", "--camera", file
    code, _, wrong = told(capsys, *words)
    assert code == 2 and "one, two" in wrong
    assert told(capsys, *words, "--camera-id", "two")[0] == 0


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", '{"cameras": []}', '{"cameras": [{"id": "a"}]}', '{"cameras": [3]}',
     '{"cameras": [{"id": "a", "f": -1, "cx": 0, "cy": 0, "k1": 0, "k2": 0, "k3": 0}]}'],
)  # fmt: skip
def test_broken_cameras(tmp_path, content):
    file = tmp_path / "cameras.json"
    file.write_text(content)
    with pytest.raises(FormatError, match=r"Expected .*cameras\.json"):
        camera_json.read(file)


def test_compare(tmp_path, capsys):
    for at, name in enumerate(("ntu-a", "ntu-b", "ntu-a")):
        sensor_file(tmp_path / f"{at}.skeleton", name)
    plot = tmp_path / "compare.png"
    code, said, _ = told(capsys, "project", "compare", tmp_path, "--json", "--plot", plot)
    rows = {(row["way"], row["sensor"]): row for row in json.loads(said)["rows"]}
    assert code == 0 and len(rows) == 8
    for sensor, files in (("ntu-a", {"0.skeleton", "2.skeleton"}), ("ntu-b", {"1.skeleton"})):
        means = [rows[way, sensor]["mean"] for way in ("generic pinhole", "fitted pinhole", "fitted camera")]
        assert means[0] > 2 > means[1] > 0.01 > 1e-4 > means[2] > 0
        one = rows["fitted camera", sensor]
        assert one["median"] <= one["p95"] <= one["max"] and len(one["by_joint"]) == 25
        assert one["by_depth_m"]["0.5-0.75"] is None and one["by_depth_m"]["3-3.25"] < 1e-3
        assert set(one["by_file"]) == files
    picture = cv2.imread(str(plot))
    assert picture.shape[1] == 2 * WIDTH and picture.shape[0] > 1000 and len(np.unique(picture)) > 50
    code, said, _ = told(capsys, "project", "compare", tmp_path)
    assert code == 0 and "ntu-b: 1.skeleton" in said and "generic pinhole" in said


def test_files_that_hold_nobody_or_are_damaged(tmp_path, capsys):
    """Nobody in any frame, no frame at all, a file cut short: named, and the rest is used."""
    sensor_file(tmp_path / "good.skeleton", "ntu-a")
    (tmp_path / "empty.skeleton").write_text("3\n0\n0\n0\n")
    (tmp_path / "none.skeleton").write_text("0\n")
    (tmp_path / "cut.skeleton").write_bytes((tmp_path / "good.skeleton").read_bytes()[:9000])
    for words in (("fit", tmp_path, "--json"), ("compare", tmp_path, "--json")):
        code, said, wrong = told(capsys, "project", *words)
        assert code == 3 and json.loads(said) and len(wrong.splitlines()) == 3
        assert all(f"{name}.skeleton" in wrong for name in ("empty", "none", "cut"))
    out = tmp_path / "ir_skeleton.h5"
    code, said, wrong = told(capsys, "project", "apply", tmp_path, out, "--camera", "ntu-a")
    assert code == 3 and "3 recordings" in said and "cut.skeleton" in wrong and wrong.count("\n") == 1
    shapes = {name: poses.frames for name, poses in ir_skeleton_h5.sequences(out)}
    assert shapes == {"empty": 3, "good": 40, "none": 0}


def test_the_extra_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("bodyverb.train.projection")]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(name, raising=False)
    words = "project", "train", tmp_path / "run", "--root", tmp_path
    code, _, wrong = told(capsys, *words)
    assert code == 2 and "bodyverb[train]" in wrong and wrong.count("\n") == 1
    sensor_file(tmp_path / "0.skeleton", "ntu-a")
    code, _, wrong = told(capsys, "project", "compare", tmp_path, "--models", tmp_path / "model0.pt")
    assert code == 2 and "bodyverb[train]" in wrong


def test_train(tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch", reason="needs the extra [train]")
    from bodyverb.train.projection import RECIPES

    quick = {"better": replace(RECIPES["better"], points=8192)}
    monkeypatch.setattr("bodyverb.train.projection.RECIPES", quick)
    data, out = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    for performer, camera in ((1, "ntu-a"), (2, "ntu-a"), (3, "ntu-a"), (4, "ntu-b"), (5, "ntu-b")):
        sensor_file(data / f"S001C001P{performer:03d}R001A001.skeleton", camera)
    words = "project", "train", out, "--ntu", data, "--recipe", "better", "--epochs", 3
    code, said, _ = told(capsys, *words)
    assert code == 0 and "ntu-a" in said and (out / "loss.png").exists()
    rows = json.loads((out / "result.json").read_text())["test"]
    assert [(row["sensor"], row["files"]) for row in rows] == [("ntu-a", 1)] and rows[0]["mean"] < 0.3
    assert rows[0]["joints"] == 1725  # of performer 3; the frame that was not tracked is left out
    code, _, wrong = told(capsys, *words)
    assert code == 2 and "--resume" in wrong
    assert told(capsys, *words, "--resume")[0] == 0
    code, said, wrong = told(capsys, "project", "compare", data, "--models", out, "--json")
    found = {(row["way"], row["sensor"]): row["mean"] for row in json.loads(said)["rows"]}
    assert code == 0 and found["run", "ntu-b"] < 0.3 and "trained on 4" in wrong
    for more in ((), ("--ntu", data, "--root", data), ("--ntu", data, "--epochs", 0)):
        code, _, wrong = told(capsys, "project", "train", tmp_path / "other", *more)
        assert code == 2 and wrong.startswith("bodyverb: Expected") and not (tmp_path / "other").exists()


CALIBRATION = """
[cam_0]
name = "left"
size = [640, 480]
matrix = [[600, 0, 320], [0, 600, 240], [0, 0, 1]]
distortions = [-0.1, 0.02, 0, 0]
rotation = [0, 0, 0]
translation = [0, 0, 0]
[cam_1]
name = "right"
size = [640, 480]
matrix = [[610, 0, 318], [0, 610, 242], [0, 0, 1]]
distortions = [-0.1, 0.02, 0, 0]
rotation = [0, 0.5, 0]
translation = [-1600, 0, 500]
[metadata]
error = 0.2
"""


def test_triangulate(tmp_path, capsys):
    """People of both views, numbered the other way round in the second, with a calibration in mm."""
    file = tmp_path / "cameras.toml"
    file.write_text(CALIBRATION)
    cameras, poses = calibration.read(file), people()
    points = poses.position * (-1, -1, 1)  # cv axes
    for name, camera in cameras.items():
        seen = camera.project(points * 1000.0)
        flat_poses = PoseSequence.from_arrays(
            seen[:: 1 if name == "left" else -1],
            skeleton=poses.skeleton,
            rate_hz=30,
            image_size=(640, 480),
        )
        tracks = tuple(
            flat_poses.select(persons=[at], frames=flat_poses.present[at].any(axis=1)) for at in (0, 1)
        )
        times = flat_poses.timestamps_s
        recording = Recording(timestamps_s=times, image_size=(640, 480), source=name, tracks=tracks)
        poses_h5.write(tmp_path / f"{name}.poses.h5", recording)
    views = [f"{name}={tmp_path / name}.poses.h5" for name in cameras]
    out = tmp_path / "space.poses.h5"
    words = "project", "triangulate", out, "--calibration", file, "--unit", "mm", "--views"
    code, said, _ = told(capsys, *words, *views)
    assert code == 0 and "2 people, 1750 joints from 2 views" in said
    recording = poses_h5.read(out)
    found = stack(recording.tracks, recording.timestamps_s)
    assert found.unit == "mm" and found.space == "world"
    np.testing.assert_allclose(found.position, points * 1000.0, atol=0.1)
    for wrong in (views[:1], ["top=a.poses.h5", views[0]], [views[0], views[0]], [views[0], "right"]):
        code, _, told_wrong = told(capsys, *words, *wrong)
        assert code == 2 and told_wrong.startswith("bodyverb: Expected") and told_wrong.count("\n") == 1


@pytest.mark.realdata
def test_real_pku_text_to_infrared(data_root, tmp_path, capsys):
    archive = data_root / "pku_mmd" / "raw_text_examples.tar.xz"
    out = tmp_path / "ir_skeleton.h5"
    code, said, _ = told(capsys, "project", "apply", archive, out, "--camera", "ntu-a")
    assert code == 0 and "3 recordings" in said
    for name, poses in ir_skeleton_h5.sequences(out):
        assert name in ("0005-L", "0005-M", "0005-R") and poses.frames > 1000
        known = poses.position[poses.present]
        assert 0 < np.quantile(known[:, 0], 0.05) < np.quantile(known[:, 0], 0.95) < 512
