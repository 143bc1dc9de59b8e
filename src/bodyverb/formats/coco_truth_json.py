"""COCO keypoints (`person_keypoints_*.json`): pictures and the people marked in them, of COCO and its kin.

An object with the lists `images` {id, file_name, width, height}, `annotations` {id, image_id, category_id,
keypoints [x, y, v] x joints, bbox [x, y, w, h], area, iscrowd} and `categories` {id, name, keypoints}. v is 0
not marked, 1 marked as hidden, 2 seen. Joints are px, (0, 0) the centre of the first; boxes count from its
corner. The joints are named by the category `person`, or the only one with keypoints; annotations of others
are passed over. A crowd (`iscrowd` 1) is a box of several people. Records are read one at a time;
segmentations and whatever else is there are not kept.

Format: the annotation format of COCO (Lin et al., ECCV 2014). Recordings of ours in COCO form: `coco_json`;
results of networks: `coco_results_json`.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import FormatError, PoseSequence, Skeleton
from bodyverb.formats import _marks
from bodyverb.formats._json_file import Fields, sections
from bodyverb.formats.files import replacing, to_json

MAX_JOINTS = 1000
MAX_SIDE = 2**20


@dataclass(frozen=True, kw_only=True, eq=False)
class CocoTruth:
    """One file of I pictures and N people of J joints.

    Attributes:
        image_id: (I,) int64.
        file_name: I texts.
        image_size: (I, 2) int64 width, height.
        id: (N,) int64: of the annotations.
        picture: (N,) int64: place of each person's picture in `image_id`.
        keypoints: (N, J, 3) float64 x, y, v as stored.
        boxes: (N, 4) float64 x, y, width, height as stored; NaN where there is none.
        area: (N,) float64 px^2; NaN where not stored.
        crowd: (N,) bool: whether it is a box of several people.
        skeleton: The layout.
        source: Name of the file.
    """

    image_id: np.ndarray
    file_name: tuple[str, ...]
    image_size: np.ndarray
    id: np.ndarray
    picture: np.ndarray
    keypoints: np.ndarray
    boxes: np.ndarray
    area: np.ndarray
    crowd: np.ndarray
    skeleton: Skeleton
    source: str = ""

    def __len__(self) -> int:
        """N, the number of people and crowds."""
        return len(self.id)

    def people(self, picture: int) -> PoseSequence:
        """The people of one picture (its place in `image_id`), without crowds, as a sequence of one frame."""
        rows = np.flatnonzero((self.picture == picture) & ~self.crowd)
        points = self.keypoints[rows][:, None]
        box = corners(self.boxes[rows])[:, None]
        marked = points[..., 2] > 0
        return PoseSequence.from_arrays(
            np.where(marked[..., None], points[..., :2], np.nan),
            skeleton=self.skeleton,
            rate_hz=1.0,
            rate="unknown",
            state=np.where(marked, np.clip(points[..., 2], 1, 2), 0),
            box=None if np.isnan(box).all() else box,
            image_size=(int(self.image_size[picture, 0]), int(self.image_size[picture, 1])),
            person_ids=tuple(str(one) for one in self.id[rows]),
            source=self.file_name[picture],
        )


def corners(boxes: np.ndarray) -> np.ndarray:
    """(N, 4) x1 y1 x2 y2 from the centre of the first pixel, of boxes as stored."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + np.maximum(boxes[:, 2:], 0)], axis=1) - 0.5


def read(path: str | Path, *, layout: Skeleton | str | None = None) -> CocoTruth:
    """Read a file, a record at a time.

    Args:
        path: The file.
        layout: The layout, where it is not that of the joints' names.

    Raises:
        FormatError: The file is absent or damaged, a field is missing or of another kind, people differ in
            their joints, or belong to no picture.
    """
    taken = _Taken(path)
    take = {"images": taken.image, "annotations": taken.person, "categories": taken.category}
    for section, line, record in sections(path, *take):
        take[section](Fields(record, f"'{section}' of line {line}", path))
    return taken.all(layout)


class _Taken:
    """What was read of a file so far."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.images: dict[int, int] = {}
        self.names: list[str] = []
        self.sizes, self.whole = array("q"), array("q")
        self.points, self.numbers = array("d"), array("d")
        self.categories: dict[int, tuple[str, tuple[str, ...]]] = {}
        self.joints: dict[int, int] = {}

    def image(self, one: Fields) -> None:
        """Take a picture."""
        number = one.whole("id")
        if number in self.images:
            one.fail("a picture's id once", f"{number} again")
        self.images[number] = len(self.names)
        self.names.append(one.text("file_name"))
        self.sizes.extend((one.whole("width", 1, MAX_SIDE), one.whole("height", 1, MAX_SIDE)))

    def category(self, one: Fields) -> None:
        """Take a category with keypoints."""
        names = one.values.get("keypoints")
        if names is None:
            return
        known = isinstance(names, list) and 0 < len(names) <= MAX_JOINTS
        if not known or not all(isinstance(name, str) and name for name in names):
            one.fail(f"'keypoints' as up to {MAX_JOINTS} names", type(names).__name__)
        self.categories[one.whole("id")] = one.text("name"), tuple(names)

    def person(self, one: Fields) -> None:
        """Take an annotation that has keypoints, or may have."""
        points = one.values.get("keypoints")
        if points is None:
            return
        if not isinstance(points, list) or not points or len(points) % 3 or len(points) > 3 * MAX_JOINTS:
            one.fail("'keypoints' as x, y, v of each joint", type(points).__name__)
        category = one.whole("category_id")
        count = self.joints.setdefault(category, len(points))
        if len(points) != count:
            one.fail(f"{count // 3} joints as before", f"{len(points) / 3:g}")
        crowd = one.whole("iscrowd", 0, 1) if "iscrowd" in one else 0
        self.whole.extend((one.whole("id"), one.whole("image_id"), category, crowd))
        box = one.floats("bbox", 4).tolist() if "bbox" in one else [np.nan] * 4
        self.numbers.extend((*box, float(one.floats("area")) if "area" in one else np.nan))
        self.points.extend(one.floats("keypoints", count).tolist())

    def all(self, layout: Skeleton | str | None) -> CocoTruth:
        """The file as a whole."""
        category, names = self._layout()
        whole = np.array(self.whole, np.int64).reshape(-1, 4)
        mine = whole[:, 2] == category
        starts = np.cumsum([0, *(self.joints[one] for one in whole[:, 2].tolist())])
        every = np.array(self.points, np.float64)
        if mine.all():
            points = every
        else:
            keep = [every[starts[at] : starts[at + 1]] for at in np.flatnonzero(mine)]
            points = np.concatenate(keep) if keep else np.zeros(0)
        unknown = [one for one in whole[mine, 1].tolist() if one not in self.images]
        if unknown or points.size != 3 * len(names) * mine.sum():
            found = f"picture {unknown[0]}" if unknown else f"{points.size} numbers"
            raise FormatError(
                f"Expected people of {len(names)} joints in listed pictures, got {found}; check: {self.path}"
            )
        numbers = np.array(self.numbers, np.float64).reshape(-1, 5)[mine]
        return CocoTruth(
            image_id=np.array(list(self.images), np.int64),
            file_name=tuple(self.names),
            image_size=np.array(self.sizes, np.int64).reshape(-1, 2),
            id=whole[mine, 0],
            picture=np.array([self.images[one] for one in whole[mine, 1].tolist()], np.int64),
            keypoints=points.reshape(-1, len(names), 3),
            boxes=numbers[:, :4],
            area=numbers[:, 4],
            crowd=whole[mine, 3] > 0,
            skeleton=_marks.named(layout, names, f"coco{len(names)}", self.path),
            source=str(self.path),
        )

    def _layout(self) -> tuple[int, tuple[str, ...]]:
        """The category of people, and their joints."""
        people = [one for one, (name, _) in self.categories.items() if name == "person"]
        chosen = people if people else list(self.categories)
        if len(chosen) != 1:
            raise FormatError(
                f"Expected one category with keypoints, or 'person', got {len(chosen)}; check it: {self.path}"
            )
        return chosen[0], self.categories[chosen[0]][1]


def write(path: str | Path, truth: CocoTruth) -> Path:
    """Write a file; `read` gives the same numbers back.

    Raises:
        OutputError: The file cannot be written.
    """
    skeleton = truth.skeleton
    category = {"id": 1, "name": "person", "supercategory": "person", "keypoints": skeleton.joints}
    category["skeleton"] = [[a + 1, b + 1] for a, b in skeleton.limbs]
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write(f'{{"info": {{}}, "licenses": [], "categories": {to_json([category])},\n"images": [')
        for at in range(len(truth.image_id)):
            width, height = truth.image_size[at].tolist()
            image = {"id": truth.image_id[at], "file_name": truth.file_name[at], "width": width}
            stream.write(("," if at else "") + "\n" + to_json({**image, "height": height}))
        stream.write('],\n"annotations": [')
        for at in range(len(truth)):
            stream.write(("," if at else "") + "\n" + to_json(_annotation(truth, at)))
        stream.write("]}\n")
    return Path(path)


def _annotation(truth: CocoTruth, at: int) -> dict[str, Any]:
    points = [int(one) if one.is_integer() else one for one in truth.keypoints[at].ravel().tolist()]
    record: dict[str, Any] = {
        "id": truth.id[at],
        "image_id": truth.image_id[truth.picture[at]],
        "category_id": 1,
        "iscrowd": int(truth.crowd[at]),
        "keypoints": points,
        "num_keypoints": int((truth.keypoints[at, :, 2] > 0).sum()),
    }
    if np.isfinite(truth.boxes[at]).all():
        record["bbox"] = truth.boxes[at].tolist()
    if np.isfinite(truth.area[at]):
        record["area"] = float(truth.area[at])
    return record
