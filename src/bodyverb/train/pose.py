"""Train pose-lite on LSP-style pictures, optionally joined by procedural renders."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb import skeletons
from bodyverb.datasets import lspet
from bodyverb.geometry.heatmap import decode_softmax
from bodyverb.metrics.pck import pck_report
from bodyverb.models import pose_lite
from bodyverb.train.loop import LoopConfig, decisive, fit
from bodyverb.train.optim import OptimConfig
from bodyverb.train.pose_data import AugmentConfig, Crops, decode_pictures, loader, soft_targets
from bodyverb.train.renders import pose_renders

STRIDE = 4


@dataclass(frozen=True, kw_only=True)
class PoseTraining:
    """Settings of a pose training run."""

    root: Path
    """Folder laid out like LSP Extended."""
    out: Path
    """Run folder."""
    size: int = 128
    """Side of the network's input in px."""
    warm_size: int = 96
    """Smaller side used at first: cheaper epochs (progressive resizing)."""
    warm_epochs: int = 0
    """Epochs at the smaller side."""
    batch: int = 64
    """Crops a step."""
    workers: int = 1
    """Threads that prepare crops."""
    init: Path | None = None
    """Start from the weights of this checkpoint (best.pt)."""
    renders: int = 0
    """Procedural renders that join the pictures once the smaller epochs are over."""
    sigma: float = 1.0
    """Spread of the soft targets in cells."""
    visibility_weight: float = 0.1
    """Weight of the visibility loss."""
    all_data: bool = False
    """Train on the validation block too (no honest score is possible then)."""
    model: pose_lite.Config = field(default_factory=pose_lite.Config)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)


def pose_loss(
    module: nn.Module, batch: list[Tensor], sigma: float, weight: float
) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy of the spatial softmax with Gaussian targets, plus visibility."""
    crops, joints = batch
    heatmaps, visible = module(crops)
    cells = heatmaps.shape[-1]
    targets, present = soft_targets(joints, cells, crops.shape[1] / cells, sigma)
    logs = F.log_softmax(heatmaps.float().flatten(2), -1)
    cross = -(targets.flatten(2) * logs).sum() / present.sum().clamp_min(1)
    seen = F.binary_cross_entropy_with_logits(visible.float(), present.float())
    return cross + weight * seen, {"cross": cross.item(), "visibility": seen.item()}


@torch.no_grad()
def predict(module: nn.Module, crops: np.ndarray, batch: int = 100) -> np.ndarray:
    """Positions (n, joint, 2) in crop px of (n, size, size, 3) uint8 crops."""
    found = []
    for start in range(0, len(crops), batch):
        with torch.autocast("cpu", torch.bfloat16):
            heatmaps, _ = module(torch.from_numpy(crops[start : start + batch]))
        found.append(decode_softmax(heatmaps.float().numpy(), crops.shape[1] / heatmaps.shape[-1])[0])
    return np.concatenate(found)


def train(settings: PoseTraining) -> dict[str, float]:
    """Run the training; the run folder then holds config.json, log.csv, last.pt and best.pt.

    Raises:
        InputError: the data are not there or not of the expected form.
    """
    torch.manual_seed(settings.loop.seed)
    skeleton = skeletons.get("lsp14")
    data = lspet.pictures(settings.root)
    visible = np.isfinite(data.joints).all(-1).sum(1) >= 4
    held = data.split("validation")
    rows = data.split("all" if settings.all_data else "train")
    rows, held = rows[visible[rows]], held[visible[held]]
    pictures, joints = decode_pictures(data, rows), data.joints[rows]
    check = Crops(decode_pictures(data, held), data.joints[held], skeleton.flip, settings.size)
    pairs = [check[i] for i in range(len(check))]
    crops, truth = np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])
    module = pose_lite.build(settings.model, skeleton)
    if settings.init:
        module.load_state_dict(torch.load(settings.init, weights_only=True)["module"])
    settings.out.mkdir(parents=True, exist_ok=True)
    (settings.out / "config.json").write_text(json.dumps(asdict(settings), indent=1, default=str))
    more, more_joints = pictures, joints
    if settings.renders:
        images, extra = pose_renders(settings.renders, settings.loop.seed + 1, settings.out / "renders.npz")
        more, more_joints = pictures + list(images), np.concatenate([joints, extra])

    def part(epoch: int) -> tuple[list[np.ndarray], np.ndarray, int]:
        warm = epoch < settings.warm_epochs
        return (pictures, joints, settings.warm_size) if warm else (more, more_joints, settings.size)

    def batches(epoch: int) -> Iterable[list[Tensor]]:
        chosen, where, side = part(epoch)
        seed = settings.loop.seed * 100003 + epoch
        crops = Crops(chosen, where, skeleton.flip, side, settings.augment, seed)
        return loader(crops, settings.batch, seed, settings.workers)

    return fit(
        module,
        batches,
        lambda epoch: len(part(epoch)[0]) // settings.batch,
        lambda m, batch: pose_loss(m, batch, settings.sigma, settings.visibility_weight),
        lambda m: {
            k: v
            for k, v in pck_report(predict(m, crops), truth, skeleton.joints).items()
            if k in ("pck", "pck_upright")
        },
        select="pck",
        optim=settings.optim,
        loop=settings.loop,
        out=settings.out,
        batch=settings.batch,
        settings=decisive(settings),
    )
