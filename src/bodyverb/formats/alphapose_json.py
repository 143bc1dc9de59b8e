"""AlphaPose's results (`alphapose-results.json`), in its three forms.

`default`: a list of `{image_id, category_id, keypoints [x, y, score] x joints, score, box [x, y, w, h],
idx}`, one a person and picture; `idx` is the track where tracking was on. `cmu`: `{image: {version, bodies
[{joints}]}}`, and `open`: `{image: {version, people [{pose_keypoints_2d}]}}`, both with OpenPose's 18 joints
and nothing else. 17 joints of `default` are COCO's; with 18 the form says OpenPose's.

Numbers are px as the network gave them. `image_id` is a name: of a video `0.jpg`, `1.jpg`, ..., which are
its frames; other names are frames in their order (kept in `meta["image_ids"]`), and pictures of nobody are
not in the file. No rate is stored. Scores above 1 occur: they are clipped, and kept in the extra
`stored_score`; the score of a whole person is the extra `person_score`. Without `idx` nobody is told apart:
people are then named by their order in each picture.

Format: `docs/output.md` of AlphaPose (Fang et al., 2022).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from bodyverb.core import InputError, PoseSequence, Recording, Skeleton
from bodyverb.formats import _json_file, _numbers
from bodyverb.formats._format import PIXELS, Format, Given, Item
from bodyverb.formats._json_file import Fields
from bodyverb.formats._layout import of_count
from bodyverb.formats._untracked import Frames, People
from bodyverb.formats.files import replacing, to_json

Form = Literal["default", "cmu", "open"]
MAX_JOINTS = 1000
_VERSION = "AlphaPose v0.3"
_LISTS = {"cmu": ("bodies", "joints"), "open": ("people", "pose_keypoints_2d")}
_LAYOUTS: dict[int | None, str] = {17: "coco17", 18: "openpose18"}


def read(
    path: str | Path, *, layout: Skeleton | str | None = None, rate_hz: float | None = None
) -> Recording:
    """Read a file of any of the forms, a record at a time.

    Args:
        path: The file.
        layout: The layout, where it is neither COCO's 17 joints nor OpenPose's 18.
        rate_hz: Frames per second; else those of 30 Hz, marked unknown.

    Raises:
        FormatError: The file is absent or damaged, or a field is missing or of another kind.
        InputError: Several layouts have as many joints and none is given.
    """
    people, frames = People(path), Frames()
    form = _form(path)
    if form == "default":
        for line, record in _json_file.records(path):
            _take(Fields(record, f"the record of line {line}", path), people, frames)
    else:
        for line, (name, image) in _json_file.members(path):
            one = Fields(image, f"picture {name[:40]!r} of line {line}", path)
            frame = frames.of(name, people)
            for at, points in _bodies(one):
                people.add(frame, None, points.floats(at, _count(points, at)).tolist())
    joints = people.joints
    if layout is None and joints in _LAYOUTS:
        layout = _LAYOUTS[joints]
    meta: dict[str, Any] = {"image_ids": list(frames.number)} if frames.counted else {}
    skeleton = None if joints is None else of_count(joints, layout, path)
    return people.recording(skeleton, len(frames), rate_hz, meta)


def _form(path: str | Path) -> str:
    """`default`, or that the file is one object."""
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(256).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:
        return "default"
    return "images" if start.startswith(b"{") else "default"


def _take(one: Fields, people: People, frames: Frames) -> None:
    """A record of the form `default`."""
    name = one.values.get("image_id")
    frame = frames.of(name if isinstance(name, int) and name >= 0 else one.text("image_id"), people)
    more: dict[str, Any] = {"person_score": [float(one.floats("score"))]}
    if one.values.get("box") is not None:
        more["box"] = one.floats("box", 4).tolist()
    else:
        more["box"] = [np.nan] * 4
    points = one.floats("keypoints", _count(one, "keypoints")).tolist()
    people.add(frame, _track(one), points, **more)


def _track(one: Fields) -> str | None:
    """The id of a person; a list of ids that were merged stands for its first."""
    value = one.values.get("idx")
    while isinstance(value, list) and value:
        value = value[0]
    if value is None or value == []:
        return None
    return str(Fields({"idx": value}, one.where, one.path).whole("idx"))


def _bodies(one: Fields) -> Iterator[tuple[str, Fields]]:
    for bodies, joints in _LISTS.values():
        if bodies in one:
            found = one.values[bodies]
            if not isinstance(found, list):
                one.fail(f"{bodies!r} as a list", type(found).__name__)
            yield from ((joints, Fields(body, one.where, one.path)) for body in found)
            return
    one.fail("'bodies' or 'people'", "neither")


def _count(one: Fields, name: str) -> int:
    """How many numbers the joints are."""
    points = one.values.get(name)
    if not isinstance(points, list) or not points or len(points) % 3 or len(points) > 3 * MAX_JOINTS:
        one.fail(f"{name!r} as x, y, score of each joint", type(points).__name__)
    return len(points)


def write(path: str | Path, recording: Recording, *, form: Form = "default") -> Path:
    """Write a file; `read` gives the same positions, scores and, of `default`, boxes and number ids back.

    A person whose id is no number is written as its place among the tracks.

    Raises:
        InputError: The poses are not in image px, or have not 18 joints for `cmu` and `open`.
        OutputError: The file cannot be written.
    """
    if form not in get_args(Form):
        raise InputError(f"Expected a form of {', '.join(get_args(Form))}, got {form!r}; correct it")
    for track in recording.tracks:
        wanted = "openpose18" if form != "default" else track.skeleton.name
        if track.space != "image" or track.unit != "px" or track.skeleton.name != wanted:
            raise InputError(
                f"Expected {wanted} in image px, got {track.skeleton.name} in {track.space} {track.unit}; "
                f"convert the poses: {path}"
            )
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        start, end = "[]" if form == "default" else "{}"
        stream.write(start)
        for at, line in enumerate(_default(recording) if form == "default" else _images(recording, form)):
            stream.write(("," if at else "") + "\n" + line)
        stream.write(f"\n{end}\n")
    return Path(path)


def _people(recording: Recording) -> Iterator[tuple[str, list[tuple[int, PoseSequence, int]]]]:
    """Name of each picture with people: place among the tracks, track and row of each."""
    rows: dict[int, list[tuple[int, PoseSequence, int]]] = {}
    for order, track in enumerate(recording.tracks):
        frames = np.searchsorted(recording.timestamps_s, track.timestamps_s)
        for row, frame in enumerate(frames.tolist()):
            rows.setdefault(frame, []).append((order, track, row))
    names = recording.meta.get("image_ids", ())
    known = len(names) == recording.timestamps_s.size
    for frame in sorted(rows):
        yield (names[frame] if known else f"{frame}.jpg"), rows[frame]


def _default(recording: Recording) -> Iterator[str]:
    ranked = recording.meta.get("identity") == "rank"
    for name, people in _people(recording):
        for order, track, row in people:
            number = track.person_ids[0]
            record: dict[str, Any] = {"image_id": name, "category_id": 1, "keypoints": _flat(track, row)}
            seen = track.score[0, row][track.present[0, row]]
            whole = track.extras["person_score"][0, row : row + 1] if "person_score" in track.extras else None
            mean = np.array([seen.mean() if seen.size else 0], np.float32)
            record["score"] = float(_numbers.decimals(mean if whole is None else whole)[0])
            if track.box is not None and np.isfinite(track.box[0, row]).all():
                corner = track.box[0, row].astype(np.float64)
                record["box"] = [*corner[:2].tolist(), *(corner[2:] - corner[:2]).tolist()]
            if not ranked:
                record["idx"] = int(number) if number.isdecimal() else order
            yield to_json(record)


def _images(recording: Recording, form: str) -> Iterator[str]:
    bodies, joints = _LISTS[form]
    for name, people in _people(recording):
        found = [{joints: _flat(track, row)} for _, track, row in people]
        yield f"{to_json(name)}: {to_json({'version': _VERSION, bodies: found})}"


def _flat(track: PoseSequence, row: int) -> list[float]:
    """x, y, score of each joint; zeros where it is absent."""
    score = track.extras.get("stored_score", track.score)[0, row]
    points = np.concatenate([track.position[0, row], score[:, None]], axis=1)
    points[~track.present[0, row]] = 0
    flat: list[float] = _numbers.decimals(points.ravel()).tolist()
    return flat


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.stem, read(path, layout=given.layout, rate_hz=given.rate_hz)


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, recording)


FORMAT = Format(
    name="alphapose",
    title="AlphaPose results JSON",
    suffixes=(".alphapose.json",),
    says=frozenset({"unit", "number ids", "scores", "boxes"}),
    extras=("person_score", "stored_score"),
    read=_recordings,
    write=_save,
    frames=(PIXELS,),
    looks=lambda path, head: any(
        word in head for word in (b'"image_id": "', b'"bodies"', b'"pose_keypoints_2d"')
    ),
)
