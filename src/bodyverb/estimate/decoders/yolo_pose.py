"""Boxes with joints in one table, as the YOLO pose family writes them; the card says what the columns are.

Maji et al., YOLO-Pose (2022), and its followers: (1, values, n) or (1, n, values), a box as middle and
size or as two corners, with or without objectness and class, before or after suppression, then the
joints. Boxes count from the corner of the first pixel, joints from its centre, as in COCO's files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bodyverb.core import ModelError
from bodyverb.estimate.decoding import Joints, People
from bodyverb.infer import Card
from bodyverb.infer.entries import SHARE, TEXT, one_of, several, whole
from bodyverb.infer.shapes import Shape

GIVES = "people"
ENTRIES = {
    "output": TEXT,
    "rows": one_of("values", "people"),
    "values": several(one_of("x", "y", "w", "h", "x1", "y1", "x2", "y2", "object", "score", "class", "-")),
    "joint": several(one_of("x", "y", "score", "-")),
    "person": whole(0, 9999),
    "threshold": SHARE,
    "overlap": SHARE,
}

BOXES = ({"x", "y", "w", "h"}, {"x1", "y1", "x2", "y2"})


@dataclass(frozen=True)
class YoloPose:
    """The decoder of output `output`.

    Attributes:
        transposed: people lie along the last axis.
        values: names of the columns before the joints; `-` is skipped.
        joint: names of the columns of each joint; without `score` a joint scores as its box.
        joints: number of joints.
        person: the class to keep where there is a column `class`.
    """

    output: str
    transposed: bool
    values: tuple[str, ...]
    joint: tuple[str, ...]
    joints: int
    person: int
    shapes: Mapping[str, Shape]

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> People:
        """Everybody; suppression is left to the caller."""
        table = found[self.output][0]
        table = table.T if self.transposed else table
        score = np.ones(len(table), np.float32)
        for name in ("object", "score"):
            score = score * table[:, self.values.index(name)] if name in self.values else score
        if "class" in self.values:
            mine = table[:, self.values.index("class")] == self.person
            table, score = table[mine], score[mine]
        points = table[:, len(self.values) :].reshape(len(table), self.joints, len(self.joint))
        x, y = (points[..., self.joint.index(name)] for name in "xy")
        sure = (
            points[..., self.joint.index("score")]
            if "score" in self.joint
            else np.broadcast_to(score[:, None], x.shape)
        )
        return People(
            boxes=np.concatenate([self._corners(table) - 0.5, score[:, None]], 1).astype(np.float32),
            joints=Joints(position=np.stack([x, y], -1), score=sure),
        )

    def _corners(self, table: np.ndarray) -> np.ndarray:
        def columns(*names: str) -> np.ndarray:
            return table[:, [self.values.index(name) for name in names]]

        if "x1" in self.values:
            return columns("x1", "y1", "x2", "y2")
        middle, half = columns("x", "y"), columns("w", "h") / 2
        return np.concatenate([middle - half, middle + half], 1)


def build(card: Card, outputs: Sequence[str], joints: int) -> YoloPose:
    """The decoder of a card.

    Raises:
        ModelError: the columns make no box or no joint.
    """
    values = tuple(card.decoder.get("values", ("x", "y", "w", "h", "score")))
    joint = tuple(card.decoder.get("joint", ("x", "y", "score")))
    box = set(values) - {"object", "score", "class", "-"}
    named = [name for name in (*values, "/", *joint) if name != "-"]
    if box not in BOXES or not {"object", "score"} & set(values) or not {"x", "y"} <= set(joint):
        raise ModelError(
            "Expected decoder.values with x y w h or x1 y1 x2 y2, and score or object, and decoder.joint "
            f"with x and y, got {list(values)} and {list(joint)}; correct the card of: {card.path}"
        )
    for columns in (values, joint):
        if len({name for name in columns if name != "-"}) != sum(name != "-" for name in columns):
            raise ModelError(
                f"Expected each column once, got {', '.join(named)}; correct the card of: {card.path}"
            )
    output, width = card.decoder.get("output", outputs[0]), len(values) + joints * len(joint)
    transposed = card.decoder.get("rows", "values") == "values"
    return YoloPose(
        output=output,
        transposed=transposed,
        values=values,
        joint=joint,
        joints=joints,
        person=int(card.decoder.get("person", 0)),
        shapes={output: (1, width, "people") if transposed else (1, "people", width)},
    )
