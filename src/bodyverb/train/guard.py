"""Stops a training whose loss is no number any more, and says where that happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bodyverb.core import InputError

Name = Callable[[int], str]
MOST = 8
"""Clips that the error names."""


class Guard:
    """Looks at every loss and gradient norm; on a GPU one step late, so that its queue never runs empty.

    Args:
        loss: the training's loss, to find the clips that spoil a batch.
        module: the network.
        name: row of the batch entry `index` -> id of the clip.
        kept: the checkpoint that holds the last good state.
    """

    def __init__(self, loss: Callable[..., Any], module: nn.Module, name: Name, kept: Path) -> None:
        self._loss, self._module, self._name, self._kept = loss, module, name, kept
        self._waiting: list[tuple[str, Tensor, Any, str]] = []

    def look(self, what: str, value: Tensor, batch: Any, where: str) -> None:
        """Check `value` (a scalar: a loss or a norm).

        Raises:
            InputError: it, or one that was waiting, is NaN or infinite.
        """
        self._waiting.append((what, value.detach(), batch, where))
        if not value.is_cuda:
            self.flush()
        elif len(self._waiting) > 2:
            self._check(*self._waiting.pop(0))

    def flush(self) -> None:
        """Check what is still waiting; before anything is saved.

        Raises:
            InputError: one is NaN or infinite.
        """
        while self._waiting:
            self._check(*self._waiting.pop(0))

    def _check(self, what: str, value: Tensor, batch: Any, where: str) -> None:
        number = value.item()
        if number - number == 0:  # neither NaN nor infinite
            return
        clips = self._clips(batch)
        where += f" (clips {clips})" if clips else ""
        raise InputError(
            f"Expected a finite {what}, got {number} at {where}; lower the learning "
            f"rate or look at the data, the last good checkpoint is kept: {self._kept}"
        )

    def _clips(self, batch: Any) -> str:
        """Ids of the clips whose own loss is not finite; of the batch where they cannot be told apart."""
        if not isinstance(batch, dict) or "index" not in batch:
            return ""
        rows = batch["index"].tolist()
        bad = [row for at, row in enumerate(rows) if not self._finite(batch, at, len(rows))] or rows
        names = ", ".join(self._name(row) for row in bad[:MOST])
        return names + (f" and {len(bad) - MOST} more" if len(bad) > MOST else "")

    def _finite(self, batch: dict[str, Any], at: int, count: int) -> bool:
        alone = {
            key: value[at : at + 1] if isinstance(value, Tensor) and len(value) == count else value
            for key, value in batch.items()
        }
        self._module.eval()
        with torch.no_grad():
            return bool(torch.isfinite(self._loss(self._module, alone)[0]))
