"""Verbs that repeat: squat, jumping jacks, push-up, sit-up, pull-up, bench press, rope jumping, strumming.

Each function is ``(t (T,) seconds, body, rng) -> Made``; right-handed, facing +z, drawn anew from ``rng`` in
amplitude, tempo and style.
"""

from __future__ import annotations

import itertools

import numpy as np

from bodyverb.datasets.synth.body import INDEX, Body
from bodyverb.datasets.synth.curves import TAU, cycle, deg, dip, ease, wander
from bodyverb.datasets.synth.made import Made, Prop, made
from bodyverb.datasets.synth.rig import SIGN, Rig, sided, vectors

SIDES = ("left", "right")


def squat(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Knees and hips bend until the hips sink towards the knees; several arm styles, with or without a
    barbell."""
    h, rig = body.height, Rig(body, len(t))
    depth = rng.uniform(0.45, 1.12) * dip(
        cycle(t, rng, rng.uniform(1.2, 4.0)),
        rng.uniform(0.0, 0.3),
        rng.uniform(0, 0.2),
        rng.uniform(0.4, 0.6),
    )
    half, out = rng.uniform(0.07, 0.17) * h, rng.uniform(0.1, 0.65)
    fold = rng.uniform(0.45, 1.0)
    sway = wander(t, rng, 0.006, 3)
    sink = depth * (body.stand - body.foot_height - 0.02 * h) * 0.47
    pelvis = vectors(
        sway[:, 0], body.stand - 0.01 - sink, -0.1 * h * depth * rng.uniform(0.7, 1.3) + sway[:, 1]
    )
    rig.trunk(pelvis, pitch=fold * depth * 0.75 + 0.03, bend=fold * depth * 0.2 + 0.05, lean=sway[:, 2])
    rig.head(nod=-0.45 * fold * depth + rng.normal(0, 0.1))
    foot = -0.03 * h
    for side in SIDES:
        rig.stance(side, SIGN[side] * half, foot, turn=out)
    style = rng.choice(["front", "chest", "barbell", "hips", "swing", "sides", "head"])
    return _squat_arms(rig, str(style), depth, rng)


def _squat_arms(rig: Rig, style: str, depth: np.ndarray, rng: np.random.Generator) -> Made:
    a, props = rig.body.arm, []
    d, extra = depth[:, None], rng.normal(0, 0.05, 3)
    for side in SIDES:
        down = sided(side, (0.25, -0.95, 0.1)) * a * 0.97
        if style in ("front", "swing"):
            ahead = sided(side, (0.12, rng.uniform(-0.1, 0.15), 0.95)) * a * 0.97
            share = ease(d * 1.4) if style == "swing" else 1.0
            rig.arm_to(side, down + share * (ahead - down), (SIGN[side], -0.6, -0.2), space="heading")
        elif style == "chest":
            rig.arm_to(side, np.array([0.03 * SIGN[side], -0.12, 0.42]) * a * 1.3 + extra * 0.5,
                       (SIGN[side] * 0.8, -0.7, 0.1), space="chest")  # fmt: skip
        elif style == "barbell":
            rig.arm_to(side, sided(side, (0.62 + extra[0], 0.02, -0.12)) * a, (SIGN[side] * 0.3, -0.9, -0.5),
                       space="chest")  # fmt: skip
        elif style == "head":
            rig.arm_to(side, sided(side, (0.17, 0.28, -0.08)) * a, (SIGN[side], 0.1, 0.1), space="chest")
        elif style == "hips":
            rig.arm_to(side, sided(side, (0.17, 0.08, 0.05)) * rig.body.height * 0.6,
                       (SIGN[side], 0.0, -0.5), space="pelvis")  # fmt: skip
        else:
            rig.arm_to(side, down, (SIGN[side] * 0.5, 0, -1.0), space="heading")
    if style == "barbell":
        props = barbell(rig.position, rng.uniform(0.15, 0.3))
    return made(rig, "frame", props)


def barbell(position: np.ndarray, plate: float, overhang: float = 0.45) -> list[Prop]:
    """A bar through both hands of joints (T, J, 3), with a plate of radius ``plate`` at each end."""
    left, right = position[:, INDEX["left_hand"]], position[:, INDEX["right_hand"]]
    axis = (left - right) / np.linalg.norm(left - right, axis=-1, keepdims=True)
    a, b = left + axis * overhang, right - axis * overhang
    return [
        Prop(a, b, 0.015),
        Prop(a, a - 0.06 * axis, plate, "iron"),
        Prop(b, b + 0.06 * axis, plate, "iron"),
    ]


def jumping_jacks(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Feet jump apart while straight arms swing up sideways, and back."""
    h, rig = body.height, Rig(body, len(t))
    beat = cycle(t, rng, rng.uniform(0.7, 1.5))
    share = 0.5 - 0.5 * np.cos(TAU * beat)
    share = share + rng.uniform(0.0, 0.12) * np.sin(2 * TAU * beat + 0.5)
    spread = (0.055 + rng.uniform(0.10, 0.2) * np.clip(share, 0, 1)) * h
    hop = rng.uniform(0.01, 0.035) * h * np.abs(np.sin(TAU * beat))
    crouch = rng.uniform(0.01, 0.03) * h * (0.5 + 0.5 * np.cos(2 * TAU * beat))
    height = body.foot_height + np.sqrt(
        np.maximum((0.99 * body.leg) ** 2 - (spread - body.hip_half) ** 2, 0.01)
    )
    sway = wander(t, rng, 0.01, 3)
    rig.trunk(vectors(sway[:, 0], height + hop - crouch, sway[:, 1]), pitch=0.05, bend=0.05 + sway[:, 2])
    rig.head(nod=rng.normal(0, 0.08))
    low, high = deg(rng.uniform(6, 30)), deg(rng.uniform(125, 178))
    lag = rng.normal(0, 0.03)
    angle = low + (high - low) * np.clip(0.5 - 0.5 * np.cos(TAU * (beat + lag)), 0, 1)
    bent, fwd = rng.uniform(0.05, 0.6), rng.uniform(-0.05, 0.35)
    for side in SIDES:
        a = angle * rng.uniform(0.96, 1.04)
        fold = a + bent * np.sin(np.clip(a, 0, np.pi))
        rig.arm_along(
            side, vectors(np.sin(a), -np.cos(a), fwd), vectors(np.sin(fold), -np.cos(fold), fwd + 0.1)
        )
        rig.stance(side, SIGN[side] * spread, 0.0, y=hop, turn=rng.uniform(0.1, 0.4), lift=hop / h * 12)
    return made(rig)


def _knee_bend(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.9, 1.35))


def _plank(rig: Rig, shoulder: np.ndarray, foot_y: float, leg: float, sag: float, sway: np.ndarray) -> float:
    """Trunk of a plank whose shoulders are ``shoulder`` (T,) high; returns z of its pivot (ankles or
    knees)."""
    length = leg + rig.body.trunk
    rise = np.arcsin(np.clip((shoulder - foot_y) / length, -0.9, 0.9))
    back = 0.995 * leg * np.cos(sag)
    start = -float(np.cos(rise.min() + 0.05)) * length
    pelvis = vectors(0.0, foot_y + back * np.sin(rise + sag), start + back * np.cos(rise + sag))
    rig.trunk(pelvis, pitch=np.pi / 2 - rise + 1.2 * sag, bend=-sag * 1.5 + sway)
    return start


def pushup(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Face down on hands and toes (or knees), elbows bend and stretch; the head points to +z."""
    h, rig, kneeling = body.height, Rig(body, len(t)), rng.uniform() < 0.2
    low = dip(cycle(t, rng, rng.uniform(0.8, 3.0)), rng.uniform(0, 0.3), rng.uniform(0, 0.2))
    top, bottom = body.arm * rng.uniform(0.9, 0.975), body.arm * rng.uniform(0.3, 0.55)
    shoulder = 0.03 + top + (bottom - top) * low * rng.uniform(0.75, 1.0)
    foot_y = 0.06 if kneeling else body.foot_height * 0.55 + 0.7 * body.toe
    sag = float(np.clip(rng.normal(0.0, 0.07), -0.15, 0.15))
    sway, nod = wander(t, rng, 0.01)[:, 0], rng.uniform(-0.5, 0.15)
    wide, ahead = rng.uniform(0.08, 0.2) * h, rng.uniform(-0.04, 0.05) * h
    leg = body.thigh if kneeling else body.leg
    for _ in range(4):  # lower the line until the hands reach the floor
        start = _plank(rig, shoulder, foot_y, leg, sag, sway)
        apart = rig["left_shoulder"] - np.array([wide, 0.03, ahead])
        excess = float(np.linalg.norm(apart, axis=-1).max()) - 0.985 * body.arm
        if excess <= 0.0:
            break
        shoulder = shoulder - 1.15 * excess
    rig.head(nod=nod)
    flare = rng.uniform(0.2, 1.3)
    for side in SIDES:
        rig.arm_to(side, vectors(SIGN[side] * wide, 0.03, ahead), (SIGN[side] * flare, 0.3, -0.8),
                   hand=(SIGN[side] * -0.1, -0.1, 1.0))  # fmt: skip
        gap = rng.uniform(0.03, 0.08) * h
        if kneeling:
            rig.leg_along(side, (0.02, -1.0, 0.02), (0.0, -np.cos(_knee_bend(rng)), -1.0), hang=1.0, lift=0.8)
        else:
            ankle = vectors(SIGN[side] * gap, foot_y, start)
            rig.leg_to(side, ankle, knee=(0, -1, 0.15), toe=(0, 0, 1.0), lift=deg(68))
    return made(rig, "frame")


def situp(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """On the back (head towards -z), knees bent, the trunk curls up to the knees and lies down again."""
    h, rig = body.height, Rig(body, len(t))
    up = dip(
        cycle(t, rng, rng.uniform(1.2, 3.6)),
        rng.uniform(0, 0.25),
        rng.uniform(0, 0.1),
        rng.uniform(0.35, 0.55),
    )
    reach_up = deg(rng.uniform(45, 100))
    curl = deg(rng.uniform(15, 45))
    angle = reach_up * up
    seat = 0.105 * h / 1.72
    rig.trunk(
        (0.0, seat, 0.0), pitch=-np.pi / 2 + angle * 0.8, bend=0.2 * angle + curl * np.sin(np.pi * up**0.7)
    )
    rig.head(nod=rng.uniform(-0.05, 0.3) + 0.3 * np.sin(np.pi * up))
    knees = deg(rng.uniform(55, 120))
    span = np.sqrt(body.thigh**2 + body.shank**2 + 2 * body.thigh * body.shank * np.cos(knees))
    wide = rng.uniform(0.03, 0.1) * h
    style = rng.choice(["head", "chest", "reach", "temples", "swing"])
    lift = rng.uniform(0.0, 0.15)
    for side in SIDES:
        ankle = vectors(SIGN[side] * wide, body.foot_height + lift * 0.1, span * rng.uniform(0.98, 1.0))
        rig.leg_to(side, ankle, knee=(SIGN[side] * 0.1, 1.0, 0.3), toe=(0, 0, 1.0), lift=-lift)
        if style in ("head", "temples"):
            hand = (
                sided(side, (0.08 if style == "head" else 0.12, 0.16, -0.05 if style == "head" else 0.06))
                * h
                * 0.8
            )
            rig.arm_to(side, hand, (SIGN[side], 0.1, rng.uniform(0, 0.6)), space="chest")
        elif style == "chest":
            rig.arm_to(
                side, sided(side, (-0.08, -0.06, 0.12)) * h, (SIGN[side] * 0.8, -0.8, 0.5), space="chest"
            )
        else:
            ahead = sided(side, (0.1, -0.4, 0.9)) * body.arm
            if style == "swing":
                ahead = sided(side, (0.1, 1.0, 0.1)) * body.arm * (1 - up[:, None]) + ahead * up[:, None]
            rig.arm_to(side, ahead * 0.93, (SIGN[side], -0.5, 0), space="chest")
    return made(rig, "frame")


def pullup(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Hanging from a bar, the arms pull the chin over it; legs straight, crossed or kicking."""
    h, rig = body.height, Rig(body, len(t))
    pull = dip(
        cycle(t, rng, rng.uniform(1.3, 3.6)),
        rng.uniform(0, 0.25),
        rng.uniform(0, 0.15),
        rng.uniform(0.35, 0.55),
    )
    pull = pull * rng.uniform(0.75, 1.0)
    wide = rng.uniform(0.1, 0.24) * h
    bar = h * 1.0 + body.arm * 1.05 + rng.uniform(0.0, 0.4)
    hang = np.sqrt(max((body.arm * 0.985) ** 2 - (wide - body.shoulder_half) ** 2, 0.05)) + 0.07 * h
    below = hang + (0.02 * h + rng.uniform(0.0, 0.06) * h - hang) * pull
    swing = wander(t, rng, deg(4), 1, 0.35)[:, 0] + deg(rng.uniform(0, 12)) * pull
    shoulder_z = -0.05 * h * pull + np.sin(swing) * 0.1
    pitch = -swing
    up_axis = vectors(0.0, np.cos(pitch), np.sin(pitch))
    pelvis = vectors(0.0, bar - below, shoulder_z) - body.trunk * up_axis
    rig.trunk(pelvis, pitch=pitch, bend=-rng.uniform(0, 0.25) * pull + 0.05, lean=wander(t, rng, 0.02)[:, 0])
    rig.head(nod=-rng.uniform(0.1, 0.55) * (0.4 + 0.6 * pull))
    flex = deg(rng.choice([5.0, 15.0, 70.0, 95.0])) + wander(t, rng, 0.05)[:, 0]
    thigh = deg(rng.uniform(-5, 25)) + rng.uniform(0, 0.35) * pull
    grip = float(rng.choice([1.0, -1.0]))
    for side in SIDES:
        rig.arm_to(
            side,
            vectors(SIGN[side] * wide, bar - 0.04, 0.0),
            (SIGN[side] * (1.2 if grip > 0 else 0.3), -0.6, 0.15 if grip > 0 else 0.9),
            hand=(0.0, 1.0, 0.15),
        )
        own = thigh + rng.normal(0, 0.04)
        cross = rng.uniform(-0.05, 0.06)
        rig.leg_along(side, vectors(cross, -np.cos(own), np.sin(own)),
                      vectors(cross, -np.cos(own - flex), np.sin(own - flex)), lift=0.6)  # fmt: skip
    ends = [vectors(s * (wide + 0.5), bar, 0.0 * t) for s in (1, -1)]
    posts = [Prop(e, e * np.array([1.0, 0.0, 1.0]), 0.03) for e in ends] if rng.uniform() < 0.5 else []
    return made(rig, "none", [Prop(ends[0], ends[1], 0.017), *posts])


def bench_press(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """On the back on a bench (head towards -z), a bar goes from the chest straight up and down again."""
    h, rig = body.height, Rig(body, len(t))
    low = dip(
        cycle(t, rng, rng.uniform(1.3, 4.0)),
        rng.uniform(0, 0.35),
        rng.uniform(0, 0.15),
        rng.uniform(0.45, 0.6),
    )
    bench = rng.uniform(0.22, 0.28) * h
    arch = rng.uniform(0.0, 0.2)
    back = bench + 0.11 * h / 1.72
    rig.trunk((0.0, back, 0.0), pitch=-np.pi / 2 + 0.02, bend=-arch + wander(t, rng, 0.01)[:, 0])
    rig.head(nod=rng.uniform(-0.1, 0.15))
    wide = rng.uniform(0.14, 0.25) * h
    shoulder_z = -body.trunk
    top = np.sqrt(max(body.arm**2 - (wide - body.shoulder_half) ** 2, 0.05)) * rng.uniform(0.93, 0.985)
    chest = rng.uniform(0.09, 0.16) * h
    lift = top + (chest - top) * low * rng.uniform(0.8, 1.0)
    drift = 0.02 * h + rng.uniform(0.05, 0.12) * h * low
    tilt = wander(t, rng, 0.012)[:, 0]
    for side in SIDES:
        wrist = vectors(SIGN[side] * wide, back + lift + SIGN[side] * tilt, shoulder_z + drift)
        rig.arm_to(side, wrist, (SIGN[side] * 0.8, -0.9, 0.45), hand=(0.0, 1.0, -0.15))
        foot_x, foot_z = rng.uniform(0.12, 0.2) * h, rng.uniform(0.2, 0.3) * h
        rig.leg_to(
            side,
            vectors(SIGN[side] * foot_x, body.foot_height, foot_z),
            knee=(SIGN[side] * 0.6, 1.0, 0.6),
            toe=(SIGN[side] * 0.3, 0, 1.0),
        )
    zero = 0.0 * t
    top_y = bench - 0.05
    pads = [Prop(vectors(x, top_y, zero + 0.05), vectors(x, top_y, zero - body.trunk - 0.35), 0.06, "leather")
            for x in (-0.07, 0.0, 0.07)]  # fmt: skip
    legs = [
        Prop(vectors(0, top_y, zero + z), vectors(0, 0, zero + z), 0.035) for z in (0.0, -body.trunk - 0.2)
    ]
    return made(rig, "clip", [*barbell(rig.position, rng.uniform(0.1, 0.22)), *pads, *legs])


def jump_rope(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Small hops while bent arms turn a rope with the wrists beside the hips; both feet, or one after the
    other."""
    h, rig = body.height, Rig(body, len(t))
    beat = cycle(t, rng, 1.0 / rng.uniform(1.4, 2.9))
    hop = rng.uniform(0.015, 0.055) * h * np.maximum(np.sin(TAU * beat), 0.0)
    give = rng.uniform(0.006, 0.02) * h * np.maximum(-np.sin(TAU * beat), 0.0)
    sway = wander(t, rng, 0.012, 3)
    rig.trunk(vectors(sway[:, 0], body.stand - 0.005 * h - give + hop, sway[:, 1]), pitch=0.04, bend=0.08,
              twist=sway[:, 2])  # fmt: skip
    rig.head(nod=rng.normal(0.05, 0.08))
    apart, gap = rng.uniform(0.13, 0.23) * h, rng.uniform(0.025, 0.07) * h
    low, ahead, turn = rng.uniform(-0.28, -0.2) * h, rng.uniform(0.02, 0.1) * h, rng.uniform(0.01, 0.03) * h
    alternate = rng.uniform(0.06, 0.18) * h if rng.uniform() < 0.4 else 0.0
    points = []
    for side in SIDES:
        wrist = vectors(
            SIGN[side] * (apart + 0.4 * turn * np.sin(TAU * beat)),
            low + turn * np.cos(TAU * beat),
            ahead + turn * np.sin(TAU * beat),
        )
        rig.arm_to(side, wrist, (SIGN[side] * 0.35, -0.3, -1.0), space="heading",
                   hand=(SIGN[side] * 0.8, -0.3, 0.5))  # fmt: skip
        kick = alternate * ease(SIGN[side] * np.sin(np.pi * beat) * 1.5)
        rig.stance(
            side,
            SIGN[side] * gap,
            -0.5 * kick,
            y=hop + kick,
            turn=0.15,
            lift=0.15 + hop / h * 8 + kick / h * 3,
        )
        points.append(rig[f"{side}_hand"])
    return made(rig, "clip", _rope(points, beat, h) if rng.uniform() < 0.7 else [])


def _rope(hands: list[np.ndarray], beat: np.ndarray, h: float) -> list[Prop]:
    """The turning rope as a bow of eight short rods between the hands."""
    angle = TAU * beat + np.pi
    out = vectors(0.0, -np.cos(angle - np.pi / 2), np.sin(angle - np.pi / 2)) * 0.62 * h
    share = np.linspace(0.0, 1.0, 9)
    points = [hands[0] * (1 - s) + hands[1] * s + out * np.sin(np.pi * s) ** 0.6 for s in share]
    return [Prop(a, b, 0.006, "rope") for a, b in itertools.pairwise(points)]


def strum_guitar(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """The left hand holds a guitar's neck out to the side, the right one strums before the belly; standing
    or seated."""
    h, rig, seated = body.height, Rig(body, len(t)), rng.uniform() < 0.45
    sway = wander(t, rng, 0.012, 4, 0.4)
    props = seated_legs(rig, rng, t, sway) if seated else standing_legs(rig, rng, t, sway)
    rig.head(
        nod=rng.uniform(0.0, 0.4) + sway[:, 1], turn=rng.uniform(-0.1, 0.6) + 3 * wander(t, rng, 0.04)[:, 0]
    )
    beat = cycle(t, rng, 1.0 / rng.uniform(1.2, 4.0))
    size = rng.uniform(0.02, 0.075) * h
    stroke = np.sin(TAU * beat) * (0.7 + 0.3 * np.sign(np.sin(TAU * beat / 4)))
    center = np.array([-0.03, -0.2, 0.13]) * h + rng.normal(0, 0.012, 3) * h
    right = center + vectors(0.25 * size * stroke, size * stroke, 0.0)
    neck = np.array([rng.uniform(0.22, 0.3), rng.uniform(-0.16, -0.02), rng.uniform(0.1, 0.17)]) * h
    slide = vectors(0.25, 0.08, 0.0) * wander(t, rng, 0.06, 1, 0.3) * h * 0.5
    rig.arm_to("right", right, (-0.9, -0.3, -0.4), space="chest", hand=(0.7, -0.5, -0.1))
    rig.arm_to("left", neck + slide, (0.35, -1.0, 0.2), space="chest", hand=(-0.2, 0.8, -0.3))
    chest = rig.frames["chest"]

    def at(point: np.ndarray) -> np.ndarray:
        return rig["thorax"] + np.einsum("tij,j->ti", chest, point)

    away = (neck - center) / np.linalg.norm(neck - center)
    hole = center + np.array([0.0, 0.0, -0.035]) * h
    props = [*props, Prop(at(hole - away * 0.02), at(hole + away * 0.42), 0.022, "wood"),
             Prop(at(hole - away * 0.1), at(hole - away * 0.08), 0.115, "wood"),
             Prop(at(hole + away * 0.06), at(hole + away * 0.08), 0.09, "wood")]  # fmt: skip
    return made(rig, "clip", props)


def standing_legs(rig: Rig, rng: np.random.Generator, t: np.ndarray, sway: np.ndarray) -> list[Prop]:
    """Trunk and legs of someone who stands and sways (T, >= 4); feet stay put."""
    body, h = rig.body, rig.body.height
    shift = wander(t, rng, 0.015 * h, 1, 0.25)[:, 0]
    wide = rng.uniform(0.05, 0.11) * h
    rig.trunk(vectors(shift, body.stand - 0.005 * h - np.abs(shift) * 0.3, sway[:, 0]), yaw=sway[:, 1],
              pitch=rng.normal(0.02, 0.03), bend=rng.uniform(0.0, 0.15), lean=0.6 * sway[:, 2] - 0.8 * shift,
              roll=0.5 * shift)  # fmt: skip
    step = rng.normal(0, 0.03) * h
    for side in SIDES:
        rig.stance(side, SIGN[side] * wide, SIGN[side] * step, turn=rng.uniform(0.0, 0.4))
    return []


def seated_legs(rig: Rig, rng: np.random.Generator, t: np.ndarray, sway: np.ndarray) -> list[Prop]:
    """Trunk and legs of someone on a chair or stool; returns the seat."""
    body, h = rig.body, rig.body.height
    seat = rng.uniform(0.24, 0.3) * h
    hip = seat + 0.075 * h / 1.72
    rig.trunk((0.0, hip, 0.0), pitch=rng.uniform(-0.2, 0.12), bend=rng.uniform(0.05, 0.35) + sway[:, 0],
              lean=0.5 * sway[:, 2], twist=sway[:, 3], yaw=0.3 * sway[:, 1])  # fmt: skip
    for side in SIDES:
        x, z = rng.uniform(0.03, 0.14) * h, body.thigh * rng.uniform(0.8, 1.15)
        tap = np.maximum(wander(t, rng, 0.05, 1, 1.0)[:, 0], 0) if rng.uniform() < 0.3 else 0.0
        rig.leg_to(side, vectors(SIGN[side] * x, body.foot_height, z), knee=(SIGN[side] * 0.3, 1.0, 0.8),
                   toe=(SIGN[side] * 0.25, 0, 1.0), lift=-1.0 * tap)  # fmt: skip
    zero = 0.0 * t
    y = seat - 0.045
    return [
        Prop(vectors(x, y, zero - 0.12), vectors(x, y, zero + 0.22), 0.06, "leather")
        for x in (-0.12, 0.0, 0.12)
    ]
