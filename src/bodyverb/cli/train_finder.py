"""Train the person finder on collages of LSP-style pictures and write it as a model that `bodyverb run
--detector` takes.

Needs the extra [train]. People are cut out once (cutouts.npz in the run folder), then pasted on painted-over
backgrounds; `--init` takes pose-lite's first stages over.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb train finder`."""

    root: Path
    """Folder laid out like LSP Extended."""
    out: Path
    """Run folder."""
    init: Path | None = None
    """best.pt or model.onnx of a pose-lite whose first stages start the training, or of a finder."""
    cutouts: Path | None = None
    """cutouts.npz of an earlier run, instead of cutting people out again."""
    epochs: int = 10
    """Passes of `canvases` collages."""
    canvases: int = 8000
    """Collages an epoch."""
    renders: int = 1500
    """Procedural scenes among the collages; 0 leaves them out."""
    batch: int = 32
    """Collages a step."""
    threads: int = 0
    """CPU threads of torch; 0 leaves its default."""
    seed: int = 0
    """Seed of everything."""
    resume: bool = False
    """Go on from the run folder's last checkpoint."""
    export_only: bool = False
    """Do not train: export the run folder's best.pt."""
    coco: Path | None = None
    """COCO-like folder on which to measure the finished model (never trained on)."""
    threshold: float = 0.25
    """Least score of a box at run time."""

    def run(self) -> int:
        """Train, export, quantise, measure."""
        from bodyverb.train import finder
        from bodyverb.train.loop import LoopConfig
        from bodyverb.train.optim import OptimConfig

        if not self.export_only:
            settings = finder.FinderTraining(
                root=self.root,
                out=self.out,
                init=self.init,
                cutouts=self.cutouts,
                renders=self.renders,
                canvases=self.canvases,
                batch=self.batch,
                optim=OptimConfig(name="muon", muon_lr=0.01, ema=0.996),
                loop=LoopConfig(epochs=self.epochs, threads=self.threads, seed=self.seed, resume=self.resume),
            )
            finder.train(settings)
        self._export()
        return 0

    def _export(self) -> None:
        from bodyverb.cli._bundle import LSPET_TERMS, amend_card, bundle, milliseconds
        from bodyverb.cli.evaluate_finder import measure
        from bodyverb.models import finder
        from bodyverb.train.export_pose import calibration_frames, export_finder

        float_file = export_finder(self.out / "best.pt", self.out / "float" / "model.onnx", finder.Config())
        frames = calibration_frames(self.root)
        card = {
            "name": "finder",
            "task": "detect",
            "licence": LSPET_TERMS,
            "input": {"name": "image", "area": 288 * 288, "multiple": 32, "layout": "nhwc", "dtype": "uint8"},
            "tracking": {"min_detection": self.threshold},
            "input_text": "whole frame, about 288 x 288 px in its own aspect, RGB",
            "decoder": {
                "kind": "centre",
                "stride": finder.STRIDE,
                "threshold": self.threshold,
                "overlap": 0.55,
            },
            "data": "collages of people cut out of LSP Extended, whole pictures of it, and the "
            "project's own renders",
            "training_command": f"bodyverb train finder --root LSPET --out RUN --init POSE/best.pt "
            f"--epochs {self.epochs}",
            "limits": "people of at least a sixth of the frame's height; crowds and people cut by "
            "furniture are missed",
        }

        def score(folder: Path) -> float:
            if self.coco is None:
                return 0.0
            return float(measure(str(folder), self.coco)["recall at 0.2 false a picture"])

        folder = self.out / "model"
        print(bundle(folder, float_file, card, [{"image": frame} for frame in frames], score, most_loss=0.02))
        one = {"image": frames[0]}
        facts = {
            "speed": {
                f"ms a frame, {n} thread(s)": round(milliseconds(str(folder), "detect", one, n), 2)
                for n in (1, 2)
            }
        }
        if self.coco is not None:
            row = measure(str(folder), self.coco)
            facts["quality"] = {
                f"COCO people >= 1/6: {k}": round(float(v), 3)
                for k, v in row.items()
                if k.startswith(("recall at", "false"))
            }  # type: ignore[assignment]
        amend_card(folder, facts)
        print(facts)
