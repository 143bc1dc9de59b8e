"""Video in; skeletons and verbs out.

`import bodyverb` loads nothing but this file: every public name is found on first use.

    import bodyverb
    result = bodyverb.run("clip.mp4")
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bodyverb import skeletons
    from bodyverb.core.dataset import Clip, Sample
    from bodyverb.core.errors import BodyverbError
    from bodyverb.core.pose import PoseSequence
    from bodyverb.core.recording import Recording
    from bodyverb.core.skeleton import Skeleton
    from bodyverb.core.timeline import Segment, Timeline, Window
    from bodyverb.pipeline import run

__version__ = "0.1.0"

__all__ = [
    "BodyverbError",
    "Clip",
    "PoseSequence",
    "Recording",
    "Sample",
    "Segment",
    "Skeleton",
    "Timeline",
    "Window",
    "__version__",
    "run",
    "skeletons",
]

_HOMES = {
    "BodyverbError": "bodyverb.core.errors",
    "Clip": "bodyverb.core.dataset",
    "PoseSequence": "bodyverb.core.pose",
    "Recording": "bodyverb.core.recording",
    "Sample": "bodyverb.core.dataset",
    "Segment": "bodyverb.core.timeline",
    "Skeleton": "bodyverb.core.skeleton",
    "Timeline": "bodyverb.core.timeline",
    "Window": "bodyverb.core.timeline",
    "run": "bodyverb.pipeline",
}


def __getattr__(name: str) -> object:
    """Import a public name from the module it lives in, once."""
    if name == "skeletons":
        return importlib.import_module("bodyverb.skeletons")
    if name not in _HOMES:
        raise AttributeError(f"module 'bodyverb' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
