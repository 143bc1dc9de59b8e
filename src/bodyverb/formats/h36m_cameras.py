"""Cameras of Human3.6M as JSON: 4 lenses, and where each stood for each of the 11 subjects.

`{"intrinsics": {camera: {"calibration_matrix": 3 x 3, "distortion": [k1, k2, p1, p2, k3]}}, "extrinsics":
{subject: {camera: {"R": 3 x 3, "t": 3 x 1}}}}`. The unit is mm; `camera = R @ world + t`; the world is
`z-up`, the camera `cv`.

Source of the form: `camera-parameters.json` of the human36m-camera-parameters project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb.core import InputError
from bodyverb.formats._json_file import Fields, document
from bodyverb.formats.files import replacing, to_json
from bodyverb.geometry.camera import Camera

IMAGE_SIZES = {
    "54138969": (1000, 1002),
    "55011271": (1000, 1000),
    "58860488": (1000, 1000),
    "60457274": (1000, 1002),
}
MAX_TURN_ERROR = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class H36mCamera:
    """One camera as it stood for one subject.

    Attributes:
        subject: For example `S1`.
        name: Number of the camera, for example `54138969`.
        matrix: (3, 3) px.
        distortion: (5,) k1 k2 p1 p2 k3.
        rotation: (3, 3); a world point in the camera is `rotation @ point + translation`.
        translation: (3,) mm.
        image_size: (width, height) px; None for a camera of another name.
    """

    subject: str
    name: str
    matrix: np.ndarray
    distortion: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    image_size: tuple[int, int] | None

    @property
    def camera(self) -> Camera:
        """The camera, taking world points in mm."""
        return Camera.from_opencv(
            self.matrix,
            self.distortion,
            rotation=self.rotation,
            translation=self.translation,
            image_size=self.image_size,
        )

    @classmethod
    def of(cls, camera: Camera, subject: str, name: str) -> H36mCamera:
        """A camera of axes `cv` in mm, as it stood for a subject."""
        return cls(
            subject=subject,
            name=name,
            matrix=camera.matrix,
            distortion=camera.distortion,
            rotation=camera.rotation,
            translation=camera.translation,
            image_size=camera.image_size,
        )

    def to_camera(self, points_mm: np.ndarray) -> np.ndarray:
        """World points (..., 3) mm in the camera's frame (`cv`, mm)."""
        return self.camera.to_camera(points_mm)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) of the camera's frame, in any unit, as px (..., 2); NaN behind the camera."""
        return self.camera.replace(rotation=np.eye(3), translation=np.zeros(3)).project(points)


def read(path: str | Path) -> dict[tuple[str, str], H36mCamera]:
    """Read a file.

    Returns:
        (subject, camera) -> the camera, in the order of the file.

    Raises:
        FormatError: The file is absent or damaged, a field is missing, or an `R` is no rotation.
    """
    whole = Fields(document(path), "the file", path)
    lenses, places = whole.inner("intrinsics"), whole.inner("extrinsics")
    cameras = {}
    for subject in places.values:
        stands = places.inner(subject)
        for name in stands.values:
            cameras[subject, name] = _camera(subject, name, lenses.inner(name), stands.inner(name))
    return cameras


def _camera(subject: str, name: str, lens: Fields, place: Fields) -> H36mCamera:
    rotation = place.floats("R", 3, 3)
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > MAX_TURN_ERROR or np.linalg.det(rotation) < 0:
        place.fail("'R' as a rotation", "another matrix")
    found = H36mCamera(
        subject=subject,
        name=name,
        matrix=lens.floats("calibration_matrix", 3, 3),
        distortion=lens.floats("distortion", 5),
        rotation=rotation,
        translation=place.floats("t", 3, 1)[:, 0],
        image_size=IMAGE_SIZES.get(name),
    )
    try:
        _ = found.camera
    except InputError as error:
        lens.fail("the matrix of a camera", f"another ({error})")
    return found


def write(path: str | Path, cameras: Mapping[tuple[str, str], H36mCamera]) -> Path:
    """Write a file; `read` gives the same numbers back. A camera has one lens, that of its first subject.

    Raises:
        OutputError: The file cannot be written.
    """
    intrinsics: dict[str, dict[str, np.ndarray]] = {}
    extrinsics: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    for (subject, name), camera in cameras.items():
        lens = {"calibration_matrix": camera.matrix, "distortion": camera.distortion}
        intrinsics.setdefault(name, lens)
        place = {"R": camera.rotation, "t": camera.translation[:, None]}
        extrinsics.setdefault(subject, {})[name] = place
    with replacing(path) as temporary:
        text = to_json({"intrinsics": intrinsics, "extrinsics": extrinsics}, indent=2)
        temporary.write_text(text, encoding="utf-8")
    return Path(path)
