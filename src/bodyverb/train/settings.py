"""Settings of the training loop and its optimizer. No torch here: a command's `--help` needs none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from bodyverb.core import InputError


def expect(good: bool, option: str, wanted: str, got: Any) -> None:
    """Refuse a setting that means nothing.

    Raises:
        InputError: it is not `good`.
    """
    if not good:
        raise InputError(f"Expected {option} {wanted}, got {got}; change it")


def expect_range(settings: Any, within: str, names: tuple[str, ...], low: float, high: float) -> None:
    """See that the named values of a settings dataclass lie in [low, high].

    Raises:
        InputError: one does not.
    """
    wanted = f"of {low:g} or more" if high == math.inf else f"from {low:g} to {high:g}"
    for name in names:
        value = getattr(settings, name)
        expect(low <= value <= high and value < math.inf, within + name, wanted, value)


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How long to train, where, and what to keep.

    Several GPUs or processes: start the same command under `torchrun --nproc-per-node N --no-python`.
    """

    epochs: int = 30
    """Passes over the training data."""
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"
    """bf16-mixed (autocast to bfloat16) or 32-true."""
    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    """cpu, cuda, or auto: cuda where there is a GPU."""
    threads: int = 0
    """CPU threads of torch; 0 leaves the default."""
    seed: int = 0
    """Seed of weights, sampling and augmentation."""
    resume: bool = False
    """Go on from last.pt in the run's folder."""
    validate_every: int = 1
    """Epochs between validations (the last epoch is always validated)."""
    accumulate: int = 1
    """Batches whose mean gradient makes one step."""
    patience: int = 0
    """Stop at a validation that lies so many epochs after the best one; 0 never stops early."""
    select_last: bool = False
    """best.pt is the last epoch's, whatever the scores were: nothing is selected."""
    overfit: int = 0
    """Train and validate on the same N clips, taken evenly from all, to see that a model can learn; weights
    are not averaged then, since an average of few steps lags. 0 for all data."""
    save_steps: int = 0
    """Write last.pt every so many steps too; 0: at the end of each epoch only."""
    save_seconds: float = 0.0
    """Write last.pt after so many seconds too; 0: at the end of each epoch only."""

    def __post_init__(self) -> None:
        """Check what can be told without a machine.

        Raises:
            InputError: a number that means nothing.
        """
        for name in ("epochs", "validate_every", "accumulate"):
            value = getattr(self, name)
            expect(value >= 1, f"loop.{name}", "of 1 or more", value)
        for name in ("threads", "patience", "overfit", "save_steps", "save_seconds"):
            value = getattr(self, name)
            expect(value >= 0, f"loop.{name}", "of 0 or more", value)
        expect(
            not (self.patience and self.select_last),
            "one of loop.patience and loop.select_last",
            "(stopping early selects by the score)",
            "both",
        )


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """How the weights are updated."""

    name: Literal["adamw", "sgd", "muon", "adam"] = "adamw"
    """`sgd`: with momentum, the published recipes' choice. `muon`: orthogonalised momentum (Jordan et al.
    2024) for convolution and matrix weights, AdamW for the rest. `adam`: plain, as torch has it."""
    lr: float = 1e-3
    """Peak learning rate (with muon: that of AdamW)."""
    base_batch: int = 0
    """Rows a step that the rates are meant for: they are scaled by rows / base_batch (linear scaling, Goyal
    et al. 2017); 0 leaves them."""
    muon_lr: float = 0.02
    """Peak learning rate of Muon (used with name=muon)."""
    momentum: float = 0.9
    """Of sgd."""
    nesterov: bool = True
    """Look-ahead momentum (used with name=sgd)."""
    weight_decay: float = 0.02
    """Decay of matrix weights; decoupled, but for sgd and adam."""
    decay_all: bool = False
    """Decay biases and normalisation weights too, as the published recipes do."""
    schedule: Literal["cosine", "step", "one-cycle", "constant"] = "cosine"
    """How the rate goes over the run, changed at every step. `cosine`: down to 1 %; `step`: by `gamma` at
    each of `milestones`; `one-cycle` (Smith and Topin 2018): from 1/25 up, then down to 1/250000;
    `constant`: no warm-up either."""
    warmup: float = 0.03
    """Share of all steps over which the rate climbs to its peak (one-cycle: 0.3 is usual)."""
    milestones: tuple[float, ...] = (0.6, 0.85)
    """Shares of the run at which `step` lowers the rate."""
    gamma: float = 0.1
    """Factor on the rate at each milestone."""
    clip_norm: float = 5.0
    """Gradient norm above which gradients are scaled down; 0 switches it off."""
    ema: float = 0.998
    """Decay of the averaged weights that are evaluated and kept; after n steps (1 + n) / (10 + n) at most. 0
    switches averaging off."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one that means nothing.
        """
        for name in ("lr", "muon_lr", "gamma"):
            value = getattr(self, name)
            expect(0 < value < math.inf, f"optim.{name}", "above 0", value)
        for name in ("base_batch", "weight_decay", "clip_norm"):
            value = getattr(self, name)
            expect(0 <= value < math.inf, f"optim.{name}", "of 0 or more", value)
        for name in ("momentum", "warmup", "ema"):
            value = getattr(self, name)
            expect(0 <= value < 1, f"optim.{name}", "in [0, 1)", value)
        ordered = all(0 < at < 1 for at in self.milestones) and list(self.milestones) == sorted(
            self.milestones
        )
        expect(ordered, "optim.milestones", "ascending, between 0 and 1", self.milestones)
