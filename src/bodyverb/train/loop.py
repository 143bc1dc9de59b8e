"""The one training loop: epochs, bf16 autocast, averaged weights, checkpoints at every epoch, resume."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from bodyverb.core import InputError
from bodyverb.train.optim import cosine, make_optimizers
from bodyverb.train.settings import LoopConfig, OptimConfig

Loss = Callable[[nn.Module, Any], tuple[Tensor, dict[str, float]]]


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

    Args:
        module: the network; trained in place.
        batches: epoch number -> batches of that epoch; seeded by the epoch so that a resumed run sees the
        same data.
        steps_per_epoch: epoch number -> number of batches.
        loss: (module, batch) -> scalar loss and numbers to log.
        validate: averaged module -> metrics.
        select: the metric (higher is better) that decides which weights are best.
        optim: optimizer settings.
        loop: length, precision, device.
        out: run folder.
        say: where a line an epoch goes.
        batch: rows of a batch over all processes; `optim.base_batch` needs it.
        settings: what else decides the run (data, split, model, sampling, augmentation); JSON values. A
        resumed run must be given the same.
        name: a row of the batch entry `index` -> the clip's id; for errors.

    Returns:
        The metrics of the best epoch.

    Raises:
        InputError: the loss became NaN or infinite.
    """
    out.mkdir(parents=True, exist_ok=True)
    if loop.threads:
        torch.set_num_threads(loop.threads)
    fabric = Fabric(accelerator=loop.accelerator, devices=1, precision=loop.precision)  # type: ignore[arg-type]
    module = module.to(fabric.device)
    if any(isinstance(m, nn.Conv2d) for m in module.modules()):
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = torch.optim.swa_utils.AveragedModel(
        module, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(optim.ema), use_buffers=True
    )
    optimizers = make_optimizers(module, optim)
    peaks = [[group["lr"] for group in o.param_groups] for o in optimizers]
    state: dict[str, Any] = {"epoch": 0, "step": 0, "best": {}}
    if loop.resume:
        state = _resume(out, module, average, optimizers)
    (out / "optim.json").write_text(json.dumps({"optim": asdict(optim), "loop": asdict(loop)}, indent=1))
    for epoch in range(state["epoch"], loop.epochs):
        torch.manual_seed(loop.seed * 100003 + epoch)
        begin, sums, seen, steps = time.monotonic(), {"loss": 0.0}, 0, max(1, steps_per_epoch(epoch))
        module.train()
        for batch in batches(epoch):
            rate = 1.0
            if optim.schedule == "cosine":
                rate = cosine((epoch + seen / steps) / loop.epochs, optim.warmup)
            for optimizer, bases in zip(optimizers, peaks, strict=True):
                for group, base in zip(optimizer.param_groups, bases, strict=True):
                    group["lr"] = base * rate
            batch = fabric.to_device(batch)
            with fabric.autocast():
                value, numbers = loss(module, batch)
            if not torch.isfinite(value):
                raise InputError(
                    f"Expected a finite loss, got {value.item()} at epoch {epoch}, step {state['step']}; "
                    "lower the learning rate or check the data"
                )
            for optimizer in optimizers:
                optimizer.zero_grad(set_to_none=True)
            fabric.backward(value)
            if optim.clip_norm:
                nn.utils.clip_grad_norm_(module.parameters(), optim.clip_norm)
            for optimizer in optimizers:
                optimizer.step()
            if optim.ema:
                average.update_parameters(module)
            state["step"] += 1
            seen += 1
            for key, number in ({"loss": value.item()} | numbers).items():
                sums[key] = sums.get(key, 0.0) + number
        state["epoch"] = epoch + 1
        row = {"epoch": epoch + 1, "seconds": time.monotonic() - begin} | {
            k: v / max(1, seen) for k, v in sums.items()
        }
        if (epoch + 1) % loop.validate_every == 0 or epoch + 1 == loop.epochs:
            chosen = average.module if optim.ema else module
            chosen.eval()
            metrics = validate(chosen)
            row |= metrics
            if metrics[select] >= state["best"].get(select, float("-inf")):
                state["best"] = dict(metrics) | {"epoch": epoch + 1}
                _save(out / "best.pt", {"module": chosen.state_dict(), "metrics": state["best"]})
        _save(out / "last.pt", _snapshot(module, average, optimizers, state))
        _log(out / "log.csv", row)
        say("  ".join(f"{k} {v:.4g}" for k, v in row.items()))
    return dict(state["best"])


def _snapshot(module: nn.Module, average: nn.Module, optimizers: list, state: dict) -> dict[str, Any]:
    return {
        "module": module.state_dict(),
        "average": average.state_dict(),
        "optimizers": [o.state_dict() for o in optimizers],
        "state": state,
    }


def _save(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint under a temporary name, then rename, so that a kill leaves the old one whole."""
    part = path.with_suffix(".part")
    torch.save(content, part)
    part.replace(path)


def _resume(out: Path, module: nn.Module, average: nn.Module, optimizers: list) -> dict[str, Any]:
    path = out / "last.pt"
    if not path.exists():
        raise InputError(
            f"Expected a checkpoint to resume from, got none; start without --loop.resume: {path}"
        )
    content = torch.load(path, map_location="cpu", weights_only=True)
    module.load_state_dict(content["module"])
    average.load_state_dict(content["average"])
    for optimizer, saved in zip(optimizers, content["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    return dict(content["state"])


def _log(path: Path, row: dict[str, float]) -> None:
    """Append a row; columns that appear later (validation) are written as the union, so rewrite the file.

    Rows of epochs that a killed run logged and that are done again go.
    """
    rows: list[dict[str, str]] = []
    if path.exists():
        with path.open(newline="") as file:
            rows = [old for old in csv.DictReader(file) if int(old["epoch"]) < row["epoch"]]
    rows.append({k: f"{v:.6g}" for k, v in row.items()})
    columns = list(dict.fromkeys(k for r in rows for k in r))
    part = path.with_suffix(".part")
    with part.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    part.replace(path)
