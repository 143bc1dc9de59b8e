"""What `models add` and `models pull` show while they work: lines, and a bar of bytes on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bodyverb.infer.install import Talk


@contextmanager
def talking() -> Iterator[Talk]:
    """Lines go to standard error, each download gets a bar where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from bodyverb.infer.install import Talk

    console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        shown: list[Any] = []

        def tell(line: str) -> None:
            while shown:
                bar.remove_task(shown.pop())
            console.print(f"bodyverb: {line}", markup=False)

        def progress(done: int, total: int | None) -> None:
            if not shown:
                shown.append(bar.add_task("", total=total))
            bar.update(shown[0], completed=done, total=total)

        yield Talk(tell=tell, progress=progress)
