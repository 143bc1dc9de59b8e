"""Poses for xarray and as netCDF-4 (`.nc`), in the layout of the `movement` project.

A dataset has the dimensions `time`, `space` (x, y[, z]), `keypoint` and `individual` (before its version
0.17: `keypoints` and `individuals`; both are read), the variables `position` (time, space, keypoint,
individual) and `confidence` (time, keypoint, individual), and the attributes `ds_type` "poses", `fps`,
`time_unit` ("seconds" or "frames"), `source_software` and `source_file`. Missing joints are NaN.

What movement has no word for is ours: the variables `state` and `box` (time, corner, individual), `extra_*`,
and the attribute `bodyverb`, JSON with layout, frame of reference, rate, ids and image size. With them a file
reads back exactly. Without them, 2D is in image px, and 3D in the world, in the unit and axes given or in
unit `none`; the layout is that of the keypoints' names. Times in frames without `fps` are those of 30 Hz and
of rate `unknown`.

`to_xarray`, `from_xarray` and `write` need the extra `[xarray]`; `read` does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bodyverb.core import FormatError, InputError, PoseSequence, Skeleton
from bodyverb.core.pose import Axes, Unit
from bodyverb.formats import _extras, _h5_file, _marks
from bodyverb.formats._format import Format, Given, Item, poses_of, recording_of
from bodyverb.formats.files import replacing, to_json

SUFFIX = ".nc"
GUESSED_RATE_HZ = 30.0
DIMS = ("time", "space", "keypoint", "individual")
LEGACY = {"keypoints": "keypoint", "individuals": "individual"}
MAX_NAMES = 20_000
MAX_TEXT_BYTES = 8 * 1024**2
MAX_ATTRIBUTE = 60_000
_FRAME = ("space", "unit", "axes", "mirrored", "rate")
_EXTRA = "extra_"
_BARE = b"This is a netCDF dimension"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Content:
    """What a dataset holds, wherever it is: variables with their dimensions, coordinates and attributes."""

    variables: Mapping[str, tuple[tuple[str, ...], np.ndarray]]
    coordinates: Mapping[str, list[Any]]
    attributes: Mapping[str, Any]
    source: str
    path: str = field(default="")

    def fail(self, expected: str, found: object) -> FormatError:
        return FormatError(f"Expected {expected}, got {found}; check the dataset: {self.path or self.source}")

    def array(self, name: str, *dims: str) -> np.ndarray | None:
        """A variable with its dimensions in this order; None where it is not there."""
        if name not in self.variables:
            return None
        mine, values = self.variables[name]
        mine = tuple(LEGACY.get(dim, dim) for dim in mine)
        if sorted(mine) != sorted(dims):
            raise self.fail(f"{name!r} over {', '.join(dims)}", f"{', '.join(mine) or 'nothing'}")
        if values.dtype.kind not in "fiub":
            raise self.fail(f"{name!r} as numbers", values.dtype)
        return values.transpose([mine.index(dim) for dim in dims])

    def names(self, dim: str, count: int) -> list[str]:
        """The labels of a dimension."""
        legacy = next(old for old, new in LEGACY.items() if new == dim)
        found = self.coordinates.get(dim, self.coordinates.get(legacy))
        names = [f"{dim}_{at}" for at in range(count)] if found is None else [str(one) for one in found]
        if len(names) != count or len(set(names)) != count or not all(names):
            raise self.fail(f"{count} names of {dim}", f"{len(names)}, or equal or empty ones")
        return names


def to_xarray(poses: PoseSequence) -> Any:
    """The poses as an `xarray.Dataset` of movement.

    Raises:
        InputError: xarray is not there, or the layout is too large for an attribute.
    """
    xarray = _extras.load("xarray", "xarray", poses.source)
    rate = _marks.rate_of(poses.timestamps_s.tolist())
    even = np.allclose(poses.timestamps_s, poses.timestamps_s[:1] + np.arange(poses.frames) / rate, atol=1e-4)
    about = {name: getattr(poses, name) for name in _FRAME}
    about |= {"image_size": poses.image_size, "layout": poses.skeleton.to_dict(), "source": poses.source}
    text = to_json(about)
    if len(text) > MAX_ATTRIBUTE:
        raise InputError(f"Expected a layout of some hundred joints, got {len(poses.skeleton)}; cut it")
    values: dict[str, Any] = {
        "position": (DIMS, poses.position.transpose(1, 3, 2, 0)),
        "confidence": (("time", "keypoint", "individual"), poses.score.transpose(1, 2, 0)),
        "state": (("time", "keypoint", "individual"), poses.state.transpose(1, 2, 0)),
    }
    if poses.box is not None:
        values["box"] = (("time", "corner", "individual"), poses.box.transpose(1, 2, 0))
    for name, extra in poses.extras.items():
        order = {2: (1, 0), 3: (1, 2, 0), 4: (1, 2, 0, 3)}[extra.ndim]
        values[_EXTRA + name.replace("/", "_")] = (_extra_dims(name, extra.ndim), extra.transpose(order))
    attributes = {
        "ds_type": "poses",
        "time_unit": "seconds",
        "source_software": "bodyverb",
        "source_file": poses.source,
        "bodyverb": text,
    }
    return xarray.Dataset(
        data_vars=values,
        coords={
            "time": poses.timestamps_s,
            "space": list("xyz"[: poses.position.shape[3]]),
            "keypoint": list(poses.skeleton.joints),
            "individual": list(poses.person_ids),
        },
        attrs=attributes | ({"fps": rate} if even and poses.frames > 1 else {}),
    )


def _extra_dims(name: str, axes: int) -> tuple[str, ...]:
    return {
        2: ("time", "individual"),
        3: ("time", "keypoint", "individual"),
        4: ("time", "keypoint", "individual", f"of_{name.replace('/', '_')}"),
    }[axes]


def from_xarray(dataset: Any, **said: Any) -> PoseSequence:
    """The poses of an `xarray.Dataset` of movement.

    Args:
        dataset: It.
        **said: `layout`, `unit`, `axes` and `rate_hz`, as `read` takes them.

    Raises:
        FormatError: It has other dimensions, variables or names.
    """
    return _poses(
        _Content(
            variables={name: (value.dims, value.values) for name, value in dataset.data_vars.items()},
            coordinates={name: value.values.tolist() for name, value in dataset.coords.items()},
            attributes=dict(dataset.attrs),
            source=str(dataset.attrs.get("source_file") or "xarray.Dataset"),
        ),
        **said,
    )


def read(
    path: str | Path,
    *,
    layout: Skeleton | str | None = None,
    unit: Unit | None = None,
    axes: Axes | None = None,
    rate_hz: float | None = None,
) -> PoseSequence:
    """Read a file; `layout`, `unit`, `axes` and `rate_hz` say what it does not.

    Raises:
        FormatError: The file is absent, damaged, unpacks to too much, or is no dataset of poses.
    """
    with _h5_file.opened(path) as file:
        content = _content(file, path)
    return _poses(content, layout=layout, unit=unit, axes=axes, rate_hz=rate_hz)


def _content(file: h5py.File, path: str | Path) -> _Content:
    """The numbers of a file, bounded together, and the labels of its dimensions."""
    variables, coordinates = {}, {}
    if len(file) > MAX_NAMES:
        raise FormatError(f"Expected at most {MAX_NAMES} variables, got {len(file)}: {path}")
    room = _h5_file.UNPACKED_FACTOR * Path(path).stat().st_size + _h5_file.UNPACKED_BYTES
    for name in file:
        if isinstance(file.get(name, getlink=True), h5py.HardLink) and isinstance(file[name], h5py.Group):
            continue
        found = _h5_file.dataset(file, name, None, "fiubSO", path)
        if found.dtype.kind in "SO":
            coordinates[name] = _labels(found, path)
            continue
        _h5_file.check_size(found, found.size, path)
        room -= found.size * max(found.dtype.itemsize, 4)
        if room < 0:
            raise FormatError(f"Expected less than the file can hold, got {found.shape} in {name!r}: {path}")
        if not found.is_scale:
            variables[name] = _dims(found), _unpacked(found)
        elif not bytes(found.attrs.get("NAME", b"")).startswith(_BARE):
            coordinates[name] = found[()].tolist()
    wanted = ("fps", "time_unit", "ds_type", "source_file", "bodyverb")
    return _Content(
        variables=variables,
        coordinates=coordinates,
        attributes={name: _plain(file.attrs[name]) for name in wanted if name in file.attrs},
        source=Path(path).name,
        path=str(path),
    )


def _labels(found: Any, path: str | Path) -> list[str]:
    """The texts of a dimension; one text may lie in the file once and count many times."""
    if found.size > MAX_NAMES or found.ndim > 1:
        raise FormatError(f"Expected at most {MAX_NAMES} labels, got {found.shape} in {found.name!r}: {path}")
    labels: list[str] = []
    left = MAX_TEXT_BYTES
    for at in range(found.size if found.ndim else 0):
        label = found[at]
        left -= len(label)
        if left < 0:
            raise FormatError(f"Expected at most {MAX_TEXT_BYTES >> 20} MiB of labels, got more: {path}")
        labels.append(label.decode("utf-8") if isinstance(label, bytes) else str(label))
    return labels


def _dims(found: Any) -> tuple[str, ...]:
    """Names of the dimensions: those of the scales attached to them."""
    return tuple((one[0].name.rpartition("/")[2] if len(one) else one.label) for one in found.dims)


def _unpacked(found: Any) -> np.ndarray:
    """The values, by the attributes of packed numbers where there are any."""
    values: np.ndarray = found[()]
    if _plain(found.attrs.get("dtype", "")) == "bool":
        return values.astype(bool)
    scale, offset = (found.attrs.get(name) for name in ("scale_factor", "add_offset"))
    if values.dtype.kind not in "iu" or (scale is None and offset is None):
        return values
    fill = found.attrs.get("_FillValue")
    holes = np.zeros(values.shape, bool) if fill is None else values == np.ravel(fill)[0]
    numbers = values.astype(np.float32) * np.float32(_plain(scale) if scale is not None else 1)
    numbers += np.float32(_plain(offset) if offset is not None else 0)
    numbers[holes] = np.nan
    return numbers


def _plain(value: Any) -> Any:
    value = np.ravel(value)[0] if isinstance(value, np.ndarray) and value.size == 1 else value
    return value.decode("utf-8") if isinstance(value, bytes) else value


def _poses(
    content: _Content,
    *,
    layout: Skeleton | str | None = None,
    unit: Unit | None = None,
    axes: Axes | None = None,
    rate_hz: float | None = None,
) -> PoseSequence:
    position = content.array("position", "individual", "time", "keypoint", "space")
    if position is None or position.shape[3] not in (2, 3):
        raise content.fail("'position' in 2 or 3 coordinates", "none" if position is None else position.shape)
    about = _about(content)
    known = about.get("layout") if layout is None else None
    joints = content.names("keypoint", position.shape[2])
    where = content.path or content.source
    flat = position.shape[3] == 2
    frame = {"space": "image", "unit": "px", "axes": "cv"} if flat else {"space": "world", "unit": "none"}
    frame |= {name: about[name] for name in (*_FRAME, "image_size") if name in about}
    given = {} if flat else {name: one for name, one in (("unit", unit), ("axes", axes)) if one}
    times = _times(content, position.shape[1], rate_hz)
    try:
        named = Skeleton.from_dict(known) if known else layout
        return PoseSequence.from_arrays(
            position,
            skeleton=_marks.named(named, joints, f"keypoints{len(joints)}", where),
            person_ids=tuple(content.names("individual", position.shape[0])),
            source=about.get("source", content.source),
            **{"axes": "cv", **times, **_more(content, position.shape), **frame, **given},
        )
    except FormatError:
        raise
    except (InputError, TypeError, ValueError) as error:
        raise content.fail("poses", f"'{error}'") from None


def _about(content: _Content) -> dict[str, Any]:
    """Our own attribute."""
    text = content.attributes.get("bodyverb")
    try:
        about = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError) as error:
        raise content.fail("JSON in the attribute 'bodyverb'", str(error)[:80]) from None
    if not isinstance(about, dict):
        raise content.fail("an object in the attribute 'bodyverb'", type(about).__name__)
    return about


def _times(content: _Content, frames: int, rate_hz: float | None) -> dict[str, Any]:
    """Time stamps and what kind they are."""
    found = content.coordinates.get("time")
    times = np.arange(frames) if found is None else np.asarray(found)
    if times.shape != (frames,) or times.dtype.kind not in "fiu":
        raise content.fail(f"{frames} times", f"{times.dtype} {times.shape}")
    fps = content.attributes.get("fps")
    fps = float(fps) if isinstance(fps, int | float | np.number) and 0 < fps < 1e6 else None
    counted = (
        content.attributes.get("time_unit", "frames" if times.dtype.kind in "iu" else "seconds") == "frames"
    )
    if not counted:
        return {"timestamps_s": times.astype(np.float64), "rate": "measured" if fps is None else "nominal"}
    known = rate_hz or fps
    return {"timestamps_s": times / (known or GUESSED_RATE_HZ), "rate": "nominal" if known else "unknown"}


def _more(content: _Content, shape: tuple[int, ...]) -> dict[str, Any]:
    """Score, state, box and extras."""
    made: dict[str, Any] = {"extras": {}}
    score = content.array("confidence", "individual", "time", "keypoint")
    if score is not None and not np.isnan(score).all():
        clipped = np.clip(np.nan_to_num(score.astype(np.float32)), 0, 1)
        made["score"] = clipped
        if not np.array_equal(clipped, score, equal_nan=True) and not np.isnan(score).any():
            made["extras"]["stored_score"] = score.astype(np.float32)
    state = content.array("state", "individual", "time", "keypoint")
    if state is not None:
        made["state"] = state.astype(np.uint8)
    made["box"] = content.array("box", "individual", "time", "corner")
    for name, (dims, values) in content.variables.items():
        if name.startswith(_EXTRA) and values.ndim in (2, 3, 4):
            wanted = ("individual", "time", "keypoint", dims[-1])[: values.ndim]
            made["extras"][name.removeprefix(_EXTRA)] = content.array(name, *wanted)
    return made


def write(path: str | Path, poses: PoseSequence) -> Path:
    """Write a file; `read` gives the same poses back.

    Raises:
        InputError: The library is not there, or the layout is too large.
        OutputError: The file cannot be written.
    """
    _extras.load("h5netcdf", "xarray", path)
    dataset = to_xarray(poses)
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf")
    return Path(path)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    poses = read(path, layout=given.layout, unit=given.unit, axes=given.axes, rate_hz=given.rate_hz)
    yield path.stem, recording_of(poses)


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, poses_of(recording))


FORMAT = Format(
    name="movement",
    title="netCDF of the movement project (xarray)",
    suffixes=(SUFFIX,),
    says=frozenset(
        {
            "layout",
            "unit",
            "axes",
            "space",
            "rate",
            "times",
            "empty frames",
            "ids",
            "scores",
            "states",
            "boxes",
            "image size",
            "extras",
        }
    ),
    read=_recordings,
    write=_save,
    looks=lambda path, head: path.suffix == SUFFIX,
    extra="xarray",
)
