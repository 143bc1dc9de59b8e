"""C3D, the exchange format of motion capture laboratories: points over time, by the library `c3d`.

A binary file of groups of parameters (`POINT:LABELS`, `POINT:UNITS`, `POINT:RATE`, ...) and frames of points
with a residual, -1 where a point was not seen. Points are the joints, named by their labels; units are mm,
cm or m (cm become m). The axes follow from `POINT:X_SCREEN` and `Y_SCREEN` (what is to the right and up on
the screen); without them z is up, as in laboratories. The rate is nominal; times start at 0. One person;
scores, states, boxes and ids have no place, and analog channels are passed over.

Format: The C3D File Format User Guide (Motion Lab Systems). Needs the extra `[c3d]`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import BodyverbError, FormatError, InputError, PoseSequence, Skeleton
from bodyverb.core.pose import Axes
from bodyverb.formats import _extras, _marks
from bodyverb.formats._format import Format, Given, Item, poses_of, recording_of
from bodyverb.formats.files import replacing

MAX_FILE_BYTES = 1024**3
MAX_MARKERS = 255
_SCREENS: dict[Axes, tuple[str, str]] = {"y-up": ("+X", "+Y"), "z-up": ("+X", "+Z"), "cv": ("+X", "-Y")}
_UNITS = {"mm": "mm", "cm": "cm", "m": "m", "meters": "m", "millimeters": "mm", "meter": "m"}


def read(
    path: str | Path,
    *,
    layout: Skeleton | str | None = None,
    unit: str | None = None,
    axes: Axes | None = None,
    data: bytes | None = None,
) -> PoseSequence:
    """Read a file as one person (1, T, points, 3), world.

    Args:
        path: The file.
        layout: The layout of the points in their order; by default their labels.
        unit: Their unit, where the file does not say: mm, cm or m.
        axes: Their axes, where the file does not say.
        data: Its bytes, where it lies inside an archive.

    Raises:
        FormatError: The file is absent or damaged, or holds fewer frames than it says.
        InputError: The library is not there, or the unit given is none.
    """
    library = _extras.load("c3d", "c3d", path)
    content = _content(Path(path), data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = library.Reader(io.BytesIO(content))
            position, labels, said = _points(reader, len(content), path)
    except BodyverbError:
        raise
    except Exception as error:  # the library raises whatever it meets on damage
        raise FormatError(
            f"Expected a C3D file, got {type(error).__name__} ({str(error)[:100]}); get it anew: {path}"
        ) from None
    name, scale = _marks.length(unit or said["unit"], path)
    rate = float(said["rate"])
    if scale != 1:
        position *= np.float32(scale)
    return PoseSequence.from_arrays(
        position[None],
        skeleton=_marks.named(layout, labels, f"c3d{len(labels)}", path),
        rate_hz=rate,
        space="world",
        unit=name,
        axes=axes or said["axes"],
        source=Path(path).name,
    )


def _content(path: Path, data: bytes | None) -> bytes:
    try:
        if data is None and path.stat().st_size > MAX_FILE_BYTES:
            raise FormatError(f"Expected at most {MAX_FILE_BYTES >> 30} GiB, got more; cut the file: {path}")
        content = path.read_bytes() if data is None else data
    except OSError as error:
        raise FormatError(f"Expected a C3D file, got '{error.strerror}'; check the path: {path}") from None
    if len(content) < 1024 or content[1] != 0x50 or not 0 < content[0] < len(content) // 512:
        raise FormatError(
            f"Expected a C3D file, got {content[:2].hex() or 'nothing'} at byte 0; get it anew: {path}"
        )
    return content


def _points(reader: Any, size: int, path: str | Path) -> tuple[np.ndarray, list[str], dict[str, Any]]:
    """Points (frames, points, 3) float32 in the file's unit, their labels, and what the file says."""
    points, frames = int(reader.point_used), int(reader.last_frame) - int(reader.first_frame) + 1
    word = 4 if reader.point_scale < 0 else 2
    start = 512 * (int(reader._header.data_block) - 1)
    if points < 1 or frames < 1 or frames * points * 4 * word > size - start:
        raise FormatError(
            f"Expected points of all frames, got {frames} frames of {points} points in {size - start} bytes "
            f"from byte {start}; get it anew: {path}"
        )
    rate = float(reader.point_rate)
    if not 0 < rate < 1e6:
        raise FormatError(f"Expected a rate in Hz, got {rate:g}; check POINT:RATE: {path}")
    position = np.empty((frames, points, 3), np.float32)
    filled = 0
    for _, found, _ in reader.read_frames(copy=False):
        position[filled] = np.where(found[:, 3:4] < 0, np.nan, found[:, :3])
        filled += 1
    if filled < frames:
        raise FormatError(f"Expected {frames} frames, got {filled}; get it anew: {path}")
    labels = [str(label).strip() for label in reader.point_labels][:points]
    labels += [f"point_{at + 1}" for at in range(len(labels), points)]
    labels = [label or f"point_{at + 1}" for at, label in enumerate(labels)]
    return position, labels, {"rate": rate, "unit": _unit(reader), "axes": _axes(reader)}


def _unit(reader: Any) -> str:
    found = reader.get("POINT:UNITS")
    said = "" if found is None else str(found.string_value).strip().strip("\0").lower()
    return _UNITS.get(said, "none")


def _axes(reader: Any) -> Axes:
    """The axes that the screen shows; z-up where nothing is said."""
    up = reader.get("POINT:Y_SCREEN")
    said = "" if up is None else str(up.string_value).strip().upper()
    return next((axes for axes, screen in _SCREENS.items() if screen[1] == said), "z-up")


def write(path: str | Path, poses: PoseSequence) -> Path:
    """Write a file; positions are the same float32 again. Uneven times become even ones.

    Args:
        path: The file.
        poses: One person in 3D, m or mm; axes y-up, z-up or cv.

    Raises:
        InputError: The library is not there, or the poses are of another kind or too many points.
        OutputError: The file cannot be written.
    """
    library = _extras.load("c3d", "c3d", path)
    _marks.check(poses, path)
    if poses.axes not in _SCREENS or len(poses.skeleton) > MAX_MARKERS or not poses.frames:
        raise InputError(
            f"Expected frames of at most {MAX_MARKERS} points with axes {', '.join(_SCREENS)}, got "
            f"{poses.frames} of {len(poses.skeleton)} in {poses.axes}; convert them: {path}"
        )
    rate = _marks.rate_of(poses.timestamps_s.tolist())
    writer = library.Writer(point_rate=rate, point_units=poses.unit.ljust(4))
    writer.set_point_labels(list(poses.skeleton.joints))
    writer.set_screen_axis(*_SCREENS[poses.axes])
    points = np.zeros((poses.frames, len(poses.skeleton), 5), np.float32)
    points[..., :3] = np.nan_to_num(poses.position[0])
    points[..., 3:][~poses.present[0]] = -1
    nothing = np.zeros((0, 0), np.float32)
    writer.add_frames([(frame, nothing) for frame in points])
    with replacing(path) as temporary, temporary.open("wb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of analog channels that are not there
        writer.write(stream)
    return Path(path)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.stem, recording_of(read(path, layout=given.layout, unit=given.unit, axes=given.axes))


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, poses_of(recording))


FORMAT = Format(
    name="c3d",
    title="C3D points of motion capture",
    suffixes=(".c3d",),
    says=frozenset({"layout", "unit", "axes", "rate", "empty frames"}),
    read=_recordings,
    write=_save,
    frames=_marks.frames("y-up", "z-up", "cv"),
    people=1,
    looks=lambda path, head: head[1:2] == b"\x50",
    extra="c3d",
)
