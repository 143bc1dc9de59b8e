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
STAGES = (
    "find", "pose", "rest of the first pass", "first pass", "smooth and verbs", "overlay", "report", "total",
)  # fmt: skip


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


def _place(stage: str) -> tuple[int, str]:
    """Stages in the order of the work; unknown ones before the total."""
    return (STAGES.index(stage), "") if stage in STAGES else (STAGES.index("report"), stage)


def _row(name: str, runs: list[Any]) -> dict[str, Any]:
    frames = runs[0].source["frames"]
    told = {stage for run in runs for stage in run.source["seconds"]} - {"frames"}
    spent = {
        stage: statistics.median(run.source["seconds"].get(stage, 0.0) for run in runs) for stage in told
    }
    spent["rest of the first pass"] = max(0.0, spent["first pass"] - spent.get("find", 0.0) - spent["pose"])
    spent = {stage: spent[stage] for stage in sorted(spent, key=_place)}
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
