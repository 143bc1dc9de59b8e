"""Layouts of files that name their joints themselves: motion capture, markers."""

from __future__ import annotations

from collections.abc import Sequence

from bodyverb import skeletons
from bodyverb.core import Skeleton


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
