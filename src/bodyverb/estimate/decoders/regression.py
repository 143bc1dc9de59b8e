"""Joints as plain numbers in px of the crop, with depth (2.5D): BlazePose and its kind.

Bazarevsky et al., BlazePose (2020), as its landmark networks are published: (n, 195) = 39 landmarks x (x,
y, z, visibility, presence), the last two as logits. Of the 39 the first 33 are the body; the others only
help to place the next crop and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bodyverb.core import ModelError
from bodyverb.estimate.decoding import Joints, sigmoid
from bodyverb.infer import Card
from bodyverb.infer.entries import POSITIVE, TEXT, one_of, several, whole
from bodyverb.infer.shapes import Shape

GIVES = "joints"
ENTRIES = {
    "output": TEXT,
    "landmarks": whole(1, 9999),
    "keep": several(whole(0, 9998)),
    "values": several(one_of("x", "y", "z", "score", "visibility", "presence", "-")),
    "scores": one_of("logit", "probability"),
    "origin": one_of("centre", "corner"),
    "z_scale": POSITIVE,
    "person": TEXT,
    "world": TEXT,
}

SURE = ("score", "visibility", "presence")


@dataclass(frozen=True)
class Regression:
    """The decoder of output `output`.

    Attributes:
        landmarks: how many the network gives.
        keep: which of them are the joints of the layout, in its order.
        values: names of the numbers of a landmark; `-` is skipped.
        logits: whether scores are logits.
        corner: whether places count from the corner of the first pixel.
        z_scale: crop px a unit of z.
        person: output with the probability that somebody is there, or None.
        world: output with x, y, z of every landmark in metres, or None.
    """

    output: str
    landmarks: int
    keep: np.ndarray
    values: tuple[str, ...]
    logits: bool
    corner: bool
    z_scale: float
    person: str | None
    world: str | None
    shapes: Mapping[str, Shape]

    def __call__(self, found: Mapping[str, np.ndarray], size: tuple[int, int]) -> Joints:
        """Joints in px of the crop."""
        n = len(found[self.output])
        table = found[self.output].reshape(n, self.landmarks, len(self.values))[:, self.keep]
        of = {name: table[..., at] for at, name in enumerate(self.values)}
        sure = [sigmoid(of[name]) if self.logits else of[name] for name in SURE if name in of]
        score = np.minimum.reduce(sure)
        if self.person is not None:
            score = score * found[self.person].reshape(n, 1)
        world = None if self.world is None else found[self.world].reshape(n, self.landmarks, 3)[:, self.keep]
        return Joints(
            position=np.stack([of["x"], of["y"]], -1) - np.float32(0.5 * self.corner),
            score=score.astype(np.float32),
            depth=of["z"] * np.float32(self.z_scale) if "z" in of else None,
            extras={} if world is None else {"world_m": world},
        )


def build(card: Card, outputs: Sequence[str], joints: int) -> Regression:
    """The decoder of a card.

    Raises:
        ModelError: its entries do not fit each other or the layout.
    """
    given = card.decoder
    landmarks, values = int(given.get("landmarks", joints)), tuple(given.get("values", ("x", "y", "score")))
    keep, output = given.get("keep", list(range(joints))), given.get("output", outputs[0])
    if len(keep) != joints or max(keep) >= landmarks:
        raise ModelError(
            f"Expected decoder.keep to name {joints} of {landmarks} landmarks, got {len(keep)} up to "
            f"{max(keep)}; correct the card of: {card.path}"
        )
    named = [name for name in values if name != "-"]
    if not {"x", "y"} <= set(named) or not set(SURE) & set(named) or len(set(named)) != len(named):
        raise ModelError(
            f"Expected decoder.values with x, y and a score, each once, got {list(values)}; "
            f"correct the card of: {card.path}"
        )
    person, world = given.get("person"), given.get("world")
    shapes: dict[str, Shape] = {output: ("n", landmarks * len(values))}
    shapes |= {} if person is None else {person: ("n", 1)}
    shapes |= {} if world is None else {world: ("n", landmarks * 3)}
    return Regression(
        output=output,
        landmarks=landmarks,
        keep=np.array(keep),
        values=values,
        logits=given.get("scores", "logit") == "logit",
        corner=given.get("origin", "centre") == "corner",
        z_scale=float(given.get("z_scale", 1)),
        person=person,
        world=world,
        shapes=shapes,
    )
