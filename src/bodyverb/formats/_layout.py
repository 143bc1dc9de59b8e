"""Which joint layout an array has, where the file does not say: by the option, or by the number of joints."""

from __future__ import annotations

from pathlib import Path

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, Skeleton


def of_count(joints: int, layout: Skeleton | str | None, path: str | Path) -> Skeleton:
    """The layout of arrays with so many joints.

    Args:
        joints: How many joints the file has.
        layout: What the user says: a layout, its name, or None.
        path: The file, for messages.

    Raises:
        FormatError: The file has another number of joints than the layout, or than every known layout.
        InputError: There is no such layout; or none is given, and several have so many joints.
    """
    if layout is not None:
        skeleton = skeletons.get(layout) if isinstance(layout, str) else layout
        if len(skeleton) != joints:
            raise FormatError(
                f"Expected {len(skeleton)} joints of layout {skeleton.name!r}, got {joints}; "
                f"give the file's own --layout: {path}"
            )
        return skeleton
    fitting = [name for name in skeletons.names() if len(skeletons.get(name)) == joints]
    if len(fitting) == 1:
        return skeletons.get(fitting[0])
    if not fitting:
        raise FormatError(
            f"Expected the number of joints of a known layout, got {joints}; "
            f"describe the layout in a file and give it as --layout: {path}"
        )
    raise InputError(
        f"Expected one layout with {joints} joints, got {', '.join(fitting)}; the file does not say which, "
        f"give it as --layout: {path}"
    )
