"""Everyday motion that is none of the fifteen verbs: standing, walking, sitting, waving, lying, random
poses."""

from __future__ import annotations

import numpy as np

from bodyverb.datasets.synth.body import Body
from bodyverb.datasets.synth.curves import TAU, cycle, deg, ease, wander
from bodyverb.datasets.synth.made import Made, made
from bodyverb.datasets.synth.rig import SIGN, Rig, sided, vectors
from bodyverb.datasets.synth.verbs_cyclic import SIDES, standing_legs


def rest_arms(rig: Rig, t: np.ndarray, rng: np.random.Generator, style: str | None = None) -> None:
    """Arms at rest: hanging, on the hips, crossed, behind the back, in front, with slight motion."""
    h = rig.body.height
    style = style or str(rng.choice(["hang", "hang", "hang", "hips", "crossed", "front", "phone"]))
    spots = {
        "hips": (0.125, -0.24, 0.05), "crossed": (-0.05, -0.1, 0.13), "front": (0.03, -0.27, 0.11),
        "phone": (0.05, -0.06, 0.2),
    }  # fmt: skip
    for side in SIDES:
        sway = wander(t, rng, 0.006 * h, 3)
        if style == "hang" or (style == "phone" and side == "left"):
            a = np.array([rng.uniform(0.05, 0.3), -1.0, rng.uniform(-0.1, 0.2)]) + sway * 3
            rig.arm_along(side, a, a + np.array([-0.02, 0.0, rng.uniform(0.1, 0.5)]), space="heading")
        else:
            place = sided(side, spots[style]) * h + rng.normal(0, 0.01, 3) * h
            if style == "crossed":
                place = place + np.array([0.0, 0.015 * SIGN[side], 0.01 * SIGN[side]]) * h
            rig.arm_to(
                side, place + sway, (SIGN[side], -0.6, -0.4 if style == "hips" else 0.1), space="chest"
            )


def idle(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Standing, swaying a little, looking about."""
    rig = Rig(body, len(t))
    standing_legs(rig, rng, t, wander(t, rng, 0.02, 4))
    rig.head(nod=rng.normal(0.05, 0.12) + wander(t, rng, 0.06)[:, 0], turn=wander(t, rng, 0.25, 1, 0.2)[:, 0])
    rest_arms(rig, t, rng)
    return made(rig, "frame")


def _gait(t: np.ndarray, body: Body, rng: np.random.Generator, running: bool) -> Made:
    h, rig = body.height, Rig(body, len(t))
    pace = rng.uniform(1.1, 1.5) if running else rng.uniform(0.65, 1.05)  # strides (two steps) a second
    stride = h * (rng.uniform(1.1, 1.7) if running else rng.uniform(0.6, 0.9))
    p = cycle(t, rng, 1.0 / pace)
    travel = 0.0 if rng.uniform() < 0.3 else 1.0  # on the spot (treadmill) or across the room
    z = travel * stride * (p - p.mean())
    stand_share = 0.36 if running else 0.6
    bounce = h * (0.03 if running else 0.014)
    level = body.stand - h * (0.035 if running else 0.011)
    up = level + bounce * np.cos(2 * TAU * (p - (0.35 if running else 0.3)))
    swing, side_shift = deg(rng.uniform(5, 12)), rng.uniform(0.004, 0.015) * h
    lean = rng.uniform(0.05, 0.2) if running else rng.uniform(0.0, 0.08)
    rig.trunk(vectors(side_shift * np.sin(TAU * p), up, z), yaw=-swing * np.cos(TAU * p), pitch=lean,
              bend=0.04, twist=1.8 * swing * np.cos(TAU * p))  # fmt: skip
    rig.head(nod=rng.normal(0, 0.1) - 0.5 * lean, turn=wander(t, rng, 0.15, 1, 0.15)[:, 0])
    _gait_limbs(rig, p, z, stride, stand_share, running, rng)
    return made(rig, "clip")


def _gait_limbs(rig: Rig, p: np.ndarray, z: np.ndarray, stride: float, stand_share: float, running: bool,
                rng: np.random.Generator) -> None:  # fmt: skip
    h = rig.body.height
    elbow = deg(rng.uniform(75, 105)) if running else deg(rng.uniform(8, 35))
    arm = deg(rng.uniform(28, 45)) if running else deg(rng.uniform(10, 28))
    wide = rng.uniform(0.03, 0.06) * h
    for side in SIDES:
        u = np.mod(p + (0.0 if side == "left" else 0.5), 1.0)
        back = (u - stand_share) / (1.0 - stand_share)  # 0..1 in the swing phase
        on_floor = u < stand_share
        reach_z = 0.5 * stride * stand_share
        air = np.clip(back, 0, 1)
        foot = np.where(on_floor, reach_z * (1 - 2 * u / stand_share), reach_z * (2 * ease(air) - 1))
        height = h * (0.16 if running else 0.045) * np.sin(np.pi * air) ** 1.2 * (1.4 - 0.8 * air)
        push = ease((u / stand_share - 0.6) / 0.4) * on_floor + (1 - ease(air * 1.8)) * ~on_floor
        toe_up = -0.3 * ease((air - 0.5) * 2) * ~on_floor - 0.3 * (1 - ease(u / stand_share * 6)) * on_floor
        pitch = deg(40 if running else 30) * push + toe_up * (0.4 if running else 1.0)
        rig.stance(side, SIGN[side] * wide, z + foot, y=height, turn=0.1, lift=np.maximum(pitch, -0.35))
        a = -arm * np.cos(TAU * (p + (0.0 if side == "left" else 0.5))) * 1.0
        bend = elbow + 0.25 * np.maximum(a, 0)
        rig.arm_along(side, vectors(0.12, -np.cos(a), np.sin(a)),
                      vectors(-0.05 if running else 0.08, -np.cos(a + bend), np.sin(a + bend)),
                      space="heading")  # fmt: skip


def walk(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Walking along +z, or on the spot as on a treadmill."""
    return _gait(t, body, rng, running=False)


def run(t: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """Running along +z, or on the spot."""
    return _gait(t, body, rng, running=True)
