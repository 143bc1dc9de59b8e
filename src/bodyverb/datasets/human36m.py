"""Human3.6M: motion capture of 7 subjects in 15 everyday actions, four calibrated cameras, 50 Hz."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from bodyverb import skeletons
from bodyverb.core import Clip, InputError, PoseSequence
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import h36m_cameras, h36m_npz
from bodyverb.formats.h36m_cameras import H36mCamera
from bodyverb.formats.h36m_npz import CAMERAS, H36mPoses
from bodyverb.geometry.camera import Camera

CLASSES = (
    "directions", "discussion", "eating", "greeting", "phoning", "photo", "posing", "purchases", "sitting",
    "sitting_down", "smoking", "waiting", "walk_dog", "walking", "walk_together",
)  # fmt: skip
TRAIN = ("S1", "S5", "S6", "S7", "S8")
TEST = ("S9", "S11")
SPELT = {"takingphoto": "photo", "walkingdog": "walk_dog"}
NAMES = (
    "Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases", "Sitting",
    "SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether",
)  # fmt: skip
"""The classes as recordings spell them."""
MM = 1000.0
Space = Literal["world", "camera", "image"]

CARD = {
    "name": "human36m",
    "title": "Human3.6M",
    "licence": "on registration: academic research only, no redistribution",
    "citation": "Ionescu, Papava, Olaru and Sminchisescu, Human3.6M: Large Scale Datasets and Predictive "
    "Methods for 3D Human Sensing in Natural Environments, TPAMI 2014",
    "files": "data_3d_h36m.npz, camera-parameters.json and, for a detector's poses, data_2d_h36m_*.npz",
    "splits": "`official`: S1, S5, S6, S7 and S8 train, S9 and S11 test. Protocol 1 compares poses about the "
    "pelvis, protocol 2 after a similarity alignment; a score is the mean over the 15 actions",
    "classes": CLASSES,
    "skeleton": "h36m17 (of the 32 joints of h36m32)",
}


def open(
    root: str | Path,
    *,
    space: Space = "camera",
    layout: str = "h36m17",
    detections: str | None = None,
    cameras: str | Path | None = None,
) -> ClipTable:
    """Opens the poses.

    Args:
        root: a folder with the files.
        space: `world`: one clip an action, metres, z-up; `camera`: one a camera, metres in its frame;
            `image`: one a camera, px.
        layout: joint layout of the clips; `h36m32` leaves them as they were recorded.
        detections: for `image`, the poses of a detector (`cpn_ft_h36m_dbb` of
            data_2d_h36m_cpn_ft_h36m_dbb.npz) in the file's own layout; by default the 3D poses seen through
            the cameras, lens included.
        cameras: the cameras' file, where it is not in the folder.

    Returns:
        The clips; ids are `S1/Walking 1/54138969`, or without camera in the world. The same id in another
        space is the same moment.

    Raises:
        InputError: a file is not there, or an option is none of the above.
        FormatError: a file is damaged or dangerous, or misses a camera.
    """
    root = Path(root)
    if space not in ("world", "camera", "image") or (detections is not None and space != "image"):
        raise InputError(
            f"Expected space world, camera or image, detections in image, got {space} and {detections}; "
            f"correct the options: {root}"
        )
    if detections is not None:
        flat = h36m_npz.read_2d(_file(root, f"data_2d_h36m_{detections}.npz"))
        views = {
            f"{subject}/{action}/{CAMERAS[view]}": (subject, action, view)
            for (subject, action), arrays in flat.arrays.items()
            for view in range(min(len(arrays), len(CAMERAS)))
        }
        return _table(views, lambda subject, action, view: flat.poses(subject, action, view or 0))
    solid = h36m_npz.read_3d(_file(root, "data_3d_h36m.npz"))
    if space == "world":
        whole: dict[str, tuple[str, str, int | None]] = {
            f"{subject}/{action}": (subject, action, None) for subject, action in solid.arrays
        }
        return _table(whole, lambda subject, action, _: _in_layout(solid.poses(subject, action), layout))
    found = h36m_cameras.read(Path(cameras) if cameras else _file(root, "camera-parameters.json"))
    missing = {(subject, name) for subject, _ in solid.arrays for name in CAMERAS} - found.keys()
    if missing:
        raise InputError(f"Expected the cameras of every subject, got none of {sorted(missing)[0]}: {root}")
    views = {
        f"{subject}/{action}/{name}": (subject, action, view)
        for subject, action in solid.arrays
        for view, name in enumerate(CAMERAS)
    }
    return _table(
        views,
        lambda subject, action, view: _seen(
            _in_layout(solid.poses(subject, action), layout), found[subject, CAMERAS[view or 0]], space
        ),
    )


def action_class(action: str) -> str:
    """The class of a recording's name, such as `WalkTogether 1`.

    Raises:
        InputError: it is of no class.

    Example:
        >>> action_class("SittingDown 2"), action_class("WalkingDog")
        ('sitting_down', 'walk_dog')
    """
    word = re.sub(r"[ _]*\d*$", "", action).replace(" ", "").lower()
    found = SPELT.get(word) or {name.replace("_", ""): name for name in CLASSES}.get(word)
    if found is None:
        raise InputError(f"Expected an action of Human3.6M, got {action!r}; it has {', '.join(CLASSES)}")
    return found


def _file(root: Path, name: str) -> Path:
    found = sorted(root.rglob(name)) if root.is_dir() else []
    if not found:
        raise InputError(f"Expected {name}, got none; point --root at the folder of it: {root}")
    return found[0]


def _table(views: Mapping[str, tuple[str, str, int | None]], poses: object) -> ClipTable:
    def load(key: str) -> Clip:
        if key not in views:
            raise InputError(f"Expected one of {len(views)} clips, got '{key}'; see the table's ids")
        subject, action, view = views[key]
        return Clip(
            id=key,
            poses=poses(subject, action, view),  # type: ignore[operator]
            label=action_class(action),
            subject=subject,
            camera=None if view is None else CAMERAS[view],
            meta={"action": action},
        )

    parts = {"train": TRAIN, "test": TEST}
    return ClipTable(
        ids=tuple(views),
        classes=CLASSES,
        splits={
            "official": {
                part: tuple(key for key, (subject, *_) in views.items() if subject in subjects)
                for part, subjects in parts.items()
            }
        },
        load=load,
    )


def _in_layout(poses: PoseSequence, layout: str) -> PoseSequence:
    if poses.skeleton.name == layout:
        return poses
    return skeletons.convert(poses, layout)[0]


def _seen(poses: PoseSequence, camera: H36mCamera, space: Space) -> PoseSequence:
    """World poses in the frame of a camera, or in its picture; a joint behind the camera is absent."""
    points = camera.to_camera(poses.position.astype(np.float64) * MM)
    source = f"{poses.source}/{camera.name}"
    if space == "camera":
        position = (points / MM).astype(np.float32)
        return poses.replace(position=position, space="camera", axes="cv", source=source)
    pixels = camera.project(points)
    return PoseSequence.from_arrays(
        pixels,
        skeleton=poses.skeleton,
        timestamps_s=poses.timestamps_s,
        rate=poses.rate,
        image_size=camera.image_size,
        person_ids=poses.person_ids,
        source=source,
    )


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many recordings; each is a clip of four cameras.
    """
    from bodyverb.datasets import _acted

    arrays: dict[tuple[str, str], tuple[np.ndarray, ...]] = {}
    for one in _acted.plan(max(2, count), len(CLASSES), (0, 1)):
        world = _acted.acted(CLASSES[one.kind], rng, rate_hz=h36m_npz.RATE_HZ, seconds=2, person=one.person)
        solid = skeletons.convert(world, "h36m32")[0].position[0]
        name = NAMES[one.kind] if one.repetition == 0 else f"{NAMES[one.kind]} {one.repetition}"
        arrays["S1" if one.person == 0 else "S9", name] = (solid[..., [0, 2, 1]] * (1, -1, 1),)
    layout = skeletons.get("h36m32")
    seen = {
        (subject, CAMERAS[at]): H36mCamera.of(_placed(at), subject, CAMERAS[at])
        for subject in ("S1", "S9")
        for at in range(len(CAMERAS))
    }
    flat = {
        key: tuple(seen[key[0], name].camera.project(views[0] * MM).astype(np.float32) for name in CAMERAS)
        for key, views in arrays.items()
    }
    h36m_npz.write_3d(
        folder / "data_3d_h36m.npz",
        H36mPoses(
            arrays={key: (views[0].astype(np.float32),) for key, views in arrays.items()}, skeleton=layout
        ),
    )
    h36m_npz.write_2d(folder / "data_2d_h36m_gt.npz", H36mPoses(arrays=flat, skeleton=layout))
    h36m_cameras.write(folder / "camera-parameters.json", seen)


def _placed(at: int) -> Camera:
    """One of four cameras in the corners of the room, z-up, mm."""
    name, angle = CAMERAS[at], (at + 0.5) * np.pi / 2
    size = h36m_cameras.IMAGE_SIZES[name]
    eye = np.array([4500 * np.cos(angle), 4500 * np.sin(angle), 1500.0])
    away = np.array([0.0, 0.0, 900.0]) - eye
    ahead = away / np.linalg.norm(away)
    right = np.cross(ahead, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    turn = np.stack((right, np.cross(ahead, right), ahead))
    lens = np.array([-0.2, 0.24, -0.001, -0.0003, -0.003])
    matrix = np.array([[1145.0, 0, size[0] / 2], [0, 1144.0, size[1] / 2], [0, 0, 1]])
    return Camera.from_opencv(matrix, lens, rotation=turn, translation=-turn @ eye, image_size=size)
