"""Seeds and states of every random generator that training uses, so that a run repeats itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils import deterministic


def seed_all(seed: int) -> None:
    """Seed torch (CPU and GPU), numpy's and Python's own generators; `seed` of 0 or more."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def generators() -> dict[str, Any]:
    """Their states, as tensors and numbers that `torch.load(weights_only=True)` reads."""
    version, words, gauss = random.getstate()
    state: Any = np.random.get_state(legacy=False)
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None,
        "numpy": torch.from_numpy(state["state"]["key"].astype(np.int64)),
        "numpy_more": [int(state["state"]["pos"]), int(state["has_gauss"]), float(state["gauss"])],
        "python": torch.tensor(words),
        "python_more": [version, gauss],
    }


def restore_generators(saved: dict[str, Any]) -> None:
    """Set the states that `generators` gave."""
    torch.set_rng_state(saved["torch"])
    if saved["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(saved["cuda"])
    place, has_gauss, gauss = saved["numpy_more"]
    np.random.set_state(("MT19937", saved["numpy"].numpy().astype(np.uint32), place, has_gauss, gauss))
    version, gauss = saved["python_more"]
    random.setstate((version, tuple(saved["python"].tolist()), gauss))


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Choose algorithms that give the same bits again, where that costs nothing: on the CPU.

    A GPU keeps its fastest algorithms: its runs repeat up to the order of sums. The process's settings come
    back at the end.
    """
    if device.type != "cpu":
        yield
        return
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    filled = deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    torch.use_deterministic_algorithms(True)
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
