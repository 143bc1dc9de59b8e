"""Looking layouts up by name or reading them from a file."""

import json
from pathlib import Path

from bodyverb.core.errors import FormatError, InputError
from bodyverb.core.registry import Registry
from bodyverb.core.skeleton import Skeleton

_REGISTRY = Registry("bodyverb.skeletons", ("SKELETON",))


def names() -> tuple[str, ...]:
    """Sorted names of the layouts here and of other packages (entry-point group `bodyverb.skeletons`)."""
    return _REGISTRY.names()


def get(name: str) -> Skeleton:
    """A layout by name, or from a `.json` file.

    Raises:
        InputError: Where there is no such layout.

    Example:
        >>> get("coco17").joints[0]
        'nose'
    """
    if name.endswith(".json"):
        return load(name)
    skeleton: Skeleton = _REGISTRY.load(name).SKELETON
    return skeleton


def load(path: str | Path) -> Skeleton:
    """A layout from a JSON file with the keys of `Skeleton.to_dict`.

    Raises:
        FormatError: Where the file is not JSON or not a layout.
        InputError: Where the file cannot be read.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Expected a layout file, got {error.strerror}; check the path: {path}") from None
    except ValueError as error:
        raise FormatError(f"Expected a layout as JSON, got {error}; correct the file: {path}") from None
    try:
        return Skeleton.from_dict(data)
    except InputError as error:
        raise FormatError(f"{error}: {path}") from None
