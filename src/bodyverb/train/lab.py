"""Training a skeleton classifier: data in, run folder out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import InputError
from bodyverb.formats.files import replacing, to_json
from bodyverb.train import distributed
from bodyverb.train.augment.clips import Augmenter
from bodyverb.train.augment.mirror import without_sides
from bodyverb.train.clips import Clips
from bodyverb.train.lab_data import Parts, load_parts
from bodyverb.train.lab_settings import DataSettings, Task
from bodyverb.train.loop import fit
from bodyverb.train.predict import classifier, predict
from bodyverb.train.predictions import Predictions
from bodyverb.train.recipes import Recipe
from bodyverb.train.runs import build, network_settings, open_run, write_config
from bodyverb.train.sampling import Batch, batch, moments

RESULT = "result.json"


@dataclass(frozen=True, kw_only=True)
class LabSettings:
    """One training run.

    Attributes:
        data: which clips.
        model: name of the architecture.
        network: values of its Config that differ from its own.
        recipe: everything else.
        best_test: without a validation part: measure the test part at every validation and keep the best
            epoch, as the literature does; the result says that it was selected on the test part.
    """

    data: DataSettings
    model: str
    network: Mapping[str, Any]
    recipe: Recipe
    best_test: bool = False


def train(
    settings: LabSettings,
    out: Path,
    *,
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] = lambda part, done, all_: None,
) -> dict[str, Any]:
    """Trains a network and scores it.

    Args:
        settings: of the run.
        out: run folder.
        say: where lines go.
        progress: told how many clips of a part are read.

    Returns:
        What `result.json` holds: accuracy of each part, how the weights were selected, and how many clips.

    Raises:
        InputError: something does not fit together; before any work where that can be told.
        OutputError: the run folder cannot be written.
    """
    distributed.check_device(settings.recipe.loop)
    network_settings(settings.model, settings.network)
    parts = load_parts(settings.data, progress)
    if settings.recipe.loop.overfit:
        parts = _few(parts, settings.recipe.loop.overfit)
    if settings.recipe.loop.patience and _watched(settings, parts) is None:
        raise InputError(
            "Expected a part to measure while training with --loop.patience, got none; hold one out, "
            "e.g. --validation share:0.1, or leave --loop.patience out"
        )
    for note in parts.notes:
        say(f"note: {note}")
    if settings.recipe.augment.mirror.chance and without_sides(parts.train.skeleton):
        say("note: the layout has no left and right; in mirrored clips every joint keeps its name")
    task = task_of(settings, parts.train)
    torch.manual_seed(settings.recipe.loop.seed)
    module = build(task)
    _check_size(module, task, settings.recipe.sampling.steps)
    config = {
        "task": asdict(task),
        "data": {**asdict(settings.data), "root": str(settings.data.root)},
        "recipe": asdict(settings.recipe),
        "clips": {name: len(part) for name, part in _named(parts).items()},
    }
    if not settings.recipe.loop.resume or not (out / "config.json").is_file():
        write_config(out, config)
    best = fit(
        module,
        Batches(parts.train, settings.recipe),
        Batches(parts.train, settings.recipe).steps,
        loss_function(settings.recipe, parts.train),
        _validator(settings, parts),
        select="top_1",
        optim=settings.recipe.optim,
        loop=settings.recipe.loop,
        out=out,
        say=say,
        batch=settings.recipe.batch,
        settings=config,
        name=lambda row: parts.train.ids[row],
    )
    return _score(settings, parts, best, out) if distributed.rank() == 0 else {}


def task_of(settings: LabSettings, clips: Clips) -> Task:
    """What the network is built for."""
    return Task(
        model=settings.model,
        network=network_settings(settings.model, settings.network),
        skeleton=clips.skeleton.to_dict(),
        classes=clips.classes,
        dims=clips.dims,
        persons=clips.persons,
    )


def _check_size(module: nn.Module, task: Task, steps: int) -> None:
    """See that a network can look at a clip, before any work.

    Raises:
        InputError: it cannot: a size, a kernel or a stride is none.
    """
    joints = torch.zeros(1, task.persons, steps, len(task.skeleton["joints"]), task.dims)
    try:
        with torch.inference_mode():
            module.eval()(joints, joints[..., 0] + 1.0, torch.arange(steps, dtype=torch.float32)[None])
    except (RuntimeError, ValueError, ArithmeticError) as error:
        raise InputError(
            f"Expected settings that let {task.model} look at clips of {steps} moments, got others "
            f"({str(error).splitlines()[0]}); correct --network or --sampling.steps"
        ) from error


class Batches:
    """The batches of an epoch, for this process; the same for the same seed and epoch."""

    def __init__(self, clips: Clips, recipe: Recipe) -> None:
        self.clips, self.recipe = clips, recipe
        counts = np.bincount(clips.label, minlength=len(clips.classes))
        chance = np.where(counts > 0, 1.0 / np.maximum(counts, 1), 0.0)[clips.label] ** recipe.balance
        self.chance = chance / chance.sum()

    def steps(self, epoch: int) -> int:
        """Batches of an epoch; a last one that is less than half full is left out."""
        return max(1, self.recipe.least_steps, round(len(self.clips) / self.recipe.batch))

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Batches of clips, augmented later, with the seeds for it."""
        seed, rows = self.recipe.loop.seed, self._order(epoch)
        size = self.recipe.batch
        for step in range(self.steps(epoch)):
            some = rows[step * size : (step + 1) * size]
            some = some[distributed.rank_share(len(some))]
            rng = np.random.default_rng([seed, epoch, step, distributed.rank()])
            made = batch(self.clips, some, moments(self.clips, some, self.recipe.sampling, rng))
            yield made | {"seed": torch.full((len(some),), int(rng.integers(1 << 62)))}

    def _order(self, epoch: int) -> np.ndarray:
        rng = np.random.default_rng([self.recipe.loop.seed, epoch])
        count = len(self.clips)
        room = self.steps(epoch) * self.recipe.batch
        if self.recipe.balance:
            return np.asarray(rng.choice(count, room, p=self.chance))
        order = rng.permutation(count)
        return order if count >= room else np.concatenate([order, rng.choice(count, room - count)])


def loss_function(
    recipe: Recipe, clips: Clips
) -> Callable[[nn.Module, Batch], tuple[Tensor, dict[str, float | Tensor]]]:
    """Cross-entropy of augmented clips."""
    augment = Augmenter(recipe.augment, clips.skeleton)

    def loss(module: nn.Module, inputs: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
        seed = int(inputs["seed"][0])
        position, score, seconds, mixed = augment(
            inputs["position"], inputs["score"], inputs["seconds"], seed
        )
        found = module(position, score, seconds)
        logits = (found[0] if isinstance(found, tuple) else found).float()
        label = inputs["label"]

        def entropy(wanted: Tensor) -> Tensor:
            return F.cross_entropy(logits, wanted, label_smoothing=recipe.smoothing, reduction="none")

        value = entropy(label)
        if mixed is not None:
            other, share = mixed
            value = share * value + (1 - share) * entropy(label[other])
        return value.mean(), {"train_top_1": (logits.argmax(dim=1) == label).float().mean()}

    return loss


def _named(parts: Parts) -> dict[str, Clips]:
    found = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {name: part for name, part in found.items() if part is not None}


def _few(parts: Parts, count: int) -> Parts:
    rows = np.linspace(0, len(parts.train) - 1, min(count, len(parts.train))).round()
    few = parts.train.select(rows)  # from all over the part: sets are often sorted by class
    return Parts(
        train=few, validation=few, test=few, notes=("overfitting on purpose; the scores mean nothing",)
    )


def _watched(settings: LabSettings, parts: Parts) -> Clips | None:
    """The clips that are measured while training."""
    return parts.validation if parts.validation is not None else parts.test if settings.best_test else None


def _validator(settings: LabSettings, parts: Parts) -> Callable[[nn.Module], dict[str, float]]:
    clips = _watched(settings, parts)

    def validate(module: nn.Module) -> dict[str, float]:
        if clips is None:
            return {}  # nothing is selected: the last weights are kept
        made = predict(classifier(module), clips, settings.recipe.sampling)
        right = made.score[np.arange(len(clips)), clips.label]
        return {"top_1": top_1(made), "entropy": float(-right.mean())}

    return validate


def top_1(made: Predictions) -> float:
    """Share of clips named right."""
    return _right(made) / len(made.ids)


def _score(settings: LabSettings, parts: Parts, best: Mapping[str, float], out: Path) -> dict[str, Any]:
    """Scores of the last epoch, and of the best one where one was selected; predictions are kept."""
    run, found = open_run(out), {}
    selected = _watched(settings, parts) is not None and not settings.recipe.loop.select_last
    folder = out / "predictions"
    folder.mkdir(exist_ok=True)
    for which in ("last", "best") if selected else ("last",):
        classify = classifier(run.network(which))  # type: ignore[arg-type]
        for name, clips in _named(parts).items():
            if name == "train":
                continue
            made = predict(classify, clips, settings.recipe.sampling,
                           about={"run": str(out), "part": name, "weights": which})  # fmt: skip
            made.save(folder / (f"{name}.npz" if which == "last" else f"{name}.best.npz"))
            found[f"{name} {which}"] = {"top_1": top_1(made), "right": _right(made), "clips": len(clips)}
    by = "test part" if parts.validation is None else "validation part"
    result = {
        "scores": found,
        "weights": {"last": "nothing was selected by a score"}
        | ({"best": f"epoch {best.get('epoch')}, selected on the {by}"} if selected else {}),
        "clips": {name: len(part) for name, part in _named(parts).items()},
    }
    with replacing(out / RESULT) as part:
        part.write_text(to_json(result, indent=1) + "\n", encoding="utf-8")
    return result


def _right(made: Predictions) -> int:
    return int((made.score.argmax(axis=1) == made.label).sum())


def check_out(out: Path, resume: bool) -> None:
    """See that a run folder is new, or that there is something to go on with.

    Raises:
        InputError: it is the other way round.
    """
    there = (out / "last.pt").exists()
    if resume and not there:
        raise InputError(f"Expected a run to go on with, got none; start without --resume: {out}")
    if there and not resume:
        raise InputError(
            f"Expected a new run folder, got one with a run; go on with --resume, or name another: {out}"
        )
