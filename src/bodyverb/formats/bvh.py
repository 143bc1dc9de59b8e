"""Biovision motion (`.bvh`): a tree of joints with offsets, and the values of their channels in every frame.

`HIERARCHY` nests a `ROOT`, `JOINT`s and `End Site`s, each with an `OFFSET` from its parent and, but for the
ends, `CHANNELS`: any of `Xposition` ... `Zrotation` in any order. `MOTION` gives `Frames:`, `Frame Time:` in
seconds and a line of all values a frame. A joint turns by its rotations in the order written (`Zrotation
Xrotation` is ``Rz Rx``), in degrees; positions stand in place of the offset's coordinates, as in most
programs. Joint positions follow by forward kinematics; an end at no distance from its joint is no joint.

The file says neither unit nor axes: y up and unit `none` where nobody says otherwise. Times are those of the
nominal `Frame Time`. `write` of a `Bvh` gives the same numbers back. Poses become one by a fit
(`from_poses`): bones get one length, joints must be there, and twists about a bone are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from bodyverb.core import FormatError, PoseSequence, Skeleton
from bodyverb.core.pose import Axes
from bodyverb.formats import _bvh_fit, _marks, _numbers
from bodyverb.formats._format import Format, Given, Item, poses_of, recording_of
from bodyverb.formats._joint_names import ours
from bodyverb.formats.files import replacing
from bodyverb.geometry import kinematics, rotation

MAX_FILE_BYTES = 256 * 1024**2
MAX_HEAD_BYTES = 1024**2
MAX_NODES = 1000
MAX_FRAME_S = 3600.0
CHANNELS = tuple(f"{axis}{kind}" for kind in ("position", "rotation") for axis in "XYZ")
_FIT_CHANNELS = ("Zrotation", "Yrotation", "Xrotation")
_TURNS = {"X": rotation.about_x, "Y": rotation.about_y, "Z": rotation.about_z}
_BLOCK = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """A joint, or the end of a limb, which has no name of its own and no channels.

    Attributes:
        name: As in the file; `<parent>_end` for an end.
        parent: Index of its parent, -1 for the root.
        offset: (3,) float64 from its parent.
        channels: Names of its channels, in order.
        is_end: Whether it is an end.
    """

    name: str
    parent: int
    offset: np.ndarray
    channels: tuple[str, ...] = ()
    is_end: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Bvh:
    """One file of T frames and C channels.

    Attributes:
        nodes: The root first, every parent before its children.
        values: (T, C) float64, the channels of all nodes in order; file units and degrees.
        frame_s: Seconds a frame.
        source: Name of the file.
    """

    nodes: tuple[Node, ...]
    values: np.ndarray
    frame_s: float
    source: str = ""

    def skeleton(self) -> Skeleton:
        """The layout: our names for the joints (see `_joint_names`), ends at no distance left out."""
        kept = self._kept()
        place = {node: at for at, node in enumerate(kept)}
        names = ours([node.name for node in self.nodes])
        return _marks.layout(
            f"bvh{len(kept)}",
            [names[node] for node in kept],
            [place.get(self.nodes[node].parent, -1) for node in kept],
        )

    def rotations(self, frames: slice = slice(None)) -> np.ndarray:
        """(frames, node, 3, 3) float64: the turn of each node against its parent."""
        return self._local(frames)[0]

    def poses(self, *, unit: str | None = None, axes: Axes = "y-up") -> PoseSequence:
        """Positions by forward kinematics.

        Args:
            unit: Of the file's lengths: none, mm, cm, m or in; cm and in become m.
            axes: The file's axes.

        Raises:
            InputError: There is no such unit.
        """
        name, scale = _marks.length(unit or "none", self.source)
        kept = self._kept()
        position = np.empty((1, len(self.values), len(kept), 3), np.float32)
        for at in range(0, len(self.values), _BLOCK):
            position[0, at : at + _BLOCK] = self._positions(slice(at, at + _BLOCK))[:, kept] * scale
        return PoseSequence.from_arrays(
            position,
            skeleton=self.skeleton(),
            timestamps_s=np.arange(len(self.values)) * self.frame_s,
            rate="nominal",
            space="world",
            unit=name,
            axes=axes,
            source=self.source,
        )

    def _kept(self) -> list[int]:
        return [at for at, node in enumerate(self.nodes) if not node.is_end or node.offset.any()]

    def _positions(self, frames: slice) -> np.ndarray:
        turns, offsets = self._local(frames)
        parents = [node.parent for node in self.nodes]
        return kinematics.forward(offsets.swapaxes(0, 1), parents, turns, offsets[:, 0])

    def _local(self, frames: slice) -> tuple[np.ndarray, np.ndarray]:
        """Turns (t, node, 3, 3) and offsets (t, node, 3) of some frames."""
        values = self.values[frames]
        turns = np.broadcast_to(np.eye(3), (len(values), len(self.nodes), 3, 3)).copy()
        offsets = np.repeat([[node.offset for node in self.nodes]], len(values), axis=0)
        column = 0
        for at, node in enumerate(self.nodes):
            for channel in node.channels:
                if channel.endswith("position"):
                    offsets[:, at, "XYZ".index(channel[0])] = values[:, column]
                else:
                    turns[:, at] = turns[:, at] @ _TURNS[channel[0]](np.radians(values[:, column]))
                column += 1
        return turns, offsets


def read(
    path: str | Path, *, unit: str | None = None, axes: Axes = "y-up", data: bytes | None = None
) -> PoseSequence:
    """Read a motion as joint positions: one person (1, T, J, 3), world.

    Args:
        path: The file.
        unit: Of its lengths: none, mm, cm, m or in; cm and in become m.
        axes: Its axes.
        data: Its bytes, where it lies inside an archive.

    Raises:
        FormatError: The file is absent, damaged or something else.
        InputError: There is no such unit.
    """
    return read_motion(path, data=data).poses(unit=unit, axes=axes)


def read_motion(path: str | Path, *, data: bytes | None = None) -> Bvh:
    """Read a motion as it is: offsets and the values of all channels.

    Raises:
        FormatError: The file is absent, damaged or something else.
    """
    path = Path(path)
    text = _numbers.load(path, data, MAX_FILE_BYTES)
    head = re.compile(rb"^[ \t]*MOTION[ \t\r]*\n", re.MULTILINE).search(text, 0, MAX_HEAD_BYTES)
    if head is None:
        _fail("a HIERARCHY and then MOTION", "none", 1, path)
    nodes = _nodes(text[: head.start()], path)
    at, line = head.end(), text.count(b"\n", 0, head.end()) + 1
    frames, at, line = _setting(rb"Frames:\s*([0-9]{1,9})", "Frames: N", text, at, line, path)
    seconds, at, line = _setting(rb"Frame\s+Time:\s*(\S{1,30})", "Frame Time: S", text, at, line, path)
    try:
        frame_s = float(seconds)
    except ValueError:
        frame_s = np.nan
    if not 0 < frame_s <= MAX_FRAME_S:
        _fail(f"a Frame Time from 0 to {MAX_FRAME_S:g} s", repr(seconds.decode("latin-1")), line - 1, path)
    values = _values(text, at, line, int(frames), nodes, path)
    return Bvh(nodes=nodes, values=values, frame_s=frame_s, source=path.name)


def from_poses(poses: PoseSequence) -> Bvh:
    """The motion of one person, fitted to positions.

    Every bone gets the median of its lengths; a joint turns so that its bones point where they should. The
    twist about a bone, which positions do not show, is the parent's; an absent joint rests. `deviation`
    tells how far the result lies from the poses.

    Raises:
        InputError: The poses are 2D, of several people, without a frame in which any joint is present.
    """
    offsets, parents, order, root, turns = _bvh_fit.fit(poses)
    names = [poses.skeleton.joints[joint] for joint in order]
    nodes, columns = [], [root]
    for at, (name, parent) in enumerate(zip(names, parents, strict=True)):
        channels = (CHANNELS[:3] if parent < 0 else ()) + _FIT_CHANNELS
        nodes.append(Node(name=name, parent=parent, offset=offsets[at], channels=channels))
        columns.append(np.degrees(_bvh_fit.angles(turns[:, at])))
    times = poses.timestamps_s
    step = float(np.median(np.diff(times))) if times.size > 1 else 1 / 30
    even = times.size > 1 and np.array_equal(times, np.arange(times.size) * times[1])
    return Bvh(
        nodes=tuple(nodes),
        values=np.concatenate(columns, axis=1),
        frame_s=float(times[1]) if even else step,
        source=poses.source,
    )


def deviation(motion: Bvh, poses: PoseSequence) -> float:
    """The largest distance of a joint of the poses from its place in the motion, in the poses' unit."""
    again = motion.poses()
    order = [again.skeleton.index(joint) for joint in poses.skeleton.joints]
    gap = np.linalg.norm(again.position[:, :, order] - poses.position, axis=-1)
    return float(np.nanmax(gap, initial=0.0))


def write(path: str | Path, motion: Bvh | PoseSequence) -> Path:
    """Write a motion, or poses by `from_poses`; numbers have as many digits as they need.

    Raises:
        InputError: The poses cannot be fitted.
        OutputError: The file cannot be written.
    """
    motion = from_poses(motion) if isinstance(motion, PoseSequence) else motion
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in _hierarchy(motion.nodes))
        stream.write(f"MOTION\nFrames: {len(motion.values)}\nFrame Time: {_text(motion.frame_s)}\n")
        stream.writelines(" ".join(map(_text, row.tolist())) + "\n" for row in motion.values)
    return Path(path)


def _hierarchy(nodes: tuple[Node, ...]) -> Iterator[str]:
    """The lines of the tree; a joint without children gets an end, as programs expect one."""
    children: dict[int, list[int]] = {}
    for at, node in enumerate(nodes):
        children.setdefault(node.parent, []).append(at)
    yield "HIERARCHY"
    todo: list[tuple[int, int, bool]] = [(at, 0, False) for at in reversed(children.get(-1, []))]
    while todo:
        at, depth, closing = todo.pop()
        indent = "  " * depth
        if closing:
            yield indent + "}"
            continue
        node = nodes[at]
        yield indent + ("End Site" if node.is_end else f"{'JOINT' if depth else 'ROOT'} {node.name}")
        yield indent + "{"
        yield f"{indent}  OFFSET {' '.join(map(_text, node.offset.tolist()))}"
        if not node.is_end:
            yield f"{indent}  CHANNELS {' '.join([str(len(node.channels)), *node.channels])}"
            if at not in children:
                yield from (indent + "  " + part for part in ("End Site", "{", "  OFFSET 0 0 0", "}"))
        todo.append((at, depth, True))
        todo += [(child, depth + 1, False) for child in reversed(children.get(at, []))]


def _text(value: float) -> str:
    return _numbers.text_of(value) if np.isfinite(value) else "0"


def _nodes(head: bytes, path: Path) -> tuple[Node, ...]:
    """The tree of a file, from its text above MOTION."""
    lines = iter(enumerate(head.decode("utf-8", "replace").splitlines(), 1))
    rows = ((line, words) for line, words in ((n, text.split()) for n, text in lines) if words)
    nodes: list[dict[str, Any]] = []
    open_nodes: list[int] = []
    line, words = next(rows, (1, [""]))
    if [word.upper() for word in words] != ["HIERARCHY"]:
        _fail("HIERARCHY", repr(" ".join(words)[:40]), line, path)
    for line, words in rows:
        key = words[0].upper()
        if key in ("ROOT", "JOINT", "END"):
            if (key == "ROOT") != (not open_nodes) or (key == "ROOT" and nodes):
                _fail("one ROOT with JOINTs and End Sites inside", " ".join(words)[:40], line, path)
            if len(nodes) >= MAX_NODES:
                _fail(f"at most {MAX_NODES} joints", "more", line, path)
            parent = open_nodes[-1] if open_nodes else -1
            is_end = key == "END"
            name = f"{nodes[parent]['name']}_end" if is_end else " ".join(words[1:]).rstrip("{ ") or "joint"
            nodes.append({"name": name, "parent": parent, "is_end": is_end})
            brace = words[-1] == "{" or next(rows, (line, [""]))[1] == ["{"]
            if not brace:
                _fail(f"{{ after {key}", "none", line, path)
            open_nodes.append(len(nodes) - 1)
        elif words == ["}"] and open_nodes:
            closed = nodes[open_nodes.pop()]
            if "offset" not in closed or (not closed["is_end"] and "channels" not in closed):
                _fail(f"OFFSET and CHANNELS of {closed['name']}", "not both", line, path)
        elif key == "OFFSET" and open_nodes:
            nodes[open_nodes[-1]]["offset"] = _offset(words, line, path)
        elif key == "CHANNELS" and open_nodes and not nodes[open_nodes[-1]]["is_end"]:
            nodes[open_nodes[-1]]["channels"] = _channels(words, line, path)
        else:
            _fail("ROOT, JOINT, End Site, OFFSET, CHANNELS or }", repr(" ".join(words)[:40]), line, path)
    if open_nodes or not nodes:
        _fail("a closed HIERARCHY", f"{len(open_nodes)} open joints", line, path)
    return tuple(Node(**node) for node in nodes)


def _offset(words: list[str], line: int, path: Path) -> np.ndarray:
    try:
        offset = np.array([float(word) for word in words[1:]])
    except ValueError:
        offset = np.empty(0)
    if offset.shape != (3,) or not (np.abs(offset) < 1e30).all():
        _fail("OFFSET and three numbers", repr(" ".join(words)[:60]), line, path)
    return offset


def _channels(words: list[str], line: int, path: Path) -> tuple[str, ...]:
    names = {channel.lower(): channel for channel in CHANNELS}
    found = tuple(names.get(word.lower(), "") for word in words[2:])
    if words[1:2] != [str(len(found))] or not all(found) or len(set(found)) != len(found):
        _fail("CHANNELS, their number and names", repr(" ".join(words)[:60]), line, path)
    return found


def _setting(
    pattern: bytes, name: str, text: bytes, at: int, line: int, path: Path
) -> tuple[bytes, int, int]:
    """The value of a line such as `Frames: 10`, and where the next line begins."""
    end = text.find(b"\n", at) + 1
    found = re.fullmatch(pattern, text[at : min(end, at + 200)].strip(), re.IGNORECASE)
    if found is None:
        _fail(repr(name), repr(text[at : min(end, at + 40)].strip().decode("latin-1")), line, path)
    return found[1], end, line + 1


def _values(text: bytes, at: int, line: int, frames: int, nodes: tuple[Node, ...], path: Path) -> np.ndarray:
    """(frames, channels): a line a frame; blank lines may end the file."""
    columns = sum(len(node.channels) for node in nodes)
    needed = frames * (8 * columns + 40 * len(nodes))
    if frames * max(1, 2 * columns) > len(text) - at or needed > 3 * len(text) + 48 * 1024**2:
        _fail(f"{frames} lines of {columns} values", f"{len(text) - at} bytes", line, path)
    values = np.empty((frames, columns))
    filled = 0
    while at < len(text):
        block = _numbers.parse(text, at, line, path)
        widths = np.diff(block.first)
        rows = np.flatnonzero(widths)
        wrong = rows[widths[rows] != columns]
        if wrong.size:
            _fail(f"{columns} values", str(widths[wrong[0]]), line + int(wrong[0]), path)
        if filled + rows.size > frames:
            _fail(f"{frames} frames", "more", line, path)
        values[filled : filled + rows.size] = block.values.reshape(-1, columns) if columns else 0
        filled += rows.size
        at, line = int(block.start[-1]), line + block.lines
    if filled < frames:
        _fail(f"{frames} frames", str(filled), line, path)
    if not (np.abs(values) < 1e30).all():
        _fail("finite numbers", "others", line, path)
    return values


def _fail(expected: str, found: str, line: int, path: Path) -> NoReturn:
    raise FormatError(f"Expected {expected}, got {found}; check line {line}: {path}")


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.stem, recording_of(read(path, unit=given.unit, axes=given.axes or "y-up"))


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, poses_of(recording))


FORMAT = Format(
    name="bvh",
    title="BVH motion capture",
    suffixes=(".bvh",),
    says=frozenset({"layout", "rate", "empty frames"}),
    read=_recordings,
    write=_save,
    frames=_marks.frames("y-up"),
    people=1,
    fitted="bones get one length each, absent joints are filled in, twists about a bone are not seen",
    looks=lambda path, head: head.lstrip()[:9].upper() == b"HIERARCHY",
)
