"""Measure a verb classifier on data that it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, kw_only=True)
class Command:
    """Measure a verb classifier through the run-time recognizer (needs the extra [train])."""

    model: Annotated[str, tyro.conf.Positional] = "verbs-everyday"
    """Bundled name, ONNX file, card or folder of the model."""
    root: Path
    """Folder with penn_action/, utd_mhad/, nw_ucla/ and mocap/cmu/, unpacked or as .tar.xz."""
    vocabulary: str = "everyday"
    """Which verbs: everyday (34 of sport and daily life) or penn15 (the 15 of Penn Action)."""
    cache: Path | None = None
    """Where packed data is kept; nowhere by default."""
    part: str = "test"
    """test or validation."""
    errors: Path | None = None
    """JSON with a pose net's measured error statistics; the packaged ones by default."""
    seed: int = 0
    """Seed of virtual cameras and pose errors."""
    save: Path | None = None
    """Folder for a page with the confusion matrix of all verbs, tables and predictions."""
    json: bool = False
    """Print JSON instead of a table."""

    def run(self) -> int:
        """Measures and prints; returns the exit code."""
        from bodyverb.train import verbs_run

        verbs_run.evaluate(verbs_run.VerbEvaluation(**vars(self)))
        return 0
