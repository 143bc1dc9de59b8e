"""The learned projection that was published before the formula: one joint in metres to its infrared pixel.

A network 3-12-24-12-2 with ReLU between its layers and none behind; its output is (u / 512, v / 424). The
files are state dicts of torch, saved on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from bodyverb.core import FormatError

WIDTHS = (3, 12, 24, 12, 2)
SCALE = np.array([512.0, 424.0])
MAX_BYTES = 1024**2


@dataclass(frozen=True, kw_only=True, eq=False)
class ProjectionMlp:
    """Weights (out, in) and biases (out,) of the four layers, float32."""

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]

    @property
    def parameters(self) -> int:
        """How many numbers it has."""
        return sum(weight.size + bias.size for weight, bias in self.layers)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) metres, `kinect` axes, as px (N, 2) of the infrared picture."""
        values = np.asarray(points, np.float32)
        for at, (weight, bias) in enumerate(self.layers):
            values = values @ weight.T + bias
            if at < len(self.layers) - 1:
                values = np.maximum(values, 0)
        return values * SCALE


def load(path: str | Path) -> ProjectionMlp:
    """Read a published file; nothing in it is executed.

    Raises:
        FormatError: It is absent, too large, damaged, holds more than numbers, or is another network.
    """
    import torch

    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FormatError(f"Expected at most {MAX_BYTES >> 20} MiB, got more; check the file: {path}")
        state = torch.load(path, map_location="cpu", weights_only=True)
        arrays = [value.detach().numpy().astype(np.float32) for value in state.values()]
    except FormatError:
        raise
    except Exception as error:  # torch raises whatever its readers do
        words = str(error).split("\n")[0][:120]
        raise FormatError(
            f"Expected a state dict of torch, got {type(error).__name__} ({words}); check the file: {path}"
        ) from None
    expected = [shape for a, b in pairwise(WIDTHS) for shape in ((b, a), (b,))]
    if [array.shape for array in arrays] != expected:
        raise FormatError(
            f"Expected the layers of a network {'-'.join(map(str, WIDTHS))}, got "
            f"{[array.shape for array in arrays][:10]}; check the file: {path}"
        )
    return ProjectionMlp(layers=tuple(zip(arrays[::2], arrays[1::2], strict=True)))
