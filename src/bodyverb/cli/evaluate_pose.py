"""Measure a pose network: PCK@0.2 on LSP-style or COCO pictures.

The scale is the longer visible torso diagonal. On lspet the validation block is used, which the bundled
networks never
saw; `upright` counts people whose shoulders are above their hips.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

MIN_SCORE = 0.1
"""Joints below this count as missing in the run, too."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb evaluate pose`."""

    model: Positional[str]
    """Bundled name or path of an ONNX file with a card beside it."""
    data: Literal["lspet", "coco_keypoints"] = "lspet"
    """Which kind of data set."""
    root: Path
    """Its folder: pictures in a zip, a tar or loose, and an .npz of joints (lspet); COCO's usual layout."""
    split: Literal["validation", "train", "all"] = "validation"
    """Part of lspet to use."""
    errors: Path | None = None
    """Also write how the network errs on upright people (lspet only): the file `train everyday --errors`
    takes."""
    json: bool = False
    """Print the numbers as JSON."""

    def run(self) -> int:
        """Evaluate and print."""
        from bodyverb.cli._pose_scores import error_statistics, score_coco, score_lspet
        from bodyverb.estimate.pose import PoseEstimator
        from bodyverb.infer import load

        estimator = PoseEstimator(load(self.model, "pose"))
        if self.data == "lspet":
            report = score_lspet(estimator, self.root, self.split)
            if self.errors is not None:
                source = f"{self.model} on upright people of the lspet validation block"
                error_statistics(estimator, self.root, MIN_SCORE, source).save(self.errors)
        else:
            report = score_coco(estimator, self.root)
        if self.json:
            print(json.dumps(report))
            return 0
        from rich.console import Console

        from bodyverb.outputs.tables import key_value_table

        rounded = {k: f"{v:.3f}" if v <= 1 else f"{v:.0f}" for k, v in report.items()}
        Console(highlight=False).print(key_value_table(f"{self.model} on {self.data}, PCK@0.2", rounded))
        return 0
