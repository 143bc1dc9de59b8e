"""From pixels and depth back to 3D skeletons.

NTU `.skeleton` files (their infrared pixels, with z from the text) and `.poses.h5` files of pixels with the
extra `depth_mm`, as `project apply` writes them. OUT ends in `.poses.h5`, `.csv` or `.txt` (PKU-MMD text).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb project invert`."""

    pixels: Positional[Path]
    """A .skeleton or .poses.h5 file."""
    out: Positional[Path]
    """File to make: .poses.h5, .csv or .txt."""
    camera: str
    """ntu-a, ntu-b, kinect-v2-ir, or a file that `project fit --out` made."""
    camera_id: str | None = None
    """Which camera of the file."""

    def run(self) -> int:
        """Read, unproject, write."""
        from bodyverb.cli._projecting import camera_named, pixel_poses, write_one
        from bodyverb.geometry.flat_poses import solid

        name, camera = camera_named(self.camera, self.camera_id)
        flat = pixel_poses(self.pixels)
        made = solid(flat, camera)
        write_one(self.out, made)
        lost = int(flat.present.sum() - made.present.sum())
        print(f"{int(made.present.sum())} joints through the camera {name}, {lost} without a ray: {self.out}")
        return 0
