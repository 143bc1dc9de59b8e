"""Kinect v2 body files of NTU RGB+D (`.skeleton`): text, every field of every body and joint.

The number of frames; a frame is its number of bodies (0 to 6); a body is a line of 10 fields, the number of
joints (25) and a line of 12 fields a joint. Ids are whole numbers above 2^53 and stay text. Positions are
float64, which holds the seven digits of the files exactly: what is written equals what was read. No times
are stored; 30 Hz is nominal. Camera space is metres in `kinect` axes; infrared and colour pixels are those
of the stored, mirrored pictures, 0 the centre of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import _numbers
from bodyverb.formats._format import KINECT, Format, Given, Item, poses_of, recording_of
from bodyverb.formats._ntu_lines import BODY_NUMBERS, JOINT_NUMBERS, JOINTS, MAX_BODIES, body_rows
from bodyverb.formats.files import replacing

RATE_HZ = 30.0
MAX_CELLS = 30_000
IMAGE_SIZE = {"ir": (512, 424), "color": (1920, 1080)}
BODY_FIELDS = (
    "clipped_edges", "hand_left_confidence", "hand_left_state", "hand_right_confidence", "hand_right_state",
    "is_restricted", "lean_x", "lean_y", "tracking_state",
)  # fmt: skip
JOINT_FIELDS = (
    "x", "y", "z", "depth_x", "depth_y", "color_x", "color_y",
    "orientation_w", "orientation_x", "orientation_y", "orientation_z", "tracking_state",
)  # fmt: skip
SPACES = {"camera": slice(0, 3), "ir": slice(3, 5), "color": slice(5, 7)}


@dataclass(frozen=True, kw_only=True, eq=False)
class NtuSkeleton:
    """One file: B bodies, each in one of T frames, in the order of the file.

    Attributes:
        bodies: (T,) uint8: how many bodies each frame has.
        ids: B texts: the sensor's id of each body.
        body: (B, 9) float64: `BODY_FIELDS`.
        joints: (B, 25, 12) float64: `JOINT_FIELDS`.
        crlf: Whether the lines end in carriage return and line feed.
        source: Name of the file.
    """

    bodies: np.ndarray
    ids: tuple[str, ...]
    body: np.ndarray
    joints: np.ndarray
    crlf: bool = False
    source: str = ""

    @property
    def frames(self) -> int:
        """T, the number of frames."""
        return int(self.bodies.size)

    @property
    def frame(self) -> np.ndarray:
        """(B,) int64: the frame each body is in."""
        return np.repeat(np.arange(self.frames), self.bodies)

    def sequences(self, spaces: Sequence[str] = tuple(SPACES)) -> dict[str, PoseSequence]:
        """The poses as the sensor saw them (`camera`) and in its pictures (`ir`, `color`).

        All share times and people: a person is an id, in order of appearance. Tracking states 0, 1, 2 become
        state 0 (absent, NaN), 1, 2 and score 0, 0.5, 1; a joint that is not finite is absent too. `camera`
        carries the body fields (NaN where the person is absent) and `orientation` (w x y z, zeros at the
        ends of limbs) as extras.

        Args:
            spaces: Which of them to make.

        Raises:
            FormatError: There are so many different ids that the arrays would be mostly holes.
        """
        people = {name: at for at, name in enumerate(dict.fromkeys(self.ids))}
        cells = len(people) * self.frames
        if cells > MAX_CELLS + 2 * len(self.ids):
            raise FormatError(
                f"Expected a few people, got {len(people)} ids in {self.frames} frames; "
                f"take the bodies as they are or cut the file: {self.source}"
            )
        place = np.array([people[name] for name in self.ids], np.int64), self.frame
        shape = (len(people), self.frames)
        scatter = lambda values: _scatter(values, place, shape)  # noqa: E731
        extras = {name: scatter(self.body[:, at]) for at, name in enumerate(BODY_FIELDS)}
        extras["orientation"] = scatter(self.joints[..., 7:11])
        state = np.nan_to_num(scatter(self.joints[..., 11])).astype(np.uint8)
        made = {}
        for space in spaces:
            position = scatter(self.joints[..., SPACES[space]])
            position[state == 0] = np.nan
            made[space] = PoseSequence.from_arrays(
                position,
                skeleton=skeletons.get("kinect25"),
                rate_hz=RATE_HZ,
                state=state,
                score=np.where(np.isfinite(position).all(axis=-1), state / 2, 0),
                extras=extras if space == "camera" else {},
                space="camera" if space == "camera" else "image",
                unit="m" if space == "camera" else "px",
                axes="kinect" if space == "camera" else "cv",
                mirrored=space != "camera",
                image_size=IMAGE_SIZE.get(space),
                person_ids=tuple(people),
                source=self.source,
            )
        return made


def read(path: str | Path, *, data: bytes | None = None) -> NtuSkeleton:
    """Reads one file, all fields.

    Args:
        path: The file.
        data: Its bytes, where it lies inside an archive.

    Raises:
        FormatError: It is absent, broken or holds something else.
    """
    path = Path(path)
    text = _numbers.load(path, data)
    rows, bodies, ids = body_rows(text, path)
    return NtuSkeleton(
        bodies=bodies,
        ids=ids,
        body=rows[:, 1:BODY_NUMBERS],
        joints=rows[:, BODY_NUMBERS:].reshape(-1, JOINTS, JOINT_NUMBERS),
        crlf=_numbers.is_crlf(text),
        source=path.name,
    )


def write(path: str | Path, skeleton: NtuSkeleton) -> Path:
    """Writes one file, whole or not at all; what `read` gave becomes the same bytes again.

    Raises:
        OutputError: It cannot be written.
    """
    path = Path(path)
    with replacing(path) as temporary:
        temporary.write_bytes(dump(skeleton))
    return path


def dump(skeleton: NtuSkeleton) -> bytes:
    """The bytes of a file: numbers with as few digits as give the same float64 again."""
    text = _numbers.text_of
    lines = [str(skeleton.frames)]
    at = 0
    for number in skeleton.bodies.tolist():
        lines.append(str(number))
        for body in range(at, at + number):
            fields = " ".join(map(text, skeleton.body[body].tolist()))
            lines += [f"{skeleton.ids[body]} {fields}", str(JOINTS)]
            lines += [" ".join(map(text, joint)) for joint in skeleton.joints[body].tolist()]
        at += number
    end = "\r\n" if skeleton.crlf else "\n"
    return (end.join(lines) + end).encode("ascii")


def from_sequences(sequences: Mapping[str, PoseSequence]) -> NtuSkeleton:
    """The bodies of poses, the inverse of `NtuSkeleton.sequences`.

    Args:
        sequences: `camera`, and `ir` and `color` where there are pixels; without them those fields are NaN. A
            body is there in the frames in which any of its joints is.

    Raises:
        InputError: The poses are of another layout, unit or frame of reference, not of the same people and
            times, or of more than six people at once.
    """
    poses = sequences["camera"]
    _check_camera(poses, sequences)
    place = tuple(np.argwhere(poses.present.any(axis=2).T).T[::-1])
    bodies = poses.present.any(axis=2).sum(axis=0)
    if bodies.size and bodies.max() > MAX_BODIES:
        raise InputError(f"Expected at most {MAX_BODIES} people at once, got {bodies.max()}; leave some out")
    joints = np.full((place[0].size, JOINTS, JOINT_NUMBERS), np.nan)
    for space, columns in SPACES.items():
        if space in sequences:
            joints[..., columns] = _numbers.decimals(sequences[space].position[place])
    orientation = poses.extras.get("orientation", np.zeros((*poses.state.shape, 4)))
    joints[..., 7:11] = _numbers.decimals(orientation[place])
    joints[..., 11] = poses.state[place]
    fields = [_field(poses, name)[place] for name in BODY_FIELDS]
    known = all(name.isdigit() for name in poses.person_ids)
    ids = poses.person_ids if known else [str(at + 1) for at in range(poses.persons)]
    return NtuSkeleton(
        bodies=bodies.astype(np.uint8),
        ids=tuple(ids[person] for person in place[0].tolist()),
        body=_numbers.decimals(np.stack(fields, axis=-1)),
        joints=joints,
        source=poses.source,
    )


def _field(poses: PoseSequence, name: str) -> np.ndarray:
    """(P, T) a body field of the extras; where the poses lack it, 0, and a tracked body."""
    return poses.extras.get(name, np.full(poses.state.shape[:2], 2.0 if name == "tracking_state" else 0.0))


def _check_camera(poses: PoseSequence, sequences: Mapping[str, PoseSequence]) -> None:
    kind = poses.skeleton.name, poses.space, poses.unit, poses.axes
    if kind != ("kinect25", "camera", "m", "kinect"):
        raise InputError(f"Expected kinect25 camera poses in m and kinect axes, got {kind}; convert them")
    for other in sequences.values():
        if other.person_ids != poses.person_ids or other.frames != poses.frames:
            raise InputError(f"Expected the same people and times in every space, got others in {other}")


def _scatter(values: np.ndarray, place: tuple[np.ndarray, np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """(P, T, ...) float32 of (B, ...) values, NaN where a person is not there."""
    made = np.full((*shape, *values.shape[1:]), np.nan, np.float32)
    with np.errstate(over="ignore"):
        made[place] = values
    return made


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    """The space asked for; `camera` carries the pixels of the others as extras, `ir` the depth."""
    file = read(path)
    space = given.space or "camera"
    if space == "camera":
        found = file.sequences()
        pixels = {f"{name}_px": found[name].position for name in IMAGE_SIZE}
        poses = found["camera"].replace(extras={**found["camera"].extras, **pixels})
    else:
        found = file.sequences(("camera", space))
        poses = found[space]
        if space == "ir":
            poses = poses.replace(extras={"depth_mm": found["camera"].position[..., 2] * 1000})
    yield path.stem, recording_of(poses.replace(source=path.name), {"crlf": True} if file.crlf else {})


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    poses = poses_of(recording, "kinect25", KINECT)
    sequences = {"camera": poses}
    for name, size in IMAGE_SIZE.items():
        if f"{name}_px" in poses.extras:
            sequences[name] = PoseSequence.from_arrays(
                poses.extras[f"{name}_px"],
                skeleton=poses.skeleton,
                timestamps_s=poses.timestamps_s,
                image_size=size,
                person_ids=poses.person_ids,
            )
    made = from_sequences(sequences)
    return write(path, replace(made, crlf=bool(recording.meta.get("crlf"))))


FORMAT = Format(
    name="ntu",
    title="NTU RGB+D .skeleton",
    suffixes=(".skeleton",),
    says=frozenset({"layout", "unit", "axes", "rate", "empty frames", "number ids", "states", "nobody"}),
    extras=(*BODY_FIELDS, "orientation", "ir_px", "color_px"),
    read=_recordings,
    write=_save,
    layouts=("kinect25",),
    frames=(KINECT,),
    rate_hz=RATE_HZ,
    spaces=tuple(SPACES),
)
