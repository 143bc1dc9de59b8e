"""Measure a person detector on COCO pictures: recall at a rate of false boxes.

People of at least a sixth of the picture's height count; smaller ones and crowds are neither wanted nor
false.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb evaluate finder`."""

    models: Positional[tuple[str, ...]] = ("finder",)
    """Bundled names or paths of ONNX files with a card beside them; one row each."""
    root: Path
    """Folder laid out like COCO (annotations/person_keypoints_*.json, train2017/ ...)."""
    share: float = 1 / 6
    """Least height of a person, in heights of the picture."""
    iou: float = 0.5
    """Overlap from which a box is right."""
    rate: float = 0.2
    """False boxes a picture."""
    json: bool = False
    """Print the numbers as JSON."""

    def run(self) -> int:
        """Evaluate and print."""
        rows = [measure(name, self.root, self.share, self.iou, self.rate) for name in self.models]
        if self.json:
            print(json.dumps(rows))
            return 0
        from rich.console import Console

        from bodyverb.outputs.tables import columns_table

        shown = [
            {
                k: v if isinstance(v, str) else f"{v:.3f}" if k != "people" else f"{v:.0f}"
                for k, v in row.items()
            }
            for row in rows
        ]
        Console(highlight=False).print(
            columns_table(f"people of at least {self.share:.2f} of the height", shown)
        )
        return 0


def measure(
    name: str, root: Path, share: float = 1 / 6, iou: float = 0.5, rate: float = 0.2
) -> dict[str, float | str]:
    """Recall of one detector at `rate` false boxes a picture, and what its own threshold gives."""
    from bodyverb.datasets import coco_keypoints
    from bodyverb.estimate.detector import Detector
    from bodyverb.infer import load
    from bodyverb.media import read_image
    from bodyverb.metrics.detection import match_detections, recall_at_false_alarms

    own = Detector(load(name, "detect"))
    detector = Detector(own.session, threshold=0.05)
    verdicts, scores, wanted = [], [], 0
    for scene in coco_keypoints.open(root):
        small = (scene.boxes[:, 3] - scene.boxes[:, 1]) < share * scene.image_size[1]
        ignored = scene.crowd | small
        found = detector(read_image(scene.path))
        wanted += int((~ignored).sum())
        verdict, score = match_detections(found, scene.boxes, ignored, iou)
        verdicts.append(verdict)
        scores.append(score)
    recall, threshold = recall_at_false_alarms(verdicts, scores, wanted, rate)
    verdict, score = _flat(verdicts), _flat(scores)
    on = score >= own.threshold
    return {
        "model": name, "people": float(wanted), f"recall at {rate:g} false a picture": recall,
        "threshold": threshold,
        "own threshold": own.threshold, "recall": float((verdict[on] == 1).sum() / max(1, wanted)),
        "false a picture": float((verdict[on] == 0).sum() / len(verdicts)),
    }  # fmt: skip


def _flat(parts: list):  # type: ignore[no-untyped-def]
    import numpy as np

    return np.concatenate(parts)
