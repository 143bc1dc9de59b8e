"""Calibrations of several cameras, as multi-camera tools keep them: TOML or JSON, a table a camera.

    [cam_0]
    name = "left"
    size = [1920, 1080]
    matrix = [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]
    distortions = [k1, k2, p1, p2]         (or with k3)
    rotation = [rx, ry, rz]                (a rotation vector, or 3 x 3)
    translation = [tx, ty, tz]

The table `metadata` is passed over; a fisheye camera is refused.

Source of the form: the calibration files of aniposelib, which Pose2Sim and Caliscope use too.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from bodyverb.core import FormatError, InputError
from bodyverb.formats._json_file import MAX_DOCUMENT_BYTES, Fields, document
from bodyverb.geometry.camera import Camera

NO_CAMERA = ("metadata", "capture_volume", "charuco")


def read(path: str | Path) -> dict[str, Camera]:
    """The cameras of a `.toml` or `.json` file by name, axes `cv`, in the unit of the file.

    Raises:
        FormatError: The file is absent, too large, damaged, without cameras, or a camera is of another model.
    """
    path = Path(path)
    whole = Fields(_toml(path) if path.suffix == ".toml" else document(path), "the file", path)
    cameras = {}
    for table in whole.values:
        if table in NO_CAMERA:
            continue
        fields = whole.inner(table)
        name = fields.text("name") if "name" in fields else table
        if name in cameras:
            fields.fail("names that differ", f"{name!r} twice")
        cameras[name] = _camera(fields, path)
    if not cameras:
        whole.fail("a table a camera", "none")
    return cameras


def _toml(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_DOCUMENT_BYTES:
            raise FormatError(f"Expected at most {MAX_DOCUMENT_BYTES >> 20} MiB of TOML, got more: {path}")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"Expected a TOML file, got '{error.strerror}'; check the path: {path}") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"Expected TOML, got {type(error).__name__} ({error}); check it: {path}") from None


def _camera(fields: Fields, path: Path) -> Camera:
    if fields.values.get("fisheye"):
        fields.fail("a camera with a radial and tangential lens", "a fisheye")
    lens, turn = fields.values.get("distortions", []), fields.values.get("rotation")
    if not isinstance(lens, list):
        fields.fail("'distortions' as a list", "another")
    whole_turn = isinstance(turn, list) and bool(turn) and isinstance(turn[0], list)
    size = fields.floats("size", 2) if "size" in fields else None
    try:
        return Camera.from_opencv(
            fields.floats("matrix", 3, 3),
            fields.floats("distortions", len(lens)) if lens else (),
            rotation=fields.floats("rotation", *((3, 3) if whole_turn else (3,))),
            translation=fields.floats("translation", 3),
            image_size=None if size is None else (int(size[0]), int(size[1])),
        )
    except FormatError:
        raise
    except InputError as error:
        raise FormatError(f"{error}: {path}") from None
