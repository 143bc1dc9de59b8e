"""A made person's motion as Acclaim ASF and AMC text, with the bones of the CMU library."""

from __future__ import annotations

import numpy as np

from bodyverb.datasets.synth.body import INDEX
from bodyverb.formats.asfamc import INCH_M
from bodyverb.geometry.rotation import about_axis, cross, unit

SCALE = 0.45  # of the library's files
TRUNK = (
    ("lowerback", "root", ("pelvis", "spine", 0.5), (0, 1, 0)),
    ("upperback", "lowerback", ("pelvis", "spine", 1.0), (0, 1, 0)),
    ("thorax", "upperback", ("spine", "thorax", 1.0), (0, 1, 0)),
    ("lowerneck", "thorax", ("thorax", "neck", 1.0), (0, 1, 0.1)),
    ("upperneck", "lowerneck", ("neck", "head", 0.5), (0, 1, 0.1)),
    ("head", "upperneck", ("neck", "head", 1.0), (0, 1, 0)),
)
SIDE = (
    ("hipjoint", "root", ("pelvis", "hip", 1.0), (0.65, -0.7, 0.25)),
    ("femur", "hipjoint", ("hip", "knee", 1.0), (0.34, -0.94, 0)),
    ("tibia", "femur", ("knee", "ankle", 1.0), (0.34, -0.94, 0)),
    ("foot", "tibia", ("ankle", "foot", 0.8), (0.09, -0.24, 0.97)),
    ("toes", "foot", ("ankle", "foot", 1.0), (0, 0, 1)),
    ("clavicle", "thorax", ("thorax", "shoulder", 1.0), (0.9, 0.4, 0)),
    ("humerus", "clavicle", ("shoulder", "elbow", 1.0), (1, 0, 0)),
    ("radius", "humerus", ("elbow", "wrist", 1.0), (1, 0, 0)),
    ("wrist", "radius", ("wrist", "hand", 0.4), (1, 0, 0)),
    ("hand", "wrist", ("wrist", "hand", 1.0), (1, 0, 0)),
    ("fingers", "hand", ("wrist", "hand", 1.6), (1, 0, 0)),
    ("thumb", "wrist", ("wrist", "hand", 0.9), (0.7, 0, 0.7)),
)
"""Bone, the one it hangs on, its far end between (or beyond) two joints, and its direction at rest."""


def _bones() -> list[tuple[str, str, str, str, float, np.ndarray]]:
    """Name, parent, the two joints, the share of the way between them, direction at rest; of both sides."""
    found = [(name, of, *place, np.array(rest, float)) for name, of, place, rest in TRUNK]
    for letter, side, sign in (("l", "left", 1.0), ("r", "right", -1.0)):
        for name, of, (one, other, share), rest in SIDE:
            a, b = (joint if joint in INDEX else f"{side}_{joint}" for joint in (one, other))
            parent = of if of in ("root", "thorax") else letter + of
            found.append((letter + name, parent, a, b, share, np.array(rest, float) * (sign, 1, 1)))
    return found


def acclaim(position: np.ndarray) -> tuple[str, str]:
    """The texts of both files.

    Args:
        position: (T, 25, 3) joints of the synth layout, metres, y up.

    Returns:
        The skeleton with mean lengths, and the motion.
    """
    unit_m = INCH_M / SCALE
    where = {"root": position[:, INDEX["pelvis"]]}
    turn = {"root": np.broadcast_to(np.eye(3), (len(position), 3, 3))}
    blocks, values = [], {"root": np.hstack((where["root"] / unit_m, np.zeros((len(position), 3))))}
    for number, (name, parent, one, other, share, rest) in enumerate(_bones(), 1):
        a, b = position[:, INDEX[one]], position[:, INDEX[other]]
        along = a + share * (b - a) - where[parent]
        length = float(np.linalg.norm(along, axis=1).mean())
        rest = unit(rest)
        turn[name] = _onto(rest, unit(along))
        where[name] = where[parent] + length * unit(along)
        values[name] = np.degrees(_angles(np.swapaxes(turn[parent], 1, 2) @ turn[name]))
        direction = " ".join(f"{value:.6f}" for value in rest)
        blocks.append(
            f"  begin\n     id {number}\n     name {name}\n     direction {direction}\n"
            f"     length {length / unit_m:.6f}\n     axis 0 0 0 XYZ\n    dof rx ry rz\n"
            "    limits (-180.0 180.0)\n           (-180.0 180.0)\n           (-180.0 180.0)\n  end\n"
        )
    children: dict[str, list[str]] = {}
    for name, parent, *_ in _bones():
        children.setdefault(parent, []).append(name)
    tree = "".join(f"    {parent} {' '.join(names)}\n" for parent, names in children.items())
    head = (
        f":version 1.10\n:name MADE\n:units\n  mass 1.0\n  length {SCALE}\n  angle deg\n:documentation\n"
        "   a made person, no capture\n:root\n   order TX TY TZ RX RY RZ\n   axis XYZ\n   position 0 0 0\n"
        "   orientation 0 0 0\n:bonedata\n"
    )
    frames = (
        f"{at + 1}\n"
        + "".join(f"{name} {' '.join(f'{one:.6g}' for one in row[at])}\n" for name, row in values.items())
        for at in range(len(position))
    )
    asf = f"{head}{''.join(blocks)}:hierarchy\n  begin\n{tree}  end\n"
    return asf, ":FULLY-SPECIFIED\n:DEGREES\n" + "".join(frames)


def _onto(rest: np.ndarray, along: np.ndarray) -> np.ndarray:
    """(T, 3, 3) the least rotations that take one direction (3,) to others (T, 3)."""
    axis = cross(np.broadcast_to(rest, along.shape), along)
    angle = np.arctan2(np.linalg.norm(axis, axis=1), along @ rest)
    return about_axis(unit(axis), angle)


def _angles(turn: np.ndarray) -> np.ndarray:
    """(T, 3) angles about x, y, z of rotations Rz Ry Rx."""
    y = -np.arcsin(np.clip(turn[:, 2, 0], -1, 1))
    x, z = np.arctan2(turn[:, 2, 1], turn[:, 2, 2]), np.arctan2(turn[:, 1, 0], turn[:, 0, 0])
    return np.stack((x, y, z), axis=1)
