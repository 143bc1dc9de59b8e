"""Find the cameras of Kinect v2 files from the 3D joints and pixels that they hold.

Files of one sensor are found and fitted together: the number after the C in a file's name does not tell
which it is.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tyro.conf import Positional

from bodyverb.core.errors import InputError

if TYPE_CHECKING:
    from bodyverb.geometry.camera import Camera
    from bodyverb.geometry.sensors import Pairs, Sensor

SLACK_PX = {"ir": 0.01, "color": 0.1}
SAME_PX = 0.02


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
        from bodyverb.cli._projecting import pairs_of
        from bodyverb.formats import camera_json
        from bodyverb.formats.files import to_json
        from bodyverb.geometry.fitting import fit_ir
        from bodyverb.geometry.fitting_color import fit_color
        from bodyverb.geometry.sensors import by_sensor

        pairs = pairs_of(self.files, self.target)
        fit = fit_ir if self.target == "ir" else fit_color
        sensors, trouble = by_sensor(pairs, fit, SLACK_PX[self.target])
        if not sensors:
            name, words = next(iter(trouble.items()))
            raise InputError(f"{words}: {name}")
        names = _names(sensors, self.target)
        entries = [
            camera_json.entry(name, self.target, one) for name, one in zip(names, sensors, strict=True)
        ]
        if self.out is not None:
            camera_json.write(self.out, entries)
        if self.plot is not None:
            _draw(self.plot, dict(zip(names, sensors, strict=True)), pairs)
        if self.json:
            print(to_json({"cameras": entries}))
        else:
            _print(entries)
        for name, words in trouble.items():
            print(f"bodyverb: {words}: {name}", file=sys.stderr)
        return 3 if trouble else 0


def _names(sensors: tuple[Sensor, ...], target: str) -> list[str]:
    """An id for each: that of the known sensor it is, or target and number."""
    from bodyverb.geometry.known_cameras import CAMERAS

    names = []
    for at, sensor in enumerate(sensors, 1):
        known = [name for name, other in CAMERAS.items() if _apart(sensor.fit.camera, other) < SAME_PX]
        free = target == "ir" and known and known[0] not in names
        names.append(known[0] if free else f"{target}-{at}")
    return names


def _apart(one: Camera, other: Camera) -> float:
    """Mean distance of the two cameras' pixels over the picture, px."""
    import numpy as np

    from bodyverb.geometry.known_cameras import IR_SIZE

    pixels = np.stack(np.meshgrid(np.arange(0, IR_SIZE[0], 16), np.arange(0, IR_SIZE[1], 16)), axis=-1)
    away = np.linalg.norm(one.project(other.unproject(pixels, 1.0)) - pixels, axis=-1)
    return float(away.mean())


def _draw(path: Path, sensors: dict[str, Sensor], pairs: dict[str, Pairs]) -> None:
    import numpy as np

    from bodyverb.geometry.fitting import usable
    from bodyverb.outputs.residual_svg import Residuals, write_residual_svg

    drawings = []
    for name, sensor in sensors.items():
        camera = sensor.fit.camera
        points, pixels = (np.concatenate([pairs[file][part] for file in sensor.files]) for part in (0, 1))
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
