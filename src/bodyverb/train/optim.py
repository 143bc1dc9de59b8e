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


def make_optimizers(module: nn.Module, config: OptimConfig) -> list[torch.optim.Optimizer]:
    """Build the optimizers of a module: decay on matrices only; Muon takes inner matrices if asked."""
    if config.name == "adam":
        return [torch.optim.Adam(module.parameters(), lr=config.lr, weight_decay=config.weight_decay)]
    matrices = [p for p in module.parameters() if p.requires_grad and p.ndim >= 2]
    vectors = [p for p in module.parameters() if p.requires_grad and p.ndim < 2]
    if config.name == "muon":
        inner = [p for p in matrices if min(p.shape[0], p[0].numel()) >= 24]
        chosen = {id(p) for p in inner}
        rest = [p for p in matrices if id(p) not in chosen]
        muon = Muon(inner, config.muon_lr, decay=config.weight_decay)
        groups = [
            {"params": rest, "weight_decay": config.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        return [muon, torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.99))]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return [torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.99))]


def cosine(progress: float, warmup: float) -> float:
    """Factor on the peak rate at `progress` in [0, 1]: linear warm-up, then half a cosine to 1 %."""
    if progress < warmup:
        return max(progress / warmup, 1e-3)
    phase = (progress - warmup) / max(1e-9, 1 - warmup)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, phase)))
