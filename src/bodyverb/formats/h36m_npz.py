"""Human3.6M poses as the lifting literature passes them on: `data_3d_h36m.npz` and `data_2d_h36m_*.npz`.

3D: `positions_3d`, a pickled dict subject -> action -> (time, 32, 3) float32, metres in the `z-up` world.
2D: `positions_2d`, subject -> action -> one (time, joint, 2) a camera, px; and `metadata` with `num_joints`
and `keypoints_symmetry`, the indices of the left and of the right joints. The number of joints alone does not
tell the layout (17 may be Human3.6M's or COCO's): it is the one whose left and right joints are these. Both
are sampled at 50 Hz; the files do not say so. The cameras are in the order of `CAMERAS`; a detector's poses
may have some frames more or fewer than the 3D ones.

Source of the form: the data scripts of VideoPose3D (Pavllo et al., CVPR 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Skeleton
from bodyverb.formats import _npz
from bodyverb.formats._format import PIXELS, Format, Frame, Given, Item, poses_of, recording_of
from bodyverb.formats._layout import of_count
from bodyverb.formats.files import replacing
from bodyverb.formats.h36m_cameras import IMAGE_SIZES

RATE_HZ = 50.0
CAMERAS = tuple(IMAGE_SIZES)
SYMMETRY = "keypoints_symmetry"


@dataclass(frozen=True, kw_only=True, eq=False)
class H36mPoses:
    """One file: arrays as stored.

    Attributes:
        arrays: (subject, action) -> the views: one (T, J, 3) of the world, or one (T, J, 2) a camera.
        skeleton: The layout.
        source: Name of the file.
    """

    arrays: Mapping[tuple[str, str], tuple[np.ndarray, ...]]
    skeleton: Skeleton
    source: str = ""

    def poses(self, subject: str, action: str, view: int = 0) -> PoseSequence:
        """One person over time: 3D in metres of the world, or 2D in px of a camera; joints at NaN absent.

        Raises:
            InputError: The file has no such subject, action or view.
        """
        views = self.arrays.get((subject, action), ())
        if not 0 <= view < len(views):
            raise InputError(
                f"Expected a subject, action and view of the file, got {subject!r}, {action!r} and {view}; "
                f"choose one of its {len(self.arrays)}: {self.source}"
            )
        flat = views[view].shape[2] == 2
        camera = CAMERAS[view] if flat and view < len(CAMERAS) else None
        frame = {"space": "image", "unit": "px"} if flat else {"space": "world", "unit": "m", "axes": "z-up"}
        with np.errstate(over="ignore"):
            return PoseSequence.from_arrays(
                views[view][None],
                skeleton=self.skeleton,
                rate_hz=RATE_HZ,
                image_size=IMAGE_SIZES[camera] if camera else None,
                person_ids=(subject,),
                source="/".join(part for part in (subject, action, camera) if part),
                **frame,
            )


def read_3d(path: str | Path, layout: Skeleton | str | None = None) -> H36mPoses:
    """Read `data_3d_h36m.npz`; `layout` where it has fewer than the 32 joints and several have as many.

    Raises:
        FormatError: The file is absent, damaged or dangerous, or holds something else.
        InputError: Several layouts fit and none is given.
    """
    content = _npz.load(path, "positions_3d")["positions_3d"]
    arrays = {key: (_checked(value, 3, key, path),) for key, value in _actions(content, path).items()}
    return H36mPoses(arrays=arrays, skeleton=of_count(_joints(arrays, path), layout, path), source=str(path))


def read_2d(path: str | Path, layout: Skeleton | str | None = None) -> H36mPoses:
    """Read a `data_2d_h36m_*.npz`; `layout` where its symmetry fits several.

    Raises:
        FormatError: The file is absent, damaged or dangerous, or holds something else.
        InputError: Several layouts fit and none is given.
    """
    content = _npz.load(path, "positions_2d", "metadata")
    arrays = {}
    for key, views in _actions(content["positions_2d"], path).items():
        views = list(views) if isinstance(views, np.ndarray) and views.ndim in (1, 4) else views
        if not isinstance(views, list | tuple) or not views:
            raise FormatError(f"Expected a list of cameras, got {type(views).__name__} in {key}: {path}")
        arrays[key] = tuple(_checked(view, 2, key, path) for view in views)
    joints = _joints(arrays, path)
    layout = layout or _by_sides(joints, content["metadata"], path)
    return H36mPoses(arrays=arrays, skeleton=of_count(joints, layout, path), source=str(path))


def write_3d(path: str | Path, poses: H36mPoses) -> Path:
    """Write the 3D form, compressed as it is passed on.

    Raises:
        OutputError: The file cannot be written.
    """
    return _write(path, positions_3d=_nested({key: views[0] for key, views in poses.arrays.items()}))


def write_2d(path: str | Path, poses: H36mPoses) -> Path:
    """Write the 2D form; see `write_3d`."""
    metadata = {"num_joints": len(poses.skeleton), SYMMETRY: list(map(list, _sides(poses.skeleton)))}
    nested = _nested({key: list(views) for key, views in poses.arrays.items()})
    return _write(path, positions_2d=nested, metadata=metadata)


def _write(path: str | Path, **content: dict[str, Any]) -> Path:
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **content)  # type: ignore[arg-type]
    return Path(path)


def _nested(flat: Mapping[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    nested: dict[str, dict[str, Any]] = {}
    for (subject, action), value in flat.items():
        nested.setdefault(subject, {})[action] = value
    return nested


def _actions(content: Any, path: str | Path) -> dict[tuple[str, str], Any]:
    """Subject -> action -> value as one dict."""
    found = {}
    for subject, actions in content.items() if isinstance(content, dict) else ((None, None),):
        if not isinstance(subject, str) or not subject or not isinstance(actions, dict):
            raise FormatError(f"Expected poses by subject and action, got others; check the file: {path}")
        for action, value in actions.items():
            if not isinstance(action, str):
                raise FormatError(f"Expected actions by name, got {type(action).__name__}: {path}")
            found[subject, action] = value
    return found


def _checked(array: Any, space: int, key: tuple[str, str], path: str | Path) -> np.ndarray:
    good = isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.ndim == 3
    if not good or array.shape[2] != space:
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise FormatError(f"Expected numbers (time, joint, {space}), got {found} in {'/'.join(key)}: {path}")
    return array


def _joints(arrays: Mapping[tuple[str, str], tuple[np.ndarray, ...]], path: str | Path) -> int:
    counts = {view.shape[1] for views in arrays.values() for view in views}
    if len(counts) != 1:
        raise FormatError(f"Expected one number of joints, got {sorted(counts)[:9]}; check the file: {path}")
    return counts.pop()


def _by_sides(joints: int, metadata: Any, path: str | Path) -> Skeleton | None:
    """The one layout whose left and right joints are those of the metadata; or None."""
    sides: Any = metadata.get(SYMMETRY) if isinstance(metadata, dict) else None
    good = isinstance(sides, list | tuple) and len(sides) == 2
    if not good or not all(isinstance(side, list | tuple) for side in sides):
        raise FormatError(f"Expected {SYMMETRY!r} as left and right joints, got others; check: {path}")
    found = tuple(tuple(side[:joints]) for side in sides)
    known = [skeletons.get(name) for name in skeletons.names()]
    fitting = [one for one in known if len(one) == joints and _sides(one) == found]
    return fitting[0] if len(fitting) == 1 else None


def _sides(skeleton: Skeleton) -> tuple[tuple[int, ...], ...]:
    """Indices of the left and of the right joints, rising."""
    return tuple(
        tuple(at for at, side in enumerate(skeleton.sides) if side == which) for which in ("left", "right")
    )


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    """Every action of every subject, 2D once a camera."""
    read = read_3d if "positions_3d" in _npz.members(path) else read_2d
    file = given.settle(lambda layout: read(path, layout))
    for (subject, action), views in file.arrays.items():
        for view in range(len(views)):
            poses = file.poses(subject, action, view)
            if given.rate_hz is not None:
                poses = poses.replace(timestamps_s=np.arange(poses.frames) / given.rate_hz)
            yield poses.source, recording_of(poses)


def _save(path: Path, items: Iterable[Item]) -> Path:
    """Names are `subject/action[/camera]`; a name of one part is the action of the person's id."""
    arrays: dict[tuple[str, str], tuple[np.ndarray, ...]] = {}
    skeleton = None
    for name, recording in items:
        poses = poses_of(recording)
        parts = name.split("/")
        subject, action = parts[:2] if len(parts) > 1 else (poses.person_ids[0], name)
        flat = poses.position.shape[3] == 2
        if skeleton not in (None, poses.skeleton) or (arrays and _flat(arrays) != flat):
            raise InputError(f"Expected one layout, and 2D or 3D poses, got several; split them: {path}")
        if (subject, action) in arrays and not flat:
            raise InputError(f"Expected one recording a name, got {subject}/{action} twice; rename: {path}")
        skeleton = poses.skeleton
        arrays[subject, action] = (*arrays.get((subject, action), ()), poses.position[0])
    if skeleton is None:
        raise InputError(f"Expected recordings, got none; choose another file: {path}")
    return (write_2d if _flat(arrays) else write_3d)(path, H36mPoses(arrays=arrays, skeleton=skeleton))


def _flat(arrays: Mapping[tuple[str, str], tuple[np.ndarray, ...]]) -> bool:
    return next(iter(arrays.values()))[0].shape[2] == 2


FORMAT = Format(
    name="h36m-npz",
    title="Human3.6M data_3d_h36m.npz and data_2d_h36m_*.npz",
    suffixes=(".npz",),
    says=frozenset({"unit", "axes", "rate", "empty frames"}),
    says_flat=frozenset(),
    read=_recordings,
    write=_save,
    looks=lambda path, head: bool(_npz.members(path) & {"positions_3d", "positions_2d"}),
    many=True,
    frames=(Frame(space="world", unit="m", axes="z-up"), PIXELS),
    people=1,
    rate_hz=RATE_HZ,
)
