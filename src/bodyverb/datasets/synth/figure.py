"""From joints to shapes: the clothed figure as tapered capsules and ellipsoids, for all frames at once
(world frame)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bodyverb.datasets.synth.body import INDEX, Body
from bodyverb.datasets.synth.made import Prop
from bodyverb.geometry.rotation import cross, frame, unit

PAINTS: tuple[str, ...] = (
    "skin", "shirt", "trousers", "shoes", "hair", "eyes", "mouth", "steel", "iron", "wood", "leather", "rope",
)  # fmt: skip
PAINT: dict[str, int] = {name: i for i, name in enumerate(PAINTS)}


@dataclass(frozen=True, kw_only=True)
class Look:
    """Clothes and colours (RGB 0..255) of one person, and the cut of the clothes."""

    colours: np.ndarray
    sleeves: str = "short"
    legs: str = "long"
    loose: float = 1.0
    long_hair: bool = False
    stripes: float = 0.0
    """Stripes per metre along the trunk and sleeves; 0 plain."""


@dataclass(frozen=True)
class Shapes:
    """A figure over T frames: capsules (T, N, ...) and ellipsoids (T, M, ...) in the world, ``paint`` per
    shape."""

    a: np.ndarray
    b: np.ndarray
    ra: np.ndarray
    rb: np.ndarray
    capsule_paint: np.ndarray
    capsule_along: np.ndarray
    centre: np.ndarray
    axes: np.ndarray
    ellipsoid_paint: np.ndarray
    ellipsoid_along: np.ndarray
    ellipsoid_level: np.ndarray


def _hue(rng: np.random.Generator, low: float, high: float, strong: float) -> np.ndarray:
    """A random colour: value between low and high, saturation up to ``strong``."""
    base = rng.uniform(size=3)
    base = (base - base.min()) / max(base.max() - base.min(), 1e-6)
    value, saturation = rng.uniform(low, high), rng.uniform(0.0, strong)
    return 255.0 * value * (1.0 - saturation + saturation * base)


def random_look(rng: np.random.Generator) -> Look:
    """Random clothes, hair and skin."""
    tone = rng.uniform(0.0, 1.0) ** 1.2
    skin = np.array([238, 196, 168.0]) * (1 - tone) + np.array([96, 62, 44.0]) * tone
    skin = skin * rng.uniform(0.92, 1.06) + rng.normal(0, 4, 3)
    hair = (np.array([[28, 22, 20], [62, 42, 28], [110, 76, 44], [196, 160, 96], [150, 148, 146]])[
        rng.choice(5, p=[0.4, 0.28, 0.14, 0.1, 0.08])]) + rng.normal(0, 6, 3)  # fmt: skip
    shirt = _hue(rng, 0.12, 0.95, 0.9)
    trousers = _hue(rng, 0.08, 0.75, 0.55)
    if rng.uniform() < 0.25:
        trousers = np.array([52, 68, 104.0]) * rng.uniform(0.5, 1.4)
    shoes = _hue(rng, 0.08, 0.95, 0.4)
    colours = np.stack([
        skin, shirt, trousers, shoes, hair, np.array([30, 26, 24.0]), skin * np.array([0.8, 0.5, 0.5]),
        np.full(3, 150.0), np.full(3, 38.0), np.array([150, 104, 58.0]) * rng.uniform(0.5, 1.3),
        _hue(rng, 0.1, 0.4, 0.6), _hue(rng, 0.2, 0.9, 0.6),
    ])  # fmt: skip
    sleeves = str(rng.choice(["none", "short", "long", "bare"], p=[0.18, 0.45, 0.32, 0.05]))
    if sleeves == "bare":
        colours[PAINT["shirt"]] = skin
    return Look(
        colours=np.clip(colours, 8, 250),
        sleeves=sleeves,
        legs=str(rng.choice(["short", "long"], p=[0.42, 0.58])),
        loose=float(rng.uniform(0.97, 1.22)),
        long_hair=bool(rng.uniform() < 0.35),
        stripes=float(rng.uniform(8, 30)) if sleeves != "bare" and rng.uniform() < 0.22 else 0.0,
    )


class _Builder:
    """Collects shapes over T frames."""

    def __init__(self, position: np.ndarray, unit_length: float) -> None:
        self.position, self.unit = position, unit_length
        self.capsules: list[tuple] = []
        self.ellipsoids: list[tuple] = []

    def joint(self, name: str) -> np.ndarray:
        return self.position[:, INDEX[name]]

    def rod(
        self, a: np.ndarray, b: np.ndarray, ra: float, rb: float, paint: str, v0: float = 0, v1: float = 0.3
    ) -> None:
        """A capsule; radii in metres of a medium body."""
        self.capsules.append((a, b, ra * self.unit, rb * self.unit, PAINT[paint], (v0, v1)))

    def ball(self, centre: np.ndarray, axes: np.ndarray, radii: tuple[float, float, float], paint: str,
             along: float = 0.0, level: float = 1.0) -> None:  # fmt: skip
        """An ellipsoid with axes (T, 3, 3) as columns; radii in metres of a medium body."""
        self.ellipsoids.append((centre, axes * (np.array(radii) * self.unit), PAINT[paint], along, level))

    def shapes(self) -> Shapes:
        a, b, ra, rb, paint, along = zip(*self.capsules, strict=True)
        centre, axes, round_paint, round_along, level = zip(*self.ellipsoids, strict=True)
        return Shapes(
            np.stack(a, 1),
            np.stack(b, 1),
            np.array(ra),
            np.array(rb),
            np.array(paint),
            np.array(along),
            np.stack(centre, 1),
            np.stack(axes, 1),
            np.array(round_paint),
            np.array(round_along),
            np.array(level),
        )


def dress(position: np.ndarray, body: Body, look: Look, props: list[Prop] | None = None) -> Shapes:
    """Shapes of a figure.

    Args:
        position: (T, 25, 3) joints, synth layout, world metres.
        body: its build (thickness).
        look: its clothes.
        props: what it holds or uses, drawn with it.
    """
    make = _Builder(np.asarray(position, np.float64), body.height / 1.72)
    girth = body.girth
    hips = _axes(make, "left_hip", "right_hip", "pelvis", "spine")
    chest = _axes(make, "left_shoulder", "right_shoulder", "spine", "thorax")
    _trunk(make, body, look, hips, chest)
    _head(make, look)
    for side in ("left", "right"):
        _arm(make, side, girth, look)
        _leg(make, side, girth, look)
    for prop in props or []:
        if prop.paint == "iron":  # weight plates are flat
            axes = frame(prop.end - prop.start, np.array([0.1, 1.0, 0.2]))
            middle = 0.5 * (prop.start + prop.end)
            thick = float(np.linalg.norm(prop.end - prop.start, axis=-1).max())
            make.ball(
                middle,
                axes,
                (prop.radius / make.unit, prop.radius / make.unit, 0.8 * thick / make.unit),
                "iron",
            )
            continue
        make.capsules.append((prop.start, prop.end, prop.radius, prop.radius, PAINT[prop.paint], (0.0, 0.0)))
    return make.shapes()


def _axes(make: _Builder, left: str, right: str, low: str, high: str) -> np.ndarray:
    """Frame (T, 3, 3) with columns left, up, forward of one part of the trunk."""
    up = unit(make.joint(high) - make.joint(low))
    across = make.joint(left) - make.joint(right)
    return frame(cross(across, up), up)


def _trunk(make: _Builder, body: Body, look: Look, hips: np.ndarray, chest: np.ndarray) -> None:
    girth = body.girth
    s = make.unit
    pelvis, spine, thorax = make.joint("pelvis"), make.joint("spine"), make.joint("thorax")
    hip, sho = body.hip_half / s, body.shoulder_half / s
    g = 0.5 + 0.5 * girth
    rear = hips[..., :, 2] * s
    for k in (-1.0, 1.0):
        aside = k * 0.05 * hips[..., :, 0] * s
        seat = pelvis + aside - 0.018 * rear - 0.04 * s * hips[..., :, 1]
        make.ball(seat, hips, (0.105, 0.1, 0.098 * girth), "trousers")
    levels = [0.0, 0.2, 0.42, 0.62, 0.78, 0.9]
    widths = [hip + 0.066, 0.5 * hip + 0.092, 0.3 * hip + 0.108, sho * 0.8, sho * 0.9, sho * 0.8]
    depths = [0.108, 0.1, 0.098, 0.11, 0.106, 0.082]
    for level, width, depth in zip(levels, widths, depths, strict=True):
        if level < 0.425:
            place, axes = pelvis + level / 0.425 * (spine - pelvis), hips if level < 0.3 else chest
        else:
            place, axes = spine + (level - 0.425) / 0.575 * (thorax - spine), chest
        radii = (width * g, 0.12 if level < 0.85 else 0.075, depth * (0.4 + 0.6 * girth))
        make.ball(
            place,
            axes,
            radii,
            "trousers" if level == 0 else "shirt",
            0.47 * level,
            1.0 if level > 0.85 else 0.15,
        )
    for side in ("left", "right"):
        inner = 0.55 * make.joint(f"{side}_shoulder") + 0.45 * thorax
        make.rod(
            make.joint("neck") + 0.01 * s * chest[..., :, 1],
            inner + 0.02 * s * chest[..., :, 1],
            0.045 * g,
            0.055 * g,
            "shirt",
            0.5,
            0.45,
        )
        make.rod(inner, make.joint(f"{side}_shoulder"), 0.062 * g, 0.058 * g, "shirt", 0.45, 0.45)
        if body.bust > 0.25 and look.sleeves != "bare":
            k = 1.0 if side == "left" else -1.0
            place = (
                0.42 * spine + 0.58 * thorax + k * 0.075 * s * chest[..., :, 0] + 0.075 * s * chest[..., :, 2]
            )
            make.ball(place, chest, (0.062, 0.06, 0.035 + 0.03 * body.bust), "shirt", 0.36)


def _head(make: _Builder, look: Look) -> None:
    s, head, neck = make.unit, make.joint("head"), make.joint("neck")
    skull = frame(
        make.joint("nose") - head + 0.1 * (make.joint("head_top") - head), make.joint("head_top") - head
    )
    x, y, z = (skull[..., :, k] * s for k in range(3))
    make.rod(
        0.8 * neck + 0.2 * make.joint("thorax") - 0.02 * y, head - 0.045 * y - 0.02 * z, 0.055, 0.05, "skin"
    )
    make.ball(head, skull, (0.074, 0.112, 0.094), "skin")
    make.ball(head - 0.052 * y + 0.022 * z, skull, (0.056, 0.068, 0.07), "skin")
    make.ball(head + 0.026 * y - 0.02 * z, skull, (0.081, 0.1, 0.092), "hair")
    make.rod(head + 0.0 * y + 0.088 * z, head - 0.025 * y + 0.106 * z, 0.009, 0.014, "skin")
    make.rod(
        head - 0.062 * y + 0.082 * z - 0.016 * x,
        head - 0.062 * y + 0.082 * z + 0.016 * x,
        0.009,
        0.009,
        "mouth",
    )
    for k in (-1.0, 1.0):
        make.ball(head + k * 0.03 * x + 0.008 * y + 0.082 * z, skull, (0.013, 0.009, 0.008), "eyes")
        brow = head + 0.028 * y + 0.084 * z
        make.rod(brow + k * 0.02 * x, brow + k * 0.045 * x - 0.008 * z, 0.005, 0.004, "hair")
        make.ball(head + k * 0.076 * x - 0.008 * y - 0.008 * z, skull, (0.012, 0.026, 0.018), "skin")
    if look.long_hair:
        make.ball(head - 0.055 * y - 0.055 * z, skull, (0.078, 0.13, 0.055), "hair")


def _arm(make: _Builder, side: str, girth: float, look: Look) -> None:
    shoulder, elbow, wrist, hand = (make.joint(f"{side}_{n}") for n in ("shoulder", "elbow", "wrist", "hand"))
    sleeve = {"none": 0.0, "bare": 0.0, "short": 0.6, "long": 1.0}[look.sleeves]
    upper, fore = ("shirt" if sleeve == 1 else "skin"), ("shirt" if sleeve == 1 else "skin")
    wide = girth * (look.loose if sleeve == 1 else 1.0)
    make.rod(
        shoulder,
        shoulder + 0.12 * (elbow - shoulder),
        0.06 * girth,
        0.057 * girth,
        "shirt" if sleeve else "skin",
        0.45,
        0.4,
    )
    make.rod(shoulder, 0.5 * shoulder + 0.5 * elbow, 0.054 * wide, 0.05 * wide, upper, 0.45, 0.3)
    make.rod(0.5 * shoulder + 0.5 * elbow, elbow, 0.05 * wide, 0.04 * wide, upper, 0.3, 0.15)
    if look.sleeves == "short":
        end = shoulder + sleeve * (elbow - shoulder)
        make.rod(shoulder, end, 0.06 * girth * look.loose, 0.054 * girth * look.loose, "shirt", 0.45, 0.27)
    make.rod(elbow, elbow + 0.3 * (wrist - elbow), 0.04 * wide, 0.043 * wide, fore, 0.15, 0.07)
    make.rod(elbow + 0.3 * (wrist - elbow), wrist, 0.043 * wide, 0.028 * max(wide, 1.0), fore, 0.07, -0.1)
    palm = wrist + 0.75 * (hand - wrist)
    make.rod(wrist, palm, 0.028, 0.034, "skin")
    make.rod(palm, wrist + 1.7 * (hand - wrist), 0.03, 0.017, "skin")


def _leg(make: _Builder, side: str, girth: float, look: Look) -> None:
    hip, knee, ankle, heel, foot = (
        make.joint(f"{side}_{n}") for n in ("hip", "knee", "ankle", "heel", "foot")
    )
    long = look.legs == "long"
    wide = girth * (look.loose if long else 1.0)
    cloth = "trousers" if long else "skin"
    half = 0.55 * hip + 0.45 * knee
    make.rod(hip, half, 0.084 * wide, 0.075 * wide, cloth)
    make.rod(half, knee, 0.075 * wide, 0.054 * wide, cloth)
    if not long:
        make.rod(
            hip, hip + 0.58 * (knee - hip), 0.09 * girth * look.loose, 0.078 * girth * look.loose, "trousers"
        )
    sole = frame(foot - heel, cross(foot - heel, cross(knee - ankle, foot - heel)))
    up, ahead = sole[..., :, 1] * make.unit, sole[..., :, 2] * make.unit
    calf = knee + 0.32 * (ankle - knee) - 0.014 * ahead
    make.rod(knee, calf, 0.054 * wide, 0.057 * wide, cloth)
    make.rod(calf, ankle, 0.057 * wide, (0.05 if long else 0.037) * wide, cloth)
    shoe = "shoes"
    make.rod(heel + 0.018 * up + 0.012 * ahead, foot + 0.012 * up - 0.02 * ahead, 0.038, 0.032, shoe)
    make.rod(ankle - 0.008 * up, 0.45 * ankle + 0.55 * foot + 0.008 * up, 0.04, 0.036, shoe)
    make.rod(foot + 0.012 * up - 0.05 * ahead, foot + 0.008 * up, 0.037, 0.026, shoe)
