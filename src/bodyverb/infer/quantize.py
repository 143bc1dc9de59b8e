"""Turning a float network into int8 (static, QDQ), calibrated on real inputs. Needs the extra [train]
(onnx)."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def quantize_int8(
    source: Path,
    target: Path,
    samples: Iterable[Mapping[str, np.ndarray]],
    keep_float: Iterable[str] = (),
    keep_convolutions: Collection[int] | None = None,
) -> Path:
    """Quantise the convolutions of a network to int8.

    Weights get one scale an output channel, activations one a tensor, from the range seen on the samples.

    Args:
        source: float32 ONNX file.
        target: where the int8 file goes.
        samples: inputs to calibrate on, a few dozen batches like those at run time.
        keep_float: nodes whose name contains one of these words stay in float32.
        keep_convolutions: where given, nothing but convolutions is quantised, without those of these places
            in the order of the graph.

    Returns:
        `target`.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.rows = iter(samples)

        def get_next(self) -> dict | None:
            row = next(self.rows, None)
            return None if row is None else dict(row)

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        words = tuple(keep_float)
        nodes = onnx.load(str(prepared)).graph.node
        names = [n.name for n in nodes if any(word in n.name for word in words)]
        kinds = ["Conv", "Add", "MaxPool", "AveragePool", "Resize"]
        if keep_convolutions is not None:
            kinds = ["Conv"]
            names += [n for at, n in enumerate(_convolutions(nodes)) if at in keep_convolutions]
        quantize_static(
            str(prepared),
            str(target),
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=kinds,
            nodes_to_exclude=names,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )
    return target


def convolutions(source: Path) -> int:
    """How many convolutions a network has."""
    import onnx

    return len(_convolutions(onnx.load(str(source)).graph.node))


def _convolutions(nodes: Iterable[Any]) -> list[str]:
    return [node.name for node in nodes if node.op_type == "Conv"]
