"""Poses as OpenPose's folder of JSON: one file a frame, `people` with `pose_keypoints_2d`, BODY_25 order.

Joints are matched by name; the neck (`thorax`) and the middle of the hips are the mean of both sides where a
layout has no such joint. What a layout lacks is 0, 0, 0, as OpenPose writes it; joints that BODY_25 lacks
(head top) are left out. Format: `doc/02_output.md` of OpenPose (Cao et al., 2019), version 1.3.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Recording, Skeleton
from bodyverb.formats.files import replacing_folder, to_json

EXPORT = "openpose"
SUFFIX = ".openpose"

LAYOUT = "openpose25"
_MIDDLES = ("thorax", "pelvis")
_EMPTY = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d")


def write(path: str | Path, recording: Recording) -> Path:
    """Write the folder `path`, one file for every frame of the recording, also those of nobody.

    Raises:
        InputError: the layout has no joint of BODY_25.
        OutputError: the folder cannot be written.
    """
    stem = re.sub(re.escape(SUFFIX) + "$", "", Path(path).name)
    people: list[list[tuple[int, int]]] = [[] for _ in recording.timestamps_s]
    for order, track in enumerate(recording.tracks):
        for row, frame in enumerate(np.searchsorted(recording.timestamps_s, track.timestamps_s).tolist()):
            people[frame].append((order, row))
    plans = [_plan(track.skeleton, path) for track in recording.tracks]
    with replacing_folder(path) as folder:
        for frame, present in enumerate(people):
            found = [_person(recording.tracks[order], row, order, plans[order]) for order, row in present]
            document = {"version": 1.3, "people": found}
            (folder / f"{stem}_{frame:012d}_keypoints.json").write_text(to_json(document), encoding="utf-8")
    return Path(path)


def _plan(skeleton: Skeleton, path: str | Path) -> list[list[int]]:
    """For each BODY_25 joint the joints to average; empty = missing."""
    report, parts = skeletons.plan(skeleton, skeletons.get(LAYOUT))
    plan = [
        [skeleton.index(name) for name, _ in parts.get(joint, ())]
        if joint in report.exact or joint in _MIDDLES
        else []
        for joint in skeletons.get(LAYOUT).joints
    ]
    if not any(plan):
        raise InputError(
            f"Expected joints of OpenPose's BODY_25, got layout {skeleton.name!r} without any; "
            f"export csv or coco: {path}"
        )
    return plan


def _person(track: PoseSequence, row: int, order: int, plan: list[list[int]]) -> dict[str, object]:
    flat: list[float] = []
    for joints in plan:
        if joints and (track.state[0, row, joints] > 0).all():
            x, y = track.position[0, row, joints, :2].mean(axis=0, dtype=np.float64).tolist()
            flat += [round(x, 3), round(y, 3), round(float(track.score[0, row, joints].min()), 6)]
        else:
            flat += [0, 0, 0]
    name = track.person_ids[0]
    number = int(name) if re.fullmatch(r"[0-9]{1,9}", name) else order
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
