"""A progress bar for each part of a data set that is read; silent where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def part_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A function of part, clips done and clips in all."""
    if not sys.stderr.isatty():
        yield lambda part, done, all_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("reading {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks = {}

    def advance(part: str, done: int, all_: int) -> None:
        if part not in tasks:
            bar.start()
            tasks[part] = bar.add_task(part, total=all_)
        bar.update(tasks[part], completed=done)
        if all(task.finished for task in bar.tasks) and part == "test":
            bar.stop()

    try:
        yield advance
    finally:
        bar.stop()
