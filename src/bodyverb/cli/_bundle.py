"""Putting a trained pose network or finder into a model folder: float file, int8 file, card."""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.infer import load
from bodyverb.infer.quantize import quantize_int8

LSPET_TERMS = (
    "Weights: for research use. They were trained on LSP Extended (Johnson and Everingham, CVPR 2011), "
    "which states no "
    "licence; its pictures belong to their photographers. The code is Apache-2.0."
)


def bundle(
    folder: Path,
    float_file: Path,
    card: Mapping[str, Any],
    samples: Iterable[Mapping[str, np.ndarray]],
    score: Callable[[Path], float],
    most_loss: float,
) -> dict[str, Any]:
    """Write `folder`/model.onnx and card.json: int8 where it costs less than `most_loss` of the score, else
    float.

    Args:
        folder: the model's folder, e.g. weights/pose-lite.
        float_file: the float32 network; a copy of the card is put beside it while it is measured.
        card: everything but `file`, `sha256` and what is measured here.
        samples: inputs to calibrate on.
        score: folder with a card -> quality (higher is better).
        most_loss: what int8 may cost.

    Returns:
        float and int8 scores and which was chosen.
    """
    trial = float_file.parent
    _write_card(trial, float_file.name, card)
    (trial / "int8").mkdir(parents=True, exist_ok=True)
    quantize_int8(float_file, trial / "int8" / "model.onnx", samples)
    _write_card(trial / "int8", "model.onnx", card)
    before, after = score(trial), score(trial / "int8")
    chosen = trial / "int8" / "model.onnx" if before - after < most_loss else float_file
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(chosen.read_bytes())
    (folder / "LICENSE.txt").write_text(LSPET_TERMS + "\n", encoding="utf-8")
    _write_card(folder, "model.onnx", card)
    return {"float": before, "int8": after, "chosen": "int8" if chosen != float_file else "float"}


def _write_card(folder: Path, file: str, card: Mapping[str, Any]) -> None:
    digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    text = json.dumps({**card, "file": file, "sha256": digest}, indent=1)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")


def amend_card(folder: Path, facts: Mapping[str, Any]) -> None:
    """Add what was measured to a card."""
    path = folder / "card.json"
    content = json.loads(path.read_text(encoding="utf-8")) | dict(facts)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def milliseconds(name: str, task: str, inputs: Mapping[str, np.ndarray], threads: int) -> float:
    """Median time of one run of a network, in ms."""
    session = load(name, task, device="cpu", threads=threads)
    times = []
    for _ in range(40):
        begin = time.perf_counter()
        session.run(inputs)
        times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(times[5:])
