"""Poses as OpenPose's folder of JSON: one file a frame, `people` with `pose_keypoints_2d`, BODY_25 order.

Read are BODY_25, the 18 joints of COCO's model, and both hands (`part`), px as OpenPose writes them by
default; older files without `_2d` in their names too. Faces, 3D and joints of other models are not.

Written is BODY_25. Joints are matched by name; the neck (`thorax`) and the middle of the hips are the mean of
both sides where a layout has no such joint: no others are made, since the files cannot say that a joint was
guessed. What a layout lacks is 0, 0, 0, as OpenPose writes it; joints that BODY_25 lacks (head top) are left
out; a joint that is there has a score of at least 0.000001.

Format: `doc/02_output.md` of OpenPose (Cao et al., 2019), version 1.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Recording
from bodyverb.formats._format import NUMBER_ID, PIXELS, Format, Given, Item
from bodyverb.formats._json_file import Fields, document
from bodyverb.formats._untracked import People
from bodyverb.formats.files import replacing_folder, to_json

SUFFIX = ".openpose"

LAYOUT = "openpose25"
LAYOUTS = {25: LAYOUT, 18: "openpose18", 21: "hand21"}
HAND_JOINTS = 21
Part = Literal["body", "left_hand", "right_hand"]
_PARTS = {
    "body": ("pose_keypoints_2d", "pose_keypoints"),
    "left_hand": ("hand_left_keypoints_2d", "hand_left_keypoints"),
    "right_hand": ("hand_right_keypoints_2d", "hand_right_keypoints"),
}
_MIDDLES = ("thorax", "pelvis")
_EMPTY = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d")


def write(path: str | Path, recording: Recording) -> Path:
    """Write the folder `path`, one file for every frame of the recording, also those of nobody.

    Raises:
        InputError: the layout is another than BODY_25.
        OutputError: the folder cannot be written.
    """
    stem = re.sub(re.escape(SUFFIX) + "$", "", Path(path).name)
    people: list[list[tuple[int, int]]] = [[] for _ in recording.timestamps_s]
    for order, track in enumerate(recording.tracks):
        if track.skeleton.name != LAYOUT:
            raise InputError(
                f"Expected layout {LAYOUT}, got {track.skeleton.name}; convert the poses: {path}"
            )
        for row, frame in enumerate(np.searchsorted(recording.timestamps_s, track.timestamps_s).tolist()):
            people[frame].append((order, row))
    with replacing_folder(path) as folder:
        for frame, present in enumerate(people):
            found = [_person(recording.tracks[order], row, order) for order, row in present]
            document = {"version": 1.3, "people": found}
            (folder / f"{stem}_{frame:012d}_keypoints.json").write_text(to_json(document), encoding="utf-8")
    return Path(path)


def _person(track: PoseSequence, row: int, order: int) -> dict[str, object]:
    flat: list[float] = []
    for at, there in enumerate(track.present[0, row].tolist()):
        if there:
            x, y = track.position[0, row, at, :2].astype(np.float64).tolist()
            flat += [round(x, 3), round(y, 3), max(1e-6, round(float(track.score[0, row, at]), 6))]
        else:
            flat += [0, 0, 0]
    name = track.person_ids[0]
    number = int(name) if NUMBER_ID.fullmatch(name) else order
    return {"person_id": [number], "pose_keypoints_2d": flat, **{key: [] for key in _EMPTY}}


def read(path: str | Path, rate_hz: float | None = 30.0, *, part: Part = "body") -> Recording:
    """Read a folder; frames follow the sorted names at a nominal rate.

    People are put together by `person_id`. Where they have none (-1, as OpenPose writes without tracking),
    nobody is told apart: they are named by their order in each frame (`rank0`, ...), and
    `meta["identity"]` is `rank`.

    Args:
        path: The folder.
        rate_hz: Frames per second; None: those of 30 Hz, of rate `unknown`.
        part: The body, or a hand of everybody (21 joints), where there are any.

    Raises:
        InputError: there is no such folder.
        FormatError: a file is not OpenPose JSON, or bodies differ in their joints.
    """
    files = sorted(Path(path).glob("*_keypoints.json"))
    if not files:
        raise InputError(f"Expected a folder with *_keypoints.json files, got none; check the path: {path}")
    people = People(path)
    for frame, file in enumerate(files):
        people.path = file
        for at, person in enumerate(_people(file)):
            points = _points(person, part)
            if points is not None:
                number = person.values.get("person_id")
                known = isinstance(number, list) and len(number) == 1 and type(number[0]) is int
                name = str(number[0]) if known and number[0] >= 0 else None
                people.add(frame, name, points, rank=at)
    people.path = path
    skeleton = None if people.joints is None else skeletons.get(LAYOUTS[people.joints])
    return people.recording(skeleton, len(files), rate_hz, {})


def _people(file: Path) -> list[Fields]:
    """Everybody of one frame."""
    found = Fields(document(file), "the file", file).values.get("people")
    if not isinstance(found, list):
        raise FormatError(f"Expected OpenPose JSON with 'people' as a list, got none; check it: {file}")
    return [Fields(person, f"person {at} of 'people'", file) for at, person in enumerate(found)]


def _points(person: Fields, part: Part) -> list[float] | None:
    """x, y and score of the joints of a part; None where it was not looked for or not found."""
    name = next((name for name in _PARTS[part] if name in person), None)
    points = None if name is None else person.values[name]
    if points is None or (points == [] and part != "body"):
        if part == "body":
            person.fail("'pose_keypoints_2d'", "none")
        return None
    numbers = len(points) if isinstance(points, list) else 0
    fitting = [joints for joints in LAYOUTS if (joints == HAND_JOINTS) == (part != "body")]
    if numbers not in [3 * joints for joints in fitting]:
        person.fail(f"{name!r} of {' or '.join(map(str, fitting))} joints", f"{numbers} numbers")
    assert name is not None
    found = person.floats(name, numbers)
    return None if part != "body" and not found.any() else found.tolist()


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    said = given.rate()
    known = said["rate_hz"] if said["rate"] == "nominal" else None
    yield path.name.removesuffix(SUFFIX), read(path, known)


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, recording)


FORMAT = Format(
    name="openpose",
    title="OpenPose folder of JSON",
    suffixes=(SUFFIX,),
    says=frozenset({"layout", "unit", "empty frames", "number ids", "scores", "nobody"}),
    read=_recordings,
    write=_save,
    looks=lambda path, head: path.is_dir() and next(path.glob("*_keypoints.json"), None) is not None,
    folder=True,
    layouts=(LAYOUT,),
    made=_MIDDLES,
    frames=(PIXELS,),
    decimals=3,
)
