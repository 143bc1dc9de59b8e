"""The curves of a training as one picture: losses, scores and the learning rate over the epochs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from bodyverb.outputs.curves import Curve, Panel, write_panels
from bodyverb.outputs.palette import VERBS

Row = Mapping[str, float]
LOSSES = ("loss", "entropy", "cross")
BESIDE = ("epoch", "seconds", "lr")


def draw_curves(rows: Sequence[Row], path: Path, title: str, points: Sequence[Row] = ()) -> Path:
    """Draw the rows of log.csv, and below them those of steps.csv.

    Losses and entropies share a panel, and so do numbers that stay in [0, 1], such as accuracies; the
    learning rate has its own. Other numbers stand in log.csv only.

    Args:
        rows: one an epoch; a number may be absent from some.
        path: of the picture.
        title: what stands above.
        points: single steps; `epoch` says when, with fractions.

    Raises:
        OutputError: it cannot be written.
    """
    panels = [*_panels(rows), _panel(rows, ["lr"], "Learning rate", legend=False)]
    steps = _panels(points, ", step by step")
    return write_panels(path, title, [[p for p in row if p.curves] for row in (panels, steps) if row])


def _panels(rows: Sequence[Row], how: str = "") -> list[Panel]:
    """Of the losses, and of what stays in [0, 1]; none without rows."""
    names = [name for name in dict.fromkeys(key for row in rows for key in row) if name not in BESIDE]
    losses = [name for name in names if any(word in name for word in LOSSES)]
    shares = [name for name in names if name not in losses and _in_unit(row.get(name) for row in rows)]
    both = ((losses, "Loss"), (shares, "Accuracy and other shares"))
    return [_panel(rows, chosen, title + how) for chosen, title in both] if names else []


def _in_unit(values: Iterable[float | None]) -> bool:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return bool(known) and all(0 <= value <= 1 for value in known)


def _panel(rows: Sequence[Row], names: Sequence[str], title: str, legend: bool = True) -> Panel:
    curves = []
    for name, colour in zip(names, VERBS, strict=False):
        x, y = np.array([(row["epoch"], row[name]) for row in rows if name in row], float).T
        curves.append(Curve(name=name, x=x, y=y, colour=colour))
    return Panel(title=title, across="epoch", curves=curves, legend=legend)
