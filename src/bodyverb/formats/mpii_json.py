"""MPII Human Pose as JSON (`train.json`, `valid.json`): one person a record.

A list of `{joints 16 x [x, y], joints_vis 16 x 0 or 1, image, scale, center [x, y]}`; records of the test
part have no joints; a middle of -1 is unknown. `joints_vis` says whether a joint is marked, not whether it is
seen. Numbers are 1-based, as MATLAB counts, and 0-based here.

Source of the form: the annotation files of the deep high-resolution network (Sun et al., CVPR 2019).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from bodyverb.core import ABSENT, SEEN, PoseSequence, Recording
from bodyverb.formats._format import PIXELS, Format, Given, Item
from bodyverb.formats._json_file import Fields, records
from bodyverb.formats._mpii import BODY_PX, JOINTS, MpiiPeople
from bodyverb.formats.files import replacing, to_json

UNKNOWN = -1


def read(path: str | Path) -> MpiiPeople:
    """Read a file, a record at a time. Nobody is known as `single`; all are `train` who have joints.

    Raises:
        FormatError: The file is absent or damaged, or a field is missing or of another kind.
    """
    joints, marked, about = array("d"), array("b"), array("d")
    images: list[str] = []
    number: list[int] = []
    seen: Counter[str] = Counter()
    for line, record in records(path):
        one = Fields(record, f"the record of line {line}", path)
        images.append(one.text("image"))
        number.append(seen[images[-1]])
        seen[images[-1]] += 1
        about.extend((*one.floats("center", 2).tolist(), float(one.floats("scale"))))
        if "joints" in one:
            visible = one.floats("joints_vis", JOINTS)
            if not np.isin(visible, (0, 1)).all():
                one.fail("'joints_vis' of 0 and 1", "others")
            joints.extend(one.floats("joints", JOINTS, 2).ravel().tolist())
            marked.extend(visible.astype(int).tolist())
        else:
            joints.extend((0.0,) * (JOINTS * 2))
            marked.extend((0,) * JOINTS)
    state = np.where(np.array(marked, np.int8).reshape(-1, JOINTS) > 0, SEEN, ABSENT).astype(np.uint8)
    position = np.array(joints, np.float64).reshape(-1, JOINTS, 2) - 1
    position[state == ABSENT] = np.nan
    rough = np.array(about, np.float64).reshape(-1, 3)
    return MpiiPeople(
        images=tuple(images),
        number=np.array(number, np.int64),
        joints=position,
        state=state,
        center=np.where(rough[:, :2] == UNKNOWN, np.nan, rough[:, :2] - 1),
        scale=rough[:, 2],
        head=np.full((len(images), 4), np.nan),
        train=(state != ABSENT).any(axis=1),
        single=np.zeros(len(images), bool),
        activity=("",) * len(images),
        source=str(path),
    )


def write(path: str | Path, people: MpiiPeople) -> Path:
    """Write a file; `read` gives the same joints, middles and scales back. The rest is lost.

    Raises:
        OutputError: The file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        for at in range(len(people)):
            marked = people.state[at] != ABSENT
            record = {
                "joints_vis": marked.astype(int).tolist(),
                "joints": np.where(marked[:, None], people.joints[at] + 1, 0).tolist(),
                "image": people.images[at],
                "scale": float(people.scale[at]),
                "center": np.nan_to_num(people.center[at] + 1, nan=UNKNOWN).tolist(),
            }
            stream.write(("," if at else "[") + "\n" + to_json(record))
        stream.write("\n]\n" if len(people) else "[]\n")
    return Path(path)


def of_recording(recording: Recording, name: str) -> MpiiPeople:
    """The people of a recording: pictures are `<name>_<frame>.jpg`, middle and scale those of the box.

    The box is that of the joints where there is none.
    """
    rows = sorted(
        (frame, order, row)
        for order, track in enumerate(recording.tracks)
        for row, frame in enumerate(np.searchsorted(recording.timestamps_s, track.timestamps_s).tolist())
        if track.present[0, row].any()
    )
    number: Counter[int] = Counter()
    joints, state = np.empty((len(rows), JOINTS, 2)), np.empty((len(rows), JOINTS), np.uint8)
    box, rank = np.empty((len(rows), 4)), np.empty(len(rows), np.int64)
    for at, (frame, order, row) in enumerate(rows):
        track = recording.tracks[order]
        joints[at], state[at] = track.position[0, row], track.state[0, row]
        box[at], rank[at] = _box(track, row), number[frame]
        number[frame] += 1
    return MpiiPeople(
        images=tuple(f"{name}_{frame:06d}.jpg" for frame, _, _ in rows),
        number=rank,
        joints=joints,
        state=state,
        center=(box[:, :2] + box[:, 2:]) / 2,
        scale=(box[:, 3] - box[:, 1]) / BODY_PX,
        head=np.full((len(rows), 4), np.nan),
        train=np.ones(len(rows), bool),
        single=np.zeros(len(rows), bool),
        activity=("",) * len(rows),
    )


def _box(track: PoseSequence, row: int) -> np.ndarray:
    """(4,) the box of one person, or that of the joints."""
    if track.box is not None and np.isfinite(track.box[0, row]).all():
        return track.box[0, row]
    points = track.position[0, row]
    return np.concatenate([np.nanmin(points, axis=0), np.nanmax(points, axis=0)])


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.stem, read(path).recording(**given.rate(), name=path.name)


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((name, recording),) = items
    return write(path, of_recording(recording, name))


FORMAT = Format(
    name="mpii-json",
    title="MPII Human Pose JSON",
    suffixes=(".mpii.json", ".json"),
    says=frozenset({"layout", "unit", "nobody"}),
    read=_recordings,
    write=_save,
    looks=lambda path, head: head.lstrip()[:1] == b"[" and b'"joints_vis"' in head,
    layouts=("mpii16",),
    frames=(PIXELS,),
)
