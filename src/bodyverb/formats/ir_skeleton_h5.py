"""The HDF5 files of the NTU conversion project: `skeleton.h5` (3D) and `ir_skeleton.h5` (infrared pixels).

A group a recording, named like `S001C001P001R001A001`, with one dataset float32 (k, T, 25, 2): coordinate,
frame, Kinect v2 joint, body. `skeleton` has k = 3, metres in `kinect` axes; `ir_skeleton` has k = 2, px of
the mirrored 512 x 424 picture. A body that is not there is all zeros. No times are stored; 30 Hz is nominal.
Datasets are plain, lzf or gzip. `samples_names.txt` beside the files lists the names, one a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import h5py
import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import _h5_file, _numbers
from bodyverb.formats._format import KINECT, Format, Frame, Given, Item, poses_of, recording_of
from bodyverb.formats.files import Sink, replacing

SUFFIX = ".h5"
RATE_HZ = 30.0
BODIES, JOINTS = 2, 25
IR_SIZE = (512, 424)
COORDINATES = {"skeleton": 3, "ir_skeleton": 2}
Compression = Literal["none", "lzf", "gzip"]


def sequences(path: str | Path) -> Iterator[tuple[str, PoseSequence]]:
    """Every recording of a file by name, read one at a time: two persons, absent joints NaN.

    Raises:
        FormatError: The file is absent, damaged or of another layout, or a dataset lies elsewhere or is too
            large for it.
    """
    with _h5_file.opened(path) as file:
        names = list(file)
        if not names:
            raise FormatError(f"Expected a group a recording, got an empty file; fetch it again: {path}")
        for name in names:
            yield name, _sequence(file, name, path)


def _sequence(file: h5py.File, name: str, path: str | Path) -> PoseSequence:
    group = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    kinds = [kind for kind in COORDINATES if isinstance(group, h5py.Group) and kind in group]
    if not kinds:
        raise FormatError(
            f"Expected {' or '.join(COORDINATES)} in the group {name!r}, got neither; check it: {path}"
        )
    kind = kinds[0]
    shape = (COORDINATES[kind], None, JOINTS, BODIES)
    stored = _h5_file.array(file, f"{name}/{kind}", shape, "f", path)
    with np.errstate(over="ignore"):
        position = stored.astype(np.float32).transpose(3, 1, 2, 0)
    position[(position == 0).all(axis=-1)] = np.nan
    flat = kind == "ir_skeleton"
    return PoseSequence.from_arrays(
        position,
        skeleton=skeletons.get("kinect25"),
        rate_hz=RATE_HZ,
        space="image" if flat else "camera",
        unit="px" if flat else "m",
        axes="cv" if flat else "kinect",
        mirrored=flat,
        image_size=IR_SIZE if flat else None,
        source=name,
    )


def write(
    path: str | Path,
    items: Iterable[tuple[str, PoseSequence]],
    about: Mapping[str, str] | None = None,
    compression: Compression = "none",
) -> Path:
    """Write recordings, whole or not at all; what `sequences` gave reads back the same.

    Args:
        path: The file.
        items: Name and poses of each recording, taken one at a time: kinect25, either camera space in m and
            `kinect` axes, or mirrored infrared px. Of more than two people the two seen longest are kept.
        about: Texts that become attributes of the file; other readers pass over them.
        compression: `none`, `lzf`, or `gzip` of level 9.

    Raises:
        InputError: Poses are of another kind, or a name stands twice or holds a slash.
        OutputError: The file cannot be written.
    """
    with (
        replacing(path) as temporary,
        Sink(temporary) as sink,
        h5py.File(sink, "w", track_order=True) as file,
    ):
        file.attrs.update(dict(about or {}))
        for name, poses in items:
            if not name or "/" in name or name in (".", "..") or name in file:
                raise InputError(f"Expected a name of its own for every recording, got {name!r}; rename it")
            file.create_group(name).create_dataset(_kind(poses), data=_stored(poses), **packing(compression))
            sink.check()
    return Path(path)


def packing(compression: Compression) -> dict[str, Any]:
    """The arguments of h5py for one of the project's compressions.

    Raises:
        InputError: It is none of them.
    """
    if compression not in get_args(Compression):
        raise InputError(
            f"Expected a compression of {', '.join(get_args(Compression))}, got {compression!r}; correct it"
        )
    if compression == "none":
        return {}
    return {"compression": compression, **({"compression_opts": 9} if compression == "gzip" else {})}


def read_names(path: str | Path) -> tuple[str, ...]:
    """Names of recordings, from the project's lists (`samples_names.txt`, `missing_skeleton.txt`).

    Raises:
        FormatError: The file is absent, no text, or a line is no name.
    """
    text = _numbers.load(Path(path), None)
    names = [line.strip() for line in text.split(b"\n")]
    for line, name in enumerate(names, 1):
        if name and not re.fullmatch(rb"[\w.-]{1,100}", name):
            shown = name[:40].decode("ascii", "backslashreplace")
            raise FormatError(f"Expected a name a line, got '{shown}'; check line {line}: {path}")
    return tuple(name.decode("ascii") for name in names if name)


def write_names(path: str | Path, names: Iterable[str]) -> Path:
    """Write such a list, a name a line.

    Raises:
        OutputError: It cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text("".join(f"{name}\n" for name in names), "ascii")
    return Path(path)


def _kind(poses: PoseSequence) -> str:
    frame: tuple[Any, ...] = poses.skeleton.name, poses.space, poses.unit, poses.axes, poses.mirrored
    if frame == ("kinect25", "camera", "m", "kinect", False):
        return "skeleton"
    if frame == ("kinect25", "image", "px", "cv", True):
        return "ir_skeleton"
    raise InputError(
        f"Expected kinect25 in camera space, m, kinect axes, or in mirrored px, got {frame}; convert them"
    )


def _stored(poses: PoseSequence) -> np.ndarray:
    """(k, T, 25, 2) float32."""
    seen = poses.present.any(axis=2).sum(axis=1)
    kept = np.sort(np.argsort(-seen, kind="stable")[:BODIES])
    position = np.zeros((BODIES, poses.frames, JOINTS, poses.position.shape[3]), np.float32)
    position[: kept.size] = np.nan_to_num(poses.position[kept])
    return position.transpose(3, 1, 2, 0)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    for name, poses in sequences(path):
        there = [person for person in range(poses.persons) if poses.present[person].any()]
        yield name, recording_of(poses.select(persons=there))


def _save(path: Path, items: Iterable[Item]) -> Path:
    return write(path, ((name, poses_of(recording, "kinect25", KINECT)) for name, recording in items))


def _looks(path: Path, head: bytes) -> bool:
    """Whether the first group holds one of the datasets."""
    try:
        with _h5_file.opened(path) as file:
            first = next(iter(file), None)
            group = file.get(first) if first is not None else None
            return isinstance(group, h5py.Group) and any(kind in group for kind in COORDINATES)
    except FormatError:
        return False


FORMAT = Format(
    name="ntu-h5",
    title="skeleton.h5 and ir_skeleton.h5 of the NTU conversion project",
    suffixes=(SUFFIX,),
    says=frozenset({"layout", "unit", "axes", "rate", "empty frames", "nobody"}),
    read=_recordings,
    write=_save,
    looks=_looks,
    many=True,
    layouts=("kinect25",),
    frames=(KINECT, Frame(space="image", unit="px", axes="cv", mirrored=True, dims=2)),
    people=BODIES,
    rate_hz=RATE_HZ,
)
