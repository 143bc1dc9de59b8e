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
    pose: str = ""
    """Let this pose network judge the boxes too, as a run does: score = pose score x sqrt(box score)."""
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
        rows = [measure(name, self.root, self.share, self.iou, self.rate, self.pose) for name in self.models]
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
    name: str, root: Path, share: float = 1 / 6, iou: float = 0.5, rate: float = 0.2, pose: str = ""
) -> dict[str, float | str]:
    """Recall of one detector at `rate` false boxes a picture, and what its own threshold gives."""
    import numpy as np

    from bodyverb.datasets import coco_keypoints
    from bodyverb.estimate.detector import Detector
    from bodyverb.estimate.pose import PoseEstimator
    from bodyverb.estimate.tracks import pose_score
    from bodyverb.geometry.boxes import nms
    from bodyverb.infer import load
    from bodyverb.media import read_image
    from bodyverb.metrics.detection import match_detections, recall_at_false_alarms

    own = Detector(load(name, "detect"))
    detector = Detector(own.session, threshold=0.05)
    judge = PoseEstimator(load(pose, "pose")) if pose else None
    verdicts, scores, wanted = [], [], 0
    for scene in coco_keypoints.scenes(root):
        small = (scene.boxes[:, 3] - scene.boxes[:, 1]) < share * scene.image_size[1]
        ignored = scene.crowd | small
        image = read_image(scene.path)
        found = detector(image)
        if judge is not None and len(found):
            found[:, 4] = np.sqrt(found[:, 4]) * pose_score(judge(image, found[:, :4])[1])
            found = found[nms(found[:, :4], found[:, 4], 0.5)]
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
