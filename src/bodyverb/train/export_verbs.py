"""From a run to a network that runs without torch: ONNX file, checks on real clips, card.

The graph holds the preparation: position, score and seconds go in, with NaN, logits come out (and `known` of
open-set networks). Batch and time are free.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from bodyverb.core import InputError, ModelError
from bodyverb.formats.files import replacing, to_json
from bodyverb.infer import load
from bodyverb.metrics.classification import probability
from bodyverb.train.clips import Clips
from bodyverb.train.export import export_onnx
from bodyverb.train.predict import Classifier, predict
from bodyverb.train.quantize_verbs import quantized
from bodyverb.train.trained import Trained, network_classifier
from bodyverb.train.verbs_card import Material, verbs_card

INPUTS = ("position", "score", "seconds")
TOLERANCE = 1e-4
"""Largest difference of a probability between torch and the exported network."""


def write_network(
    module: nn.Module,
    shape: tuple[int, int, int, int],
    path: Path,
    *,
    free: tuple[str, ...] = ("batch", "time"),
    known: bool = False,
    half_weights: bool = False,
) -> Path:
    """Write the ONNX file of a classifier.

    Args:
        module: the network.
        shape: person, time, joint, 2|3 of the example.
        path: the file.
        free: axes of any length: batch, person, time.
        known: it also returns the logit `known` of an open set.
        half_weights: store weights as float16.
    """
    persons, steps, joints, dims = shape
    generator = torch.Generator().manual_seed(0)
    example = (
        torch.randn(3, persons, steps, joints, dims, generator=generator),
        torch.ones(3, persons, steps, joints),
        torch.arange(steps)[None].repeat(3, 1) / 20,
    )
    axes = (("batch", "person", "time"), ("batch", "person", "time"), ("batch", "time"))
    dynamic: list[dict[int, str | tuple[str, int]]] = [
        {at: name for at, name in enumerate(names) if name in free} for names in axes
    ]
    outputs = ("logits", "known") if known else ("logits",)
    return export_onnx(
        module, example, path, inputs=INPUTS, outputs=outputs, dynamic=dynamic, half_weights=half_weights
    )


def export_run(
    trained: Trained, module: nn.Module, material: Material, path: Path, *, int8: bool = False
) -> dict[str, Any]:
    """Export a run's network, check it on real clips and write it with its card, or nothing at all.

    Args:
        trained: the run.
        module: its network, on the CPU.
        material: clips to check with.
        path: the ONNX file; the card is put beside it, ending .json.
        int8: quantise convolutions; refused where that changes too much.

    Returns:
        The card.

    Raises:
        InputError: the path does not end .onnx, or int8 changes too much.
        ModelError: the exported network does not say what the torch one says.
        OutputError: a file cannot be written.
    """
    if path.suffix != ".onnx" or trained.run is None:
        raise InputError(f"Expected a name that ends with .onnx, got '{path.name}'; rename it: {path}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        shape = (trained.persons, trained.sampling.steps, len(trained.skeleton), trained.dims)
        write_network(module, shape, file)
        exported = _classifier(file)
        checked = compare(trained.classify, exported, trained, material.measured)
        made = predict(exported, material.measured, trained.sampling)
        facts: dict[str, Any] = {"checked": checked}
        if int8:
            smaller = Path(folder) / "int8.onnx"
            facts["int8"], made = quantized(file, smaller, trained, material, made, _classifier)
            facts["int8"]["part"] = material.part
            file = smaller
        card = verbs_card(trained, material, made, facts, path, file.read_bytes())
        with replacing(path) as part:
            shutil.copyfile(file, part)
    with replacing(path.with_suffix(".json")) as part:
        part.write_text(to_json(card, indent=1) + "\n", encoding="utf-8")
    return card


def compare(torch_one: Classifier, exported: Classifier, trained: Trained, clips: Clips) -> dict[str, Any]:
    """The largest difference of a probability on real clips, and on cuts of one moment and of odd lengths.

    Raises:
        ModelError: it is above `TOLERANCE`.
    """
    worst, seen = 0.0, 0
    steps = trained.sampling.steps
    for length in (steps, steps + 7, max(1, steps // 3), 1):
        some = clips if length == steps else clips.select(np.arange(min(5, len(clips))))
        sampling = replace(trained.sampling, steps=length)
        one, other = (predict(each, some, sampling) for each in (torch_one, exported))
        gap = np.abs(probability(one.score) - probability(other.score))
        worst, seen = max(worst, float(gap.max())), seen + len(some)
    if not worst <= TOLERANCE:
        raise ModelError(
            f"Expected probabilities within {TOLERANCE:g} of torch, got a difference of {worst:.2g}; "
            f"report this network: {trained.name}"
        )
    return {"clips": seen, "largest difference of a probability": float(f"{worst:.2g}")}


def _classifier(file: Path) -> Classifier:
    """A network without a card as a function."""
    card = {"name": file.stem, "task": "verbs", "file": file.name, "licence": "", "input": {}}
    path = file.with_suffix(".json")
    path.write_text(to_json(card), encoding="utf-8")
    return network_classifier(load(str(path), "verbs", device="cpu"))
