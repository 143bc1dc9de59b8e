"""More everyday motion: gestures, turning, sitting, reaching, crouching, lying, and smooth random poses."""

from __future__ import annotations

from typing import Any

import numpy as np

from bodyverb.datasets.synth.body import Body
from bodyverb.datasets.synth.curves import TAU, cycle, dip, ease, keyed, wander
from bodyverb.datasets.synth.everyday import rest_arms
from bodyverb.datasets.synth.made import Made, made
from bodyverb.datasets.synth.rig import SIGN, Rig, sided, vectors
from bodyverb.datasets.synth.verbs_cyclic import SIDES, seated_legs, standing_legs
from bodyverb.geometry.rotation import about_x, about_z, random_rotation, unit, yaw_pitch_roll


def _standing(t: np.ndarray, body: Body, rng: np.random.Generator) -> Rig:
    rig = Rig(body, len(t))
    standing_legs(rig, rng, t, wander(t, rng, 0.02, 4))
    rig.head(nod=rng.normal(0.05, 0.1), turn=wander(t, rng, 0.2, 1, 0.2)[:, 0])
    return rig


def wave(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Standing, one hand waves beside the head or above it."""
    rig, h = _standing(t, body, rng), body.height
    rest_arms(rig, t, rng, "hang")
    swing = np.sin(TAU * cycle(t, rng, rng.uniform(0.35, 0.9))) * rng.uniform(0.04, 0.12)
    spot = np.array([rng.uniform(-0.32, -0.16), rng.uniform(0.06, 0.24), rng.uniform(0.02, 0.16)])
    up = ease((t - t[0] - rng.uniform(-1.0, 0.4)) / 0.5)[:, None]
    wrist = (spot + vectors(swing, 0.02 * np.abs(swing), 0.0)) * up + np.array([-0.15, -0.3, 0.05]) * (1 - up)
    rig.arm_to("right", wrist * h, (-0.7, -1.0, -0.2), space="chest")
    return made(rig, "frame")


def clap(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Standing, clapping."""
    rig, h = _standing(t, body, rng), body.height
    gap = (0.5 - 0.5 * np.cos(TAU * cycle(t, rng, rng.uniform(0.25, 0.6)))) * rng.uniform(0.03, 0.12) + 0.02
    place = np.array([0.0, rng.uniform(-0.16, 0.02), rng.uniform(0.14, 0.2)])
    for side in SIDES:
        rig.arm_to(
            side, (place + vectors(SIGN[side] * gap, 0.0, 0.0)) * h, (SIGN[side], -0.9, 0.0), space="chest"
        )
    return made(rig, "frame")


def punch(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Boxing stance with alternating straight punches."""
    h, rig = body.height, Rig(body, len(t))
    beat = cycle(t, rng, rng.uniform(0.5, 1.2))
    lead, rear = np.maximum(np.sin(TAU * beat), 0) ** 2, np.maximum(-np.sin(TAU * beat), 0) ** 2
    bob = wander(t, rng, 0.012, 2, 1.2) * h
    rig.trunk(
        vectors(bob[:, 0], body.stand - 0.05 * h + bob[:, 1], 0.0),
        yaw=-0.5 + 0.5 * rear,
        pitch=0.1,
        bend=0.1,
        twist=0.45 * (rear - lead),
    )
    rig.head(look=(0.0, -0.05, 1.0))
    rig.stance("left", 0.06 * h, 0.14 * h, turn=0.1).stance("right", -0.08 * h, -0.14 * h, turn=0.9, lift=0.2)
    for side, extend in (("left", lead), ("right", rear)):
        guard, hit = sided(side, (0.06, 0.03, 0.15)), sided(side, (0.02, 0.02, 0.34))
        spot = guard + extend[:, None] * (hit - guard)
        rig.arm_to(side, spot * h, (SIGN[side] * 0.4, -1.0, 0.0), space="heading")
    return made(rig, "frame")


def turn(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Turning about on the spot in small steps."""
    h, rig = body.height, Rig(body, len(t))
    total = rng.choice([-1.0, 1.0]) * rng.uniform(1.5, 6.0)
    span = rng.uniform(0.7, 1.0) * max(float(t[-1] - t[0]), 1.0)
    yaw = total * ease((t - t[0]) / span)
    steps = max(2, round(abs(total) / 0.7))
    share = ease((t - t[0]) / span) * steps
    rig.trunk(vectors(0.0, body.stand - 0.005 * h, 0.0), yaw=yaw, bend=0.08, twist=0.15 * np.sign(total))
    rig.head(turn=0.3 * np.sign(total))
    for side in SIDES:
        own = share + (0.5 if side == "left" else 0.0)
        done = (np.floor(own) + ease(np.mod(own, 1.0) * 2)) / steps * total
        up = 0.03 * h * np.sin(np.pi * np.clip(np.mod(own, 1.0) * 2, 0, 1))
        heading = vectors(np.sin(done), 0.0, np.cos(done))
        across = vectors(np.cos(done), 0.0, -np.sin(done)) * SIGN[side] * 0.06 * h
        rig.leg_to(side, across + vectors(0.0, body.foot_height + up, 0.0), knee=heading)
    rest_arms(rig, t, rng, "hang")
    return made(rig, "clip")


def sit(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Sitting on a chair; hands on the lap, at a desk, or talking with the hands."""
    h, rig = body.height, Rig(body, len(t))
    props = seated_legs(rig, rng, t, wander(t, rng, 0.03, 4))
    rig.head(nod=rng.uniform(-0.1, 0.4), turn=wander(t, rng, 0.3, 1, 0.2)[:, 0])
    style = rng.choice(["lap", "desk", "talk", "crossed"])
    for side in SIDES:
        move = wander(t, rng, 0.05 if style == "talk" else 0.008, 3, 0.8 if style == "talk" else 0.3)
        spot = {"lap": (0.06, 0.06, 0.2), "desk": (0.08, 0.17, 0.26), "talk": (0.1, 0.15, 0.2),
                "crossed": (-0.04, 0.17, 0.14)}[str(style)]  # fmt: skip
        rig.arm_to(side, (sided(side, spot) + move) * h, (SIGN[side] * 0.8, -0.8, -0.3), space="pelvis")
    return made(rig, "clip", props)


def sit_stand(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Sitting down on a chair, or standing up from it, once."""
    h, rig = body.height, Rig(body, len(t))
    seat = rng.uniform(0.25, 0.3) * h + 0.075 * h / 1.72
    start = t[0] + rng.uniform(-0.3, 0.6) * max(float(t[-1] - t[0]) - 1.2, 0.0)
    low = ease((t - start) / rng.uniform(0.9, 1.8))
    if rng.uniform() < 0.5:
        low = 1.0 - low
    lean = np.sin(np.pi * low)
    back = 0.85 * body.thigh
    y = body.stand - 0.005 * h + (seat - body.stand + 0.012 * h) * low
    rig.trunk(
        vectors(0.0, y, -back * ease(low * 1.1)), pitch=0.75 * lean - 0.05 * low, bend=0.1 + 0.25 * lean
    )
    rig.head(nod=-0.3 * lean)
    for side in SIDES:
        rig.stance(side, SIGN[side] * rng.uniform(0.05, 0.09) * h, 0.02 * h, turn=0.15)
        spot = np.array([0.1, -0.02, 0.05]) * (1 - low[:, None]) + np.array([0.06, 0.07, 0.2]) * low[:, None]
        rig.arm_to(
            side,
            sided(side, spot) * h + wander(t, rng, 0.01, 3),
            (SIGN[side] * 0.5, -0.3, -1),
            space="pelvis",
        )
    return made(rig, "frame")


def reach(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Reaching out for things at changing places with one hand or both, feet in place."""
    rig, h = _standing(t, body, rng), body.height
    count = max(2, round(float(t[-1] - t[0]) / rng.uniform(0.7, 1.5)) + 1)
    times = np.linspace(t[0], max(t[-1], t[0] + 0.5), count)
    both = rng.uniform() < 0.4
    rest_arms(rig, t, rng, "hang")
    rest = np.array([-0.14, -0.3, 0.05])
    spots = rng.uniform((-0.3, -0.15, 0.08), (0.02, 0.3, 0.3), (count, 3))
    spots[rng.uniform(size=count) < 0.35] = rest
    path = keyed(t, times, spots)
    rig.arm_to("right", path * h, (-0.6, -1.0, -0.2), space="chest")
    if both:
        rig.arm_to("left", path * np.array([-1.0, 1.0, 1.0]) * h, (0.6, -1.0, -0.2), space="chest")
    return made(rig, "frame")


def pick_up(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Bending down with a round back, one or both hands to the floor, and up again."""
    h, rig = body.height, Rig(body, len(t))
    down = dip(cycle(t, rng, rng.uniform(2.5, 4.5)), 0.3, 0.1)
    knees = rng.uniform(0.1, 0.3)
    rig.trunk(vectors(0.0, body.stand - 0.005 * h - knees * h * 0.6 * down, -0.08 * h * down),
              pitch=down * (1.35 - knees), bend=down * 0.6 + 0.05)  # fmt: skip
    rig.head(nod=0.1 - 0.3 * down)
    step = rng.uniform(-0.06, 0.06) * h
    both = rng.uniform() < 0.5
    for side in SIDES:
        rig.stance(side, SIGN[side] * rng.uniform(0.05, 0.1) * h, SIGN[side] * step, turn=0.2)
        to_floor = down if both or side == "right" else 0.2 * down
        hang, low = sided(side, (0.15, -0.31, 0.04)), sided(side, (0.07, -0.32, 0.08))
        spot = hang + np.asarray(to_floor)[:, None] * (low - hang)
        rig.arm_to(side, spot * h, (SIGN[side] * 0.6, 0.0, -1.0), space="heading")
    return made(rig, "frame")


def crouch(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Crouching or half kneeling and staying there, with small moves of trunk and hands."""
    h, rig = body.height, Rig(body, len(t))
    sway = wander(t, rng, 0.03, 4, 0.25)
    deep = rng.uniform() < 0.5
    y = (rng.uniform(0.13, 0.2) if deep else rng.uniform(0.25, 0.4)) * h
    rig.trunk(
        vectors(0.0, y, -0.04 * h),
        pitch=rng.uniform(0.1, 0.7) + sway[:, 0],
        bend=rng.uniform(0.1, 0.5),
        twist=2 * sway[:, 1],
        lean=sway[:, 2],
    )
    rig.head(nod=rng.uniform(-0.5, 0.3), turn=wander(t, rng, 0.25, 1, 0.2)[:, 0])
    raised = rng.uniform(0.3, 0.9) if deep else 0.0
    ahead = rng.uniform(0.0, 0.12) * h
    for side in SIDES:
        rig.stance(
            side,
            SIGN[side] * rng.uniform(0.06, 0.13) * h,
            SIGN[side] * ahead,
            turn=rng.uniform(0.2, 0.6),
            lift=raised,
        )
        spot = sided(side, (rng.uniform(-0.02, 0.12), rng.uniform(-0.25, -0.1), rng.uniform(0.12, 0.28)))
        rig.arm_to(
            side,
            (spot + 0.6 * wander(t, rng, 0.03, 3, 0.5)) * h,
            (SIGN[side] * 0.8, -0.6, 0),
            space="heading",
        )
    return made(rig, "frame")


def lie(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Lying still on the back, the belly or a side."""
    rig, style = Rig(body, len(t)), str(rng.choice(["back", "back", "belly", "side"]))
    face = 1.0 if style == "belly" else -1.0
    sway = wander(t, rng, 0.015, 3, 0.15)
    roll = rng.choice([-1.0, 1.0]) * (np.pi / 2 - 0.1) if style == "side" else 0.0
    rotation = np.broadcast_to(about_z(roll) @ about_x(face * np.pi / 2), (len(t), 3, 3))
    bend = {"back": 0.05, "belly": 0.0, "side": 0.3}[style]
    rig.trunk((0.0, 0.2, 0.0), rotation=rotation, bend=bend + sway[:, 0], twist=sway[:, 1])
    rig.head(nod=rng.uniform(-0.1, 0.2), turn=rng.uniform(-0.6, 0.6) if style != "side" else 0.0)
    for side in SIDES:
        bent = rng.uniform(0.0, 1.2) if rng.uniform() < 0.4 or style == "side" else rng.uniform(0.0, 0.1)
        hip = 0.0 if style == "belly" else 0.6 * bent
        spread = (0.0, 0.04) if style == "side" else (0.02, 0.2)
        thigh = (rng.uniform(*spread), -np.cos(hip), np.sin(hip))
        rig.leg_along(side, thigh, (rng.uniform(*spread), -np.cos(0.6 * bent), -np.sin(0.6 * bent)))
        out, fold, move = rng.uniform(0.1, 2.6), rng.uniform(0.0, 0.9), 0.1 * sway
        plane = vectors(0.05, 0.0, 1.0) if style == "side" else vectors(1.0, 0.0, -0.08 * face)
        upper = np.sin(out) * plane + vectors(0.0, -np.cos(out), 0.0) + move
        rig.arm_along(side, upper, np.sin(out - fold) * plane + vectors(0.0, -np.cos(out - fold), 0.0) + move)
    return made(rig, "frame")


def free(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Smooth random poses: upright most of the time, now and then leaning, kneeling or in any orientation."""
    span = max(float(t[-1] - t[0]), 0.1)
    count = max(2, round(span / rng.uniform(0.6, 1.6)) + 1)
    times = np.linspace(t[0], t[0] + span, count)

    def walk_through(low: Any, high: Any) -> np.ndarray:
        low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
        return keyed(t, times, rng.uniform(low, high, (count, *low.shape)))

    rig, wild = Rig(body, len(t)), rng.uniform()
    angles = walk_through((-0.25, -0.4, -0.2, -0.2, -0.5, -0.3), (0.6, 0.4, 0.2, 0.9, 0.5, 0.3))
    base = random_rotation(rng) if wild < 0.25 else np.eye(3)
    if 0.25 <= wild < 0.45:
        angles = angles * 2.0
    rig.trunk((0.0, 1.0, 0.0), rotation=base @ yaw_pitch_roll(angles[:, 1], angles[:, 0], angles[:, 2]),
              bend=angles[:, 3], twist=angles[:, 4], lean=angles[:, 5])  # fmt: skip
    head = walk_through((-0.5, -0.7, -0.3), (0.5, 0.7, 0.3))
    rig.head(nod=head[:, 0], turn=head[:, 1], tilt=head[:, 2])
    spread = 1.6 if wild < 0.45 else 1.0
    for side in SIDES:
        upper = walk_through((-0.3, -1.0, -0.6), (1.0, 1.0, 1.0))
        fold = np.abs(walk_through(0.05, 2.3))[:, None]
        toward = walk_through((-1.0, -0.3, 0.2), (0.3, 1.0, 1.0))
        across = unit(toward - (toward * unit(upper)).sum(-1, keepdims=True) * unit(upper))
        rig.arm_along(side, upper, np.cos(fold) * unit(upper) + np.sin(fold) * across)
        flex = walk_through(-0.35 * spread, 1.1 * spread)
        out = walk_through(-0.12, 0.55 * spread)
        bend = walk_through(0.0, 1.3 * spread) * rng.choice([0.25, 1.0])
        thigh = vectors(np.sin(out), -np.cos(out) * np.cos(flex), np.cos(out) * np.sin(flex))
        shank = vectors(np.sin(out) * 0.7, -np.cos(flex - bend), np.sin(flex - bend))
        rig.leg_along(side, thigh, shank, lift=walk_through(-0.1, 0.9))
    return made(rig, "frame")
