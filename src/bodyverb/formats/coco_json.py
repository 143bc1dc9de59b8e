"""Poses as COCO keypoint JSON: a whole data set (images, annotations, categories) or a list of results.

One image an id per frame of the recording (`image_id` = frame + 1); boxes are x, y, width, height. Joints
keep the recording's own layout, named in the category; visibility is 2 seen, 1 inferred, 0 absent (then x =
y = 0). Annotations carry `score`, `track_id` (1-based) and `person_id` besides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from bodyverb.core import FormatError, InputError, PoseSequence, Recording, Skeleton
from bodyverb.formats._format import PIXELS, Format, Given, Item
from bodyverb.formats.files import replacing, to_json

SUFFIX = ".coco.json"


def write(path: str | Path, recording: Recording) -> Path:
    """Write the data-set form: valid for pycocotools, and read back by `read`.

    Raises:
        OutputError: the file cannot be written.
    """
    skeleton = recording.tracks[0].skeleton if recording.tracks else None
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        info = {"description": f"Poses of {recording.source}", "version": "1.0", "source": recording.source}
        handle.write(
            f'{{"info": {to_json(info)},\n"licenses": [],\n"categories": {to_json([_category(skeleton)])}'
        )
        for name, items in (("images", _images(recording)), ("annotations", _annotations(recording))):
            handle.write(f',\n"{name}": [')
            for at, item in enumerate(items):
                handle.write(("" if at == 0 else ",") + "\n" + to_json(item))
            handle.write("]")
        handle.write("}\n")
    return Path(path)


def _category(skeleton: Skeleton | None) -> dict[str, Any]:
    category: dict[str, Any] = {"id": 1, "name": "person", "supercategory": "person"}
    if skeleton is not None:
        category["keypoints"] = skeleton.joints
        category["skeleton"] = [[a + 1, b + 1] for a, b in skeleton.limbs]
        category["layout"] = skeleton.to_dict()
    return category


def _images(recording: Recording) -> Iterator[dict[str, Any]]:
    width, height = recording.image_size or (0, 0)
    stem = PurePath(recording.source).stem or "frame"
    for frame, time_s in enumerate(recording.timestamps_s.tolist()):
        name = f"{stem}_{frame:06d}.jpg"
        yield {"id": frame + 1, "file_name": name, "width": width, "height": height, "time_s": time_s}


def _annotations(recording: Recording) -> Iterator[dict[str, Any]]:
    number = 0
    for order, track in enumerate(recording.tracks):
        frames = np.searchsorted(recording.timestamps_s, track.timestamps_s).tolist()
        for row, frame in enumerate(frames):
            number += 1
            yield {
                "id": number,
                "image_id": frame + 1,
                "category_id": 1,
                **_person(track, row),
                "iscrowd": 0,
                "track_id": order + 1,
                "person_id": track.person_ids[0],
            }


def _person(track: PoseSequence, row: int) -> dict[str, Any]:
    position = track.position[0, row, :, :2]
    present = track.state[0, row] > 0
    flat = np.concatenate((np.where(present[:, None], position, 0), track.state[0, row][:, None]), axis=1)
    box = None if track.box is None else track.box[0, row]
    if box is None or not np.isfinite(box).all():
        some = position[present] if present.any() else np.zeros((1, 2))
        box = np.concatenate((some.min(axis=0), some.max(axis=0)))
    x1, y1, x2, y2 = (round(float(value), 3) for value in box)
    width, height = round(x2 - x1, 3), round(y2 - y1, 3)
    score = float(track.score[0, row][present].mean()) if present.any() else 0.0
    return {
        "keypoints": [
            round(value, 3) if at % 3 < 2 else int(value) for at, value in enumerate(flat.ravel().tolist())
        ],
        "num_keypoints": int(present.sum()),
        "bbox": [x1, y1, width, height],
        "area": round(width * height, 3),
        "score": round(score, 5),
        "joint_scores": [round(value, 5) for value in track.score[0, row].tolist()],
    }


def read(path: str | Path) -> Recording:
    """Read back what `write` made (positions to a thousandth of a pixel).

    Raises:
        InputError: there is no such file.
        FormatError: it is not COCO JSON of this module (other COCO files are read by the data-set room).
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        return _recording(document)
    except OSError as error:
        raise InputError(f"Expected a COCO file, got '{error.strerror}'; check the path: {path}") from None
    except (ValueError, KeyError, TypeError, IndexError, InputError) as error:
        raise FormatError(f"Expected COCO keypoints as written by bodyverb, got {error!r}: {path}") from None


def _recording(document: dict[str, Any]) -> Recording:
    images = {image["id"]: image for image in document["images"]}
    times = np.array([image["time_s"] for image in document["images"]], np.float64)
    first = document["images"][0] if images else {"width": 0, "height": 0}
    size = (first["width"], first["height"]) if first["width"] else None
    people: dict[str, list[dict[str, Any]]] = {}
    for annotation in document["annotations"]:
        people.setdefault(annotation["person_id"], []).append(annotation)
    layout = document["categories"][0].get("layout")
    source = document["info"]["source"]
    tracks = []
    for person, rows in people.items():
        rows.sort(key=lambda row: row["image_id"])
        points = np.array([row["keypoints"] for row in rows], np.float64).reshape(len(rows), -1, 3)
        corner = np.array([row["bbox"] for row in rows], np.float64)
        tracks.append(
            PoseSequence.from_arrays(
                np.where(points[None, :, :, 2:] > 0, points[None, :, :, :2], np.nan),
                skeleton=Skeleton.from_dict(layout),
                timestamps_s=[images[row["image_id"]]["time_s"] for row in rows],
                score=np.array([[row["joint_scores"] for row in rows]]),
                state=points[None, :, :, 2],
                box=np.concatenate((corner[:, :2], corner[:, :2] + corner[:, 2:]), axis=1)[None],
                image_size=size,
                person_ids=(person,),
                source=source,
            )
        )
    return Recording(timestamps_s=times, image_size=size, source=source, tracks=tuple(tracks))


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.name.removesuffix(SUFFIX).removesuffix(".json"), read(path)


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, recording)


FORMAT = Format(
    name="coco",
    title="COCO keypoints JSON",
    suffixes=(SUFFIX, ".json"),
    says=frozenset(
        {"layout", "unit", "rate", "times", "empty frames", "ids", "scores", "states", "boxes", "image size"}
        | {"nobody"}
    ),
    read=_recordings,
    write=_save,
    looks=lambda path, head: head.lstrip()[:1] == b"{" and b'"categories"' in head,
    frames=(PIXELS,),
    decimals=3,
)
