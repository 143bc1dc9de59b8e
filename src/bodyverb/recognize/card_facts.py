"""What the card of a verb model says about its input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodyverb import skeletons
from bodyverb.core import InputError, ModelError, Skeleton


def layout(entry: str | Mapping[str, Any]) -> Skeleton:
    """The layout that a card names, or holds as `Skeleton.to_dict` gives it.

    Raises:
        ModelError: there is none of that name, or it is no layout.
    """
    if isinstance(entry, str):
        return skeletons.get(entry)
    try:
        return Skeleton.from_dict(entry)
    except InputError as error:
        raise ModelError(f"{error} (skeleton in the card of a verb model)") from error


def persons_of(facts: Mapping[str, Any], classes: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """`persons` and `pair_classes` of a card."""
    persons = facts.get("persons", 1)
    if persons not in (1, 2):
        raise ModelError(
            f"Expected a verb model of 1 or 2 persons, got {persons!r}; correct 'persons' in its card"
        )
    paired = tuple(facts.get("pair_classes", classes if persons == 2 else ()))
    if (paired and persons == 1) or not set(paired) <= set(classes):
        raise ModelError(
            f"Expected pair_classes among the classes with persons 2, and none with persons 1, got {paired} "
            f"with {persons}; correct the card"
        )
    return persons, paired


def check_flat(facts: Mapping[str, Any], name: str) -> None:
    """Refuse a network of 3D poses where there are only 2D ones.

    Raises:
        ModelError: it is one.
    """
    if facts.get("dims", 2) != 2:
        raise ModelError(
            f"Expected a verb model of 2D poses, got '{name}', which needs 3D poses; use a 2D model here, "
            f"and this one on 3D skeletons: `bodyverb evaluate {name} --data NAME --root DIR`"
        )
