"""Acclaim motion capture: a skeleton in an `.asf` file, its motion in `.amc` files.

The `.asf` holds one rest direction, length and local axis a bone; the `.amc` holds the degrees of freedom
of every bone in every frame. Forward kinematics gives joint positions: bone ``b`` with parent ``p`` turns
by ``R_b = R_p C_b D_b C_b^T`` (``C_b`` the bone's axis, ``D_b`` the frame's rotation) and its far end lies
at ``x_p + R_b (length * direction)``. A joint of the returned layout is the FAR END of a bone; the root is
its own joint.

Lengths are in the file's unit: the value is divided by ``:units length`` and read as inches, as the
CMU motion capture library documents, which gives metres. The axes are y-up.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from bodyverb.core import FormatError, PoseSequence, Skeleton
from bodyverb.formats import _marks, _numbers
from bodyverb.formats._format import Format, Given, Item, recording_of

INCH_M = 0.0254
CMU_RATE_HZ = 120.0
MAX_AMC_BYTES = 512 * 1024**2
MAX_ASF_BYTES = 4 * 1024**2
MAX_BONES = 1000
ROOM_BYTES = 48 * 1024**2
_BLOCK = 256

#: Bone of the CMU library -> our name of the joint at its far end. Bones without an entry keep their own
#: name.
JOINT_OF_BONE = {
    "root": "pelvis", "lhipjoint": "left_hip", "lfemur": "left_knee", "ltibia": "left_ankle",
    "lfoot": "left_foot", "ltoes": "left_toes", "rhipjoint": "right_hip", "rfemur": "right_knee",
    "rtibia": "right_ankle", "rfoot": "right_foot", "rtoes": "right_toes", "upperback": "spine",
    "lowerneck": "neck", "lclavicle": "left_shoulder", "lhumerus": "left_elbow", "lradius": "left_wrist",
    "lhand": "left_hand", "lfingers": "left_fingers", "lthumb": "left_thumb", "lwrist": "left_palm",
    "rclavicle": "right_shoulder", "rhumerus": "right_elbow", "rradius": "right_wrist", "rhand": "right_hand",
    "rfingers": "right_fingers", "rthumb": "right_thumb", "rwrist": "right_palm",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Bone:
    """One bone of an `.asf` file (direction as a unit vector, length in metres, axis in radians)."""

    name: str
    parent: int
    direction: np.ndarray
    length_m: float
    axis: np.ndarray
    dof: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AsfSkeleton:
    """The bones of an `.asf` file, the root first, every parent before its children.

    Attributes:
        bones: the bones; ``bones[0]`` is the root with length 0 and its degrees of freedom in file order.
        scale_m: metres of one file unit.
        degrees: whether the file's angles are degrees.
    """

    bones: tuple[Bone, ...]
    scale_m: float
    degrees: bool

    def skeleton(self) -> Skeleton:
        """Returns the layout of the joints at the bones' far ends, in bone order."""
        names = _marks.unique([JOINT_OF_BONE.get(bone.name, bone.name) for bone in self.bones])
        return _marks.layout(f"asf{len(names)}", names, tuple(bone.parent for bone in self.bones))


class _Row(list[str]):
    """The words of a line, and its number."""

    line = 0


def _rows(text: bytes) -> Iterator[_Row]:
    """The lines that hold something, without comments."""
    for line, words in enumerate(io.BytesIO(text), 1):
        row = _Row(words.decode("latin-1").split("#", 1)[0].split())
        row.line = line
        if row:
            yield row


def read_asf(path: str | Path, data: bytes | None = None) -> AsfSkeleton:
    """Reads an `.asf` skeleton.

    Args:
        path: the file.
        data: its bytes, where it lies inside an archive.

    Returns:
        The bones in an order where parents come first.

    Raises:
        FormatError: the file is absent or not an `.asf` file.
    """
    path = Path(path)
    sections: dict[str, list[_Row]] = {}
    current: list[_Row] = []
    row = _Row()
    for row in _rows(_numbers.load(path, data, MAX_ASF_BYTES)):
        if row[0].startswith(":"):
            current = sections.setdefault(row.pop(0)[1:].lower(), [])
        if row:
            current.append(row)
    place = [row.line]
    try:
        return _assemble(sections, place)
    except (KeyError, ValueError, IndexError, StopIteration, ZeroDivisionError) as error:
        raise FormatError(
            f"Expected an Acclaim skeleton, got {error!r}; check line {place[0]}: {path}"
        ) from error


def _each(rows: list[_Row], place: list[int]) -> Iterator[_Row]:
    """The rows; `place` holds the line of the present one."""
    for row in rows:
        place[0] = row.line
        yield row


def _assemble(sections: dict[str, list[_Row]], place: list[int]) -> AsfSkeleton:
    units = {row[0].lower(): row[-1] for row in _each(sections["units"], place)}
    degrees = units.get("angle", "deg").lower().startswith("deg")
    to_radians = np.pi / 180 if degrees else 1.0
    scale = INCH_M / float(units.get("length", 1.0))
    parsed = {bone["name"]: bone for bone in _bone_blocks(_each(sections["bonedata"], place))}
    if len(parsed) > MAX_BONES:
        raise ValueError(f"{len(parsed)} bones, more than {MAX_BONES}")
    parent_of: dict[str, str] = {}
    for row in _each(sections["hierarchy"], place):
        if row[0].lower() in {"begin", "end"}:
            continue
        parent_of.update(dict.fromkeys(row[1:], row[0]))
    root = next((row for row in _each(sections["root"], place) if row[0].lower() == "order"), None)
    if root is None:
        raise ValueError("no order of the root")
    orientation = next(
        (row for row in sections["root"] if row[0].lower() == "orientation"), ["", "0", "0", "0"]
    )
    bones = [
        Bone(
            name="root",
            parent=-1,
            direction=np.zeros(3),
            length_m=0.0,
            axis=np.array([float(orientation[at]) for at in (1, 2, 3)]) * to_radians,
            dof=tuple(word.lower() for word in root[1:]),
        )
    ]
    index = {"root": 0}
    pending = [name for name in parent_of if name in parsed]
    while pending:
        ready = [name for name in pending if parent_of[name] in index]
        if not ready:
            raise ValueError(f"bones without a parent: {pending[:3]}")
        for name in ready:
            index[name] = len(bones)
            block = parsed[name]
            bones.append(
                Bone(
                    name=name,
                    parent=index[parent_of[name]],
                    direction=np.array(block["direction"]),
                    length_m=block["length"] * scale,
                    axis=np.array(block["axis"]) * to_radians,
                    dof=block["dof"],
                )
            )
        pending = [name for name in pending if name not in index]
    return AsfSkeleton(bones=tuple(bones), scale_m=scale, degrees=degrees)


def _bone_blocks(rows: Iterator[_Row]) -> list[dict]:
    blocks: list[dict] = []
    block: dict = {}
    for row in rows:
        key = row[0].lower()
        if key == "begin":
            block = {"dof": (), "axis": [0.0, 0.0, 0.0]}
        elif key == "end":
            blocks.append(block)
        elif key == "name":
            block["name"] = row[1]
        elif key == "length":
            block["length"] = float(row[1])
        elif key == "direction":
            x, y, z = (float(v) for v in row[1:4])
            block["direction"] = [x, y, z]
        elif key == "axis":
            if len(row) > 4 and row[4].upper() != "XYZ":
                raise ValueError(f"axis order {row[4]}, only XYZ is known")
            x, y, z = (float(v) for v in row[1:4])
            block["axis"] = [x, y, z]
        elif key == "dof":
            block["dof"] = tuple(word.lower() for word in row[1:])
    return blocks


def euler_matrix(angles: np.ndarray) -> np.ndarray:
    """Rotation matrices of Euler angles, x first: ``R = Rz Ry Rx``.

    Args:
        angles: (..., 3) angles about x, y, z in radians.

    Returns:
        (..., 3, 3) rotation matrices.
    """
    (cx, cy, cz), (sx, sy, sz) = np.moveaxis(np.cos(angles), -1, 0), np.moveaxis(np.sin(angles), -1, 0)
    rows = [
        [cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz],
        [cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz],
        [-sy, sx * cy, cx * cy],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def read_amc(path: str | Path, data: bytes | None = None) -> dict[str, np.ndarray]:
    """Reads the degrees of freedom of an `.amc` file.

    Args:
        path: the file.
        data: its bytes, where it lies inside an archive.

    Returns:
        Bone name -> (frame, dof) float64 values, as stored (angles in the file's unit).

    Raises:
        FormatError: the file is absent, cut off in a frame, or not an `.amc` file.
    """
    path = Path(path)
    text = _numbers.load(path, data, MAX_AMC_BYTES)
    values: dict[str, array[float]] = {}
    frames, taken = 0, 0
    seen: dict[str, int] = {}
    for row in _rows(text):
        name = row[0]
        if name[0] == ":":
            continue
        if len(row) == 1 and name.isdecimal():
            wrong = [bone for bone, count in seen.items() if count != frames]
            if wrong:
                _fail(f"{wrong[0]} in every frame", f"none in frame {frames}", row.line, path)
            frames += 1
            continue
        try:
            numbers = [float(word) for word in row[1:]]
        except ValueError as error:
            _fail("numbers after a bone's name", str(error)[:60], row.line, path)
        first = frames == 1 and name not in values
        if first and len(values) < MAX_BONES:
            values[name] = array("d")
        elif (
            name not in values or seen[name] != frames - 1 or len(numbers) * (frames - 1) != len(values[name])
        ):
            _fail("each bone of frame 1 once a frame, with as many values", name[:40], row.line, path)
        seen[name] = frames
        taken += 8 * len(numbers)
        if taken > 2 * len(text) + ROOM_BYTES:
            _fail("a motion of less numbers", f"{taken // 8}", row.line, path)
        values[name].extend(numbers)
    wrong = [bone for bone, count in seen.items() if count != frames]
    if frames == 0 or wrong:
        raise FormatError(
            f"Expected {frames or 'some'} rows a bone, got another count for {wrong[:3]}; check it: {path}"
        )
    return {name: np.array(numbers, np.float64).reshape(frames, -1) for name, numbers in values.items()}


def _fail(expected: str, found: str, line: int, path: Path) -> NoReturn:
    raise FormatError(f"Expected {expected}, got {found}; check line {line}: {path}")


def positions(skeleton: AsfSkeleton, motion: dict[str, np.ndarray]) -> np.ndarray:
    """Forward kinematics.

    Args:
        skeleton: the bones.
        motion: degrees of freedom a bone, as `read_amc` gives them.

    Returns:
        (frame, joint, 3) metres, y-up, world.

    Raises:
        FormatError: the motion lacks the root or a bone's columns do not fit its degrees of freedom.
    """
    if "root" not in motion:
        raise FormatError("Expected a root in the motion, got none; use the .amc that belongs to the .asf")
    frames = len(motion["root"])
    where = np.empty((frames, len(skeleton.bones), 3))
    for start in range(0, frames, _BLOCK):
        part = {name: rows[start : start + _BLOCK] for name, rows in motion.items()}
        where[start : start + _BLOCK] = _block(skeleton, part)
    return where


def _block(skeleton: AsfSkeleton, motion: dict[str, np.ndarray]) -> np.ndarray:
    """`positions` of a few frames."""
    frames = len(motion["root"])
    to_radians = np.pi / 180 if skeleton.degrees else 1.0
    where = np.zeros((frames, len(skeleton.bones), 3))
    turn = np.zeros((frames, len(skeleton.bones), 3, 3))
    for i, bone in enumerate(skeleton.bones):
        rows = motion.get(bone.name, np.zeros((frames, len(bone.dof))))
        if rows.shape[1] != len(bone.dof):
            raise FormatError(
                f"Expected {len(bone.dof)} values for {bone.name}, got {rows.shape[1]}; check both files"
            )
        angles, shift = np.zeros((frames, 3)), np.zeros((frames, 3))
        for column, dof in zip(rows.T, bone.dof, strict=True):
            target, factor = (angles, to_radians) if dof[0] == "r" else (shift, skeleton.scale_m)
            if dof[-1] in "xyz":
                target[:, "xyz".index(dof[-1])] = column * factor
        axis = euler_matrix(bone.axis)
        local = axis @ euler_matrix(angles) @ axis.T
        if bone.parent < 0:
            turn[:, i], where[:, i] = local, shift
        else:
            turn[:, i] = turn[:, bone.parent] @ local
            where[:, i] = where[:, bone.parent] + turn[:, i] @ (bone.direction * bone.length_m)
    return where


def read(
    amc: str | Path,
    asf: str | Path | None = None,
    *,
    rate_hz: float = CMU_RATE_HZ,
    data: bytes | None = None,
    asf_data: bytes | None = None,
) -> PoseSequence:
    """Reads one motion as joint positions.

    Args:
        amc: the motion file.
        asf: its skeleton; by default the only `.asf` beside the motion.
        rate_hz: frames a second (the files do not say; the CMU library records at 120).
        data: bytes of the motion, where it lies inside an archive.
        asf_data: bytes of the skeleton, likewise.

    Returns:
        One person (1, frame, joint, 3), metres, world, y-up, nominal rate.

    Raises:
        FormatError: a file is absent or broken, or no single `.asf` lies beside the motion.
    """
    amc = Path(amc)
    if asf is None:
        found = sorted(amc.parent.glob("*.asf"))
        if len(found) != 1:
            raise FormatError(
                f"Expected one .asf beside the motion, got {len(found)}; name it, as asf= or --beside: {amc}"
            )
        asf = found[0]
    bones = read_asf(asf, asf_data)
    motion = read_amc(amc, data)
    size = len(data) if data is not None else amc.stat().st_size
    frames = len(next(iter(motion.values()), ()))
    if not frames:
        raise FormatError(f"Expected frames of a motion, got none; get the file anew: {amc}")
    if frames * len(bones.bones) * 64 > 3 * size + ROOM_BYTES:
        raise FormatError(
            f"Expected a motion that fits its file, got {frames} frames of {len(bones.bones)} bones in "
            f"{size} bytes; check both files: {amc}"
        )
    try:
        position = positions(bones, motion).astype(np.float32)
    except FormatError as error:
        raise FormatError(f"{error}: {amc}") from None
    return PoseSequence.from_arrays(
        position[None],
        skeleton=bones.skeleton(),
        rate_hz=rate_hz,
        space="world",
        unit="m",
        axes="y-up",
        source=amc.name,
    )


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.stem, recording_of(read(path, given.beside, rate_hz=given.rate_hz or CMU_RATE_HZ))


FORMAT = Format(
    name="asf-amc",
    title="Acclaim .amc motion with its .asf skeleton",
    suffixes=(".amc",),
    says=frozenset({"layout", "unit", "axes"}),
    read=_recordings,
)
