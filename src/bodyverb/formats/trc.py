"""Marker tracks of OpenSim and Motion Analysis (`.trc`): text, a row a frame, cells between tabs.

    PathFileType  4  (X/Y/Z)  name.trc
    DataRate  CameraRate  NumFrames  NumMarkers  Units  OrigDataRate  OrigDataStartFrame  OrigNumFrames
    60  60  120  2  m  60  1  120
    Frame#  Time  nose      left_eye
              X1 Y1 Z1  X2 Y2 Z2
    (an empty line, or none)
    1  0.0  0.1 1.7 0.2  0.1 1.7 0.2

Each marker's name is followed by two empty cells. An absent marker is three empty cells. Units are mm, cm
or m; cm become m. The axes are not said: OpenSim's are y-up. Markers are the joints, named as in the file.
Times are those of the column, which follows the nominal DataRate. One person; scores, states, boxes and ids
have no place.

Format: OpenSim documentation, Marker (.trc) Files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np

from bodyverb.core import FormatError, PoseSequence, Skeleton
from bodyverb.core.pose import Axes
from bodyverb.formats import _marks, _numbers
from bodyverb.formats._format import Format, Given, Item, poses_of, recording_of
from bodyverb.formats.files import replacing

MAX_FILE_BYTES = 256 * 1024**2
MAX_MARKERS = 10_000
MAX_LINE_BYTES = 4 * 1024**2
HEAD = (
    "DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate", "OrigDataStartFrame",
    "OrigNumFrames",
)  # fmt: skip
_UNITS = {"mm": "mm", "m": "m", "cm": "cm", "meters": "m", "millimeters": "mm"}


def read(
    path: str | Path,
    *,
    layout: Skeleton | str | None = None,
    axes: Axes = "y-up",
    data: bytes | None = None,
) -> PoseSequence:
    """Read a file as one person (1, T, markers, 3), world.

    Args:
        path: The file.
        layout: The layout of the markers in their order; by default their names.
        axes: Its axes.
        data: Its bytes, where it lies inside an archive.

    Raises:
        FormatError: The file is absent or damaged, or counts and columns differ from the head.
    """
    lines = _Lines(_numbers.load(Path(path), data, MAX_FILE_BYTES), path)
    if lines.cells()[0] != "PathFileType":
        lines.fail("PathFileType", "another start")
    head = dict(zip([cell for cell in lines.cells() if cell], lines.cells(), strict=False))
    frames, markers = lines.whole(head, "NumFrames"), lines.whole(head, "NumMarkers")
    unit = _UNITS.get(head.get("Units", "").lower())
    if unit is None:
        lines.fail(f"Units of {', '.join(_UNITS)}", repr(head.get("Units", "nothing"))[:40])
    if markers > MAX_MARKERS or frames * (32 + 36 * markers) > 4 * len(lines.text) + 40 * 1024**2:
        lines.fail(f"{frames} frames of {markers} markers", f"{len(lines.text)} bytes")
    titles = lines.cells()
    names = [cell for cell in titles[2:] if cell]
    if titles[:2] != ["Frame#", "Time"] or len(names) != markers:
        lines.fail(f"Frame#, Time and {markers} markers", f"{len(names)} markers")
    if len([cell for cell in lines.cells() if cell]) not in (3 * markers, 0):
        lines.fail(f"X, Y and Z of {markers} markers", "others")
    times, position = _rows(lines, frames, markers)
    name, scale = _marks.length(unit, path)
    if scale != 1:
        position *= np.float32(scale)
    return PoseSequence.from_arrays(
        position.reshape(1, frames, markers, 3),
        skeleton=_marks.named(layout, names, f"trc{markers}", path),
        timestamps_s=times,
        rate="nominal",
        space="world",
        unit=name,
        axes=axes,
        source=Path(path).name,
    )


class _Lines:
    """The lines of a text, one at a time."""

    def __init__(self, text: bytes, path: str | Path) -> None:
        self.text, self.path, self.at, self.line = text, path, 0, 0

    def cells(self) -> list[str]:
        """The next line, cut at its tabs, or at its blanks where it has none."""
        end = self.text.find(b"\n", self.at) + 1
        if not end:
            self.fail("more lines", "the end of the file")
        self.line += 1
        if end - self.at > MAX_LINE_BYTES:
            self.fail(f"lines of at most {MAX_LINE_BYTES >> 20} MiB", "a longer one")
        row = self.text[self.at : end].rstrip(b"\r\n").decode("utf-8", "replace")
        self.at = end
        return [cell.strip() for cell in row.split("\t")] if "\t" in row else row.split() or [""]

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.text)

    def whole(self, head: dict[str, str], name: str) -> int:
        """A count of the head."""
        value = head.get(name, "")
        if not value.isdecimal() or not 0 < len(value) < 10 or int(value) == 0:
            self.fail(f"{name} as a whole number from 1", repr(value)[:40])
        return int(value)

    def fail(self, expected: str, found: str) -> NoReturn:
        """Raise the error of the line read last."""
        raise FormatError(f"Expected {expected}, got {found}; check line {self.line}: {self.path}")


def _rows(lines: _Lines, frames: int, markers: int) -> tuple[np.ndarray, np.ndarray]:
    """Times (frames,) and positions (frames, 3 * markers) in the file's unit, NaN where empty."""
    times = np.empty(frames)
    position = np.empty((frames, 3 * markers), np.float32)
    width = 2 + 3 * markers
    filled = 0
    while not lines.ended:
        cells = lines.cells()
        if not any(cells):
            continue
        if filled == frames:
            lines.fail(f"{frames} frames", "more")
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) != width:
            lines.fail(f"{width} cells", str(len(cells)))
        try:
            times[filled] = float(cells[1])
            values = [float(cell) if cell else np.nan for cell in cells[2:]]
        except ValueError as error:
            lines.fail("numbers", str(error)[:60])
        if not abs(times[filled]) < 1e12 or (filled and times[filled] <= times[filled - 1]):
            lines.fail("rising times", repr(cells[1])[:40])
        with np.errstate(over="ignore"):
            position[filled] = values
        filled += 1
    if filled < frames:
        lines.fail(f"{frames} frames", str(filled))
    return times, position


def write(path: str | Path, poses: PoseSequence) -> Path:
    """Write a file; numbers have as many digits as give the same float32 again.

    Args:
        path: The file.
        poses: One person in 3D, m or mm, best y-up, which the file does not say.

    Raises:
        InputError: The poses are of another kind, or have no frame.
        OutputError: It cannot be written.
    """
    _marks.check(poses, path)
    rate = _numbers.text_of(_marks.rate_of(poses.timestamps_s.tolist()))
    count, markers = poses.frames, len(poses.skeleton)
    names = [joint.replace("\t", " ") for joint in poses.skeleton.joints]
    values = (rate, rate, count, markers, poses.unit, rate, 1, count)
    tab = "\t".join
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(f"PathFileType\t4\t(X/Y/Z)\t{Path(path).name}\n{tab(HEAD)}\n{tab(map(str, values))}\n")
        stream.write("Frame#\tTime\t" + "".join(f"{name}\t\t\t" for name in names) + "\n")
        stream.write("\t\t" + tab(f"{axis}{at}" for at in range(1, markers + 1) for axis in "XYZ") + "\n\n")
        for row, time_s in enumerate(poses.timestamps_s.tolist()):
            numbers = _numbers.decimals(poses.position[0, row].ravel()).tolist()
            cells = ("" if number != number else _numbers.text_of(number) for number in numbers)
            stream.write(f"{row + 1}\t{_numbers.text_of(time_s)}\t{tab(cells)}\n")
    return Path(path)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.stem, recording_of(read(path, layout=given.layout, axes=given.axes or "y-up"))


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, poses_of(recording))


FORMAT = Format(
    name="trc",
    title="TRC marker tracks (OpenSim)",
    suffixes=(".trc",),
    says=frozenset({"layout", "unit", "rate", "times", "empty frames"}),
    read=_recordings,
    write=_save,
    frames=_marks.frames("y-up"),
    people=1,
    looks=lambda path, head: head.startswith(b"PathFileType"),
)
