"""Torch networks, one file an architecture, found by their place and the constant `CARD`.

A module has `CARD`, `Config` and `build`; other packages register theirs in the entry-point group
`bodyverb.models`. Importing this loads no torch; finding a network by its task imports the networks.
"""

from types import ModuleType

from bodyverb.core.errors import InputError
from bodyverb.core.registry import Registry

_REGISTRY = Registry("bodyverb.models", ("CARD",))

__all__ = ["by_task", "get"]


def by_task(task: str) -> dict[str, ModuleType]:
    """Modules of the networks for a task, such as `verbs`, by the name in their card, sorted."""
    modules = [_REGISTRY.load(name) for name in _REGISTRY.names()]
    return {module.CARD["name"]: module for module in modules if module.CARD["task"] == task}


def get(name: str, task: str = "verbs") -> ModuleType:
    """The module of a network by the name in its card; `-` and `_` are the same.

    Raises:
        InputError: there is no such network for the task.
    """
    found = by_task(task)
    for known, module in found.items():
        if known.replace("_", "-") == name.replace("_", "-"):
            return module
    raise InputError(f"Expected a network for {task}, got '{name}'; use one of {', '.join(found)}")
