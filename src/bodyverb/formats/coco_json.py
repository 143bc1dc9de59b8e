"""Poses as COCO keypoint JSON: a whole data set (images, annotations, categories) or a list of results.

One image an id per frame of the recording (`image_id` = frame + 1); boxes are x, y, width, height. Joints
keep the recording's own layout, named in the category; visibility is 2 seen, 1 inferred, 0 absent (then x =
y = 0). Annotations carry `score`, `track_id` (1-based) and `person_id` besides.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from bodyverb.core import FormatError, InputError, PoseSequence, Recording, Skeleton
from bodyverb.formats import coco_truth_json
from bodyverb.formats._format import PIXELS, Format, Given, Item, recording_of
from bodyverb.formats._json_file import Fields, sections
from bodyverb.formats.files import replacing, to_json

SUFFIX = ".coco.json"
MAX_PEOPLE = 10_000


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
    """Read back what `write` made (positions to a thousandth of a pixel), a record at a time.

    Raises:
        FormatError: it is absent, damaged, or not COCO JSON of this module (others: `coco_truth_json`).
    """
    taken = _Taken(path)
    take = {"info": taken.about, "images": taken.image, "categories": taken.category}
    take["annotations"] = taken.person
    for section, line, record in sections(path, *take):
        take[section](Fields(record, f"'{section}' of line {line}", path))
    return taken.recording()


class _Taken:
    """What was read of a file so far."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.source = ""
        self.times: dict[int, float] = {}
        self.size: tuple[int, int] | None = None
        self.skeleton: Skeleton | None = None
        self.images: dict[str, array[int]] = {}
        self.numbers: dict[str, array[float]] = {}
        self.joints = self.categories = 0

    def about(self, one: Fields) -> None:
        """Take the source."""
        self.source = str(one.values.get("source", ""))

    def image(self, one: Fields) -> None:
        """Take a frame."""
        self.times[one.whole("id")] = float(one.floats("time_s"))
        width, height = one.whole("width", 0), one.whole("height", 0)
        self.size = self.size or ((width, height) if width and height else None)

    def category(self, one: Fields) -> None:
        """Take the layout."""
        self.categories += 1
        if "layout" in one:
            self.skeleton = Skeleton.from_dict(one.inner("layout").values)

    def person(self, one: Fields) -> None:
        """Take somebody in a frame."""
        points = one.values.get("keypoints")
        count = len(points) // 3 if isinstance(points, list) else 0
        self.joints = self.joints or count
        name = one.text("person_id")
        if name not in self.images:
            if len(self.images) == MAX_PEOPLE:
                one.fail(f"at most {MAX_PEOPLE} people", "more")
            self.images[name], self.numbers[name] = array("q"), array("f")
        self.images[name].append(one.whole("image_id"))
        for field, length in (("bbox", 4), ("joint_scores", self.joints), ("keypoints", 3 * self.joints)):
            self.numbers[name].extend(one.floats(field, length).tolist())

    def recording(self) -> Recording:
        """Everything as a recording."""
        if not self.categories:
            raise FormatError(f"Expected COCO keypoints with 'categories', got none; check it: {self.path}")
        try:
            tracks = tuple(self._track(name) for name in list(self.images))
            times = np.array(list(self.times.values()), np.float64)
            return Recording(timestamps_s=times, image_size=self.size, source=self.source, tracks=tracks)
        except KeyError as error:
            raise FormatError(f"Expected people in listed images, got {error}; check: {self.path}") from None
        except InputError as error:
            raise FormatError(f"{error} [{self.path}]") from None

    def _track(self, name: str) -> PoseSequence:
        if self.skeleton is None:
            raise InputError("Expected a category with a layout, got none; see coco_truth_json")
        order = np.argsort(np.array(self.images[name]), kind="stable")
        numbers = np.array(self.numbers.pop(name)).reshape(len(order), -1)[order]
        points = numbers[None, :, 4 + self.joints :].reshape(1, len(order), self.joints, 3)
        corner = numbers[:, :4]
        return PoseSequence.from_arrays(
            np.where(points[..., 2:] > 0, points[..., :2], np.nan),
            skeleton=self.skeleton,
            timestamps_s=[self.times[self.images[name][row]] for row in order.tolist()],
            score=numbers[None, :, 4 : 4 + self.joints],
            state=np.clip(points[..., 2], 0, 2),
            box=np.concatenate((corner[:, :2], corner[:, :2] + corner[:, 2:]), axis=1)[None],
            image_size=self.size,
            person_ids=(name,),
            source=self.source,
        )


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    """A recording of ours, or the pictures of an annotation file, each a recording of one frame."""
    images = (record for _, _, record in sections(path, "images"))
    if "time_s" in next(images, {"time_s": 0}):
        yield path.name.removesuffix(SUFFIX).removesuffix(".json"), read(path)
        return
    truth = coco_truth_json.read(path, layout=given.layout)
    for at, name in enumerate(truth.file_name):
        yield Path(name).stem, recording_of(truth.people(at))


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, recording)


def _looks(path: Path, head: bytes) -> bool:
    words = (b'"images"', b'"annotations"', b'"categories"', b'"licenses"')
    return head.lstrip()[:1] == b"{" and any(word in head for word in words)


FORMAT = Format(
    name="coco",
    title="COCO keypoints JSON",
    suffixes=(SUFFIX, ".json"),
    says=frozenset(
        {
            "layout",
            "unit",
            "rate",
            "times",
            "empty frames",
            "ids",
            "scores",
            "states",
            "boxes",
            "image size",
            "nobody",
        }
    ),
    read=_recordings,
    write=_save,
    looks=_looks,
    frames=(PIXELS,),
    decimals=3,
)
