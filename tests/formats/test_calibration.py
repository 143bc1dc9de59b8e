"""Calibrations of several cameras in TOML and JSON."""

import json

import cv2
import numpy as np
import pytest

from bodyverb.core import FormatError
from bodyverb.formats import calibration

TOML = """
[cam_0]
name = "left"
size = [1280, 720]
matrix = [[900.0, 0.0, 640.0], [0.0, 910.0, 360.0], [0.0, 0.0, 1.0]]
distortions = [-0.1, 0.05, 0.001, -0.001]
rotation = [0.1, -0.2, 0.3]
translation = [0.1, 0.2, 3.0]
fisheye = false

[cam_1]
matrix = [[900, 0, 640], [0, 910, 360], [0, 0, 1]]
rotation = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
translation = [0, 0, 3]

[metadata]
error = 0.2
"""


def test_toml_and_json(tmp_path):
    (tmp_path / "a.toml").write_text(TOML)
    cameras = calibration.read(tmp_path / "a.toml")
    assert list(cameras) == ["left", "cam_1"] and cameras["left"].image_size == (1280, 720)
    points = np.random.default_rng(0).normal(size=(20, 3)) * 0.4
    left = cameras["left"]
    theirs = cv2.projectPoints(
        points, np.array([0.1, -0.2, 0.3]), np.array([0.1, 0.2, 3]), left.matrix, left.distortion
    )
    np.testing.assert_allclose(left.project(points), theirs[0][:, 0], atol=1e-9)
    import tomllib

    (tmp_path / "a.json").write_text(json.dumps(tomllib.loads(TOML)))
    again = calibration.read(tmp_path / "a.json")
    np.testing.assert_array_equal(again["left"].project(points), left.project(points))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fisheye = false", "fisheye = true"),
        ("rotation = [0.1, -0.2, 0.3]", ""),
        ("[0.0, 910.0, 360.0]", "[0.0, -910.0, 360.0]"),
        ("[900.0, 0.0, 640.0]", "[900.0, 3.0, 640.0]"),
        ("-0.001]", "-0.001, 0, 0, 0]"),
        ("[cam_1]", '[cam_1]\\nname = "left"'),
        ("[cam_0]", "[cam_0"),
    ],
)
def test_broken_calibrations(tmp_path, old, new):
    assert old in TOML
    (tmp_path / "a.toml").write_text(TOML.replace(old, new.replace("\\n", "\n")))
    with pytest.raises(FormatError, match=r"Expected .*a\.toml"):
        calibration.read(tmp_path / "a.toml")


def test_no_cameras(tmp_path):
    (tmp_path / "a.toml").write_text("[metadata]\nerror = 1\n")
    for name in ("a.toml", "b.toml", "b.json"):
        with pytest.raises(FormatError, match="Expected"):
            calibration.read(tmp_path / name)
