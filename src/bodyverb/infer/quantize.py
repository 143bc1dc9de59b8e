"""Turning a float network into int8 (static, QDQ), calibrated on real inputs. Needs the extra [train]
(onnx)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np


def quantize_int8(
    source: Path, target: Path, samples: Iterable[Mapping[str, np.ndarray]], keep_float: Iterable[str] = ()
) -> Path:
    """Quantise the convolutions of a network to int8.

    Weights get one scale an output channel, activations one a tensor, from the range seen on the samples.

    Args:
        source: float32 ONNX file.
        target: where the int8 file goes.
        samples: inputs to calibrate on, a few dozen batches like those at run time.
        keep_float: nodes whose name contains one of these words stay in float32.

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
        names = [n.name for n in onnx.load(str(prepared)).graph.node]
        quantize_static(
            str(prepared),
            str(target),
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "Add", "MaxPool", "AveragePool", "Resize"],
            nodes_to_exclude=[n for n in names if any(word in n for word in words)],
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )
    return target
