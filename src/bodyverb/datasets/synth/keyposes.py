"""Single actions from tables of key poses: a swing, a throw, a lift.

A table is a list of ``(time_s, {channel: value})``; a channel moves smoothly through the keys that name it.
Angles are
degrees, lengths shares of the body's height. Written for a right-handed person who faces +z at rest.

Channels: ``yaw pitch roll`` of the hips, ``twist bend lean`` of the spine, ``nod turn tilt`` of the head;
``p`` hip
centre (x, y, z) against easy standing; ``rw lw`` wrists against the shoulder centre and ``re le`` elbow
directions, in
the frame ``space`` of the table; ``rf lf`` soles (x, y, z) in the world, ``rt lt`` heading of the toes
(positive to the
left), ``rl ll`` raised heels; ``tool`` direction of what is held, in the chest's frame.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from bodyverb.datasets.synth.body import Body
from bodyverb.datasets.synth.curves import ease, keyed, wander
from bodyverb.datasets.synth.made import Made, Prop, made
from bodyverb.datasets.synth.rig import Rig, vectors
from bodyverb.geometry.rotation import cross

Value = float | tuple[float, float, float]
Keys = list[tuple[float, dict[str, Value]]]

DEFAULTS: dict[str, Value] = {
    "yaw": 0.0, "pitch": 0.0, "roll": 0.0, "twist": 0.0, "bend": 0.0, "lean": 0.0,
    "nod": 0.0, "turn": 0.0, "tilt": 0.0, "p": (0.0, -0.01, 0.0),
    "rw": (-0.15, -0.3, 0.03), "lw": (0.15, -0.3, 0.03), "re": (-0.5, -0.5, -0.6), "le": (0.5, -0.5, -0.6),
    "rf": (-0.07, 0.0, 0.0), "lf": (0.07, 0.0, 0.0), "rt": -10.0, "lt": 10.0, "rl": 0.0, "ll": 0.0,
}  # fmt: skip
_HAND_SPREAD, _ANGLE_SPREAD = 0.018, 5.0


@dataclass(frozen=True, kw_only=True)
class Action:
    """A table of key poses with its decisive moment and what belongs to it.

    ``hit_s``: the moment a short clip must contain. ``grip``: both hands hold the same thing. ``look``:
    world direction
    of the eyes, or None for nod/turn. ``tool``: (length in heights, radius m, paint) of the thing held
    along ``tool``.
    """

    keys: Keys
    hit_s: float
    space: str = "chest"
    grip: bool = False
    look: tuple[float, float, float] | None = None
    tool: tuple[float, float, str] | None = None
    head_of_tool: tuple[float, float] | None = None
    """Length (m) and radius (m) of a thicker end: racket face, club head."""


def schedule(
    t: np.ndarray, rng: np.random.Generator, length_s: float, hit_s: float, rest_s: float
) -> np.ndarray:
    """Time within the action for every frame: once or repeated with rests, at a random offset.

    A clip shorter than the action shows a part that contains ``hit_s``. Values above ``length_s`` are the
    way back
    to the first pose.
    """
    span = float(t[-1] - t[0]) if len(t) > 1 else 0.0
    local = t - t[0]
    if span < length_s:
        low = max(0.0, hit_s - 0.8 * span)
        high = max(low, min(length_s - span, hit_s - 0.25 * span))
        return local + rng.uniform(low, high)
    lead = rng.uniform(0.0, min(span - length_s, 1.2))
    return np.where(local < lead, 0.0, np.mod(local - lead, length_s + rest_s))


def _jitter(action: Action, rng: np.random.Generator, amount: float) -> Keys:
    """The table with random changes: common ones per channel, small ones per key, uneven timing."""
    common = {name: rng.normal(size=3) * amount for name in DEFAULTS}
    size = 1.0 + rng.normal(0, 0.1) * amount
    stretch = np.exp(rng.normal(0, 0.08 * amount, len(action.keys)))
    times = np.concatenate([[0.0], np.cumsum(np.diff([k[0] for k in action.keys]) * stretch[1:])])
    table: Keys = []
    for when, (_, pose) in zip(times, action.keys, strict=True):
        both = rng.normal(size=3) * amount
        changed: dict[str, Value] = {}
        for name, value in pose.items():
            if name in ("rw", "lw"):
                own = both if action.grip else rng.normal(size=3) * amount
                shared = common["rw"] if action.grip else common[name]
                changed[name] = tuple(np.array(value) * size + _HAND_SPREAD * (0.6 * own + 0.6 * shared))
            elif name == "p":
                changed[name] = tuple(np.array(value) * size + 0.008 * common["p"])
            elif name in ("rf", "lf"):
                shift = np.array([0.02, 0.0, 0.02]) * common[name]
                changed[name] = tuple(np.array(value) * np.array([1.0, 1.0, size]) + shift)
            elif isinstance(value, float | int):
                changed[name] = value * size + _ANGLE_SPREAD * (
                    0.5 * rng.normal() * amount + 0.5 * common[name][0]
                )
            else:
                changed[name] = value
        table.append((float(when), changed))
    return table


def _channels(table: Keys, tau: np.ndarray, length_s: float, rest_s: float) -> dict[str, np.ndarray]:
    """Every channel over time; after the end it eases back to its first value within the rest."""
    back = ease((tau - length_s) / rest_s)
    result = {}
    for name in {*DEFAULTS, "tool"}:
        keys = [(when, pose[name]) for when, pose in table if name in pose]
        if not keys:
            if name in DEFAULTS:
                base = np.asarray(DEFAULTS[name], np.float64)
                result[name] = np.broadcast_to(base, (len(tau), *base.shape))
            continue
        values = np.array([v for _, v in keys], np.float64)
        if len(keys) == 1:
            result[name] = np.broadcast_to(values[0], (len(tau), *values.shape[1:]))
            continue
        curve = keyed(tau, np.array([w for w, _ in keys]), values)
        weight = back.reshape(-1, *[1] * (curve.ndim - 1))
        result[name] = curve * (1 - weight) + values[0] * weight
    return result


def play(action: Action, t: np.ndarray, body: Body, rng: np.random.Generator, *, amount: float = 1.0) -> Made:
    """An action over the clip's times ``t`` (T,), seconds, with random tempo and changes of size
    ``amount``."""
    tempo = float(np.exp(rng.normal(0, 0.2)))
    table = _jitter(action, rng, amount)
    table = [(when * tempo, pose) for when, pose in table]
    length, rest = table[-1][0], rng.uniform(0.8, 1.6)
    tau = schedule(t, rng, length, action.hit_s * tempo, rest)
    c = _channels(table, tau, length, rest)
    h, rig = body.height, Rig(body, len(t))
    sway = wander(t, rng, 0.012, 3)
    rad = {k: np.radians(v) for k, v in c.items() if v.ndim == 1}
    pelvis = np.array([0.0, body.stand, 0.0]) + c["p"] * h + sway * np.array([0.2, 0.0, 0.2]) * h * 0.3
    rig.trunk(pelvis, yaw=rad["yaw"], pitch=rad["pitch"], roll=rad["roll"], bend=rad["bend"] + 0.06,
              twist=rad["twist"] + sway[:, 0], lean=rad["lean"] + sway[:, 1])  # fmt: skip
    if action.look is None:
        rig.head(nod=rad["nod"] + sway[:, 2], turn=rad["turn"], tilt=rad["tilt"])
    else:
        rig.head(look=np.asarray(action.look) + sway)
    _arms(rig, c, action)
    for side, s in (("left", "l"), ("right", "r")):
        _foot(rig, side, c[f"{s}f"] * h, rad[f"{s}t"], np.maximum(rad[f"{s}l"], -0.4), t)
    return made(rig, "clip", _tool(rig, action, c))


def _arms(rig: Rig, c: dict[str, np.ndarray], action: Action) -> None:
    h = rig.body.height
    reach = rig.body.arm / (0.323 * h)
    for side, s in (("left", "l"), ("right", "r")):
        rig.arm_to(side, c[f"{s}w"] * h * reach, c[f"{s}e"], space=action.space)


def _foot(
    rig: Rig, side: str, sole: np.ndarray, heading: np.ndarray, lift: np.ndarray, t: np.ndarray
) -> None:
    """One foot: steps (fast sideways moves of the sole) leave the floor by themselves."""
    step = np.gradient(sole, t, axis=0) if len(t) > 1 else np.zeros_like(sole)
    speed = np.linalg.norm(step[:, [0, 2]], axis=-1)
    raised = np.clip(0.035 * speed, 0.0, 0.06)
    body = rig.body
    toe = vectors(np.sin(heading), 0.0, np.cos(heading))
    rise = body.toe * np.sin(lift) + body.foot_height * np.cos(lift)
    back = body.toe * (1.0 - np.cos(lift)) + body.foot_height * np.sin(lift)
    ankle = sole + vectors(0.0, rise + raised, 0.0) + back[:, None] * toe
    hips = rig.frames["pelvis"][..., :, 2]
    rig.leg_to(
        side, ankle, knee=0.75 * toe + 0.4 * hips, toe=toe, lift=lift, hang=ease((sole[:, 1] - 0.1) / 0.3)
    )


def _tool(rig: Rig, action: Action, c: dict[str, np.ndarray]) -> list[Prop]:
    if action.tool is None or "tool" not in c:
        return []
    length, radius, paint = action.tool
    length *= rig.body.height
    hand = 0.5 * (rig["right_hand"] + rig["right_wrist"])
    along = np.einsum("tij,tj->ti", rig.frames["chest"], c["tool"])
    along = along / np.linalg.norm(along, axis=-1, keepdims=True)
    props = [Prop(hand - 0.06 * along, hand + length * along, radius, paint)]
    if action.head_of_tool is not None:
        far, thick = action.head_of_tool
        start, end = hand + length * along, hand + (length + far) * along
        props += _hoop(start, end, thick, paint) if thick > 0.05 else [Prop(start, end, thick, paint)]
    return props


def _hoop(start: np.ndarray, end: np.ndarray, half: float, paint: str) -> list[Prop]:
    """A racket's frame: an oval of short rods from ``start`` to ``end`` (T, 3), ``half`` metres to each
    side."""
    along = end - start
    side = cross(along, np.array([0.3, 0.1, 1.0]))
    side = side / np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-6) * half
    turns = np.linspace(0.0, 2 * np.pi, 11)
    points = [start + along * (0.5 - 0.5 * np.cos(a)) + side * np.sin(a) for a in turns]
    return [Prop(p, q, 0.011, paint) for p, q in itertools.pairwise(points)]
