"""Poses as bare arrays in an `.npz`: what numpy users pass on; ours say what they are, others need not.

`position` (person, time, joint, 2 or 3), or (time, joint, 2 or 3) for one person; NaN is absent. Beside it
may be `score` (person, time, joint), `state`, `box` (person, time, x1 y1 x2 y2), `timestamps_s` (time),
`person_ids` and `about`, a JSON text with the layout (`skeleton`), `unit`, `axes`, `space`, `rate`,
`mirrored`, `image_size` and `source`. Files of others may call the positions `positions`, `keypoints`,
`keypoint`, `poses`, `joints`, `data` or `arr_0`, or hold just one array; layout, unit, axes and rate of
them are the user's to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import FormatError, InputError, PoseSequence, Skeleton
from bodyverb.formats import _npz
from bodyverb.formats._format import PIXELS, Format, Given, Item, poses_of, recording_of
from bodyverb.formats.files import replacing, to_json

NAMES = ("position", "positions", "keypoints", "keypoint", "poses", "joints", "data", "arr_0")
BESIDE = ("score", "state", "box", "timestamps_s", "person_ids", "about")
_FACTS = ("unit", "axes", "space", "rate", "mirrored", "image_size", "source")
_JOINT_AXES = 3


def read(path: str | Path, given: Given | None = None) -> PoseSequence:
    """Read a file.

    Args:
        path: The file.
        given: What it does not say itself.

    Raises:
        FormatError: It is absent, damaged or dangerous, or an array is of another kind or shape.
        InputError: It does not say its layout, and several have as many joints.
    """
    path, given = Path(path), given or Given()
    members = _npz.members(path)
    named = _positions(members)
    if named is None:
        raise FormatError(
            f"Expected an array called {', '.join(NAMES)}, got {', '.join(sorted(members)[:9]) or 'none'}; "
            f"rename it: {path}"
        )
    arrays = _npz.load(path, named, *(name for name in BESIDE if name in members and name != named))
    position = _numbers(arrays.pop(named), named, path)
    if position.ndim == _JOINT_AXES:
        position = position[None]
    if position.ndim != _JOINT_AXES + 1 or position.shape[-1] not in (2, 3):
        raise FormatError(
            f"Expected {named!r} as ([person,] time, joint, 2 or 3), got {position.shape}; reorder it: {path}"
        )
    facts = _about(arrays.pop("about", None), path)
    ids = arrays.pop("person_ids", None)
    fields: dict[str, Any] = {name: _numbers(value, name, path) for name, value in arrays.items()}
    try:
        return _sequence(position, fields, ids, facts, given, path)
    except FormatError:
        raise
    except (InputError, TypeError, ValueError) as error:
        if "--layout" in str(error):
            raise
        raise FormatError(
            f"{error}: {path}" if isinstance(error, InputError) else _odd(error, path)
        ) from None


def _sequence(
    position: np.ndarray,
    fields: dict[str, Any],
    ids: Any,
    facts: dict[str, Any],
    given: Given,
    path: Path,
) -> PoseSequence:
    layout = facts.pop("skeleton", None)
    skeleton = given.layout_of(position.shape[2], path) if layout is None else Skeleton.from_dict(layout)
    if position.shape[3] == _JOINT_AXES:
        facts = {"unit": given.unit or "none", "axes": given.axes or "cv"} | facts
    said = {} if "timestamps_s" in fields else given.rate()
    if ids is not None:
        facts["person_ids"] = tuple(str(one) for one in np.atleast_1d(ids).tolist())
    return PoseSequence.from_arrays(
        position, skeleton=skeleton, **fields, **{**said, "source": path.name, **facts}
    )


def write(path: str | Path, poses: PoseSequence) -> Path:
    """Write a file; `read` gives the same poses back, without extras.

    Raises:
        OutputError: It cannot be written.
    """
    about = {name: getattr(poses, name) for name in _FACTS} | {"skeleton": poses.skeleton.to_dict()}
    arrays: dict[str, Any] = {"position": poses.position, "score": poses.score, "state": poses.state}
    if poses.box is not None:
        arrays["box"] = poses.box
    arrays |= {"timestamps_s": poses.timestamps_s, "person_ids": np.array(poses.person_ids, dtype=np.str_)}
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays, about=np.array(to_json(about)))
    return Path(path)


def _positions(members: frozenset[str]) -> str | None:
    """The name of the positions; None where it cannot be told."""
    if members & {"positions_3d", "positions_2d"}:
        return None
    return next(
        (name for name in NAMES if name in members), next(iter(members)) if len(members) == 1 else None
    )


def _numbers(value: Any, name: str, path: Path) -> np.ndarray:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        found = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
        raise FormatError(f"Expected {name!r} as an array of numbers, got {found}; check the file: {path}")
    return value


def _about(text: Any, path: Path) -> dict[str, Any]:
    """The facts of a file of ours; none of others."""
    if text is None:
        return {}
    try:
        facts = json.loads(str(np.asarray(text).item()))
        found: dict[str, Any] = {name: facts[name] for name in (*_FACTS, "skeleton")}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FormatError(_odd(error, path)) from None
    if found["image_size"] is not None:
        found["image_size"] = tuple(found["image_size"])
    return found


def _odd(error: Exception, path: Path) -> str:
    return f"Expected 'about' as JSON and arrays that fit, got {str(error)[:120]!r}; check the file: {path}"


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.stem, recording_of(read(path, given))


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, poses_of(recording, "coco17", PIXELS))


FORMAT = Format(
    name="npz",
    title="bare arrays of numpy",
    suffixes=(".poses.npz", ".npz"),
    says=frozenset(
        {
            "layout", "unit", "axes", "space", "rate", "times", "empty frames", "ids", "scores", "states",
            "boxes", "image size", "nobody",
        }
    ),
    read=_recordings,
    write=_save,
    looks=lambda path, head: _positions(_npz.members(path)) is not None,
)  # fmt: skip
