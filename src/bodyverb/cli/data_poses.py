"""Estimate the poses of the videos of a folder of your own clips, as training on it would.

They are kept in ROOT/.bodyverb-poses, so it is done once. Killed or interrupted, the same command goes on.
Ends with 3 where a video failed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb data poses`."""

    root: Positional[Path]
    """A folder with one sub-folder a class."""
    poses: Path | None = None
    """Where the poses go, if not into the root; give it to the other commands too, as poses=FOLDER."""
    pose: str = "pose-lite"
    """Pose network, by name or path."""
    detector: str = "finder"
    """Person detector, by name or path."""
    device: str = "auto"
    """auto, cpu or cuda."""

    def run(self) -> int:
        """Estimate what is missing and say what there is now."""
        from bodyverb import datasets
        from bodyverb.cli._posing import estimate

        options = {} if self.poses is None else {"poses": self.poses}
        table = datasets.open("folder", self.root, **options)
        failed = estimate(table.unposed, pose=self.pose, detector=self.detector, device=self.device)
        for reason in failed:
            print(f"bodyverb: {reason}", file=sys.stderr)
        table = datasets.open("folder", self.root, **options)
        print(f"{self.root}: {len(table):,} clips of {len(table.classes)} classes have poses")
        return 3 if failed else 0
