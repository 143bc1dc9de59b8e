"""Cameras found again from pairs, what is left out, what is diagnosed, and real files of both sensors."""

from pathlib import Path

import numpy as np
import pytest

from bodyverb.core import InputError
from bodyverb.formats import ntu_skeleton
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.fitting import NAMES, CameraFit, fit_ir
from bodyverb.geometry.fitting_color import fit_color
from bodyverb.geometry.known_cameras import CAMERAS, kinect_ir, spread_px
from bodyverb.geometry.rotation import about_x, about_y
from bodyverb.geometry.sensors import by_sensor, names_of

COLOR = Camera(
    focal=(1057, 1056),
    centre=(965, 545),
    rotation=about_y(0.004) @ about_x(-0.006),
    translation=(0.0535, 0.001, -0.002),
    image_size=(1920, 1080),
    axes="kinect",
)


def printed(values: np.ndarray) -> np.ndarray:
    """Rounded to seven digits, as the files are."""
    return np.array([float(f"{value:.7g}") for value in values.ravel()]).reshape(values.shape)


def pairs(camera: Camera, count: int = 1500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """People in the middle of the picture, 2.5 to 4.5 m away."""
    rng = np.random.default_rng(seed)
    depth = rng.uniform(2.5, 4.5, count)
    points = np.stack(
        [rng.uniform(-0.35, 0.3, count), rng.uniform(-0.3, 0.25, count), np.ones(count)], axis=1
    )
    points = points * depth[:, None]
    return printed(points), printed(camera.project(points))


def over_the_picture(one: Camera, other: Camera) -> np.ndarray:
    pixels = np.stack(np.meshgrid(np.linspace(0, 511, 74), np.linspace(0, 423, 61)), axis=-1)
    return np.linalg.norm(one.project(other.unproject(pixels, 1.0)) - pixels, axis=-1)


def parameters(camera: Camera) -> np.ndarray:
    return np.array([camera.focal[0], *camera.centre, *camera.distortion[[0, 1, 4]]])


def sure(fit: CameraFit, truth: Camera) -> np.ndarray:
    """How many standard errors each parameter is off."""
    return np.abs(parameters(fit.camera) - parameters(truth)) / np.array([fit.sd[name] for name in NAMES])


@pytest.mark.parametrize("name", ["ntu-a", "ntu-b"])
def test_a_camera_from_one_file(name):
    truth = CAMERAS[name]
    fit = fit_ir(*pairs(truth))
    assert fit.residual_px.mean() < 6e-5 and (fit.used, fit.left_out, fit.bad) == (1500, 0, 0)
    away = over_the_picture(fit.camera, truth)
    assert away.mean() < 0.02 and away.max() < 0.15
    assert (sure(fit, truth) < 3).all()


def test_another_lens_is_believed_where_the_pairs_show_it():
    """A body over the whole picture overrules the lenses of NTU."""
    truth = kinect_ir(366.0, 258.0, 205.0, 0.091, -0.2683, 0.0951)
    points = pairs(truth)[0] * (1.7, 1.5, 1)
    fit = fit_ir(printed(points), printed(truth.project(points)))
    assert (sure(fit, truth) < 4).all() and over_the_picture(fit.camera, truth).max() < 0.15


def test_bad_pairs_fall_out_and_no_pairs_are_counted():
    truth = CAMERAS["ntu-a"]
    points, pixels = pairs(truth)
    rng = np.random.default_rng(1)
    pixels[:450] = rng.uniform(0, 424, (450, 2))
    points[450:460], points[460:470], pixels[470:475], points[475:480, 2] = 0, np.nan, np.nan, -1
    fit = fit_ir(points, pixels)
    assert fit.left_out == 30 and 440 <= fit.bad <= 450 and fit.used + fit.bad == 1470
    assert over_the_picture(fit.camera, truth).mean() < 0.02


WRONG = {
    "mm": (lambda p, q: (p * 1000, q), "mm.*divide by 1000"),
    "mirrored points": (lambda p, q: (p * (-1, 1, 1), q), "left and right.*negate x"),
    "mirrored pixels": (lambda p, q: (p, (511, 0) + q * (-1, 1)), "left and right"),
    "y down": (lambda p, q: (p * (1, -1, 1), q), "y up"),
    "turned round": (lambda p, q: (p * (-1, -1, 1), q), "both turned round"),
    "u and v": (lambda p, q: (p, q[:, ::-1]), "u and v, swapped"),
    "x and y": (lambda p, q: (p[:, [1, 0, 2]], q), "x and y"),
    "x z y": (lambda p, q: (p[:, [0, 2, 1]], q), "order xzy"),
    "z y x": (lambda p, q: (p[:, [2, 1, 0]], q), "order zyx"),
    "shares of the picture": (lambda p, q: (p, q / (512, 424)), "scaled"),
    "half the size": (lambda p, q: (p, q / 2), "scaled, by about 0.5"),
    "few": (lambda p, q: (p[:5], q[:5]), "at least 12 pairs .*got 5"),
    "one depth": (lambda p, q: (p / p[:, 2:] * 3, q), "many depths"),
    "one place": (lambda p, q: ((p[:1] / p[0, 2] + 1e-4 * p) * p[:, 2:], q), "one place"),
    "one joint": (lambda p, q: (p[:1] + 1e-3 * p, q), "one, .* m|one place"),
    "shuffled": (lambda p, q: (p, q[np.random.default_rng(0).permutation(len(q))]), "could have made"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_diagnosis_in_one_line(what):
    spoil, words = WRONG[what]
    with pytest.raises(InputError, match=words) as caught:
        fit_ir(*spoil(*pairs(CAMERAS["ntu-a"])))
    assert "\n" not in str(caught.value) and str(caught.value).startswith("Expected ")


def test_two_sensors_in_one():
    first, second = pairs(CAMERAS["ntu-a"], 900), pairs(CAMERAS["ntu-b"], 700, seed=1)
    with pytest.raises(InputError, match="one sensor, got two"):
        fit_ir(np.concatenate((first[0], second[0])), np.concatenate((first[1], second[1])))


def test_files_by_sensor():
    files = {f"{name}{at}": pairs(CAMERAS[name], 400, at) for at in (1, 2) for name in ("ntu-a", "ntu-b")}
    files["short"] = tuple(part[:5] for part in pairs(CAMERAS["ntu-b"], seed=7))
    files["empty"] = np.full((3, 3), np.nan), np.zeros((3, 2))
    sensors, trouble = by_sensor(files.items(), fit_ir, 0.01)
    assert [one.files for one in sensors] == [("ntu-a1", "ntu-a2"), ("ntu-b1", "ntu-b2", "short")]
    assert list(trouble) == ["empty"] and sensors[1].fit.used == 805
    assert names_of(sensors, "ir") == ["ntu-a", "ntu-b"] and names_of(sensors, "color") == [
        "color-1",
        "color-2",
    ]


def test_a_first_file_that_says_little_joins_its_sensor_later():
    points, pixels = pairs(CAMERAS["ntu-b"], 300)
    near = np.abs(points[:, :2] / points[:, 2:]).max(axis=1) < 0.1
    noisy = pixels[near] + np.random.default_rng(0).normal(0, 0.005, pixels[near].shape)
    files = {"poor": (points[near], noisy), "good": pairs(CAMERAS["ntu-b"], 900, 1)}
    sensors, trouble = by_sensor(files.items(), fit_ir, 0.01)
    assert [one.files for one in sensors] == [("poor", "good")] and not trouble


def test_very_many_files_are_fitted_on_some_bodies_of_each(monkeypatch):
    monkeypatch.setattr("bodyverb.geometry.sensors._WHOLE_ROWS", 2000)
    files = ((f"{at}", pairs(CAMERAS["ntu-a" if at % 3 else "ntu-b"], 500, at)) for at in range(30))
    sensors, trouble = by_sensor(files, fit_ir, 0.01)
    assert [len(one.files) for one in sensors] == [10, 20] and not trouble
    assert sum(one.fit.used for one in sensors) == 4 * 500 + 26 * 50


def test_a_colour_camera():
    points, _ = pairs(CAMERAS["ntu-a"])
    pixels = COLOR.project(points)
    pixels[::10] += 40
    fit = fit_color(points, pixels)
    assert fit.bad == 150 and fit.residual_px.max() < 0.01
    away = np.linalg.norm(fit.camera.project(points) - COLOR.project(points), axis=1)
    assert away.max() < 0.01 and set(fit.sd) >= {"fx", "rz", "tx"}
    with pytest.raises(InputError, match="scaled"):
        fit_color(points, CAMERAS["ntu-a"].project(points))


def test_the_spread_over_sensors():
    points = pairs(CAMERAS["ntu-a"])[0]
    mean, most = spread_px(points, CAMERAS["ntu-a"])
    assert 3 < mean < 6.5 < most < 8
    assert np.isnan(spread_px(np.full((2, 3), np.nan), CAMERAS["ntu-a"])).all()


@pytest.mark.realdata
def test_each_file_predicts_the_others_of_its_sensor(data_root: Path):
    found = {}
    for path in sorted((data_root / "ntu").glob("*.skeleton")):
        joints = ntu_skeleton.read(path).joints.reshape(-1, 12)
        found[path.stem] = joints[:, :3], joints[:, 3:5], joints[:, 5:7]
    assert len(found) >= 4
    sensor_of = lambda stem: "ntu-b" if stem.startswith("S001C003") else "ntu-a"  # noqa: E731
    for stem, (points, pixels, color) in found.items():
        fit, truth = fit_ir(points, pixels), CAMERAS[sensor_of(stem)]
        for other, (their_points, their_pixels, _) in found.items():
            if sensor_of(other) == sensor_of(stem):
                off = fit.camera.project(their_points) - their_pixels
                assert np.linalg.norm(off, axis=1).mean() <= 1e-4
        away = over_the_picture(fit.camera, truth)
        assert away.mean() <= 0.01 and away.max() <= 0.08 and (sure(fit, truth) < 3).all()
        assert fit_color(points, color).residual_px.mean() <= 0.1
