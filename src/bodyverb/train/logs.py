"""What a training tells while it runs: log.csv, steps.csv, curves.png, TensorBoard events, lines."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bodyverb.formats.files import replacing
from bodyverb.train.curves import Row, draw_curves

DRAW_SECONDS = 30.0
"""Seconds between two drawings of the curves."""


class Log:
    """The logs of a run folder.

    All of them are made from the rows that the checkpoint holds, so that a run that was killed and resumed
    has every epoch once.

    Args:
        out: run folder.
        say: where a line an epoch goes.
    """

    def __init__(self, out: Path, say: Callable[[str], None]) -> None:
        self._out, self._say, self._drawn = out, say, time.monotonic()
        self._events: Any = None

    def __enter__(self) -> Log:
        """Nothing is written before `begin`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the events."""
        if self._events is not None:
            self._events.close()

    def begin(self, rows: Sequence[Row], points: Sequence[Row] = ()) -> None:
        """Write the rows of the epochs that are done already, in place of what is there."""
        from tensorboardX import SummaryWriter

        for old in self._out.glob("events.out.tfevents.*"):
            old.unlink()
        self._events = SummaryWriter(str(self._out))
        for row in rows:
            self._add(row)
        if rows:
            self._write(rows, points)

    def epoch(self, rows: Sequence[Row], points: Sequence[Row] = ()) -> None:
        """The last row is new.

        Args:
            rows: one an epoch.
            points: one for each of some steps: its own numbers and the means of its epoch so far.
        """
        self._write(rows, points)
        self._add(rows[-1])
        self._events.flush()
        self._say("  ".join(f"{key} {value:.4g}" for key, value in rows[-1].items()))
        if time.monotonic() - self._drawn > DRAW_SECONDS:
            self.draw(rows, points)

    def draw(self, rows: Sequence[Row], points: Sequence[Row] = ()) -> None:
        """Draw the curves."""
        draw_curves(rows, self._out / "curves.png", f"Training of {self._out.name}", points)
        self._drawn = time.monotonic()

    def _write(self, rows: Sequence[Row], points: Sequence[Row]) -> None:
        _write_csv(self._out / "log.csv", rows)
        if points:
            _write_csv(self._out / "steps.csv", points)

    def _add(self, row: Row) -> None:
        for key, value in row.items():
            if key != "epoch":
                self._events.add_scalar(key, value, int(row["epoch"]))


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    """All rows; a number that some lack (validation) is empty there."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with replacing(path) as part, part.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({key: f"{value:.6g}" for key, value in row.items()} for row in rows)
