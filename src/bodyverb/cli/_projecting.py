"""What the `project` commands share: cameras by name or file, poses in and out by the names of files."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bodyverb.core.errors import FormatError, InputError

if TYPE_CHECKING:
    from bodyverb.core import PoseSequence
    from bodyverb.geometry.camera import Camera
    from bodyverb.geometry.sensors import Pairs, Sensor

SLACK_PX = {"ir": 0.01, "color": 0.1}
_NUMBERS = re.compile(rb"[0-9eE.+\s-]*")
POSES, TABLE, COCO, STORE, SENSOR, TEXT = ".poses.h5", ".csv", ".json", ".h5", ".skeleton", ".txt"


def camera_named(name: str, wanted: str | None) -> tuple[str, Camera]:
    """A known camera, or one of a file that `project fit` wrote, and its id.

    Args:
        name: `kinect-v2-ir`, `ntu-a`, `ntu-b` or a file.
        wanted: Id of the camera in the file; needed where it holds several.

    Raises:
        InputError: There is no such camera.
    """
    from bodyverb.formats import camera_json
    from bodyverb.geometry.known_cameras import CAMERAS

    if name in CAMERAS:
        return name, CAMERAS[name]
    if not Path(name).is_file():
        raise InputError(f"Expected a file or {', '.join(CAMERAS)} as --camera, got another: {name}")
    cameras = camera_json.read(name)
    if wanted is None and len(cameras) == 1:
        return next(iter(cameras.items()))
    if wanted not in cameras:
        raise InputError(f"Expected one of {', '.join(cameras)} as --camera-id, got {wanted}: {name}")
    return wanted, cameras[wanted]


Seen = Callable[[int, int], None]


def solid_poses(
    path: Path, broken: dict[str, str], seen: Seen | None = None
) -> Iterator[tuple[str, PoseSequence]]:
    """Name and 3D poses of every recording of a file, a packed store, or a folder or .tar.xz of files.

    Args:
        path: What to read.
        broken: Gets the name of every damaged file among many, and what is wrong with it.
        seen: Told how many files of many are done.

    Raises:
        InputError: It is absent, damaged or holds none.
    """
    from bodyverb.datasets.store import Store, is_store

    if is_store(path):
        store = Store.open(path)
        for at, clip in enumerate(store, 1):
            yield clip.id, clip.poses
            if seen is not None:
                seen(at, len(store))
    elif path.is_dir() or path.name.endswith((".tar.xz", ".tar.gz", ".tar")):
        yield from _of_many(path, broken, seen)
    elif path.name.endswith(POSES):
        yield _stem(path), _stored(path)
    elif path.suffix == STORE:
        from bodyverb.formats import ir_skeleton_h5

        yield from ir_skeleton_h5.sequences(path)
    else:
        yield _stem(path), _text(path.name, path, None)


def _of_many(path: Path, broken: dict[str, str], seen: Seen | None) -> Iterator[tuple[str, PoseSequence]]:
    from bodyverb.datasets._files import find

    files = find(path, (SENSOR, TEXT), "*.tar.xz")
    names = list(files)
    found = 0
    for at, name in enumerate(names, 1):
        data = files.read(name)
        if seen is not None:
            seen(at, len(names))
        if name.endswith(TEXT) and not _NUMBERS.fullmatch(data[:64]):  # labels of PKU-MMD, readme
            continue
        try:
            poses = _text(name, Path(name), data)
        except FormatError as error:
            broken[name] = str(error).removesuffix(f": {name}")
            continue
        found += 1
        yield name.rsplit(".", 1)[0], poses
    if not found and broken:
        name, words = next(iter(broken.items()))
        raise InputError(f"{words}: {name}")
    if not found:
        raise InputError(f"Expected skeleton files, got none; point at the data: {path}")


def _text(name: str, path: Path, data: bytes | None) -> PoseSequence:
    """3D poses of an NTU or PKU-MMD file."""
    from bodyverb.formats import ntu_skeleton, pku_text

    if name.endswith(SENSOR):
        return ntu_skeleton.read(path, data=data).sequences(("camera",))["camera"]
    if name.endswith(TEXT):
        return pku_text.read(path, data=data)
    raise FormatError(f"Expected {SENSOR}, {TEXT}, {POSES} or {STORE}, got another kind: {path}")


def _stored(path: Path) -> PoseSequence:
    from bodyverb.core import stack
    from bodyverb.formats import poses_h5

    recording = poses_h5.read(path)
    if not recording.tracks:
        raise InputError(f"Expected poses of somebody, got nobody; choose another file: {path}")
    return stack(recording.tracks, recording.timestamps_s)


def pixel_poses(path: Path) -> PoseSequence:
    """Pixels with `depth_mm`: the infrared ones of an NTU file with its z, or of a .poses.h5 file."""
    from bodyverb.formats import ntu_skeleton

    if path.name.endswith(POSES):
        return _stored(path)
    if path.suffix != SENSOR:
        raise FormatError(f"Expected {SENSOR} or {POSES}, got another kind: {path}")
    spaces = ntu_skeleton.read(path).sequences(("camera", "ir"))
    return spaces["ir"].replace(extras={"depth_mm": spaces["camera"].position[..., 2] * 1000})


def sensors_of(files: tuple[Path, ...], target: str) -> tuple[tuple[Sensor, ...], dict[str, str]]:
    """The sensors, `ir` or `color`, that made these NTU files, and what is wrong with files that fit none.

    Joints that the sensor did not track are left out.

    Args:
        files: `.skeleton` files and folders of them.
        target: Which pixels.

    Raises:
        InputError: There are no files, or none of a sensor.
    """
    from bodyverb.cli._counting import counting
    from bodyverb.geometry.fitting import fit_ir
    from bodyverb.geometry.fitting_color import fit_color
    from bodyverb.geometry.sensors import by_sensor

    paths = [
        path for file in files for path in (sorted(file.rglob("*" + SENSOR)) if file.is_dir() else [file])
    ]
    if not paths:
        raise InputError("Expected .skeleton files, got none; name files or folders of them")
    broken: dict[str, str] = {}
    with counting("reading") as seen:
        pairs = _pairs(list(dict.fromkeys(paths)), target, broken, seen)
        fit = fit_ir if target == "ir" else fit_color
        sensors, trouble = by_sensor(pairs, fit, SLACK_PX[target])
    trouble |= broken
    if not sensors:
        name, words = next(iter(trouble.items()))
        raise InputError(f"{words}: {name}")
    return sensors, trouble


def tell(trouble: dict[str, str]) -> int:
    """Say which files were left out, and why; the exit code."""
    for name, words in trouble.items():
        print(f"bodyverb: {words}: {name}", file=sys.stderr)
    return 3 if trouble else 0


def _pairs(
    paths: list[Path], target: str, broken: dict[str, str], seen: Seen | None
) -> Iterator[tuple[str, Pairs]]:
    """Points and pixels of every file, 25 rows a body, untracked joints NaN; damaged files go to `broken`."""
    import numpy as np

    from bodyverb.formats import ntu_skeleton

    short = len({path.name for path in paths}) == len(paths)
    for at, path in enumerate(paths, 1):
        name = path.name if short else str(path)
        try:
            joints = ntu_skeleton.read(path).joints.reshape(-1, len(ntu_skeleton.JOINT_FIELDS))
        except FormatError as error:
            broken[name] = str(error).removesuffix(f": {path}")
            continue
        tracked = joints[:, ntu_skeleton.JOINT_FIELDS.index("tracking_state")] > 0
        points = np.where(tracked[:, None], joints[:, ntu_skeleton.SPACES["camera"]], np.nan)
        if seen is not None:
            seen(at, len(paths))
        yield name, (points, joints[:, ntu_skeleton.SPACES[target]])


def write_one(path: Path, poses: PoseSequence) -> Path:
    """Write one recording in the format that the name of the file asks for.

    Raises:
        InputError: The name asks for none, or for one that cannot hold these poses.
        OutputError: The file cannot be written.
    """
    from bodyverb.core import Recording
    from bodyverb.formats import coco_json, pku_text, pose_csv, poses_h5

    tracks = tuple(
        poses.select(persons=[person], frames=poses.present[person].any(axis=1))
        for person in range(poses.persons)
        if poses.present[person].any()
    )
    recording = Recording(
        timestamps_s=poses.timestamps_s, image_size=poses.image_size, source=poses.source, tracks=tracks
    )
    if path.name.endswith(POSES):
        return poses_h5.write(path, recording)
    if path.suffix == TABLE:
        return pose_csv.write(path, recording)
    if path.suffix == COCO and poses.space == "image":
        return coco_json.write(path, recording)
    if path.suffix == TEXT and poses.space == "camera":
        return pku_text.write(path, poses)
    raise InputError(
        f"Expected a name that ends in {POSES}, {TABLE} or, of pixels, {COCO}, got another: {path}"
    )


def _stem(path: Path) -> str:
    return path.name.removesuffix(POSES).removesuffix(path.suffix)
