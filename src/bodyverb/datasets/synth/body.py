"""The parametrised humanoid: its joints, and the bone lengths of one random build.

World: metres, y up, +z the way the body faces at rest; the person's left is +x.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

JOINTS: tuple[str, ...] = (
    "pelvis", "spine", "thorax", "neck", "head", "head_top", "nose",
    "left_shoulder", "left_elbow", "left_wrist", "left_hand",
    "right_shoulder", "right_elbow", "right_wrist", "right_hand",
    "left_hip", "left_knee", "left_ankle", "left_heel", "left_foot",
    "right_hip", "right_knee", "right_ankle", "right_heel", "right_foot",
)  # fmt: skip
INDEX: dict[str, int] = {name: i for i, name in enumerate(JOINTS)}

_PARENT_NAMES: dict[str, str] = {
    "spine": "pelvis", "thorax": "spine", "neck": "thorax", "head": "neck", "head_top": "head",
    "nose": "head",
    "left_shoulder": "thorax", "left_elbow": "left_shoulder", "left_wrist": "left_elbow",
    "left_hand": "left_wrist", "left_hip": "pelvis", "left_knee": "left_hip", "left_ankle": "left_knee",
    "left_heel": "left_ankle", "left_foot": "left_ankle",
}  # fmt: skip
_PARENT_NAMES |= {k.replace("left", "right"): v.replace("left", "right") for k, v in _PARENT_NAMES.items()}
PARENTS: tuple[int, ...] = tuple(INDEX[_PARENT_NAMES[n]] if n in _PARENT_NAMES else -1 for n in JOINTS)


def mirror_name(name: str) -> str:
    """The name of the same joint on the other side; centre joints keep theirs."""
    if name.startswith("left_"):
        return "right_" + name[5:]
    return "left_" + name[6:] if name.startswith("right_") else name


FLIP: tuple[int, ...] = tuple(INDEX[mirror_name(n)] for n in JOINTS)


@dataclass(frozen=True, kw_only=True)
class Body:
    """Bone lengths (metres) and thickness of one build; shares of height follow common anthropometric
    tables."""

    height: float = 1.72
    foot_height: float = 0.075
    shank: float = 0.415
    thigh: float = 0.42
    hip_half: float = 0.10
    lower_trunk: float = 0.20
    upper_trunk: float = 0.27
    neck_length: float = 0.055
    head_length: float = 0.13
    head_half: float = 0.125
    shoulder_half: float = 0.185
    shoulder_drop: float = 0.015
    upper_arm: float = 0.30
    forearm: float = 0.255
    hand: float = 0.085
    heel: float = 0.055
    toe: float = 0.155
    girth: float = 1.0
    """Limb and trunk thickness relative to a medium build."""
    bust: float = 0.0
    """0 flat chest .. 1 full; only seen in renders."""

    @property
    def leg(self) -> float:
        """Thigh + shank."""
        return self.thigh + self.shank

    @property
    def arm(self) -> float:
        """Upper arm + forearm."""
        return self.upper_arm + self.forearm

    @property
    def trunk(self) -> float:
        """Hip centre to shoulder centre along the spine."""
        return self.lower_trunk + self.upper_trunk

    @property
    def stand(self) -> float:
        """Height of the hip centre above the floor in easy standing."""
        return self.foot_height + 0.996 * self.leg

    def scaled(self, factor: float) -> Body:
        """The same build, larger or smaller."""
        lengths = {k: v * factor for k, v in vars(self).items() if k not in ("girth", "bust")}
        return replace(self, **lengths)


def random_body(rng: np.random.Generator, variety: float = 1.0) -> Body:
    """A random adult (now and then a child): height, shoulder and hip width, limb shares, thickness.

    Args:
        rng: source of the draw.
        variety: 0 gives the medium build, 1 the usual spread.
    """
    medium = Body()

    def about(value: float, spread: float) -> float:
        return float(value * np.exp(np.clip(rng.normal(), -2.2, 2.2) * spread * variety))

    womanly = float(rng.uniform(-1.0, 1.0)) * variety
    legs = about(1.0, 0.03)
    arms = about(1.0, 0.03)
    body = replace(
        medium,
        shank=about(medium.shank * legs, 0.025),
        thigh=about(medium.thigh * legs, 0.025),
        hip_half=about(medium.hip_half * (1.0 + 0.06 * womanly), 0.07),
        shoulder_half=about(medium.shoulder_half * (1.0 - 0.07 * womanly), 0.06),
        lower_trunk=about(medium.lower_trunk, 0.04),
        upper_trunk=about(medium.upper_trunk, 0.04),
        neck_length=about(medium.neck_length, 0.12),
        head_half=about(medium.head_half, 0.04),
        upper_arm=about(medium.upper_arm * arms, 0.03),
        forearm=about(medium.forearm * arms, 0.03),
        girth=about(1.0, 0.13),
        bust=max(0.0, womanly),
    )
    tall = about(1.0, 0.05) * (1.0 - 0.035 * womanly)
    if rng.uniform() < 0.08 * variety:
        tall *= rng.uniform(0.68, 0.9)
    scaled = body.scaled(tall)
    return replace(scaled, height=scaled.stand + scaled.trunk + scaled.neck_length + scaled.head_length * 0.95
                   + scaled.head_half)  # fmt: skip
