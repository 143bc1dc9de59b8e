"""The one training loop: steps, averaged weights, validation, checkpoints; on one device or several."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bodyverb.core import InputError
from bodyverb.train import checkpoints, distributed
from bodyverb.train.environment import EnvironmentFile
from bodyverb.train.guard import Guard
from bodyverb.train.logs import Log
from bodyverb.train.memory import keep_freed
from bodyverb.train.optim import Rates, factor, make_optimizers
from bodyverb.train.progress import TrainingBar
from bodyverb.train.randomness import generators, repeatable, restore_generators, seed_all
from bodyverb.train.settings import LoopConfig, OptimConfig

Loss = Callable[[nn.Module, Any], tuple[Tensor, Mapping[str, float | Tensor]]]
FREE = tuple(
    f"loop.{name}"
    for name in ("epochs", "accelerator", "threads", "resume", "patience", "save_steps", "save_seconds")
)
"""What a resumed run may change."""
POINTS = 20
"""Steps of an epoch, about, whose own numbers are kept."""


def fit(
    module: nn.Module,
    batches: Callable[[int], Iterable[Any]],
    steps_per_epoch: Callable[[int], int],
    loss: Loss,
    validate: Callable[[nn.Module], dict[str, float]],
    *,
    select: str,
    optim: OptimConfig,
    loop: LoopConfig,
    out: Path,
    say: Callable[[str], None] = print,
    batch: int = 0,
    settings: Mapping[str, Any] | None = None,
    name: Callable[[int], str] = str,
) -> dict[str, float]:
    """Train `module` and keep `last.pt` (everything needed to resume) and `best.pt` (averaged weights).

    A run that was killed at any moment and resumed ends, on the CPU, with the very bits of one that was not.
    Started by torchrun, each process works on its part of every batch.

    Args:
        module: the network; trained in place.
        batches: epoch number -> batches of that epoch, for this process (`distributed.rank_share`); seeded by
            the epoch so that a resumed run sees the same data.
        steps_per_epoch: epoch number -> number of batches.
        loss: (module, batch) -> scalar loss, a mean over the batch, and numbers to log.
        validate: averaged module -> metrics; every process is asked, the first one's answer counts.
        select: the metric (higher is better) that decides which weights are best; where there is none, the
            last are.
        optim: optimizer settings.
        loop: length, precision, device.
        out: run folder.
        say: where a line an epoch goes; a terminal sees a bar too where it is `print`.
        batch: rows of a batch over all processes; `optim.base_batch` needs it.
        settings: what else decides the run (data, split, model, sampling, augmentation); JSON values. A
            resumed run must be given the same.
        name: a row of the batch entry `index` -> the clip's id; for errors.

    Returns:
        The metrics of the best epoch, and its number.

    Raises:
        InputError: the device is not there; the folder holds a run and `resume` is not set; the checkpoint is
            damaged or of other settings; there are no batches; a loss became NaN or infinite.
        OutputError: the run folder cannot be written; what was saved before stays.
    """
    distributed.check_device(loop)
    keep_freed()
    if loop.threads:
        torch.set_num_threads(loop.threads)
    decided = checkpoints.plain(
        {"optim": asdict(optim), "loop": asdict(loop), "batch": batch, "run": settings or {}}
    )
    run = _Run(module, loss, optim, loop, batch, decided, out)
    shown = say is print and run.leads
    with repeatable(run.fabric.device), TrainingBar(loop.epochs, shown) as bar, Log(out, say) as log:
        run.begin(log)
        guard = Guard(loss, run.module, name, run.last)
        while not run.done():
            run.epoch(batches, max(1, steps_per_epoch(run.state["epoch"])), guard, bar)
            run.judge(validate, select)
            run.end_epoch(log)
        if run.leads:
            log.draw(run.state["rows"], run.state["points"])
    return dict(run.state["best"])


def decisive(settings: Any) -> dict[str, Any]:
    """The values of a settings dataclass that decide what a run computes: not its folder nor its helpers."""
    beside = ("out", "workers", "loop", "optim")  # `fit` looks at the last two itself
    return {key: value for key, value in asdict(settings).items() if key not in beside}


def _averaging(decay: float) -> Callable[..., None]:
    """Averaged weights that forget fast at first, or a short run would remember its random beginning."""

    def update(average: Any, current: Any, count: Any) -> None:
        now = min(decay, (1.0 + float(count)) / (10.0 + float(count)))
        get_ema_multi_avg_fn(now)(average, current, count)

    return update


class _Run:
    """What changes while training, and how it is kept."""

    def __init__(
        self,
        module: nn.Module,
        loss: Loss,
        optim: OptimConfig,
        loop: LoopConfig,
        batch: int,
        decided: dict[str, Any],
        out: Path,
    ) -> None:
        if optim.base_batch and not batch:
            raise InputError("Expected the rows of a batch for optim.base_batch, got none; set it to 0")
        self.fabric = distributed.make_fabric(loop)
        self.module = module.to(self.fabric.device)
        if any(isinstance(part, nn.Conv2d) for part in module.modules()):
            self.module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        distributed.same_everywhere(self.module)
        self.average = None
        if optim.ema and not loop.overfit:
            self.average = AveragedModel(module, multi_avg_fn=_averaging(optim.ema), use_buffers=True)
        scale = batch * loop.accumulate / optim.base_batch if optim.base_batch else 1.0
        self.optimizers = make_optimizers(self.module, optim, scale)
        self.rates = Rates(self.optimizers)
        self.loss, self.optim, self.loop, self.decided = loss, optim, loop, decided
        self.out, self.last, self.leads = out, out / "last.pt", distributed.rank() == 0
        self.generators: dict[str, Any] | None = None  # of a resumed run, until its first step
        self.state: dict[str, Any] = {
            "epoch": 0, "batch": 0, "step": 0, "seconds": 0.0, "spent": 0.0,
            "lr": 0.0, "sums": {}, "points": [], "rows": [],
            "best": {}, "better": 0, "judged": 0, "score": float("-inf"),
        }  # fmt: skip

    # -- beginning and keeping ---------------------------------------------------------------------------

    def begin(self, log: Log) -> None:
        """Take over the checkpoint of a resumed run; else write the first one, to see that one can."""
        if self.loop.resume:
            self._take(checkpoints.load(self.last))
        elif self.last.exists():
            raise InputError(
                "Expected a run folder without a run, got one with a checkpoint; go on with it "
                f"(--resume) or name another --out: {self.last}"
            )
        self.fabric.barrier()  # all have looked before the first one writes
        self.since = self.saved = time.monotonic()
        if self.leads:
            checkpoints.sweep(self.out)
            self.environment = EnvironmentFile(self.out, distributed.world_size())
            self.environment.write(self.state["seconds"])
            log.begin(self.state["rows"], self.state["points"])
        if not self.loop.resume:
            self.save()

    def save(self) -> None:
        """Write last.pt."""
        now = time.monotonic()
        self.state["seconds"] += now - self.since
        self.since = self.saved = now
        self.state["sums"] = _floats(self.state["sums"])
        self.state["points"] = [_floats(point) for point in self.state["points"]]
        states = distributed.gathered((generators(), self.state["sums"]))
        if self.leads:
            content = {
                "settings": self.decided,
                "module": self.module.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "state": self.state,
                "generators": [one[0] for one in states],
                "sums": [one[1] for one in states],
            }
            if self.average is not None:
                content["average"] = self.average.state_dict()
            checkpoints.save(self.last, content)

    def _take(self, content: dict[str, Any]) -> None:
        checkpoints.agree(content["settings"], self.decided, self.last, FREE)
        try:
            self.module.load_state_dict(content["module"])
            if self.average is not None:
                self.average.load_state_dict(content["average"])
            for optimizer, saved in zip(self.optimizers, content["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"Expected a checkpoint of this network, got another's ({str(error).splitlines()[0]}); "
                f"train in another folder: {self.last}"
            ) from error
        self.state |= content["state"]
        if len(content["generators"]) == distributed.world_size():
            self.generators = content["generators"][distributed.rank()]
            self.state["sums"] = content["sums"][distributed.rank()]

    # -- training ----------------------------------------------------------------------------------------

    def done(self) -> bool:
        """All epochs are over, or patience is: as of the last validation, since the others have no score."""
        waited = self.state["judged"] - self.state["better"]
        return self.state["epoch"] >= self.loop.epochs or 0 < self.loop.patience <= waited

    def epoch(
        self, batches: Callable[[int], Iterable[Any]], steps: int, guard: Guard, bar: TrainingBar
    ) -> None:
        """Train for the rest of an epoch."""
        state, began = self.state, time.monotonic()
        spent = state["spent"]
        self.module.train()
        for group in self._groups(batches):
            share = (state["epoch"] + state["batch"] / steps) / self.loop.epochs
            numbers = self._step(group, share, guard)
            state["batch"] += len(group)
            if self.leads and state["batch"] % max(1, steps // POINTS) < len(group):
                self._note(state["epoch"] + state["batch"] / steps, numbers)
            bar.move(state["epoch"], state["batch"], steps, state["sums"]["loss"])
            if self._due():
                guard.flush()
                state["spent"] = spent + time.monotonic() - began
                self.save()
        if not state["batch"]:
            raise InputError("Expected batches to train on, got none; take a smaller batch or more clips")
        guard.flush()
        state["spent"] = spent + time.monotonic() - began

    def _groups(self, batches: Callable[[int], Iterable[Any]]) -> Iterator[list[Any]]:
        """The batches of each step that is left of the epoch, the random generators where they belong."""
        epoch = self.state["epoch"]
        seed_all(self.loop.seed * 100003 + epoch + (distributed.rank() << 32))
        left = iter(batches(epoch))
        for _ in islice(left, self.state["batch"]):
            pass
        if self.generators is not None and self.state["batch"]:
            restore_generators(self.generators)
        self.generators = None
        while group := list(islice(left, self.loop.accumulate)):
            yield group

    def _note(self, epoch: float, numbers: dict[str, Any]) -> None:
        """Keep what a step was told by its own batch, and the means of the epoch so far."""
        means = {f"mean {key}": value / self.state["batch"] for key, value in self.state["sums"].items()}
        self.state["points"].append({"epoch": epoch, **numbers, **means})

    def _step(self, group: list[Any], share: float, guard: Guard) -> dict[str, Any]:
        """One update of the weights by the mean gradient of some batches; `share` of the run is over.

        Returns:
            The numbers of the last of them.
        """
        state, sums = self.state, self.state["sums"]
        where = f"epoch {state['epoch'] + 1}, step {state['step'] + 1}"
        state["lr"] = self.rates.set(factor(share, self.optim))
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        for batch in group:
            if self.fabric.device.type != "cpu":
                batch = self.fabric.to_device(batch)
            with self.fabric.autocast():
                value, numbers = self.loss(self.module, batch)
            guard.look("loss", value, batch, where)
            self.fabric.backward(value / len(group) if len(group) > 1 else value)
            own = {
                key: number.detach().double() if isinstance(number, Tensor) else number
                for key, number in {"loss": value, **numbers}.items()
            }
            for key, number in own.items():
                sums[key] = sums.get(key, 0.0) + number
        distributed.average_gradients(self.module)
        if self.optim.clip_norm:
            norm = nn.utils.clip_grad_norm_(self.module.parameters(), self.optim.clip_norm)
            guard.look("gradient", norm, batch, where)
        for optimizer in self.optimizers:
            optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.module)
        state["step"] += 1
        return own

    def _due(self) -> bool:
        """A checkpoint inside of an epoch is asked for now."""
        every, seconds = self.loop.save_steps, self.loop.save_seconds
        late = bool(seconds) and distributed.first(time.monotonic() - self.saved >= seconds)
        return late or bool(every and self.state["step"] % every == 0)

    # -- the end of an epoch -----------------------------------------------------------------------------

    def judge(self, validate: Callable[[nn.Module], dict[str, float]], select: str) -> None:
        """Add the epoch's row; validate where it is time, and keep the weights where they are best."""
        state, number = self.state, self.state["epoch"] + 1
        means = {key: float(value) / state["batch"] for key, value in state["sums"].items()}
        row = {"epoch": number, "seconds": state["spent"], "lr": state["lr"]}
        row |= distributed.average_numbers(means)
        if number % self.loop.validate_every == 0 or number == self.loop.epochs:
            chosen = self.module if self.average is None else self.average.module
            chosen.eval()
            metrics = {key: float(value) for key, value in validate(chosen).items()}
            row |= (metrics := distributed.first(metrics))
            self._keep(chosen, metrics, select, number)
        state["rows"] = [*state["rows"], row]

    def _keep(self, chosen: nn.Module, metrics: dict[str, float], select: str, number: int) -> None:
        state, score = self.state, metrics.get(select, float("nan"))
        state["judged"] = number
        if score > state["score"] or select not in metrics:
            state["better"] = number
        last = self.loop.select_last or select not in metrics
        if last or not state["best"] or score >= state["score"]:
            state["best"] = dict(metrics) | {"epoch": number}
            if self.leads:
                content = {"module": chosen.state_dict(), "metrics": state["best"]}
                checkpoints.save(self.out / "best.pt", content)
        state["score"] = max(state["score"], score)

    def end_epoch(self, log: Log) -> None:
        """Make the epoch part of what is done, on disk first."""
        self.state |= {"epoch": self.state["epoch"] + 1, "batch": 0, "sums": {}, "spent": 0.0}
        self.save()
        if self.leads:
            log.epoch(self.state["rows"], self.state["points"])
            self.environment.write(self.state["seconds"])


def _floats(numbers: Mapping[str, float | Tensor]) -> dict[str, float]:
    return {key: float(value) for key, value in numbers.items()}
