"""A tiny training, and a process that runs it in forked ones: alone or several together, killed when asked.

Started by tests, one line of JSON a job: {"options": of `train`, "world": processes, "after": seconds until
SIGKILL, "at": the write at which it kills itself}. Answers with the exit codes. Forking saves the seconds
that importing torch takes.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bodyverb.train.distributed import rank_share
from bodyverb.train.loop import fit
from bodyverb.train.settings import LoopConfig, OptimConfig

ROWS, STEPS = 12, 5
TRUTH = torch.randn(6, 3, generator=torch.Generator().manual_seed(7))


def network(noisy: bool = False) -> nn.Module:
    torch.manual_seed(3)
    extra = [nn.BatchNorm1d(24), nn.Dropout(0.2)] if noisy else []
    return nn.Sequential(nn.Linear(6, 24), *extra, nn.Tanh(), nn.Linear(24, 3))


def drawn(
    epoch: int, rows: int = ROWS, steps: int = STEPS, whole: bool = False
) -> Iterator[dict[str, Tensor]]:
    """The batches of an epoch: this process's part of each, or all of it."""
    for step in range(steps):
        generator = torch.Generator().manual_seed(1000 * epoch + step)
        position = torch.randn(rows, 6, generator=generator)
        mine = np.arange(rows) if whole else rank_share(rows)
        label = (position @ TRUTH).argmax(1)
        yield {"position": position[mine], "label": label[mine], "index": torch.arange(rows)[mine]}


def cross_entropy(module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
    logits = module(batch["position"]).float()
    value = nn.functional.cross_entropy(logits, batch["label"])
    return value, {"top1": (logits.argmax(1) == batch["label"]).float().mean().item()}


def noisy_loss(module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Any]]:
    """Draws from every random generator there is."""
    noise = float(np.random.normal()) + random.random() + torch.rand(())
    value, numbers = cross_entropy(module, batch | {"position": batch["position"] + 0.1 * noise})
    return value, {**numbers, "noise": noise}


def accuracy(module: nn.Module) -> dict[str, float]:
    with torch.no_grad():
        batch = next(drawn(999, 200, whole=True))
        value, numbers = cross_entropy(module, batch)
    return {"val_loss": value.item(), "val_top1": numbers["top1"]}


def train(
    out: str,
    optim: dict[str, Any] | None = None,
    loop: dict[str, Any] | None = None,
    noisy: bool = False,
    pause: float = 0.0,
    steps: int = STEPS,
    stop: int = 0,
    **more: Any,
) -> tuple[nn.Module, dict[str, float]]:
    def loss(module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Any]]:
        nonlocal calls
        calls += 1
        if calls == stop:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(pause)
        return (noisy_loss if noisy else cross_entropy)(module, batch)

    calls, module = 0, network(noisy)
    base = {"epochs": 3, "precision": "32-true", "accelerator": "cpu", "threads": 1}
    options: dict[str, Any] = {"select": "val_top1", "say": lambda _: None} | more
    best = fit(
        module,
        options.pop("batches", drawn),
        lambda _: steps,
        options.pop("loss", loss),
        options.pop("validate", accuracy),
        optim=OptimConfig(**({"lr": 1e-2, "ema": 0.9} | (optim or {}))),
        loop=LoopConfig(**(base | (loop or {}))),
        out=Path(out),
        **options,
    )
    return module, best


def _kill_at(count: int) -> None:
    """Kill this process at its `count`-th write: half-way through a checkpoint, or just before or after a
    rename."""
    left, save, replace = count, torch.save, Path.replace

    def tick() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    def half_saved(content: Any, path: Path) -> None:
        save(content, path)
        if tick():
            with path.open("rb+") as file:
                file.truncate(path.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    def replaced(path: Path, target: Path) -> Path:
        if tick():
            os.kill(os.getpid(), signal.SIGKILL)
        result = replace(path, target)
        if tick():
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    torch.save, Path.replace = half_saved, replaced  # type: ignore[assignment, method-assign]


def _child(job: dict[str, Any], rank: int, port: int) -> None:
    world = job.get("world", 1)
    if world > 1:
        sizes = {"WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world, "RANK": rank, "LOCAL_RANK": rank}
        sizes |= {"GROUP_RANK": 0, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": 1}
        os.environ |= {key: str(value) for key, value in sizes.items()}
    if "at" in job:
        _kill_at(job["at"])
    try:
        train(**job["options"])
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    if world > 1:
        torch.distributed.destroy_process_group()
    os._exit(0)


def _free_port() -> int:
    import socket

    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def main() -> None:
    for line in sys.stdin:
        job, children, port = json.loads(line), [], _free_port()
        for rank in range(job.get("world", 1)):
            child = os.fork()
            if child == 0:
                sys.stdin, sys.stdout = open(os.devnull), sys.stderr  # noqa: SIM115, PTH123
                _child(job, rank, port)
            children.append(child)
        if "after" in job:
            time.sleep(job["after"])
            os.kill(children[0], signal.SIGKILL)
        print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children]), flush=True)
    os._exit(0)  # nothing is left to tidy up, and torch takes a second for it


if __name__ == "__main__":
    main()
