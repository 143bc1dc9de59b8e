"""Layouts of files that name their joints themselves: motion capture, markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Skeleton
from bodyverb.core.pose import Axes, Space, Unit
from bodyverb.formats._format import Frame

LENGTHS: dict[str, tuple[Unit, float]] = {
    "none": ("none", 1.0),
    "mm": ("mm", 1.0),
    "cm": ("m", 0.01),
    "m": ("m", 1.0),
    "in": ("m", 0.0254),
}
"""Unit of a file -> our unit, and how many of it the file's is."""
SPACES: tuple[Space, ...] = ("world", "camera", "root")
UNITS: tuple[Unit, ...] = ("m", "mm")


def layout(name: str, joints: Sequence[str], parents: Sequence[int] | None = None) -> Skeleton:
    """The known layout with exactly these joints, else one of its own made of them.

    Args:
        name: What a new layout is called.
        joints: Its joints, unique. `left_` and `right_` mirror each other where their parents do.
        parents: Parent of each joint, -1 for a root; without them no joint has one.
    """
    for known in map(skeletons.get, skeletons.names()):
        if known.joints == tuple(joints):
            return known
    parents = tuple(parents or (-1,) * len(joints))
    flip = _flip(joints, parents)
    return Skeleton(
        name=name,
        joints=tuple(joints),
        parents=parents,
        limbs=tuple((parent, joint) for joint, parent in enumerate(parents) if parent >= 0),
        flip=flip,
        root=tuple(_root(joints, parents, flip)),
    )


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, numbered where one stands again: `a`, `a_2`."""
    found: dict[str, None] = {}
    for name in names:
        own, number = name, 2
        while own in found:
            own, number = f"{name}_{number}", number + 1
        found[own] = None
    return tuple(found)


def _flip(joints: Sequence[str], parents: Sequence[int]) -> tuple[int, ...]:
    """Mirror image of each joint; those whose parents do not mirror each other keep to themselves."""
    place = {joint: at for at, joint in enumerate(joints)}
    flip = [place.get(_mirror(joint), at) for at, joint in enumerate(joints)]
    while True:
        odd = (
            at
            for at, parent in enumerate(parents)
            if parents[flip[at]] != (-1 if parent < 0 else flip[parent])
        )
        at = next(odd, None)
        if at is None:
            return tuple(flip)
        other = at if flip[at] != at else parents[at]
        for joint in (other, flip[other]):
            flip[joint] = joint


def _mirror(name: str) -> str:
    if name.startswith("left_"):
        return "right_" + name[5:]
    return "left_" + name[6:] if name.startswith("right_") else name


def _root(joints: Sequence[str], parents: Sequence[int], flip: Sequence[int]) -> list[int]:
    """Both hips where no joint has a parent, else the first root and its mirror image."""
    hips = [joints.index(hip) for hip in ("left_hip", "right_hip") if hip in joints]
    if all(parent < 0 for parent in parents) and len(hips) == 2:
        return hips
    first = list(parents).index(-1)
    return sorted({first, flip[first]})


def length(unit: str, path: str | Path) -> tuple[Unit, float]:
    """Our unit for a unit of a file, and the factor to it.

    Raises:
        InputError: There is no such unit.
    """
    if unit not in LENGTHS:
        raise InputError(f"Expected a unit of {', '.join(LENGTHS)}, got {unit!r}; correct it: {path}")
    return LENGTHS[unit]


def named(given: Skeleton | str | None, marks: Sequence[str], name: str, path: str | Path) -> Skeleton:
    """The layout given for so many marks, else one of their names.

    Raises:
        FormatError: The layout given has another number of joints.
    """
    if given is None:
        return layout(name, unique(marks))
    skeleton = skeletons.get(given) if isinstance(given, str) else given
    if len(skeleton) != len(marks):
        raise FormatError(
            f"Expected {len(skeleton)} joints of layout {skeleton.name!r}, got {len(marks)} marks; "
            f"give the file's own --layout: {path}"
        )
    return skeleton


def check(poses: PoseSequence, path: str | Path) -> None:
    """Refuse what a file of marks cannot hold.

    Raises:
        InputError: The poses are of several people, not 3D, or in no unit.
    """
    if poses.persons != 1 or poses.position.shape[3] != 3 or poses.unit not in ("m", "mm"):
        raise InputError(
            f"Expected one person in 3D in m or mm, got {poses.persons} in {poses.position.shape[3]}D in "
            f"{poses.unit}; select or convert them: {path}"
        )


def frames(*axes: Axes) -> tuple[Frame, ...]:
    """The frames of reference of such files: 3D of any space in m or mm."""
    return tuple(
        Frame(space=space, unit=unit, axes=one) for space in SPACES for unit in UNITS for one in axes
    )


def rate_of(times: Sequence[float]) -> float:
    """Frames per second of rising times, exactly where they are n / rate for a short rate."""
    if len(times) < 2:
        return 30.0
    mean = (len(times) - 1) / (times[-1] - times[0])
    short = float(f"{mean:.6g}")
    return short if abs(short - mean) < 1e-6 * mean else mean
