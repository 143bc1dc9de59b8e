"""Train the verb classifier and write it as a bundled model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Command:
    """Train the verb classifier on Penn Action, UTD-MHAD, NW-UCLA, CMU and procedural motion (needs the
    extra [train])."""

    root: Path
    """Folder with penn_action/, utd_mhad/, nw_ucla/ and mocap/cmu/, unpacked or as .tar.xz."""
    out: Path
    """Run folder: packed data, checkpoints, log; the finished model in its folder model/."""
    vocabulary: str = "everyday"
    """Which verbs: everyday (34 of sport and daily life) or penn15 (the 15 of Penn Action)."""
    epochs: int = 30
    """Passes of 200 steps."""
    steps: int = 200
    """Steps an epoch."""
    batch: int = 256
    """Windows a step."""
    lr: float = 2e-3
    """Peak learning rate."""
    synth: int = 60
    """Procedural clips a motion; 0 leaves them out."""
    errors: Path | None = None
    """JSON with a pose net's measured error statistics; the packaged ones by default."""
    threads: int = 1
    """CPU threads."""
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"
    """bf16-mixed or 32-true."""
    seed: int = 0
    """Seed of everything."""
    resume: bool = False
    """Go on from the run folder's last checkpoint."""

    def run(self) -> int:
        """Trains, exports, sets thresholds on the validation part, measures on the test part; returns the
        exit code."""
        from bodyverb.cli._bundle import amend_card, milliseconds
        from bodyverb.train import verbs_run

        folder = verbs_run.run(verbs_run.VerbTraining(**vars(self)))
        inputs = verbs_run.example_window(folder)
        speed = {
            f"ms a window, {n} thread(s)": round(milliseconds(str(folder), "verbs", inputs, n), 2)
            for n in (1, 2)
        }
        amend_card(folder, {"speed": speed})
        return 0
