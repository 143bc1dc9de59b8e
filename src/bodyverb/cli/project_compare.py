"""Compare ways to project Kinect v2 skeletons: networks, pinholes, the fitted camera.

All on the same joints of NTU files with infrared pixels. What is fitted is fitted on the other files of the
sensor; of a sensor with one file, on the first half of its joints, and everything is measured on the second.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from bodyverb.cli._comparing import Way

WIDTH = 130


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb project compare`."""

    files: Positional[tuple[Path, ...]]
    """NTU `.skeleton` files, or folders of them."""
    models: Annotated[tuple[Path, ...], arg(metavar="PATH...")] = ()
    """Networks to measure too: published files `model0.pt` ..., run folders of `project train` (needs the
    extra [train])."""
    plot: Path | None = None
    """Draw it all as a picture, such as compare.png."""
    json: bool = False
    """Print JSON, which adds the mean by depth, by distance from the centre, by joint and by file."""

    def run(self) -> int:
        """Fit, project, print, draw."""
        from bodyverb.cli._comparing import panels, parts_of, rows_of
        from bodyverb.cli._projecting import sensors_of, tell
        from bodyverb.formats.files import to_json
        from bodyverb.geometry.sensors import names_of

        networks = self._networks()
        sensors, trouble = sensors_of(self.files, "ir")
        named = dict(zip(names_of(sensors, "ir"), sensors, strict=True))
        self._warn([file for one in sensors for file in one.files])
        parts = [part for name, one in named.items() for part in parts_of(name, one)]
        rows = [row for way in (*networks, *_cameras()) for row in rows_of(way, parts)]
        if self.plot is not None:
            from bodyverb.outputs.curves import write_panels

            count = sum(len(part.points) for part in parts)
            write_panels(self.plot, f"Distance to the stored pixel, {count:,} joints", panels(rows))
        if self.json:
            print(to_json({"files": {name: list(one.files) for name, one in named.items()}, "rows": rows}))
        else:
            for name, sensor in named.items():
                print(f"{name}: {', '.join(sensor.files[:8])}{', ...' if len(sensor.files) > 8 else ''}")
            _print(rows)
        return tell(trouble)

    def _networks(self) -> list[Way]:
        if not self.models:
            return []
        from bodyverb.cli._comparing import Way
        from bodyverb.train.projection_mlp import Learned, load

        def way(path: Path, learned: Learned) -> Way:
            one = learned.only
            size = 4 * one.parameters
            name = path.resolve().name if path.is_dir() else f"published {path.stem}"
            return Way(
                name=name,
                family=name if path.is_dir() else "published",
                parameters=one.parameters,
                bytes=size,
                made=lambda known: learned.nearest(*known),
            )

        return [way(path, load(path)) for path in self.models]

    def _warn(self, files: list[str]) -> None:
        """Say which of the files a network was trained on."""
        for path in self.models:
            if path.is_dir():
                from bodyverb.train.projection_mlp import load

                seen = load(path).trained_on & set(files)
                if seen:
                    print(
                        f"bodyverb: {path} was trained on {len(seen)} of these files; "
                        "its errors are too small there",
                        file=sys.stderr,
                    )


def _cameras() -> list[Way]:
    from bodyverb.cli._comparing import Way
    from bodyverb.geometry.fitting import fit_ir, fit_pinhole
    from bodyverb.geometry.known_cameras import CAMERAS, kinect_ir

    guess = kinect_ir(365.0, 256.0, 212.0, 0.0, 0.0, 0.0)
    published = CAMERAS["kinect-v2-ir"]
    ways = (
        ("generic pinhole", 3, lambda _: guess),
        ("kinect-v2-ir", 6, lambda _: published),
        ("fitted pinhole", 3, lambda known: fit_pinhole(*known)),
        ("fitted camera", 6, lambda known: fit_ir(*known).camera),
    )
    return [
        Way(name=name, family=name, parameters=count, bytes=8 * count, made=made)
        for name, count, made in ways
    ]


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console

    from bodyverb.cli._comparing import short
    from bodyverb.outputs.tables import columns_table

    shown = [
        {key: short(value) for key, value in row.items() if "by_" not in key and key != "family"}
        for row in rows
    ]
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDTH)
    console.print(columns_table("Distance to the stored pixel, px", shown))
