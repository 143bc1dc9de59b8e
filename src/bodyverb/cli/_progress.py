"""A progress bar with frames/s and time left; silent where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = {"render": "rendering", "poses": "finding poses", "smooth": "smoothing, verbs", "overlay": "drawing video", "pictures": "pictures"}


class TerminalProgress:
    """Shows what the pipeline tells on standard error, where that is a terminal; notes always.

    Args:
        quiet: show no bar in any case.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._shown = sys.stderr.isatty() and not quiet
        self._bar = None
        self._tasks: dict[str, object] = {}

    @contextmanager
    def source(self, name: str) -> Iterator[None]:
        """A bar for one source."""
        if not self._shown:
            yield
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from rich.text import Text

        class Rate(TextColumn):
            def render(self, task) -> Text:  # type: ignore[no-untyped-def]
                speed = task.finished_speed or task.speed
                return Text("" if speed is None else f"{speed:.0f} frames/s")

        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(""), TimeRemainingColumn()]
        with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
            self._bar, self._tasks, self._name = bar, {}, name  # type: ignore[assignment]
            try:
                yield
            finally:
                self._bar = None

    def advance(self, stage: str, done: int, of: int | None) -> None:
        """Move the stage's bar."""
        if self._bar is None:
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(STAGES.get(stage, stage), total=of)
        total = of if of is None or done <= of else done
        self._bar.update(self._tasks[stage], completed=done, total=total)

    def note(self, line: str) -> None:
        """Print a line beside the bar."""
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print(f"bodyverb: {line}", file=sys.stderr)
