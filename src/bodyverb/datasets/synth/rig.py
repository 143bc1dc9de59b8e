"""Posing the humanoid over time: the trunk by angles, limbs by reach targets or directions; bone lengths
always hold.

A motion fills a ``Rig`` part by part (trunk, head, arms, legs) with arrays over time and reads the joints.
Directions and targets are given in one of the frames ``world``, ``chest``, ``pelvis``, or ``heading`` (at
the shoulder
centre, upright, turned by the chest's yaw).
"""

from __future__ import annotations

import numpy as np

from bodyverb.datasets.synth.body import INDEX, JOINTS, Body
from bodyverb.geometry.kinematics import reach
from bodyverb.geometry.rotation import about_axis, about_z, cross, frame, rotate, unit, yaw_pitch_roll

SIGN = {"left": 1.0, "right": -1.0}
Vector = np.ndarray | tuple[float, float, float] | list[float]


def sided(side: str, vector: Vector) -> np.ndarray:
    """A vector (..., 3) written for the LEFT side, mirrored in x where ``side`` is right."""
    return np.asarray(vector, np.float64) * np.array([SIGN[side], 1.0, 1.0])


def vectors(*parts: np.ndarray | float) -> np.ndarray:
    """Stack x, y, z parts, each (T,) or a number, to (T, 3)."""
    return np.stack(np.broadcast_arrays(*[np.asarray(p, np.float64) for p in parts]), axis=-1)


class Rig:
    """Joints of one body over ``count`` frames; call ``trunk`` first, then the limbs in any order."""

    def __init__(self, body: Body, count: int) -> None:
        self.body = body
        self.count = count
        self.position = np.full((count, len(JOINTS), 3), np.nan)
        self.frames: dict[str, np.ndarray] = {"world": np.broadcast_to(np.eye(3), (count, 3, 3))}

    def __getitem__(self, name: str) -> np.ndarray:
        return self.position[:, INDEX[name]]

    def _set(self, name: str, value: np.ndarray) -> None:
        self.position[:, INDEX[name]] = value

    def _wide(self, value: np.ndarray | float) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, np.float64), (self.count,))

    def trunk(
        self,
        pelvis: Vector,
        *,
        yaw: np.ndarray | float = 0.0,
        pitch: np.ndarray | float = 0.0,
        roll: np.ndarray | float = 0.0,
        bend: np.ndarray | float = 0.0,
        twist: np.ndarray | float = 0.0,
        lean: np.ndarray | float = 0.0,
        rotation: np.ndarray | None = None,
    ) -> Rig:
        """Place hips, spine and shoulder centre.

        Args:
            pelvis: (T, 3) or (3,) hip centre in the world.
            yaw: heading of the hips; positive turns to the person's left.
            pitch: forward tilt of the hips.
            roll: sideways tilt of the hips, towards the person's right.
            bend: forward bend of the spine from hips to chest.
            twist: turn of the chest against the hips, positive to the left.
            lean: sideways bend of the spine, positive to the right.
            rotation: (T, 3, 3) orientation of the hips instead of yaw, pitch, roll.
        """
        body = self.body
        if rotation is None:
            rotation = yaw_pitch_roll(self._wide(yaw), self._wide(pitch), self._wide(roll))
        hips = np.broadcast_to(rotation, (self.count, 3, 3))
        bend, twist, lean = self._wide(bend), self._wide(twist), self._wide(lean)
        low = hips @ yaw_pitch_roll(0.35 * twist, 0.4 * bend, 0.4 * lean)
        chest = low @ yaw_pitch_roll(0.65 * twist, 0.6 * bend, 0.6 * lean)
        self.frames |= {"pelvis": hips, "chest": chest}
        flat = chest[..., :, 2] * np.array([1.0, 0.0, 1.0])
        self.frames["heading"] = frame(np.where(np.linalg.norm(flat, axis=-1, keepdims=True) > 0.05, flat,
                                                chest[..., :, 1]), np.array([0.0, 1.0, 0.0]))  # fmt: skip
        self._set("pelvis", np.broadcast_to(np.asarray(pelvis, np.float64), (self.count, 3)))
        self._set("spine", self["pelvis"] + rotate(hips, np.array([0.0, body.lower_trunk, 0.0])))
        self._set("thorax", self["spine"] + rotate(chest, np.array([0.0, body.upper_trunk, 0.0])))
        for side in SIGN:
            self._set(f"{side}_hip", self["pelvis"] + rotate(hips, sided(side, (body.hip_half, 0.0, 0.0))))
            self._shoulder(side, 0.0)
        return self.head()

    def _shoulder(self, side: str, raised: np.ndarray | float) -> None:
        """Shoulder joint; the collar bone turns upward with the arm."""
        offset = rotate(about_z(SIGN[side] * self._wide(raised)),
                        sided(side, (self.body.shoulder_half, -self.body.shoulder_drop, 0.0)))  # fmt: skip
        self._set(f"{side}_shoulder", self["thorax"] + rotate(self.frames["chest"], offset))

    def head(
        self,
        nod: np.ndarray | float = 0.0,
        turn: np.ndarray | float = 0.0,
        tilt: np.ndarray | float = 0.0,
        look: Vector | None = None,
    ) -> Rig:
        """Neck and head: nod forward, turn left, tilt right against the chest, or ``look`` along a world
        direction.

        A look direction is followed up to about 65 degrees away from the chest's own.
        """
        body, chest = self.body, self.frames["chest"]
        turned = yaw_pitch_roll(self._wide(turn), self._wide(nod), self._wide(tilt))
        if look is not None:
            local = unit(rotate(np.swapaxes(chest, -1, -2), np.asarray(look, np.float64)))
            angle = np.arccos(np.clip(local[..., 2], -1.0, 1.0))
            axis = cross(np.array([0.0, 0.0, 1.0]), local)
            turned = about_axis(axis, np.minimum(angle, 1.15))
        half = yaw_pitch_roll(0.0, 0.12 + 0.4 * self._wide(nod), 0.4 * self._wide(tilt))
        skull = chest @ turned
        self.frames["head"] = skull
        self._set("neck", self["thorax"] + rotate(chest @ half, np.array([0.0, body.neck_length, 0.0])))
        self._set("head", self["neck"] + rotate(skull, np.array([0.0, 0.95, 0.18]) * body.head_length))
        self._set("head_top", self["head"] + rotate(skull, np.array([0.0, body.head_half, 0.0])))
        self._set("nose", self["head"] + rotate(skull, np.array([0.0, -0.1, 0.92]) * body.head_half))
        return self

    def _world(self, vector: Vector, space: str) -> np.ndarray:
        return rotate(self.frames[space], np.broadcast_to(np.asarray(vector, np.float64), (self.count, 3)))

    def arm_to(
        self, side: str, wrist: Vector, pole: Vector, *, space: str = "world", pole_space: str | None = None,
        hand: Vector | None = None,
    ) -> Rig:  # fmt: skip
        """Reach with one arm.

        Args:
            side: left or right.
            wrist: (T, 3) target; in ``world`` a point, in the other frames metres from the shoulder centre
                (``pelvis``: from the hip centre). x is written for the world, not mirrored by side.
            pole: direction the elbow points to.
            space: frame of the target.
            pole_space: frame of the pole (default: that of the target).
            hand: direction of the hand in ``space``; by default it continues the forearm.
        """
        origin = {"world": 0.0, "pelvis": self["pelvis"]}.get(space, self["thorax"])
        target = self._world(wrist, space) + origin
        chest = self.frames["chest"]
        up = (unit(target - self["thorax"]) * chest[..., :, 1]).sum(-1)
        far = np.linalg.norm(target - self["thorax"], axis=-1) / self.body.arm
        self._shoulder(side, 0.5 * np.clip(up * np.clip(far, 0.0, 1.0), -0.1, 1.0))
        shoulder = self[f"{side}_shoulder"]
        elbow, end = reach(shoulder, target, self.body.upper_arm, self.body.forearm,
                           self._world(pole, pole_space or space))  # fmt: skip
        return self._finish_arm(side, elbow, end, None if hand is None else self._world(hand, space))

    def arm_along(self, side: str, upper: Vector, fore: Vector, *, space: str = "chest") -> Rig:
        """Point upper arm and forearm along directions (T, 3) given for the LEFT side; the right one is
        mirrored."""
        upper, fore = self._world(sided(side, upper), space), self._world(sided(side, fore), space)
        up = (unit(upper) * self.frames["chest"][..., :, 1]).sum(-1)
        self._shoulder(side, 0.5 * np.clip(up, -0.1, 1.0))
        elbow = self[f"{side}_shoulder"] + unit(upper) * self.body.upper_arm
        return self._finish_arm(side, elbow, elbow + unit(fore) * self.body.forearm, None)

    def _finish_arm(self, side: str, elbow: np.ndarray, wrist: np.ndarray, hand: np.ndarray | None) -> Rig:
        self._set(f"{side}_elbow", elbow)
        self._set(f"{side}_wrist", wrist)
        along = unit(wrist - elbow) if hand is None else unit(hand)
        self._set(f"{side}_hand", wrist + along * self.body.hand)
        return self

    def leg_to(
        self, side: str, ankle: Vector, *, knee: Vector | None = None, toe: Vector | None = None,
        lift: np.ndarray | float = 0.0, hang: np.ndarray | float = 0.0,
    ) -> Rig:  # fmt: skip
        """Reach with one leg.

        Args:
            side: left or right.
            ankle: (T, 3) world target.
            knee: (T, 3) world direction the knee points to; by default the hips' forward, a little outwards.
            toe: (T, 3) world direction of a flat foot; by default that of the knee, level.
            lift: pitch of the foot, positive raises the heel (toes down).
            hang: 0 foot level on the floor .. 1 foot square to the shank, as in the air or lying.
        """
        if knee is None:
            knee = self._world(sided(side, (0.15, 0.0, 1.0)), "pelvis")
        middle, end = reach(
            self[f"{side}_hip"],
            np.broadcast_to(np.asarray(ankle, np.float64), (self.count, 3)),
            self.body.thigh,
            self.body.shank,
            np.asarray(knee, np.float64),
        )
        level = np.asarray(knee if toe is None else toe, np.float64) * np.array([1.0, 0.0, 1.0])
        return self._finish_leg(side, middle, end, level, lift, hang)

    def leg_along(
        self, side: str, thigh: Vector, shank: Vector, *, space: str = "pelvis",
        lift: np.ndarray | float = 0.0, hang: np.ndarray | float = 1.0,
    ) -> Rig:  # fmt: skip
        """Point thigh and shank along directions given for the LEFT side (mirrored for the right)."""
        thigh, shank = self._world(sided(side, thigh), space), self._world(sided(side, shank), space)
        knee = self[f"{side}_hip"] + unit(thigh) * self.body.thigh
        ankle = knee + unit(shank) * self.body.shank
        return self._finish_leg(side, knee, ankle, self.frames["pelvis"][..., :, 2], lift, hang)

    def _finish_leg(
        self, side: str, knee: np.ndarray, ankle: np.ndarray, level: np.ndarray,
        lift: np.ndarray | float, hang: np.ndarray | float,
    ) -> Rig:  # fmt: skip
        self._set(f"{side}_knee", knee)
        self._set(f"{side}_ankle", ankle)
        body, hang = self.body, self._wide(hang)[:, None]
        shin = unit(knee - ankle)
        bent = unit(ankle - self[f"{side}_hip"])
        ahead = (
            knee - self[f"{side}_hip"] - ((knee - self[f"{side}_hip"]) * bent).sum(-1, keepdims=True) * bent
        )
        ahead = unit(ahead) + 0.35 * self.frames["pelvis"][..., :, 2]  # where the shank's front is
        up = unit((1.0 - hang) * np.array([0.0, 1.0, 0.0]) + hang * shin)
        toe = (1.0 - hang) * unit(level) + hang * (unit(ahead) - 0.25 * shin)
        toe = toe - (toe * up).sum(-1, keepdims=True) * up
        sole = frame(toe, up) @ yaw_pitch_roll(0.0, self._wide(lift), 0.0)
        drop = -body.foot_height + 0.02
        self._set(f"{side}_heel", ankle + rotate(sole, np.array([0.0, drop, -body.heel])))
        self._set(f"{side}_foot", ankle + rotate(sole, np.array([0.0, drop, body.toe])))
        return self

    def stance(self, side: str, x: np.ndarray | float, z: np.ndarray | float, y: np.ndarray | float = 0.0,
               turn: np.ndarray | float = 0.15, lift: np.ndarray | float = 0.0) -> Rig:  # fmt: skip
        """Stand on one foot whose sole is at (x, z), ``y`` above the floor, toes turned out by ``turn``
        radians.

        With a raised heel the ball of the foot stays where it is.
        """
        out = SIGN[side] * self._wide(turn)
        toe = vectors(np.sin(out), 0.0, np.cos(out))
        lift = self._wide(lift)
        ball = self.body.toe
        rise = ball * np.sin(lift) + self.body.foot_height * np.cos(lift)
        back = ball * (1.0 - np.cos(lift)) + self.body.foot_height * np.sin(lift)
        ankle = vectors(self._wide(x), self._wide(y) + rise, self._wide(z)) + back[:, None] * toe
        return self.leg_to(side, ankle, knee=toe, lift=lift)
