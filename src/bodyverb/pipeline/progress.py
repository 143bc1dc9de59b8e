"""How far a run is: told by the pipeline, shown by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """What the pipeline tells."""

    def source(self, name: str):  # type: ignore[no-untyped-def]
        """Work on one source begins; ends with the context."""
        ...

    def advance(self, stage: str, done: int, of: int | None) -> None:
        """`done` of `of` frames (None: not known) of a stage are finished."""
        ...

    def note(self, line: str) -> None:
        """Something the user should know."""
        ...


class Silent:
    """Tells nobody."""

    @contextmanager
    def source(self, name: str) -> Iterator[None]:
        """Nothing to show."""
        yield

    def advance(self, stage: str, done: int, of: int | None) -> None:
        """Nothing to show."""

    def note(self, line: str) -> None:
        """Nothing to show."""
