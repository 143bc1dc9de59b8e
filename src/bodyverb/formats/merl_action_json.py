"""MERL Shopping clips of three actions (`.json`): the pictures of each clip, with a box or without.

A list of pictures `{action, keypoints [], id, image {url, file_name, width, height}, person_bbox}`; those of
one `id` are a clip, in the order of the file. The id is `<Action>_<subject>_<session>_crop_<start>_<end>_
<LaterAction>`. `person_bbox` is [x1, y1, x2, y2], a list of such (the first is meant), or empty: the whole
picture. `GlanceatShelf` is written too for `GlanceAtShelf`. Boxes are moved to pixel centres.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.formats._json_file import Fields, records
from bodyverb.formats.files import replacing, to_json

ACTIONS = ("ApproachtoShelf", "GlanceAtShelf", "LookatShelf")
ID = re.compile(r"(?:[A-Za-z]+_)?(\d{1,6})_(\d{1,6})_crop_")
_SPELT = {action.lower(): action for action in ACTIONS}


@dataclass(frozen=True, kw_only=True, eq=False)
class MerlClip:
    """One clip of T pictures.

    Attributes:
        id: Its name.
        action: What happens, in one spelling.
        images: T paths or addresses of pictures.
        sizes: (T, 2) width, height px.
        boxes: (T, 4) float64 x1 y1 x2 y2 px of the person; NaN where the whole picture is meant.
    """

    id: str
    action: str
    images: tuple[str, ...]
    sizes: np.ndarray
    boxes: np.ndarray

    @property
    def subject(self) -> str | None:
        """The subject's number as the id says it, or None."""
        found = ID.match(self.id)
        return found[1] if found else None

    @property
    def crops(self) -> np.ndarray:
        """(T, 4) `boxes`, with the whole picture where there is none."""
        whole = np.concatenate([np.full_like(self.boxes[:, :2], -0.5), self.sizes - 0.5], axis=1)
        return np.where(np.isnan(self.boxes), whole, self.boxes)


def read(path: str | Path) -> tuple[MerlClip, ...]:
    """Read a file; a picture at a time, so that a long one takes little memory.

    Raises:
        FormatError: The file is absent or damaged, a field is missing or of another kind, or a clip has two
            actions.
    """
    clips: dict[str, tuple[str, list[str], list[tuple[int, int]], list[np.ndarray]]] = {}
    for line, record in records(path):
        one = Fields(record, f"the picture of line {line}", path)
        spelt = one.text("action")
        action = _SPELT.get(spelt.lower(), spelt)
        image = one.inner("image")
        clip = clips.setdefault(one.text("id"), (action, [], [], []))
        if clip[0] != action:
            one.fail(f"one action a clip, {clip[0]!r}", repr(action))
        clip[1].append(image.text("url" if "url" in image else "file_name"))
        clip[2].append((image.whole("width", 1, 2**31), image.whole("height", 1, 2**31)))
        clip[3].append(_box(one))
    return tuple(
        MerlClip(
            id=name,
            action=action,
            images=tuple(images),
            sizes=np.array(sizes, np.int64),
            boxes=np.array(boxes, np.float64).reshape(-1, 4),
        )
        for name, (action, images, sizes, boxes) in clips.items()
    )


def _box(one: Fields) -> np.ndarray:
    value = one.values.get("person_bbox")
    if value == [] or "person_bbox" not in one:
        return np.full(4, np.nan)
    several = isinstance(value, list) and value and isinstance(value[0], list)
    holder = Fields({"person_bbox": value[0]}, one.where, one.path) if several else one
    box = holder.floats("person_bbox", 4)
    if (box[2:] < box[:2]).any():
        one.fail("'person_bbox' as x1, y1, x2, y2 in rising order", str(box.tolist()))
    return box - 0.5


def write(path: str | Path, clips: Sequence[MerlClip]) -> Path:
    """Write a file; `read` gives the same clips back.

    Raises:
        OutputError: The file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        separator = "["
        for clip in clips:
            for at in range(len(clip.images)):
                stream.write(separator + "\n" + to_json(_record(clip, at)))
                separator = ","
        stream.write("[]\n" if separator == "[" else "\n]\n")
    return Path(path)


def _record(clip: MerlClip, at: int) -> dict[str, Any]:
    box = clip.boxes[at]
    width, height = clip.sizes[at].tolist()
    name = clip.images[at].rpartition("/")[2]
    return {
        "action": clip.action,
        "keypoints": [],
        "id": clip.id,
        "image": {"url": clip.images[at], "file_name": name, "width": width, "height": height},
        "person_bbox": [] if np.isnan(box).any() else (box + 0.5).tolist(),
    }
