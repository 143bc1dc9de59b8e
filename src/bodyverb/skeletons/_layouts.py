"""Looking layouts up by name or reading them from a file."""

from pathlib import Path

from bodyverb.core.errors import FormatError
from bodyverb.core.registry import Registry
from bodyverb.core.skeleton import Skeleton
from bodyverb.skeletons._file import SUFFIXES, read

_REGISTRY = Registry("bodyverb.skeletons", ("SKELETON",))


def names() -> tuple[str, ...]:
    """Sorted names of the layouts here and of other packages (entry-point group `bodyverb.skeletons`)."""
    return _REGISTRY.names()


def get(name: str) -> Skeleton:
    """A layout by name, or from a `.json` or `.toml` file (see `load`).

    Raises:
        InputError: Where there is no such layout.

    Example:
        >>> get("coco17").joints[0]
        'nose'
    """
    if name.lower().endswith(SUFFIXES):
        return load(name)
    skeleton: Skeleton = _REGISTRY.load(name).SKELETON
    return skeleton


def load(path: str | Path) -> Skeleton:
    """A layout of one's own from a JSON or TOML file; docs/how-to/own-layout.md shows one.

    Raises:
        FormatError: Where the file is not JSON or TOML, not a layout, or bears the name of another layout.
        InputError: Where the file cannot be read.
    """
    skeleton = read(path)
    if skeleton.name in names() and get(skeleton.name) != skeleton:
        raise FormatError(
            f"Expected a name of its own, got {skeleton.name!r}, another layout's; rename it: {path}"
        )
    return skeleton
