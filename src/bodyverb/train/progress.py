"""A bar with epoch, step, loss and time left while training, where standard error is a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

EVERY_SECONDS = 0.2
"""Seconds between two drawings."""


class TrainingBar:
    """One bar for the whole run; does nothing where nobody watches.

    Args:
        epochs: of the run.
        shown: False hides it in any case.
    """

    def __init__(self, epochs: int, shown: bool = True) -> None:
        self._epochs, self._drawn = epochs, 0.0
        self._bar: Any = _bar() if shown and sys.stderr.isatty() else None
        self._task: Any = None

    def __enter__(self) -> TrainingBar:
        """Show it."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.stop()

    def move(self, epoch: int, seen: int, steps: int, losses: Any) -> None:
        """`seen` of `steps` batches of an epoch (from 0) are done, with this sum of losses (read where it is
        drawn)."""
        if self._bar is None or time.monotonic() - self._drawn < EVERY_SECONDS:
            return
        self._drawn = time.monotonic()
        done = epoch + min(1.0, seen / steps)
        if self._task is None:  # here, so that the time left does not count what a resumed run had done
            self._task = self._bar.add_task("", total=self._epochs, completed=done)
        words = f"epoch {epoch + 1}/{self._epochs}  batch {seen}/{steps}  loss {float(losses) / seen:.4g}"
        self._bar.update(self._task, completed=done, description=words)


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        refresh_per_second=4,
        console=Console(file=sys.stderr),
        redirect_stdout=sys.stdout.isatty(),
        transient=True,
    )
