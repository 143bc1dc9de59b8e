"""What a motion function hands back, and the steps every motion shares: mirroring and settling on the
floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bodyverb.datasets.synth.body import FLIP, INDEX, Body
from bodyverb.datasets.synth.rig import Rig

_THICK: dict[str, float] = {
    "pelvis": 0.115, "spine": 0.105, "thorax": 0.11, "neck": 0.055, "head": 0.10, "head_top": 0.01,
    "nose": 0.01,
    "shoulder": 0.06, "elbow": 0.042, "wrist": 0.032, "hand": 0.022, "hip": 0.10, "knee": 0.055,
    "ankle": 0.042,
    "heel": 0.02, "foot": 0.02,
}  # fmt: skip
THICKNESS: np.ndarray = np.array([_THICK[n.removeprefix("left_").removeprefix("right_")] for n in INDEX])
"""(J,) distance from each joint to the skin or sole below it on a medium build, metres."""


@dataclass(frozen=True)
class Prop:
    """A rod held or stood on, for renders: from ``start`` to ``end`` (T, 3), ``radius`` metres, a colour's
    name."""

    start: np.ndarray
    end: np.ndarray
    radius: float
    paint: str = "steel"


@dataclass
class Made:
    """Joints (T, J, 3) of one motion in the synth layout, its props, and how it meets the floor.

    ``contact``: ``frame`` = some part touches the floor in every frame; ``clip`` = at the lowest moment of
    the clip;
    ``none`` = the motion has set its own height (hanging from a bar).
    """

    position: np.ndarray
    contact: str = "clip"
    props: list[Prop] = field(default_factory=list)


MotionFunction = Callable[[np.ndarray, Body, np.random.Generator], Made]


def made(rig: Rig, contact: str = "clip", props: list[Prop] | None = None) -> Made:
    """The result of a filled rig."""
    return Made(rig.position, contact, props or [])


def mirrored(result: Made) -> Made:
    """The same motion by a left-handed person: x turned round, left and right joints exchanged."""
    turn = np.array([-1.0, 1.0, 1.0])
    props = [Prop(p.start * turn, p.end * turn, p.radius, p.paint) for p in result.props]
    return Made(result.position[:, list(FLIP)] * turn, result.contact, props)


def clearance(position: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Height (T,) of the lowest point of the skin above y = 0; position (T, J, 3), ``scale`` = height /
    1.72 m."""
    return (position[..., 1] - THICKNESS * scale).min(-1)


def settle(result: Made, scale: float) -> Made:
    """Bring the motion down (or up) to the floor at y = 0 as its ``contact`` says."""
    if result.contact == "none":
        return result
    low = clearance(result.position, scale)
    shift = np.full_like(low, low.min()) if result.contact == "clip" else low
    drop = np.stack([0 * shift, shift, 0 * shift], -1)
    props = result.props
    if result.contact == "clip":
        props = [Prop(p.start - drop, p.end - drop, p.radius, p.paint) for p in props]
    return Made(result.position - drop[:, None], result.contact, props)
