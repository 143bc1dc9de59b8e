"""The nouns: layouts, poses, recordings, timelines, data-set items, errors and the registry.

The names are found on first use, so that `bodyverb.core.errors` can be had without numpy.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bodyverb.core.dataset import Clip, Sample
    from bodyverb.core.errors import (
        BodyverbError,
        FormatError,
        InputError,
        InterruptedRun,
        ModelError,
        OutputError,
    )
    from bodyverb.core.pose import ABSENT, INFERRED, SEEN, PoseSequence
    from bodyverb.core.recording import Recording, stack
    from bodyverb.core.registry import Registry
    from bodyverb.core.skeleton import Skeleton
    from bodyverb.core.timeline import UNKNOWN, Segment, Timeline, Window

__all__ = [
    "ABSENT",
    "INFERRED",
    "SEEN",
    "UNKNOWN",
    "BodyverbError",
    "Clip",
    "FormatError",
    "InputError",
    "InterruptedRun",
    "ModelError",
    "OutputError",
    "PoseSequence",
    "Recording",
    "Registry",
    "Sample",
    "Segment",
    "Skeleton",
    "Timeline",
    "Window",
    "stack",
]

_HOMES = {
    "ABSENT": "pose",
    "INFERRED": "pose",
    "SEEN": "pose",
    "UNKNOWN": "timeline",
    "BodyverbError": "errors",
    "Clip": "dataset",
    "FormatError": "errors",
    "InputError": "errors",
    "InterruptedRun": "errors",
    "ModelError": "errors",
    "OutputError": "errors",
    "PoseSequence": "pose",
    "Recording": "recording",
    "Registry": "registry",
    "Sample": "dataset",
    "Segment": "timeline",
    "Skeleton": "skeleton",
    "Timeline": "timeline",
    "Window": "timeline",
    "stack": "recording",
}


def __getattr__(name: str) -> object:
    """Import a name from the module it lives in, once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'bodyverb.core' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"bodyverb.core.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
