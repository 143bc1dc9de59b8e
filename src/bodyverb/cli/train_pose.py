"""Train pose-lite on LSP-style pictures and write it as a model that `bodyverb run --pose` takes.

Needs the extra [train]. The run folder holds the resolved config, log.csv, last.pt, best.pt and model/.
What ships was
made with the defaults (see docs/models/pose-lite.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PADDING = 1.25
TRACKING = {"new_score": 0.65, "sure_score": 0.85, "keep_score": 0.45}
"""Scores of pose-lite: people of the validation block mostly 0.65-0.9, painted-over backgrounds 0.16-0.49."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb train pose`."""

    root: Path
    """Folder laid out like LSP Extended: pictures in a zip, a tar or loose, and an .npz of joints and
    names."""
    out: Path
    """Run folder."""
    epochs: int = 58
    """Passes over the data."""
    size: int = 128
    """Side of the input in px."""
    warm_size: int = 96
    """Smaller side used at first."""
    warm_epochs: int = 36
    """Epochs at the smaller side."""
    renders: int = 2500
    """Procedural renders that join the pictures after the smaller epochs; 0 leaves them out."""
    batch: int = 64
    """Crops a step."""
    threads: int = 0
    """CPU threads of torch; 0 leaves its default."""
    workers: int = 1
    """Threads that prepare crops."""
    seed: int = 0
    """Seed of everything."""
    init: Path | None = None
    """Start from the weights of this best.pt."""
    resume: bool = False
    """Go on from the run folder's last checkpoint."""
    export_only: bool = False
    """Do not train: export the run folder's best.pt."""

    def run(self) -> int:
        """Train, export, quantise, measure."""
        from bodyverb.train import pose
        from bodyverb.train.loop import LoopConfig
        from bodyverb.train.optim import OptimConfig

        if not self.export_only:
            settings = pose.PoseTraining(
                root=self.root,
                out=self.out,
                size=self.size,
                warm_size=self.warm_size,
                warm_epochs=self.warm_epochs,
                batch=self.batch,
                workers=self.workers,
                init=self.init,
                renders=self.renders,
                optim=OptimConfig(name="muon"),
                loop=LoopConfig(
                    epochs=self.epochs,
                    threads=self.threads,
                    seed=self.seed,
                    resume=self.resume,
                    validate_every=3,
                ),
            )
            pose.train(settings)
        self._export()
        return 0

    def _export(self) -> None:
        from bodyverb.cli._bundle import LSPET_TERMS, amend_card, bundle, milliseconds
        from bodyverb.cli._pose_scores import score_lspet
        from bodyverb.estimate.pose import PoseEstimator
        from bodyverb.infer import load
        from bodyverb.models import pose_lite
        from bodyverb.train.export_pose import calibration_crops, export_pose

        float_file = export_pose(
            self.out / "best.pt", self.out / "float" / "model.onnx", self.size, pose_lite.Config()
        )
        crops = calibration_crops(self.root, self.size)
        card = {
            "name": "pose-lite",
            "task": "pose",
            "licence": LSPET_TERMS,
            "skeleton": "lsp14",
            "input": {
                "name": "image",
                "size": [self.size, self.size],
                "layout": "nhwc",
                "dtype": "uint8",
                "padding": PADDING,
            },
            "tracking": TRACKING,
            "verifies": True,
            "input_text": f"person crop {self.size} x {self.size} RGB",
            "decoder": {"kind": "softmax", "heatmap": "heatmap", "visibility": "visibility"},
            "data": "LSP Extended (8,000 pictures; the last 1,000 are the validation block) and the "
            "project's own renders",
            "training_command": f"bodyverb train pose --root LSPET --out RUN --epochs {self.epochs}",
            "limits": "one person a crop; trained on athletes and upright people alike; left and "
            "right may swap from behind",
        }

        def score(folder: Path) -> float:
            return score_lspet(PoseEstimator(load(str(folder), "pose")), self.root)["pck"]

        samples = [{"image": crops[i : i + 8]} for i in range(0, len(crops), 8)]
        folder = self.out / "model"
        print(bundle(folder, float_file, card, samples, score, most_loss=0.01))
        report = score_lspet(PoseEstimator(load(str(folder), "pose")), self.root)
        quality = {
            "lspet validation PCK@0.2": round(report["pck"], 4),
            "upright": round(report["pck_upright"], 4),
        }
        one = {"image": crops[:1]}
        speed = {
            f"ms a crop, {n} thread(s)": round(milliseconds(str(folder), "pose", one, n), 2) for n in (1, 2)
        }
        amend_card(folder, {"quality": quality, "speed": speed})
        print(quality, speed)
