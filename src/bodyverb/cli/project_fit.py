"""Find the cameras of Kinect v2 files from the 3D joints and pixels that they hold.

Files of one sensor are found and fitted together: the number after the C in a file's name does not tell
which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tyro.conf import Positional

if TYPE_CHECKING:
    from bodyverb.geometry.sensors import Sensor


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb project fit`."""

    files: Positional[tuple[Path, ...]]
    """NTU `.skeleton` files, or folders of them."""
    target: Literal["ir", "color"] = "ir"
    """The camera to find: infrared, or colour, whose place differs by recording."""
    out: Path | None = None
    """Keep the cameras here, for `project apply --camera`."""
    plot: Path | None = None
    """Draw the residuals as this SVG."""
    json: bool = False
    """Print JSON instead of a table."""

    def run(self) -> int:
        """Read, group by sensor, fit, print."""
        from bodyverb.cli._projecting import sensors_of, tell
        from bodyverb.formats import camera_json
        from bodyverb.formats.files import to_json
        from bodyverb.geometry.sensors import names_of

        sensors, trouble = sensors_of(self.files, self.target)
        names = names_of(sensors, self.target)
        entries = [
            camera_json.entry(name, self.target, one) for name, one in zip(names, sensors, strict=True)
        ]
        if self.out is not None:
            camera_json.write(self.out, entries)
        if self.plot is not None:
            _draw(self.plot, dict(zip(names, sensors, strict=True)))
        if self.json:
            print(to_json({"cameras": entries}))
        else:
            _print(entries)
        return tell(trouble)


def _draw(path: Path, sensors: dict[str, Sensor]) -> None:
    import numpy as np

    from bodyverb.geometry.fitting import usable
    from bodyverb.geometry.sensors import together
    from bodyverb.outputs.residual_svg import Residuals, write_residual_svg

    drawings = []
    for name, sensor in sensors.items():
        camera = sensor.fit.camera
        points, pixels = together(sensor.pairs.values())
        good = usable(points, pixels)
        distance = np.linalg.norm(camera.project(points[good]) - pixels[good], axis=1)
        title = (
            f"{name}: {len(sensor.files)} files, mean {distance.mean():.2g} px, most {distance.max():.2g} px"
        )
        size = camera.image_size or (1, 1)
        drawings.append(Residuals(title=title, pixels=pixels[good], distance_px=distance, size=size))
    write_residual_svg(path, drawings)


def _print(entries: list[dict[str, Any]]) -> None:
    from rich.console import Console

    from bodyverb.outputs.tables import key_value_table

    console = Console(highlight=False, soft_wrap=True)
    for item in entries:
        shown = {key: value for key, value in item.items() if key not in ("id", "files", "sd", "rotation")}
        for key in item["sd"].keys() & shown.keys():
            shown[key] = f"{shown[key]:.7g} ± {item['sd'][key]:.1g}"
        console.print(key_value_table(item["id"], {**shown, "files": ", ".join(item["files"])}))
