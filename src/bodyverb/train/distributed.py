"""Which of several processes this one is, its device and its part of a batch; `torchrun` says so by the
environment."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from bodyverb.core import InputError
from bodyverb.train.settings import LoopConfig


def rank() -> int:
    """Number of this process among all, from 0."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """Number of processes that train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank_share(count: int) -> np.ndarray:
    """Places (n,) int64 of the rows of a global batch that this process takes.

    Every process gets the same number of rows, so that the mean of their gradients is that of the batch;
    where `count` does not divide evenly, the first rows are taken again.

    >>> rank_share(4)
    array([0, 1, 2, 3])
    """
    share = -(-count // world_size())
    return (rank() * share + np.arange(share)) % max(count, 1)


def check_device(loop: LoopConfig) -> None:
    """See that the device asked for is there; call it before any work.

    Raises:
        InputError: no GPU, or more processes than GPUs.
    """
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if loop.accelerator == "cuda" and not torch.cuda.is_available():
        raise InputError(
            f"Expected a GPU for --loop.accelerator cuda, got none that torch {torch.__version__} can use; "
            "use --loop.accelerator cpu, or install a torch with CUDA"
        )
    if _kind(loop) == "cuda" and here > torch.cuda.device_count():
        raise InputError(
            f"Expected a GPU for each of {here} processes, got {torch.cuda.device_count()}; start fewer "
            "(torchrun --nproc-per-node), or use --loop.accelerator cpu"
        )


def make_fabric(loop: LoopConfig) -> Fabric:
    """The device of this process, and the connection to the others where there are any."""
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator=_kind(loop),
        devices=here,
        num_nodes=world_size() // here,
        strategy="ddp" if world_size() > 1 else "auto",
        precision=loop.precision,
    )
    fabric.launch()
    return fabric


def same_everywhere(module: nn.Module) -> None:
    """Give all processes the weights of the first."""
    if world_size() > 1:
        for value in module.state_dict().values():
            torch.distributed.broadcast(value, 0)


@torch.no_grad()
def average_gradients(module: nn.Module) -> None:
    """Replace gradients and running statistics by their mean over the processes."""
    if world_size() > 1:
        _average([p.grad for p in module.parameters() if p.grad is not None])
        _average([b for name, b in module.named_buffers() if name.endswith(("running_mean", "running_var"))])


def average_numbers(numbers: dict[str, float]) -> dict[str, float]:
    """Means over the processes, which all have the same names."""
    everybody = gathered(numbers)
    return {key: sum(one[key] for one in everybody) / len(everybody) for key in numbers}


def gathered(value: Any) -> list[Any]:
    """The value of each process, in order."""
    everybody = [value] * world_size()
    if world_size() > 1:
        torch.distributed.all_gather_object(everybody, value)
    return everybody


def first(value: Any) -> Any:
    """The value of the first process."""
    held = [value]
    if world_size() > 1:
        torch.distributed.broadcast_object_list(held, 0)
    return held[0]


def _kind(loop: LoopConfig) -> str:
    if loop.accelerator != "auto":
        return loop.accelerator
    return "cuda" if torch.cuda.is_available() else "cpu"


def _average(values: list[Tensor]) -> None:
    for kind in dict.fromkeys(value.dtype for value in values):
        some = [value for value in values if value.dtype == kind]
        flat = torch.cat([value.flatten() for value in some])
        torch.distributed.all_reduce(flat)
        flat /= world_size()
        for value, part in zip(some, flat.split([v.numel() for v in some]), strict=True):
            value.copy_(part.view(value.shape))
