"""Libraries that come with an extra of the package, loaded when a format asks for them."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from bodyverb.core import InputError


def load(module: str, extra: str, path: str | Path) -> ModuleType:
    """A module of a library that need not be there.

    Raises:
        InputError: It is not, with what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"Expected the package {module.partition('.')[0]} for this file, got '{error}'; "
            f"pip install 'bodyverb[{extra}]': {path}"
        ) from None
