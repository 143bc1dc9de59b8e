"""Poses as OpenPose's folder of JSON: one file a frame, `people` with `pose_keypoints_2d`, BODY_25 order.

Joints are matched by name; the neck (`thorax`) and the middle of the hips are the mean of both sides where a
layout has no such joint: no others are made, since the files cannot say that a joint was guessed. What a
layout lacks is 0, 0, 0, as OpenPose writes it; joints that BODY_25 lacks (head top) are left out; a joint
that is there has a score of at least 0.000001. Format: `doc/02_output.md` of OpenPose (Cao et al., 2019),
version 1.3.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Recording
from bodyverb.formats._format import NUMBER_ID, PIXELS, Format, Given, Item
from bodyverb.formats.files import replacing_folder, to_json

SUFFIX = ".openpose"

LAYOUT = "openpose25"
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


def read(path: str | Path, rate_hz: float = 30.0) -> Recording:
    """Read a folder of BODY_25 files; frames follow the sorted names at a nominal rate.

    People are put together by `person_id`; files in which nobody has one (-1, as OpenPose writes without
    tracking) cannot be put together and are refused where a frame shows several people.

    Raises:
        InputError: there is no such folder.
        FormatError: a file is not OpenPose JSON, or people cannot be told apart.
    """
    files = sorted(Path(path).glob("*_keypoints.json"))
    if not files:
        raise InputError(f"Expected a folder with *_keypoints.json files, got none; check the path: {path}")
    people: dict[str, tuple[list[int], list[np.ndarray]]] = {}
    for frame, file in enumerate(files):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))["people"]
            for person in found:
                name = str(person.get("person_id", [-1])[0])
                frames, rows = people.setdefault(name, ([], []))
                if frames and frames[-1] == frame:
                    raise FormatError(
                        f"Expected people with ids of their own, got {name} twice in a frame: {file}"
                    )
                frames.append(frame)
                rows.append(np.array(person["pose_keypoints_2d"], np.float64).reshape(25, 3))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise FormatError(
                f"Expected OpenPose JSON of 25 joints, got {error!r}; check the file: {file}"
            ) from None
    times = np.arange(len(files)) / rate_hz
    tracks = tuple(_track(name, times[frames], np.array(rows)) for name, (frames, rows) in people.items())
    return Recording(timestamps_s=times, image_size=None, source=str(path), tracks=tracks)


def _track(name: str, times: np.ndarray, rows: np.ndarray) -> PoseSequence:
    return PoseSequence.from_arrays(
        np.where(rows[None, :, :, 2:] > 0, rows[None, :, :, :2], np.nan),
        skeleton=skeletons.get(LAYOUT),
        timestamps_s=times,
        rate="nominal",
        score=np.clip(rows[None, :, :, 2], 0, 1),
        person_ids=(name,),
    )


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    said = given.rate()
    recording = read(path, said["rate_hz"])
    tracks = tuple(track.replace(rate=said["rate"]) for track in recording.tracks)
    yield path.name.removesuffix(SUFFIX), dataclasses.replace(recording, tracks=tracks)


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
