"""Exporting torch networks to ONNX files that onnxruntime runs without torch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def export_onnx(
    module: nn.Module,
    example: Sequence[Tensor],
    path: str | Path,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    dynamic: Sequence[dict[int, str | tuple[str, int]]] | None = None,
    half_weights: bool = False,
) -> Path:
    """Writes a network as one ONNX file.

    Args:
        module: the network; switched to evaluation mode.
        example: one tensor an input, batch size at least 2 (1 would be taken as fixed).
        path: the file, written under a temporary name first.
        inputs: names of the inputs.
        outputs: names of the outputs.
        dynamic: for each input the free dimensions by name, or (name, n) for multiples of n; by default
            dimension 0 is ``batch``.
        half_weights: store weights as float16 (half the size; the arithmetic stays float32).

    Returns:
        The path.
    """
    import onnx

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    shapes = _free_shapes(dynamic if dynamic is not None else [{0: "batch"} for _ in example])
    with warnings.catch_warnings(), _quiet("torch.onnx._internal.exporter._registration"):
        warnings.simplefilter("ignore")  # the exporter warns about its own deprecations
        program = torch.onnx.export(
            module.eval(),
            tuple(example),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=shapes,
            dynamo=True,
            optimize=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing")
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    if half_weights:
        halve_weights(model)
    onnx.checker.check_model(model)
    part = path.with_suffix(".part")
    onnx.save(model, str(part))
    part.replace(path)
    return path


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """No warnings from this logger: the exporter tells of torchvision, which nothing here needs."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _free_shapes(free: Sequence[dict[int, str | tuple[str, int]]]) -> tuple[dict[int, Any], ...]:
    """The exporter's form of the free dimensions; equal names are equal sizes."""
    dims: dict[str, Any] = {}
    shapes = []
    for part in free:
        shape = {}
        for place, wanted in part.items():
            name, multiple = (wanted, 1) if isinstance(wanted, str) else wanted
            dim = dims.setdefault(name, torch.export.Dim(name))
            shape[place] = dim if multiple == 1 else multiple * dim
        shapes.append(shape)
    return tuple(shapes)


def halve_weights(model: object, smallest: int = 256) -> None:
    """Stores large float32 weights as float16 behind a cast; onnxruntime folds the cast when it loads the
    file.

    Args:
        model: an onnx ModelProto, changed in place.
        smallest: weights with fewer numbers stay as they are.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph  # type: ignore[attr-defined]
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < smallest:
            continue
        name = tensor.name
        half = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}_half"))
        casts.append(
            helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT, name=f"{name}_cast")
        )
    for number, node in enumerate(casts):
        graph.node.insert(number, node)
