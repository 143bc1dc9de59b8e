"""Training the verb classifier: cross-entropy over the verbs, one binary logit for known against unknown
motion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb import skeletons
from bodyverb.models import verb_tcn
from bodyverb.train.augment.pose_error import PoseErrorModel
from bodyverb.train.evaluate_verbs import Predict, quick_top1
from bodyverb.train.loop import LoopConfig, fit
from bodyverb.train.optim import OptimConfig
from bodyverb.train.verbs_data import DataConfig, VerbSampler, VerbStore

SKELETON = "penn13"


@dataclass(frozen=True, kw_only=True)
class VerbsConfig:
    """Everything that decides a training run."""

    batch: int = 256
    """Windows a step."""
    steps_per_epoch: int = 250
    """Steps an epoch."""
    smoothing: float = 0.05
    """Label smoothing of the cross-entropy."""
    known_factor: float = 1.0
    """Weight of the known/unknown loss."""
    model: verb_tcn.Config = field(default_factory=verb_tcn.Config)
    """Network size."""
    data: DataConfig = field(default_factory=DataConfig)
    """What batches are made of."""
    optim: OptimConfig = field(default_factory=lambda: OptimConfig(lr=2e-3, weight_decay=0.05, ema=0.998))
    """Optimizer."""
    loop: LoopConfig = field(default_factory=lambda: LoopConfig(epochs=20, threads=1))
    """Loop."""


def predictor(module: nn.Module) -> Predict:
    """Wraps a torch network as a function of numpy arrays."""

    def predict(inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        device = next(module.parameters()).device
        with torch.inference_mode():
            logits, known = module(
                *(torch.from_numpy(inputs[k]).to(device) for k in ("position", "score", "seconds"))
            )
        return logits.float().cpu().numpy(), known.float().cpu().numpy()

    return predict


def loss_function(
    config: VerbsConfig,
) -> Callable[[nn.Module, dict[str, Tensor]], tuple[Tensor, dict[str, float]]]:
    """The training loss: cross-entropy on verbs, binary cross-entropy of `known` on everything."""

    def loss(module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        logits, known = module(batch["position"], batch["score"], batch["seconds"])
        logits, known, label = logits.float(), known.float(), batch["label"]
        verb = label >= 0
        named = F.cross_entropy(logits[verb], label[verb], label_smoothing=config.smoothing)
        surprise = F.binary_cross_entropy_with_logits(known, verb.float(), reduction="none")
        opened = (surprise * batch["known_weight"]).mean()
        top1 = (logits[verb].argmax(dim=1) == label[verb]).float().mean()
        hit = ((known > 0) == verb).float().mean()
        numbers = {
            "verb_loss": named.item(),
            "known_loss": opened.item(),
            "top1": top1.item(),
            "known": hit.item(),
        }
        return named + config.known_factor * opened, numbers

    return loss


def validator(store: VerbStore, config: VerbsConfig) -> Callable[[nn.Module], dict[str, float]]:
    """Clip accuracy on the 2D verbs of a store."""
    verbs = [i for i in range(len(store)) if store.label[i] >= 0 and store.flat[i]]
    tracks = [store.clip(i) for i in verbs]
    labels = store.label[verbs]

    def validate(module: nn.Module) -> dict[str, float]:
        return {
            "val_top1": quick_top1(predictor(module), tracks, labels, config.data.window_s, config.data.steps)
        }

    return validate


def train(
    store: VerbStore,
    validation: VerbStore,
    config: VerbsConfig,
    errors: PoseErrorModel,
    verbs: int,
    out: Path,
    say: Callable[[str], None] = print,
) -> nn.Module:
    """Trains a network and returns the averaged weights of the LAST epoch (nothing is selected).

    Args:
        store: training clips.
        validation: clips that are only watched.
        config: everything else.
        errors: pose-error statistics of the augmentation.
        verbs: number of classes.
        out: run folder for checkpoints and logs.
        say: where progress goes.

    Returns:
        The network in evaluation mode.
    """
    torch.manual_seed(config.loop.seed)
    skeleton = skeletons.get(SKELETON)
    module = verb_tcn.build(config.model, skeleton, verbs)
    sampler = VerbSampler(store, skeleton, verbs, config.data, errors)

    def batches(epoch: int) -> Any:
        return sampler.batches(config.steps_per_epoch, config.batch, seed=config.loop.seed * 1009 + epoch)

    fit(
        module,
        batches,
        lambda epoch: config.steps_per_epoch,
        loss_function(config),
        validator(validation, config),
        select="val_top1",
        optim=config.optim,
        loop=config.loop,
        out=out,
        say=say,
    )
    content = torch.load(out / "last.pt", map_location="cpu", weights_only=True)
    key = "average" if config.optim.ema else "module"
    state = {k.removeprefix("module."): v for k, v in content[key].items() if k != "n_averaged"}
    module.load_state_dict(state)
    return module.eval()
