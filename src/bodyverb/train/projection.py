"""Train projections: the published recipe again, and one that does better; on the CPU, in minutes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from bodyverb.core import InputError
from bodyverb.formats.files import replacing, to_json
from bodyverb.geometry.fitting import fit_pinhole
from bodyverb.geometry.sensors import Pairs, together
from bodyverb.outputs.curves import Curve, Panel, write_panels
from bodyverb.train.environment import environment
from bodyverb.train.loop import fit
from bodyverb.train.projection_data import SensorPool
from bodyverb.train.projection_mlp import (
    PICTURE,
    RUN_FILE,
    WIDTHS,
    Inputs,
    Learned,
    ProjectionMlp,
    load,
    seen_of,
    to_state,
)
from bodyverb.train.settings import LoopConfig, OptimConfig

POOLED = "pooled"
CONFIG = "config.json"
Seen = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a projection is learned.

    Attributes:
        name: to show.
        pooled: one network for all sensors, else one a sensor.
        inputs: what it sees, see `ProjectionMlp`.
        pinhole: it learns what the best pinhole of the sensor leaves over.
        hidden: widths of the layers between input and output.
        smooth: SiLU in place of ReLU.
        epochs: how often it sees `points` joints.
        points: joints an epoch, drawn at random.
        batch: joints a step.
        lr: rate of Adam.
        schedule: how the rate goes.
        keep_epochs: keep the weights of every epoch as `model0.pt`, ... in the published form.
    """

    name: str
    pooled: bool
    inputs: Inputs
    pinhole: bool
    hidden: tuple[int, ...]
    smooth: bool
    epochs: int
    points: int
    batch: int
    lr: float
    schedule: Literal["cosine", "constant"]
    keep_epochs: bool = False


RECIPES = MappingProxyType(
    {
        "published": Recipe(
            name="published",
            pooled=True,
            inputs="metres",
            pinhole=False,
            hidden=WIDTHS[1:-1],
            smooth=False,
            epochs=5,
            points=28_440,
            batch=64,
            lr=1e-2,
            schedule="constant",
            keep_epochs=True,
        ),
        "better": Recipe(
            name="better",
            pooled=False,
            inputs="rays",
            pinhole=True,
            hidden=(32, 32),
            smooth=True,
            epochs=100,
            points=100_000,
            batch=512,
            lr=5e-3,
            schedule="cosine",
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class ProjectionTraining:
    """One training run.

    Attributes:
        recipe: how.
        out: run folder.
        source: what the pairs are from, in words.
        seed: of weights and draws.
        resume: go on where the run folder stopped.
    """

    recipe: Recipe
    out: Path
    source: str
    seed: int = 0
    resume: bool = False


def train(settings: ProjectionTraining, pools: Mapping[str, SensorPool], seen: Seen | None = None) -> Learned:
    """Train one network, or one a sensor.

    The run folder then holds config.json (settings, environment), a folder with checkpoints and log.csv a
    network, loss.png and model.pt; after a kill, `resume` goes on at the last whole epoch and ends at the
    same weights.

    Args:
        settings: what and where.
        pools: pairs by sensor.
        seen: told how many steps are done, of how many.

    Raises:
        InputError: the run folder holds another run, or one that is not to be resumed.
    """
    _begin(settings)
    parts = {POOLED: _pooled(pools)} if settings.recipe.pooled else dict(pools)
    made, folders = {}, {}
    for at, (name, pool) in enumerate(parts.items()):
        folders[name] = settings.out / name
        made[name] = _one(settings, pool, folders[name], _share(seen, at, len(parts)))
    content = {
        "name": f"{settings.recipe.name}, {settings.source}",
        "sensors": {name: to_state(network) for name, network in made.items()},
        "trained_on": sorted({file for pool in pools.values() for file in pool.files}),
    }
    with replacing(settings.out / RUN_FILE) as temporary:
        torch.save(content, temporary)
    draw_losses(settings.out / "loss.png", folders, settings.recipe.name)
    return load(settings.out)


def draw_losses(path: Path, folders: Mapping[str, Path], title: str) -> Path:
    """Draw the loss of every epoch, in training and on held-out joints, from the logs in some folders."""
    panels = []
    for name, folder in folders.items():
        with (folder / "log.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        epochs = np.array([float(row["epoch"]) for row in rows])
        lines = (("training", "loss", (0, 114, 178)), ("held-out performers", "held_loss", (213, 94, 0)))
        curves = [
            Curve(name=words, x=epochs, y=np.array([float(row[key]) for row in rows]), colour=colour)
            for words, key, colour in lines
        ]
        panels.append(
            Panel(title=f"{name}: mean squared error", across="epoch", curves=curves, log=True, legend=True)
        )
    return write_panels(path, f"Loss per epoch: {title}", [panels])


def _begin(settings: ProjectionTraining) -> None:
    """Write config.json, or see that it is that of the run to resume."""
    path = settings.out / CONFIG
    told = {**asdict(settings.recipe), "source": settings.source, "seed": settings.seed}
    told = json.loads(to_json(told))
    if path.exists() and not settings.resume:
        raise InputError(f"Expected a folder without a run, got one; add --resume or name another: {path}")
    if settings.resume:
        if not path.exists():
            raise InputError(f"Expected a run to resume, got none; start without --resume: {path}")
        if json.loads(path.read_text(encoding="utf-8"))["settings"] != told:
            raise InputError(f"Expected the settings of the run, got others; use those it began with: {path}")
        return
    with replacing(path) as temporary:
        content = {"settings": told, "environment": environment()}
        temporary.write_text(to_json(content, indent=1) + "\n", encoding="utf-8")


def _pooled(pools: Mapping[str, SensorPool]) -> SensorPool:
    train, held = (together(getattr(pool, part) for pool in pools.values()) for part in ("train", "held"))
    return SensorPool(train=train, held=held)


def _share(seen: Seen | None, at: int, of: int) -> Seen | None:
    """What to tell the steps of one of several trainings of equal length."""
    return None if seen is None else lambda done, steps: seen(at * steps + done, of * steps)


def _one(settings: ProjectionTraining, pool: SensorPool, folder: Path, seen: Seen | None) -> ProjectionMlp:
    """Train one network."""
    recipe = settings.recipe
    frame = _frame(recipe, pool.train)
    inputs, targets = _tensors(frame, pool.train)
    held = _tensors(frame, pool.held)
    torch.manual_seed(settings.seed)
    module = _module((inputs.shape[1], *recipe.hidden, 2), recipe.smooth)
    steps = -(-recipe.points // recipe.batch)
    now = 0

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        nonlocal now
        now = epoch
        generator = torch.Generator().manual_seed(settings.seed * 100003 + epoch)
        drawn = torch.randint(len(inputs), (recipe.points,), generator=generator)
        for step, rows in enumerate(drawn.split(recipe.batch)):
            if seen is not None:
                seen(epoch * steps + step + 1, recipe.epochs * steps)
            yield inputs[rows], targets[rows]

    def validate(network: nn.Module) -> dict[str, float]:
        if recipe.keep_epochs:
            torch.save(network.state_dict(), settings.out / f"model{now}.pt")
        with torch.no_grad():
            off = network(held[0]) - held[1]
        px = (off * torch.from_numpy(frame["unit"]).float()).norm(dim=1).mean().item()
        return {"held_loss": off.square().mean().item(), "held_px": px, "score": -px}

    fit(
        module,
        batches,
        lambda _: steps,
        _loss,
        validate,
        select="score",
        optim=OptimConfig(
            name="adam", lr=recipe.lr, weight_decay=0.0, clip_norm=1.0, ema=0.0, schedule=recipe.schedule
        ),
        loop=LoopConfig(
            epochs=recipe.epochs,
            precision="32-true",
            accelerator="cpu",
            threads=1,
            seed=settings.seed,
            resume=settings.resume and (folder / "last.pt").exists(),
        ),
        out=folder,
        say=lambda _: None,
    )
    arrays = [value.detach().numpy() for value in module.state_dict().values()]
    return ProjectionMlp(layers=tuple(zip(arrays[::2], arrays[1::2], strict=True)), **frame)


def _loss(module: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
    inputs, targets = batch
    return nn.functional.mse_loss(module(inputs), targets), {}


def _module(widths: tuple[int, ...], smooth: bool) -> nn.Sequential:
    """Linear layers of these widths, ReLU or SiLU between them."""
    parts: list[nn.Module] = []
    for a, b in pairwise(widths):
        parts += [nn.Linear(a, b), nn.SiLU() if smooth else nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def _frame(recipe: Recipe, pairs: Pairs) -> dict[str, Any]:
    """What stands before and behind the network, from the training pairs; see `ProjectionMlp`."""
    points, pixels = pairs
    frame: dict[str, Any] = {"inputs": recipe.inputs, "smooth": recipe.smooth}
    if recipe.inputs == "metres" and not recipe.pinhole:
        return frame | {"unit": np.array(PICTURE)}
    shown = seen_of(points, recipe.inputs)
    if recipe.inputs != "metres":
        frame |= {"centre": shown.mean(axis=0), "scale": shown.std(axis=0)}
    left = pixels
    if recipe.pinhole:
        camera = fit_pinhole(points, pixels)
        frame["pinhole"] = np.array([camera.focal[0], *camera.centre])
        left = pixels - camera.project(points)
    return frame | {"offset": left.mean(axis=0), "unit": np.full(2, left.std())}


def _tensors(frame: dict[str, Any], pairs: Pairs) -> tuple[Tensor, Tensor]:
    """Inputs and targets, float32, of the network in this frame."""
    network = ProjectionMlp(layers=(), **frame)
    targets = (pairs[1] - network.start(pairs[0])) / network.unit
    return torch.from_numpy(network.prepared(pairs[0])), torch.from_numpy(targets.astype(np.float32))
