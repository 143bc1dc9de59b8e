"""Train the person finder on collages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bodyverb import skeletons
from bodyverb.datasets import lspet
from bodyverb.models import finder
from bodyverb.train.cutouts import Cutout, load_cutouts, make_cutouts
from bodyverb.train.finder_data import CollageConfig, Collages, finder_targets
from bodyverb.train.from_onnx import folded_weights, unfold
from bodyverb.train.loop import LoopConfig, decisive, fit
from bodyverb.train.optim import OptimConfig
from bodyverb.train.pose_data import loader
from bodyverb.train.renders import scene_renders


@dataclass(frozen=True, kw_only=True)
class FinderTraining:
    """Settings of a finder training run."""

    root: Path
    """Folder laid out like LSP Extended."""
    out: Path
    """Run folder."""
    init: Path | None = None
    """pose-lite (checkpoint or ONNX file) whose first stages start the training, or a finder's own."""
    cutouts: Path | None = None
    """Masks made before (cutouts.npz of another run); made here where it is not given."""
    renders: int = 0
    """Procedural scenes among the collages."""
    canvases: int = 8000
    """Canvases an epoch."""
    batch: int = 32
    """Canvases a step."""
    workers: int = 1
    """Threads that prepare canvases."""
    collage: CollageConfig = field(default_factory=CollageConfig)
    model: finder.Config = field(default_factory=finder.Config)
    optim: OptimConfig = field(default_factory=OptimConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)


def finder_loss(module: nn.Module, batch: list[Tensor]) -> tuple[Tensor, dict[str, float]]:
    """Focal loss on the centres (Law and Deng, ECCV 2018) and generalised IoU on the sides (Rezatofighi,
    CVPR 2019)."""
    canvases, boxes, empty_weight = batch
    centre, log_sides = module.raw(canvases)  # type: ignore[operator]
    centre, log_sides = centre.float()[:, 0], log_sides.float()
    heat, sides, weight = finder_targets(boxes.cpu(), centre.shape[-1], finder.STRIDE)
    heat, sides, weight = heat.to(centre.device), sides.to(centre.device), weight.to(centre.device)
    chance = torch.sigmoid(centre).clamp(1e-4, 1 - 1e-4)
    peaks = heat >= 0.999
    hits = -((1 - chance) ** 2 * chance.log())[peaks].sum()
    misses = -((1 - heat) ** 4 * chance**2 * (1 - chance).log())
    misses = (misses * ~peaks * torch.where(heat < 0.05, empty_weight[:, None, None], 1.0)).sum()
    count = peaks.sum().clamp_min(1)
    overlap = giou(torch.exp(log_sides.clamp(-3.0, 4.5)), sides)
    box_loss = ((1 - overlap) * weight).sum() / weight.sum().clamp_min(1)
    total = (hits + misses) / count + 2.0 * box_loss
    return total, {"centre": ((hits + misses) / count).item(), "sides": box_loss.item()}


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU of boxes given as distances (batch, 4, ...) left, up, right, down from one point."""
    across = torch.minimum(a[:, 0], b[:, 0]) + torch.minimum(a[:, 2], b[:, 2])
    down = torch.minimum(a[:, 1], b[:, 1]) + torch.minimum(a[:, 3], b[:, 3])
    inter = across.clamp_min(0) * down.clamp_min(0)
    union = (a[:, 0] + a[:, 2]) * (a[:, 1] + a[:, 3]) + (b[:, 0] + b[:, 2]) * (b[:, 1] + b[:, 3]) - inter
    hull_across = torch.maximum(a[:, 0], b[:, 0]) + torch.maximum(a[:, 2], b[:, 2])
    hull_down = torch.maximum(a[:, 1], b[:, 1]) + torch.maximum(a[:, 3], b[:, 3])
    hull = hull_across * hull_down
    return inter / union.clamp_min(1e-6) - (hull - union) / hull.clamp_min(1e-6)


@torch.no_grad()
def validation_loss(module: nn.Module, held: list[list[Tensor]]) -> dict[str, float]:
    """Mean loss on held-out collages (people of the validation block), negated: higher is better."""
    losses = [finder_loss(module, batch)[1] for batch in held]
    means = {key: float(np.mean([row[key] for row in losses])) for key in losses[0]}
    return {f"held_{key}": value for key, value in means.items()} | {
        "score": -means["centre"] - 2 * means["sides"]
    }


def train(settings: FinderTraining) -> dict[str, float]:
    """Run the training; the run folder then holds config.json, cutouts.npz, log.csv, last.pt and best.pt."""
    torch.manual_seed(settings.loop.seed)
    skeleton = skeletons.get("lsp14")
    data = lspet.pictures(settings.root)
    settings.out.mkdir(parents=True, exist_ok=True)
    path = settings.cutouts or settings.out / "cutouts.npz"
    if not path.exists():
        order = np.random.default_rng(1).permutation(data.split("train"))
        make_cutouts(data, order, skeleton, path)
    everybody = load_cutouts(data, path)
    people, held_people = everybody[len(everybody) // 20 :], everybody[: len(everybody) // 20]
    scenes = None
    if settings.renders:
        scenes = scene_renders(
            settings.renders, settings.loop.seed + 2, settings.out / "scenes.npz", settings.collage.size
        )
    module = finder.build(settings.model)
    (settings.out / "config.json").write_text(json.dumps(asdict(settings), indent=1, default=str))
    if settings.init:
        _start(module, settings.init, people[:32], settings.collage)
    held = list(loader(Collages(held_people, None, settings.collage, 320, 77), settings.batch, 77, 1))

    def batches(epoch: int) -> Iterable[list[Tensor]]:
        seed = settings.loop.seed * 100003 + epoch
        canvases = Collages(people, scenes, settings.collage, settings.canvases, seed)
        return loader(canvases, settings.batch, seed, settings.workers)

    def validate(module: nn.Module) -> dict[str, float]:
        with torch.autocast("cpu", torch.bfloat16):
            return validation_loss(module, held)

    return fit(
        module,
        batches,
        lambda epoch: settings.canvases // settings.batch,
        finder_loss,
        validate,
        select="score",
        optim=settings.optim,
        loop=settings.loop,
        out=settings.out,
        batch=settings.batch,
        settings=decisive(settings),
    )


def _start(module: finder.Finder, init: Path, people: list[Cutout], collage: CollageConfig) -> None:
    """Take over pose-lite's first stages, or all of another finder."""
    if init.suffix == ".onnx":
        weights = {name.removeprefix("backbone."): value for name, value in folded_weights(init).items()}
        if "heatmap.weight" in weights:  # pose-lite: its top-down path is another one
            weights = {k: v for k, v in weights.items() if k.startswith(("stem", "stages"))}
        canvases = Collages(people, None, collage, 16, 5)
        unfold(module, weights, torch.stack([torch.from_numpy(canvases[i][0]) for i in range(16)]))
        return
    weights = torch.load(init, weights_only=True)["module"]
    if "centre.weight" in weights:
        module.load_state_dict(weights)
    else:
        module.start_from_pose(weights)
