"""Triangulate: 3D poses from 2D poses of several calibrated cameras.

The 2D poses are `.poses.h5` files, as `bodyverb run` writes them for the video of each camera. The
calibration is TOML or JSON with a table a camera (size, matrix, distortions, rotation, translation), as
aniposelib, Pose2Sim and Caliscope keep it. OUT ends in `.poses.h5` or `.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from bodyverb.core.errors import InputError

if TYPE_CHECKING:
    from bodyverb.core import PoseSequence


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb project triangulate`."""

    out: Positional[Path]
    """File to make: .poses.h5 or .csv."""
    calibration: Path
    """The cameras, .toml or .json."""
    views: Annotated[tuple[str, ...], arg(metavar="CAMERA=FILE...")]
    """Which camera of the calibration saw which .poses.h5 file; clocks must agree."""
    unit: Literal["m", "mm"] = "m"
    """Unit of the calibration's translations."""
    axes: Literal["cv", "y-up", "z-up"] = "cv"
    """Axes of the calibration's world; a world that is one camera's frame is cv."""
    outlier_px: float = 5.0
    """A view counts the less the further it lies beyond this."""

    def run(self) -> int:
        """Read, match people, triangulate, write."""
        import numpy as np

        from bodyverb.cli._projecting import pixel_poses, write_one
        from bodyverb.formats import calibration
        from bodyverb.geometry.views import in_space

        if not self.outlier_px > 0:
            raise InputError(f"Expected more than 0 px, got {self.outlier_px:g}; raise --outlier-px")
        cameras = calibration.read(self.calibration)
        named: dict[str, PoseSequence] = {}
        for words in self.views:
            name, _, file = words.partition("=")
            if name not in cameras or not file or name in named:
                raise InputError(
                    f"Expected CAMERA=FILE with each of {', '.join(cameras)} at most once, got '{words}'; "
                    f"see the names in {self.calibration}"
                )
            named[name] = pixel_poses(Path(file))
        made = in_space(
            [cameras[name] for name in named],
            list(named.values()),
            unit=self.unit,
            axes=self.axes,
            outlier_px=self.outlier_px,
        )
        if not made.present.any():
            raise InputError(
                "Expected people that two cameras see at one time, got none; check clocks and "
                f"calibration: {self.calibration}"
            )
        write_one(self.out, made)
        middle, most = np.quantile(made.extras["apart_px"][made.present], (0.5, 0.95))
        people = int(made.present.any(axis=(1, 2)).sum())
        print(
            f"{people} people, {int(made.present.sum())} joints from {len(named)} views, "
            f"{middle:.2g} px apart in the median, {most:.2g} px at p95: {self.out}"
        )
        return 0
