"""One clip as bytes: its arrays one after another, each at a multiple of 64 bytes, and the rest as JSON.

Positions come first. Scores and states are left out where they follow from the positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import numpy as np

from bodyverb.core import SEEN, Clip, FormatError, InputError, PoseSequence, Segment, Skeleton

ALIGN = 64
KINDS = "fiub"
_POSES = ("rate", "space", "unit", "axes", "mirrored", "image_size", "source")
_TEXTS = ("id", "label", "subject", "camera", "setup", "media")


def arrays_of(poses: PoseSequence) -> dict[str, np.ndarray]:
    """The arrays that must be kept, positions first."""
    arrays = {"position": poses.position, "timestamps_s": poses.timestamps_s}
    if not np.array_equal(poses.state, poses.present * np.uint8(SEEN)):
        arrays["state"] = poses.state
    if not np.array_equal(poses.score, poses.present.astype(np.float32)):
        arrays["score"] = poses.score
    if poses.box is not None:
        arrays["box"] = poses.box
    return arrays | {f"extra.{name}": value for name, value in poses.extras.items()}


def to_bytes(clip: Clip, layouts: dict[str, Any]) -> tuple[list[bytes], dict[str, Any]]:
    """A clip as pieces of data and as facts ready for JSON.

    Args:
        clip: the clip.
        layouts: layouts by a name of their own; that of the clip is added.
    """
    pieces, places, at = [], [], 0
    for name, value in arrays_of(clip.poses).items():
        data = np.ascontiguousarray(value, value.dtype.newbyteorder("<")).tobytes()
        places.append([name, np.dtype(value.dtype).newbyteorder("<").str, list(value.shape), at])
        padded = data + bytes(-len(data) % ALIGN)
        pieces.append(padded)
        at += len(padded)
    facts = {name: getattr(clip, name) for name in _TEXTS}
    facts |= {name: getattr(clip.poses, name) for name in _POSES}
    facts |= {
        "segments": [asdict(part) for part in clip.segments],
        "meta": dict(clip.meta),
        "person_ids": list(clip.poses.person_ids),
        "layout": layout_key(_plain(clip.poses.skeleton), layouts),
        "arrays": places,
    }
    return pieces, facts


@lru_cache(maxsize=64)
def _plain(skeleton: Skeleton) -> dict[str, Any]:
    """`Skeleton.to_dict`, for clips by the thousand have the same one."""
    return skeleton.to_dict()


def layout_key(plain: dict[str, Any], layouts: dict[str, Any]) -> str:
    """Where a layout is among others; it is added where it is new, also beside one of the same name.

    Args:
        plain: `Skeleton.to_dict`.
        layouts: by key.
    """
    for key, known in layouts.items():
        if known == plain:
            return key
    key = str(plain["name"])
    while key in layouts:
        key += "'"
    layouts[key] = plain
    return key


def from_bytes(data: np.ndarray, facts: Mapping[str, Any], layouts: Mapping[str, Skeleton]) -> Clip:
    """A clip whose arrays are views of the data.

    Args:
        data: (n,) uint8, the clip's own.
        facts: what `to_bytes` gave.
        layouts: by the name in the facts.

    Raises:
        FormatError: data and facts do not fit together.
    """
    try:
        arrays = {str(place[0]): _view(data, *place[1:]) for place in facts["arrays"]}
        position = arrays["position"]
        present = np.isfinite(position).all(axis=-1)
        fields = {name: facts[name] for name in _POSES}
        poses = PoseSequence(
            position=position,
            score=arrays.get("score", present.astype(np.float32)),
            state=arrays.get("state", present * np.uint8(SEEN)),
            box=arrays.get("box"),
            extras={
                name.removeprefix("extra."): value
                for name, value in arrays.items()
                if name.startswith("extra.")
            },
            skeleton=layouts[facts["layout"]],
            timestamps_s=arrays["timestamps_s"],
            person_ids=tuple(facts["person_ids"]),
            **fields,
        )
        return Clip(
            poses=poses,
            segments=tuple(Segment(**part) for part in facts["segments"]),
            meta=facts["meta"],
            **{name: facts[name] for name in _TEXTS},
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, InputError) as error:
        raise FormatError(
            f"Expected a clip that fits its description, got {error!r}; pack it anew"
        ) from error


def _view(data: np.ndarray, kind: str, shape: list[int], at: int) -> np.ndarray:
    dtype = np.dtype(kind)
    if dtype.kind not in KINDS or at < 0 or any(side < 0 for side in shape):
        raise ValueError(f"an array of {kind}, {shape} at {at}")
    size = dtype.itemsize
    for side in shape:
        size *= side
    if at + size > data.size:
        raise ValueError(f"an array of {shape} at {at} of {data.size} bytes")
    return data[at : at + size].view(dtype).reshape(shape)
