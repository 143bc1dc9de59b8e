"""Convert poses from any readable to any writable format; --list shows them all.

The layout is changed by joint name; unit, axes and frame rate where OUT needs it or you ask. What is changed,
approximate, guessed or lost is said on standard error and in --json. Nothing is guessed in silence: a file
that does not say its layout, unit or rate takes them from --layout, --unit and --fps; --from-layout,
--from-unit and --from-fps say what IN is where OUT shall be something else.

IN is a file, a folder that is a format (OpenPose), a folder of files of one format, or an archive of them
(.zip, .tar, .tar.gz, .tar.xz), also one file in it: data.zip/S001C001P001R001A001.skeleton. Several
recordings go into one file where the format holds many, else into the folder OUT, one file each.

`bodyverb convert skeletons.zip ntu60.pkl --to pyskl --layout coco17` makes one pickle of an archive of NTU
files; `bodyverb convert clip.poses.h5 clip.txt --fps 30 --people longest` a PKU-MMD text of a run in 3D.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from bodyverb.core.errors import InputError

if TYPE_CHECKING:
    from bodyverb.formats import Report


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb convert`."""

    source: Positional[Annotated[str | None, arg(metavar="IN")]] = None
    """File, folder or archive to read."""
    out: Positional[Annotated[str | None, arg(metavar="OUT")]] = None
    """File or folder to make; its name says the format, or --to does."""
    from_: Annotated[str | None, arg(name="from", metavar="FORMAT")] = None
    """Format of IN; by default guessed from its name and its first bytes."""
    to: Annotated[str | None, arg(metavar="FORMAT")] = None
    """Format of OUT; by default that of its name."""
    layout: Annotated[str | None, arg(metavar="LAYOUT")] = None
    """Joint layout of OUT, a name or a file; and of IN, where that does not say and it fits."""
    unit: Literal["m", "mm"] | None = None
    """Unit of OUT (3D); and of IN, where that does not say."""
    axes: Literal["cv", "kinect", "y-up", "z-up"] | None = None
    """Axes of OUT (3D); and of IN, where that does not say."""
    fps: float | None = None
    """Frames per second of OUT: IN is resampled; where IN does not say its rate, it is taken to have this."""
    from_layout: Annotated[str | None, arg(metavar="LAYOUT")] = None
    """Joint layout of IN, where it does not say."""
    from_unit: Literal["m", "mm"] | None = None
    """Unit of IN, where it does not say."""
    from_axes: Literal["cv", "kinect", "y-up", "z-up"] | None = None
    """Axes of IN, where it does not say."""
    from_fps: float | None = None
    """Frames per second of IN, where it does not say."""
    space: Annotated[str | None, arg(metavar="SPACE")] = None
    """Which space of IN, where it holds several: camera, ir or color of NTU; smoothed or raw of .poses.h5."""
    people: Annotated[str | None, arg(metavar="ID,ID|longest")] = None
    """Keep these people; or `longest`: those seen longest, as many as OUT holds."""
    beside: Path | None = None
    """A second file that IN needs: the .asf of an .amc, the folder with the kpfiles of a PYSKL pickle."""
    overwrite: bool = False
    """Replace what is at OUT."""
    json: bool = False
    """Print what was done as JSON."""
    list: bool = False
    """Show the formats, what a file of each holds and what not."""

    def run(self) -> int:
        """Convert, and say what became of the poses."""
        from bodyverb.formats import Given, Wanted, convert
        from bodyverb.formats.files import to_json

        if self.list:
            self._show_formats()
            return 0
        if self.source is None or self.out is None:
            raise InputError("Expected IN and OUT, got less; see `bodyverb convert --help`, or use --list")
        self._check_rates()
        report = convert(
            self.source,
            self.out,
            read_as=self.from_,
            write_as=self.to,
            given=Given(
                layout=self.from_layout,
                wanted=self.layout,
                unit=self.from_unit or self.unit,
                axes=self.from_axes or self.axes,
                rate_hz=self.from_fps,
                wanted_rate_hz=self.fps,
                space=self.space,
                beside=self.beside,
            ),
            wanted=Wanted(
                layout=self.layout,
                unit=self.unit,
                axes=self.axes,
                rate_hz=self.fps,
                people=tuple(filter(None, (self.people or "").split(","))),
            ),
            overwrite=self.overwrite,
        )
        for line in report.notes.lines(report.recordings):
            print(f"  {line}", file=sys.stderr)
        print(to_json(_document(report)) if self.json else _summary(report))
        return 0

    def _check_rates(self) -> None:
        for name, value in (("--fps", self.fps), ("--from-fps", self.from_fps)):
            if value is not None and not 0 < value < 1e6:
                raise InputError(f"Expected {name} above 0, got {value:g}; use {name} 30")

    def _show_formats(self) -> None:
        from bodyverb.formats._described import rows
        from bodyverb.formats.files import to_json

        if self.json:
            print(to_json(rows()))
            return
        from rich.console import Console

        from bodyverb.outputs.tables import key_value_table

        console = Console(highlight=False)
        for row in rows():
            facts = {key: value for key, value in row.items() if key != "name" and value}
            console.print(key_value_table(row["name"], facts))
            console.print()


def _document(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "from": report.source,
        "to": report.target,
        "out": report.out,
        "recordings": report.recordings,
        "files": report.files,
        "people": report.people,
        "frames": report.frames,
        "notes": [
            {"kind": kind, "text": text, "recordings": count} for kind, text, count in report.notes.rows()
        ],
    }


def _summary(report: Report) -> str:
    files = f" in {report.files:,} files" if report.files > 1 else ""
    counts = f"{_counted(report.recordings, 'recording', 'recordings')}{files}"
    people = _counted(report.people, "person", "people")
    frames = _counted(report.frames, "frame", "frames")
    return f"{report.out}: {report.source} to {report.target}, {counts}, {people}, {frames}"


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
