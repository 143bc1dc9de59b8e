"""Fitted cameras as JSON: `{"cameras": [one object a camera]}`, as `bodyverb project fit --json` prints it.

Every camera has `id`, `target` (`ir` or `color`) and its numbers: `f`, `cx`, `cy`, `k1`, `k2`, `k3` of an
infrared camera (one focal length, no tangential lens), and `fx`, `fy`, `cx`, `cy`, `rotation` (3 x 3),
`translation` (m) of a colour camera, both of Kinect v2 and axes `kinect`. Beside them stand `files`, `sd`,
`residual_px`, `border_sd_px` and `pairs`, which reading needs not.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import FormatError, InputError
from bodyverb.formats._json_file import Fields, document
from bodyverb.formats.files import replacing, to_json
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.known_cameras import COLOR_SIZE, kinect_ir
from bodyverb.geometry.sensors import Sensor

IR = ("f", "cx", "cy", "k1", "k2", "k3")


def entry(name: str, target: str, sensor: Sensor) -> dict[str, Any]:
    """One camera of the document, ready for JSON."""
    fit = sensor.fit
    camera, residual = fit.camera, fit.residual_px
    lens = camera.distortion
    if target == "ir":
        numbers: dict[str, Any] = dict(
            zip(IR, (camera.focal[0], *camera.centre, lens[0], lens[1], lens[4]), strict=True)
        )
    else:
        numbers = dict(zip(("fx", "fy", "cx", "cy"), (*camera.focal, *camera.centre), strict=True))
        numbers |= {"rotation": camera.rotation, "translation": camera.translation}
    return {
        "id": name,
        "files": list(sensor.files),
        "target": target,
        **numbers,
        "sd": fit.sd,
        "residual_px": {
            "mean": residual.mean(),
            "p99": np.quantile(residual, 0.99),
            "max": residual.max(),
        },
        "border_sd_px": fit.border_sd_px,
        "pairs": {"used": fit.used, "left_out": fit.left_out, "bad": fit.bad},
    }


def write(path: str | Path, cameras: Iterable[dict[str, Any]]) -> Path:
    """Write the document of these entries.

    Raises:
        OutputError: The file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(to_json({"cameras": list(cameras)}, indent=2) + "\n", encoding="utf-8")
    return Path(path)


def read(path: str | Path) -> dict[str, Camera]:
    """The cameras of a file by id.

    Raises:
        FormatError: The file is absent, damaged or without cameras, an id stands twice, or a number is
            missing or none of a camera.
    """
    whole = Fields(document(path), "the file", path)
    listed = whole.values.get("cameras")
    if not isinstance(listed, list) or not listed:
        whole.fail("'cameras' as a list", "another")
    cameras: dict[str, Camera] = {}
    for at, item in enumerate(listed):
        fields = Fields(item, f"camera {at + 1}", path)
        name = fields.text("id")
        if name in cameras:
            fields.fail("ids that differ", f"{name!r} twice")
        try:
            cameras[name] = _camera(fields)
        except InputError as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"{error}: {path}") from None
    return cameras


def _camera(fields: Fields) -> Camera:
    if "f" in fields:
        return kinect_ir(*(float(fields.floats(name)) for name in IR))
    return Camera(
        focal=np.array([fields.floats("fx"), fields.floats("fy")]),
        centre=np.array([fields.floats("cx"), fields.floats("cy")]),
        rotation=fields.floats("rotation", 3, 3),
        translation=fields.floats("translation", 3),
        image_size=COLOR_SIZE,
        axes="kinect",
    )
