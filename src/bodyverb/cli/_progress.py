"""A progress bar with frames/s and time left, or who does what now; silent where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bodyverb.media import Frame
    from bodyverb.pipeline import LivePerson

STAGES = {
    "render": "rendering",
    "poses": "finding poses",
    "smooth": "smoothing, verbs",
    "overlay": "drawing video",
    "pictures": "pictures",
}


class TerminalProgress:
    """Shows what the pipeline tells on standard error, where that is a terminal; notes always.

    Args:
        quiet: show no bar in any case.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.shown = sys.stderr.isatty() and not quiet
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    @contextmanager
    def source(self, name: str) -> Iterator[None]:
        """A bar for one source."""
        if not self.shown:
            yield
            return
        with _bar() as bar:
            self._bar, self._tasks = bar, {}
            try:
                yield
            finally:
                self._bar = None

    def advance(self, stage: str, done: int, of: int | None) -> None:
        """Move the stage's bar; `of` is an estimate."""
        if self._bar is None:
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(STAGES.get(stage, stage), total=of)
        total = of if of is None or done <= of else done
        self._bar.update(self._tasks[stage], completed=done, total=total)

    def live(self, frame: Frame, people: Sequence[LivePerson]) -> None:
        """Show who is there and what they do instead of the stage's name."""
        if self._bar is not None and "poses" in self._tasks:
            self._bar.update(self._tasks["poses"], description=live_line(frame.time_s, people))

    def note(self, line: str) -> None:
        """Print a line beside the bar."""
        if self._bar is not None:
            self._bar.console.print(f"bodyverb: {line}", markup=False, highlight=False, soft_wrap=True)
        else:
            print(f"bodyverb: {line}", file=sys.stderr)


def live_line(time_s: float, people: Sequence[LivePerson], most: int = 4) -> str:
    """`12.3 s: 1 squat 93%, 2 unknown`, the first few people."""
    told = [
        f"{p.person_id} {p.verb.replace('_', ' ')}".rstrip()
        + ("" if p.verb in ("", "unknown") else f" {p.confidence:.0%}")
        for p in people[:most]
    ]
    more = [f"{len(people) - most} more"] if len(people) > most else []
    return f"{time_s:.1f} s: {', '.join([*told, *more]) or 'nobody'}"


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(TextColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.0f} frames/s")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(""),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
