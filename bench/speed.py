"""Frames a second of `bodyverb run` on the bench clip, as a user gets them."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from nets import Nets
from process import bodyverb_run
from stages import decode_ms

VARIANTS = (
    ("poses and verbs only", ("--no-video", "--no-report")),
    ("with the report", ("--no-video",)),
    ("with the overlay video", ("--no-report",)),
    ("everything (the default)", ()),
)


def measure_speed(clip: Path, nets: Nets, repeats: int) -> dict[str, Any]:
    """Medians over `repeats` fresh processes a variant; the variants and decoding alone take turns."""
    runs: dict[str, list[Any]] = {name: [] for name, _ in VARIANTS}
    decoding = []
    for _ in range(repeats):
        decoding.append(decode_ms(clip, None, most=None))
        for name, options in VARIANTS:
            with tempfile.TemporaryDirectory() as folder:
                runs[name].append(bodyverb_run([str(clip), *nets.arguments(), *options], Path(folder)))
    rows = [_row(name, done) for name, done in runs.items()]
    return {"rows": rows, "decode_fps": 1000 / statistics.median(decoding)}


def _row(name: str, runs: list[Any]) -> dict[str, Any]:
    frames = runs[0].source["frames"]
    stages = sorted({stage for run in runs for stage in run.source["seconds"]} - {"frames"})
    spent = {
        stage: statistics.median(run.source["seconds"].get(stage, 0.0) for run in runs) for stage in stages
    }
    spent["rest of the first pass"] = max(0.0, spent["first pass"] - spent.get("find", 0.0) - spent["pose"])
    return {
        "variant": name,
        "frames": frames,
        "repeats": len(runs),
        "wall_s": statistics.median(run.wall_s for run in runs),
        "fps": statistics.median(frames / run.wall_s for run in runs),
        "fps_worst": min(frames / run.wall_s for run in runs),
        "fps_without_start": statistics.median(frames / run.source["seconds"]["total"] for run in runs),
        "stages_s": spent,
        "verbs": sorted({segment["verb"] for segment in runs[0].source["segments"]}),
        "people": len(runs[0].source["people"]),
    }
