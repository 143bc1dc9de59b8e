"""COCO results (`.json`): what a pose network found, one person a record, as evaluation takes it.

A list of `{image_id, category_id, keypoints [x, y, score] x joints, score}`; `bbox` [x, y, w, h] may be
there, and in the results of a detector it is there without `keypoints`. 17 joints are COCO's. Numbers are
kept as they are: px as the network gave them, boxes with their origin in the corner of the first pixel.

Format: the results format of the COCO evaluation (Lin et al., ECCV 2014). Data sets and our own recordings
in COCO form are read by `coco_json` and the data-set room.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import InputError, PoseSequence, Recording, Skeleton
from bodyverb.formats._format import PIXELS, Format, Given, Item
from bodyverb.formats._json_file import Fields, records
from bodyverb.formats._layout import of_count
from bodyverb.formats._pictures import Found, recording_of_pictures
from bodyverb.formats.files import replacing, to_json

MAX_JOINTS = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class CocoResults:
    """One file of N people of J joints.

    Attributes:
        image_id: (N,) int64.
        category_id: (N,) int64.
        keypoints: (N, J, 3) float64 x, y, score; J is 0 in the results of a detector.
        score: (N,) float64.
        boxes: (N, 4) float64 x, y, width, height; NaN where there is none.
        skeleton: The layout; None where J is 0.
    """

    image_id: np.ndarray
    category_id: np.ndarray
    keypoints: np.ndarray
    score: np.ndarray
    boxes: np.ndarray
    skeleton: Skeleton | None

    def __len__(self) -> int:
        return len(self.image_id)

    def people(self, image_id: int) -> PoseSequence:
        """The people of one picture, best first, as a sequence of one frame.

        Raises:
            InputError: These are the results of a detector, without joints.
        """
        if self.skeleton is None:
            raise InputError("Expected results with keypoints, got boxes alone; use CocoResults.boxes")
        rows = np.flatnonzero(self.image_id == image_id)
        rows = rows[np.argsort(-self.score[rows], kind="stable")]
        points = self.keypoints[rows][:, None]
        corner = self.boxes[rows][:, None]
        box = (
            np.concatenate([corner[..., :2], corner[..., :2] + np.maximum(corner[..., 2:], 0)], axis=-1) - 0.5
        )
        return PoseSequence.from_arrays(
            points[..., :2],
            skeleton=self.skeleton,
            rate_hz=1.0,
            rate="unknown",
            score=np.clip(points[..., 2], 0, 1),
            box=None if np.isnan(box).all() else box,
            source=str(image_id),
        )


def read(path: str | Path, layout: Skeleton | str | None = None) -> CocoResults:
    """Read a file, a record at a time.

    Args:
        path: The file.
        layout: The layout, where it is not COCO's 17 joints.

    Raises:
        FormatError: The file is absent or damaged, a field is missing or of another kind, or records differ
            in their number of joints.
        InputError: Several layouts have as many joints, other than 17, and none is given.
    """
    numbers, points, boxes, scores = array("q"), array("d"), array("d"), array("d")
    joints = None
    for line, record in records(path):
        one = Fields(record, f"the record of line {line}", path)
        count = _joints(one)
        joints = count if joints is None else joints
        if count != joints:
            one.fail(f"{joints} joints as before", str(count))
        numbers.extend((one.whole("image_id"), one.whole("category_id")))
        scores.append(float(one.floats("score")))
        points.extend(one.floats("keypoints", 3 * count).tolist() if count else ())
        boxes.extend(one.floats("bbox", 4).tolist() if "bbox" in one else (np.nan,) * 4)
    joints = joints or 0
    if layout is None and joints == 17:
        layout = skeletons.get("coco17")
    ids = np.array(numbers, np.int64).reshape(-1, 2)
    return CocoResults(
        image_id=ids[:, 0],
        category_id=ids[:, 1],
        keypoints=np.array(points, np.float64).reshape(len(ids), joints, 3),
        score=np.array(scores, np.float64),
        boxes=np.array(boxes, np.float64).reshape(-1, 4),
        skeleton=of_count(joints, layout, path) if joints else None,
    )


def _joints(one: Fields) -> int:
    if "keypoints" not in one:
        if "bbox" not in one:
            one.fail("'keypoints' or 'bbox'", "neither")
        return 0
    points = one.values["keypoints"]
    if not isinstance(points, list) or not points or len(points) % 3 or len(points) > 3 * MAX_JOINTS:
        one.fail("'keypoints' as x, y, score of each joint", type(points).__name__)
    return len(points) // 3


def write(path: str | Path, results: CocoResults) -> Path:
    """Write a file; `read` gives the same numbers back.

    Raises:
        OutputError: The file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        for at in range(len(results)):
            record = {
                "image_id": int(results.image_id[at]),
                "category_id": int(results.category_id[at]),
                "score": float(results.score[at]),
            }
            if results.keypoints.shape[1]:
                record["keypoints"] = results.keypoints[at].ravel().tolist()
            if np.isfinite(results.boxes[at]).all():
                record["bbox"] = results.boxes[at].tolist()
            stream.write(("," if at else "[") + "\n" + to_json(record))
        stream.write("\n]\n" if len(results) else "[]\n")
    return Path(path)


def of_recording(recording: Recording) -> CocoResults:
    """The poses as results: the picture of a frame is its number from 1; a person's score is the mean.

    Evaluation wants boxes of all results or of none: where some have one, the rest get that of their joints.
    """
    tracks = recording.tracks
    boxed = any(track.box is not None for track in tracks)
    joints = len(tracks[0].skeleton) if tracks else 0
    parts = [(np.zeros(0, np.int64), np.zeros((0, joints, 3)), np.zeros(0), np.zeros((0, 4)))]
    for track in tracks:
        box = _corner_boxes(track)
        kept = np.isfinite(box).all(axis=1)
        points = np.concatenate([np.nan_to_num(track.position[0]), track.score[0][..., None]], axis=-1)
        frames = np.searchsorted(recording.timestamps_s, track.timestamps_s)
        scores = _mean(track.score[0], track.present[0])
        box = box if boxed else np.full_like(box, np.nan)
        parts.append((frames[kept], points[kept].astype(np.float64), scores[kept], box[kept]))
    frame, points, scores, boxes = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(frame, kind="stable")
    return CocoResults(
        image_id=frame[order] + 1,
        category_id=np.ones(frame.size, np.int64),
        keypoints=points[order],
        score=scores[order],
        boxes=boxes[order],
        skeleton=tracks[0].skeleton if tracks else None,
    )


def _mean(score: np.ndarray, present: np.ndarray) -> np.ndarray:
    """(N,) mean score of the joints that are there."""
    result: np.ndarray = (score * present).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    return result


def _corner_boxes(track: PoseSequence) -> np.ndarray:
    """(N, 4) float64 x, y, width, height from the corner of the first pixel; of the joints without a box."""
    low, high = (np.full((track.frames, 2), np.nan) for _ in range(2))
    seen = track.present[0].any(axis=1)
    low[seen], high[seen] = (
        np.nanmin(track.position[0][seen], axis=1),
        np.nanmax(track.position[0][seen], axis=1),
    )
    if track.box is not None:
        known = np.isfinite(track.box[0]).all(axis=1)
        low[known], high[known] = track.box[0][known, :2], track.box[0][known, 2:]
    return np.concatenate([low + 0.5, high - low], axis=1)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    """One recording, a frame a picture by rising number; people by their score: a rank, no identity."""
    results = given.settle(lambda layout: read(path, layout))
    if not len(results):
        yield path.stem, Recording(timestamps_s=np.zeros(0), image_size=None, source=path.name)
        return
    if results.skeleton is None:
        raise InputError(f"Expected results with keypoints, got boxes alone; choose another file: {path}")
    pictures, frame = np.unique(results.image_id, return_inverse=True)
    order = np.lexsort((-results.score, frame))
    points = results.keypoints[order]
    absent = (points == 0).all(axis=-1)
    box = results.boxes[order]
    found = Found(
        frame=frame[order],
        position=np.where(absent[..., None], np.nan, points[..., :2]),
        score=np.clip(points[..., 2], 0, 1),
        box=np.concatenate([box[:, :2], box[:, :2] + np.maximum(box[:, 2:], 0)], axis=1) - 0.5,
    )
    recording = recording_of_pictures(
        found, pictures.size, skeleton=results.skeleton, source=path.name, **given.rate()
    )
    yield path.stem, recording


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, of_recording(recording))


def _looks(path: Path, head: bytes) -> bool:
    start = b"".join(head.split())
    return start == b"[]" or (start[:1] == b"[" and b'"keypoints"' in head and b'"image_id"' in head)


FORMAT = Format(
    name="coco-results",
    title="COCO keypoint results JSON",
    suffixes=(".results.json", ".json"),
    says=frozenset({"unit", "scores", "boxes", "nobody"}),
    read=_recordings,
    write=_save,
    looks=_looks,
    frames=(PIXELS,),
)
