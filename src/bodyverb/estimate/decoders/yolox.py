"""Boxes from the raw rows of YOLOX: x, y, log w, log h, objectness, classes, on grids of several strides.

Ge et al., YOLOX (2021). The rows of the finest grid come first; a cell's place is its upper left corner, and
boxes count from the corner of the first pixel, as in COCO's files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bodyverb.core import ModelError
from bodyverb.estimate.decoding import People
from bodyverb.infer import Card
from bodyverb.infer.entries import SHARE, TEXT, several, whole
from bodyverb.infer.shapes import Shape

GIVES = "boxes"
ENTRIES = {
    "output": TEXT,
    "strides": several(whole(1, 512)),
    "person": whole(0, 9999),
    "threshold": SHARE,
    "overlap": SHARE,
}

LEAST = 0.01
MOST = 300


@dataclass(frozen=True)
class Yolox:
    """The decoder of output `output`: class `person` on the grids of `strides`."""

    card: Card
    output: str
    strides: tuple[int, ...]
    person: int
    shapes: Mapping[str, Shape]

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> People:
        """Boxes of the rows that may show a person."""
        rows, (grid, stride) = found[self.output][0], _grid(size, self.strides)
        if len(rows) != len(grid) or rows.shape[1] < 6 + self.person:
            raise ModelError(
                f"Expected {len(grid)} rows of at least {6 + self.person} numbers in output '{self.output}' "
                f"(decoder.strides {list(self.strides)} on {size[0]} x {size[1]} px, class {self.person}), "
                f"got {rows.shape[0]} rows of {rows.shape[1]}; correct the card of: {self.card.path}"
            )
        score = rows[:, 4] * rows[:, 5 + self.person]
        best = np.flatnonzero(score > LEAST)
        best = best[np.argsort(-score[best])[:MOST]]
        rows, grid, stride = rows[best], grid[best], stride[best]
        with np.errstate(over="ignore"):
            half = np.exp(rows[:, 2:4]) * stride / 2
        middle = (rows[:, :2] + grid) * stride - 0.5
        return People(
            boxes=np.concatenate([middle - half, middle + half, score[best, None]], 1).astype(np.float32)
        )


def build(card: Card, outputs: Sequence[str], joints: int) -> Yolox:
    """The decoder of a card."""
    output, strides = card.decoder.get("output", outputs[0]), tuple(card.decoder.get("strides", (8, 16, 32)))
    size = card.input.get("size")
    return Yolox(
        card=card,
        output=output,
        strides=strides,
        person=int(card.decoder.get("person", 0)),
        shapes={output: (1, "rows" if size is None else len(_grid(tuple(size), strides)[0]), "5 + classes")},
    )


@lru_cache(maxsize=8)
def _grid(size: tuple[int, int], strides: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Cell (n, 2) and stride (n, 1) of every row."""
    grids, cells = [], []
    for stride in strides:
        ys, xs = np.mgrid[: size[1] // stride, : size[0] // stride]
        grids.append(np.stack([xs, ys], -1).reshape(-1, 2))
        cells.append(np.full((grids[-1].shape[0], 1), stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(cells).astype(np.float32)
