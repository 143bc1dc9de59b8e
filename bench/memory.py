"""Peak memory of a run on one minute and on half an hour of the same video."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from clips import bench_clip
from nets import Nets
from process import bodyverb_run


def measure_memory(nets: Nets, minutes: tuple[int, ...] = (1, 30)) -> list[dict[str, Any]]:
    """One fresh process a length, everything on; MiB = 2**20 bytes."""
    rows = []
    for length in minutes:
        clip, _ = bench_clip(60 * length)
        with tempfile.TemporaryDirectory() as folder:
            done = bodyverb_run([str(clip), *nets.arguments()], Path(folder))
        rows.append(
            {
                "minutes": length,
                "frames": done.source["frames"],
                "peak_mib": done.peak_bytes / 2**20,
                "fps": done.source["frames"] / done.wall_s,
            }
        )
    return rows
