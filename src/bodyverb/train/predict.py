"""What a classifier says of clips: scores averaged over cuts and mirror images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from bodyverb.metrics.classification import log_softmax
from bodyverb.train.augment.mirror import mirrored
from bodyverb.train.clips import Clips
from bodyverb.train.lab_settings import Sampling
from bodyverb.train.predictions import Predictions
from bodyverb.train.sampling import Batch, batch, moments

Classifier = Callable[[Batch], np.ndarray]
"""position, score, seconds as `sampling.batch` gives them -> logits (n, class)."""
ROWS = 64
SEED = 255


def classifier(module: nn.Module) -> Classifier:
    """A torch network in evaluation mode as a function of a batch."""
    module.eval()
    device = next(module.parameters()).device

    def classify(inputs: Batch) -> np.ndarray:
        with torch.inference_mode():
            found = module(*(inputs[name].to(device) for name in ("position", "score", "seconds")))
        logits = found[0] if isinstance(found, tuple) else found
        return np.asarray(logits.float().cpu().numpy(), np.float64)

    return classify


def predict(
    classify: Classifier,
    clips: Clips,
    sampling: Sampling,
    *,
    views: int = 1,
    flip: bool = False,
    about: dict[str, Any] | None = None,
) -> Predictions:
    """Scores every clip.

    Args:
        classify: the network.
        clips: what to score.
        sampling: how the network sees clips.
        views: the first is the whole clip at the middles of its segments; more are as in training, from a
            fixed seed.
        flip: mirrored clips count as well.
        about: facts for the result.

    Returns:
        Mean log-softmax over the views of each clip.
    """
    rng = np.random.default_rng(SEED)
    partners = torch.tensor(clips.skeleton.flip)
    total = np.zeros((len(clips), len(clips.classes)))
    for start in range(0, len(clips), ROWS):
        rows = np.arange(start, min(start + ROWS, len(clips)))
        for view in range(views):
            inputs = batch(clips, rows, moments(clips, rows, sampling, rng if view else None))
            total[rows] += log_softmax(classify(inputs))
            if flip:
                other, score = mirrored(inputs["position"], inputs["score"], partners)
                total[rows] += log_softmax(classify({**inputs, "position": other, "score": score}))
    return Predictions(
        ids=clips.ids,
        label=clips.label,
        score=total / (views * (1 + flip)),
        classes=clips.classes,
        subject=clips.subject,
        camera=clips.camera,
        about={"views": views, "flip": flip, **(about or {})},
    )
