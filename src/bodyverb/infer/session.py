"""onnxruntime sessions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from bodyverb.core import InputError, ModelError
from bodyverb.infer.card import Card
from bodyverb.infer.catalogue import find


@dataclass(frozen=True)
class Tensor:
    """An input or output as the ONNX file declares it.

    Attributes:
        name: in the graph.
        shape: lengths of the axes; text or None where an axis is free; () where no shape is declared.
        dtype: numpy's name of the kind, e.g. `float32`; empty where it is no array of numbers.
    """

    name: str
    shape: tuple[int | str | None, ...]
    dtype: str


@dataclass(frozen=True)
class Session:
    """A loaded network.

    Attributes:
        card: what it is.
        provider: where it runs (onnxruntime's name of the execution provider).
    """

    card: Card
    provider: str
    _session: Any

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(item.name for item in self._session.get_inputs())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(item.name for item in self._session.get_outputs())

    def declared(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Inputs and outputs as the ONNX file declares them."""
        sides = (self._session.get_inputs(), self._session.get_outputs())
        inputs, outputs = (
            tuple(Tensor(item.name, tuple(item.shape or ()), _dtype(item.type)) for item in side)
            for side in sides
        )
        return inputs, outputs

    @property
    def fixed_batch(self) -> int | None:
        """Batch size that the network insists on, or None where any will do."""
        shape = self._session.get_inputs()[0].shape
        return shape[0] if shape and isinstance(shape[0], int) else None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the network.

        Args:
            inputs: name -> array; extra names are dropped.

        Returns:
            name -> array.

        Raises:
            ModelError: the arrays do not fit the network.
        """
        wanted = set(self.inputs)
        try:
            values = self._session.run(None, {k: v for k, v in inputs.items() if k in wanted})
        except Exception as error:
            shapes = {k: (v.shape, str(v.dtype)) for k, v in inputs.items()}
            raise ModelError(
                f"Expected arrays that fit '{self.card.name}', got {shapes}: {str(error).splitlines()[0]}; "
                f"correct the card or the network: {self.card.path}"
            ) from error
        return dict(zip(self.outputs, values, strict=True))


def _dtype(declared: str) -> str:
    """`float32` for onnxruntime's `tensor(float)`; empty for text, sequences and maps."""
    name = declared.removeprefix("tensor(").removesuffix(")")
    name = {"float": "float32", "double": "float64"}.get(name, name)
    return name if name.startswith(("float", "int", "uint", "bool")) else ""


def providers(device: str) -> list[str]:
    """Execution providers for `auto`, `cpu` or `cuda`.

    Raises:
        InputError: cuda was asked for and this onnxruntime has none, or the device is unknown.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"Expected a device of auto, cpu, cuda, got '{device}'; choose one of them")
    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device == "cuda" and not has_cuda:
        raise InputError(
            "Expected onnxruntime with CUDA for --device cuda, got the CPU build; "
            "install onnxruntime-gpu in its place, or use --device cpu"
        )
    wanted = ["CUDAExecutionProvider"] if has_cuda and device != "cpu" else []
    return [*wanted, "CPUExecutionProvider"]


def load(name: str, *tasks: str, device: str = "auto", threads: int | None = None) -> Session:
    """Load a network by bundled name or path.

    Args:
        name: bundled name, ONNX file, card or folder.
        tasks: pose, detect or verbs; several where any of them will do.
        device: auto, cpu or cuda.
        threads: CPU threads of one run; all cores (at most 4) by default.

    Raises:
        ModelError: not found, wrong checksum, or not loadable.
        InputError: the device does not exist here.
    """
    card = find(name, *tasks)
    card.check_file()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or min(4, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong comes as an exception; its own lines say it twice
    # Spinning threads would take the core from the decoder and the encoder, which run beside.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(card.path), options, providers=providers(device))
    except InputError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"Expected a network that onnxruntime can load, got: {reason}; replace it: {card.path}"
        ) from error
    runs_on = session.get_providers()[0]
    if device == "cuda" and runs_on != "CUDAExecutionProvider":  # onnxruntime falls back without a word
        raise InputError(
            "Expected a CUDA device for --device cuda, got none that works; "
            "check the driver and the CUDA libraries, or use --device cpu"
        )
    return Session(card, runs_on, session)
