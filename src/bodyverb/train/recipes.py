"""Named recipes: everything that decides a training but the data. The resolved values are saved beside each
run.

`small` is for sets of some hundred to some thousand clips and is the default; `pyskl` is what the graph
networks were published with (Duan et al., ACM MM 2022), for sets like NTU RGB+D, `posec3d` what the heatmap
networks were (Duan et al., CVPR 2022); `lstm` what pose2action's memories were: whole clips at 30 moments a
second, one at a time, a thousand clips of each of eight classes an epoch, drawn anew, at a small constant
rate; `plain` changes no clip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from bodyverb.core import InputError
from bodyverb.train.augment.settings import Affine, Augment, Crop, Mirror, Spoil
from bodyverb.train.lab_settings import Sampling
from bodyverb.train.settings import LoopConfig, OptimConfig, expect_range

DEFAULT = "small"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train."""

    batch: int = 64
    """Clips of a step, over all processes."""
    least_steps: int = 6
    """Steps of an epoch at least: with few clips, each is seen several times, changed in other ways."""
    smoothing: float = 0.1
    """Label smoothing of the cross-entropy."""
    balance: float = 0.0
    """0 draws every clip once an epoch; 1 draws all classes equally often."""
    sampling: Sampling = field(default_factory=Sampling)
    """Which moments of a clip are seen."""
    augment: Augment = field(default_factory=Augment)
    """What happens to a clip in training."""
    optim: OptimConfig = field(default_factory=OptimConfig)
    """How the weights are updated."""
    loop: LoopConfig = field(default_factory=LoopConfig)
    """How long, and where."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one that means nothing.
        """
        expect_range(self, "", ("batch",), 1, math.inf)
        expect_range(self, "", ("least_steps", "balance"), 0, math.inf)
        expect_range(self, "", ("smoothing",), 0, 1)


_STILL = Augment(
    affine=Affine(yaw_deg=0, tilt_deg=0, scale=0, shear=0),
    mirror=Mirror(chance=0),
    spoil=Spoil(noise=0, offset=0, chance=0),
    speed=0,
)

RECIPES: dict[str, dict[str, Any]] = {
    "small": {
        "optim": OptimConfig(lr=2e-3, weight_decay=0.05, warmup=0.05, ema=0.99),
        "loop": LoopConfig(epochs=60, validate_every=5, precision="32-true"),
    },
    "pyskl": {
        "batch": 128,
        "least_steps": 1,
        "smoothing": 0.0,
        "sampling": Sampling(steps=100, crop=1.0),
        "augment": _STILL,
        "optim": OptimConfig(
            name="sgd",
            lr=0.1,
            base_batch=128,
            momentum=0.9,
            nesterov=True,
            weight_decay=5e-4,
            decay_all=True,
            warmup=0.0,
            clip_norm=0.0,
            ema=0.0,
        ),
        "loop": LoopConfig(epochs=80, validate_every=5),
    },
    "posec3d": {
        "batch": 256,
        "least_steps": 1,
        "smoothing": 0.0,
        "sampling": Sampling(steps=48, crop=1.0),
        "augment": replace(_STILL, mirror=Mirror(chance=0.5), crop=Crop(area=0.56)),
        "optim": OptimConfig(
            name="sgd",
            lr=0.4,
            base_batch=256,
            momentum=0.9,
            nesterov=False,
            weight_decay=3e-4,
            decay_all=True,
            warmup=0.0,
            clip_norm=40.0,
            ema=0.0,
        ),
        "loop": LoopConfig(epochs=240, validate_every=10),
    },
    "lstm": {
        "batch": 1,
        "least_steps": 8000,
        "smoothing": 0.0,
        "balance": 1.0,
        "sampling": Sampling(steps=300, crop=1.0, jitter=0.0, rate_hz=30.0),
        "augment": _STILL,
        "optim": OptimConfig(
            name="adam", lr=2e-5, weight_decay=0.0, schedule="constant", clip_norm=0.0, ema=0.0
        ),
        "loop": LoopConfig(epochs=50, precision="32-true"),
    },
    "plain": {
        "augment": _STILL,
        "smoothing": 0.0,
        "sampling": Sampling(crop=1.0, jitter=0.0),
        "optim": OptimConfig(lr=2e-3, weight_decay=0.05, warmup=0.05, ema=0.99),
        "loop": LoopConfig(epochs=80, validate_every=5, precision="32-true"),
    },
}


def recipe(name: str) -> Recipe:
    """The settings of a recipe.

    Raises:
        InputError: there is no such recipe.
    """
    if name not in RECIPES:
        raise InputError(f"Expected a recipe of {', '.join(RECIPES)}, got '{name}'; choose one")
    return Recipe(**RECIPES[name])
