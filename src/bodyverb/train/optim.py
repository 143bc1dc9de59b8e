"""Optimizers and learning-rate schedules shared by every training command."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from bodyverb.train.settings import OptimConfig


@torch.no_grad()
def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """Push the singular values of a matrix (rows, columns) towards 1 by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.bfloat16()
    x = x / (x.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised, for weights of two or more dimensions (first = outputs)."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.0
    ) -> None:
        super().__init__(list(params), {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                state = self.state[param]
                buffer = state.setdefault("momentum", torch.zeros_like(param))
                buffer.mul_(group["momentum"]).add_(param.grad)
                update = param.grad.add(buffer, alpha=group["momentum"])
                flat = orthogonalise(update.reshape(len(update), -1))
                scale = max(1.0, flat.shape[0] / flat.shape[1]) ** 0.5
                param.mul_(1 - group["lr"] * group["decay"])
                param.add_(flat.reshape(param.shape), alpha=-group["lr"] * scale)


def make_optimizers(
    module: nn.Module, config: OptimConfig, scale: float = 1.0
) -> list[torch.optim.Optimizer]:
    """The optimizers of a module, at their peak rates; each parameter belongs to one of them.

    Args:
        module: the network.
        config: settings; weights of one dimension do not decay unless `decay_all` says so.
        scale: factor on the rates.
    """
    rate, decay = config.lr * scale, config.weight_decay
    if config.name == "adam":
        return [torch.optim.Adam(module.parameters(), lr=rate, weight_decay=decay)]
    matrices = [p for p in module.parameters() if p.requires_grad and p.ndim >= 2]
    vectors = [p for p in module.parameters() if p.requires_grad and p.ndim < 2]
    inner = [p for p in matrices if min(p.shape[0], p[0].numel()) >= 24] if config.name == "muon" else []
    chosen = {id(p) for p in inner}
    groups = [
        {"params": [p for p in matrices if id(p) not in chosen], "weight_decay": decay},
        {"params": vectors, "weight_decay": decay if config.decay_all else 0.0},
    ]
    if config.name == "sgd":
        nesterov = config.nesterov and config.momentum > 0
        return [torch.optim.SGD(groups, lr=rate, momentum=config.momentum, nesterov=nesterov)]
    adamw = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99))
    return [Muon(inner, config.muon_lr * scale, decay=decay), adamw] if inner else [adamw]


def cosine(progress: float, warmup: float) -> float:
    """Factor on the peak rate at `progress` in [0, 1]: linear warm-up, then half a cosine to 1 %."""
    if progress < warmup:
        return _climb(progress, warmup)
    return 0.01 + 0.99 * _fall((progress - warmup) / max(1e-9, 1 - warmup))


def one_cycle(progress: float, warmup: float) -> float:
    """Half a cosine from 1/25 up over the warm-up, then half a cosine down to 1/250000."""
    if progress < warmup:
        return 1 - 0.96 * _fall(progress / warmup)
    end = 1 / 250_000
    return end + (1 - end) * _fall((progress - warmup) / max(1e-9, 1 - warmup))


def factor(progress: float, config: OptimConfig) -> float:
    """Factor on the peak rate at `progress` in [0, 1], as the settings say."""
    if config.schedule == "constant":
        return 1.0
    if config.schedule == "one-cycle":
        return one_cycle(progress, config.warmup)
    if config.schedule == "cosine":
        return cosine(progress, config.warmup)
    if progress < config.warmup:
        return _climb(progress, config.warmup)
    return config.gamma ** sum(progress >= at for at in config.milestones)


def _climb(progress: float, warmup: float) -> float:
    return max(progress / warmup, 1e-3)


def _fall(phase: float) -> float:
    """Half a cosine from 1 at phase 0 to 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, phase)))


class Rates:
    """Sets the rates of some optimizers to a factor of what they are at the start."""

    def __init__(self, optimizers: list[torch.optim.Optimizer]) -> None:
        self._optimizers = optimizers
        self._peaks = [group["lr"] for o in optimizers for group in o.param_groups]

    def set(self, factor: float) -> float:
        """Set them; returns that of the last group."""
        groups = [group for o in self._optimizers for group in o.param_groups]
        for group, peak in zip(groups, self._peaks, strict=True):
            group["lr"] = peak * factor
        return float(groups[-1]["lr"])
