"""Project 3D skeletons into the picture of a Kinect v2 or another fitted camera.

NTU `.skeleton` and PKU-MMD `.txt`, `.poses.h5` and `skeleton.h5`, a folder or .tar.xz of the first two, or a
store that `bodyverb data pack` made. The name of OUT says the format: `.poses.h5`, `.csv`, `.json` (COCO), or
`.h5` for many recordings in one file, the `ir_skeleton.h5` of the NTU conversion project.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from bodyverb.core.errors import InputError

if TYPE_CHECKING:
    from bodyverb.core import PoseSequence
    from bodyverb.geometry.camera import Camera


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb project apply`."""

    skeletons: Positional[Path]
    """3D skeletons: a file, a packed store, or a folder or archive of NTU and PKU-MMD files."""
    out: Positional[Path]
    """File to make: .poses.h5, .csv, .json or .h5."""
    camera: str
    """ntu-a, ntu-b, kinect-v2-ir, or a file that `project fit --out` made."""
    camera_id: str | None = None
    """Which camera of the file."""

    def run(self) -> int:
        """Read, project, write; say what was flagged."""
        from bodyverb.cli._counting import counting
        from bodyverb.cli._projecting import POSES, STORE, camera_named, solid_poses, tell, write_one
        from bodyverb.formats import ir_skeleton_h5

        name, camera = camera_named(self.camera, self.camera_id)
        counts = _Counts()
        broken: dict[str, str] = {}
        if self.out.suffix == STORE and not self.out.name.endswith(POSES):
            about = {"camera": json.dumps(_facts(name, camera)), "source": self.skeletons.name}
            with counting("projecting") as seen:
                recordings = solid_poses(self.skeletons, broken, seen)
                ir_skeleton_h5.write(self.out, _projected(recordings, camera, counts), about)
        else:
            recordings = solid_poses(self.skeletons, broken)
            _, poses = next(recordings)
            if next(recordings, None) is not None:
                raise InputError(
                    f"Expected one recording for {self.out.name}, got several; "
                    f"name an .h5 file as OUT, or one recording: {self.skeletons}"
                )
            write_one(self.out, counts.add(poses, camera))
        counts.show(name, self.out)
        return tell(broken)


@dataclass(kw_only=True)
class _Counts:
    """What was projected, over all recordings."""

    recordings: int = 0
    joints: int = 0
    behind: int = 0
    outside: int = 0
    people_left_out: int = 0
    apart: list[tuple[float, float, int]] = field(default_factory=list)

    def add(self, poses: PoseSequence, camera: Camera) -> PoseSequence:
        """Project one recording and count."""
        from bodyverb.geometry.flat_poses import flat, metres
        from bodyverb.geometry.known_cameras import CAMERAS, spread_px

        made = flat(poses, camera)
        shown = int(made.present.sum())
        self.recordings += 1
        self.joints += shown
        self.behind += int(poses.present.sum()) - shown
        self.outside += int(made.extras["outside"].sum())
        mean, most = spread_px(metres(poses, "kinect"), camera)
        if shown and any(camera is known for known in CAMERAS.values()):
            self.apart.append((mean, most, shown))
        return made

    def show(self, name: str, out: Path) -> None:
        """Print the counts, the camera used and how much the choice of the sensor matters."""
        print(f"{self.recordings} recordings, {self.joints} joints through the camera {name}: {out}")
        if self.outside or self.behind:
            print(f"  {self.outside} outside the picture (marked), {self.behind} behind the camera (absent)")
        if self.people_left_out:
            print(f"  {self.people_left_out} people left out: the file holds the two seen longest")
        if self.apart:
            mean = sum(one[0] * one[2] for one in self.apart) / sum(one[2] for one in self.apart)
            most = max(one[1] for one in self.apart)
            print(
                f"  other known Kinect v2 sensors put these joints {mean:.1f} px away on average, at most "
                f"{most:.1f}: so much is uncertain where the sensor is unknown"
            )


def _projected(
    recordings: Iterator[tuple[str, PoseSequence]], camera: Camera, counts: _Counts
) -> Iterator[tuple[str, PoseSequence]]:
    from bodyverb.formats.ir_skeleton_h5 import BODIES

    for name, poses in recordings:
        made = counts.add(poses, camera)
        counts.people_left_out += max(0, int(made.present.any(axis=(1, 2)).sum()) - BODIES)
        yield name, made


def _facts(name: str, camera: Camera) -> dict[str, object]:
    return {
        "id": name,
        "focal": camera.focal.tolist(),
        "centre": camera.centre.tolist(),
        "distortion": camera.distortion.tolist(),
    }
