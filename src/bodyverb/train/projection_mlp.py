"""Learned projections: one joint in metres to its infrared pixel, by a small network.

The published one is 3-12-24-12-2 with ReLU between its layers and none behind, fed with raw metres; its
output is (u / 512, v / 424). Its files are state dicts of torch, saved on a GPU. `project train` makes the
same again, and networks with standardised inputs that learn what a pinhole leaves over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import expit

from bodyverb.core import FormatError
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.known_cameras import kinect_ir

WIDTHS = (3, 12, 24, 12, 2)
PICTURE = (512.0, 424.0)
MAX_BYTES = 1024**2
RUN_FILE = "model.pt"
Inputs = Literal["metres", "standard", "rays"]
_FRAME = ("centre", "scale", "offset", "unit")


@dataclass(frozen=True, kw_only=True, eq=False)
class ProjectionMlp:
    """One network and what stands before and behind it.

    Attributes:
        layers: weights (out, in) and biases (out,), float32.
        inputs: what it sees of a point: `metres` x y z as they are, `standard` x y z standardised, or `rays`
            x / z and -y / z standardised.
        centre: (k,) subtracted from the inputs.
        scale: (k,) divides them then.
        offset: (2,) px added to what it says.
        unit: (2,) px of one of its outputs.
        pinhole: (3,) f, cx, cy of the pinhole to whose pixels all that is added; empty for none.
        smooth: SiLU between the layers in place of ReLU.
    """

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    inputs: Inputs = "metres"
    centre: np.ndarray = field(default_factory=lambda: np.zeros(3))
    scale: np.ndarray = field(default_factory=lambda: np.ones(3))
    offset: np.ndarray = field(default_factory=lambda: np.zeros(2))
    unit: np.ndarray = field(default_factory=lambda: np.array(PICTURE))
    pinhole: np.ndarray = field(default_factory=lambda: np.zeros(0))
    smooth: bool = False

    @property
    def parameters(self) -> int:
        """How many numbers were found from data: weights, biases, the pinhole."""
        return sum(weight.size + bias.size for weight, bias in self.layers) + self.pinhole.size

    def prepared(self, points: np.ndarray) -> np.ndarray:
        """What the network sees of points (N, 3): (N, k) float32."""
        return ((seen_of(points, self.inputs) - self.centre) / self.scale).astype(np.float32)

    def start(self, points: np.ndarray) -> np.ndarray:
        """Px (N, 2) to which `unit` times what the network says is added."""
        start = np.tile(self.offset, (len(points), 1))
        if self.pinhole.size:
            start += _camera(self.pinhole).project(points)
        return start

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) metres, `kinect` axes, as px (N, 2) of the infrared picture."""
        points = np.asarray(points, np.float64)
        values = self.prepared(points)
        for at, (weight, bias) in enumerate(self.layers):
            values = values @ weight.T + bias
            if at < len(self.layers) - 1:
                values = values * expit(values) if self.smooth else np.maximum(values, 0)
        return values * self.unit + self.start(points)


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """What a file or a run folder holds: one network, or one a sensor.

    Attributes:
        name: to show.
        networks: by the name of the sensor; a single one where sensors were pooled.
        trained_on: names of the NTU files it has seen.
    """

    name: str
    networks: dict[str, ProjectionMlp]
    trained_on: frozenset[str] = frozenset()

    def nearest(self, points: np.ndarray, pixels: np.ndarray) -> ProjectionMlp:
        """The network that is nearest to pairs of a sensor, in the median."""

        def miss(network: ProjectionMlp) -> float:
            return float(np.nanmedian(np.linalg.norm(network.project(points) - pixels, axis=1)))

        return min(self.networks.values(), key=miss) if len(self.networks) > 1 else self.only

    @property
    def only(self) -> ProjectionMlp:
        """The first network."""
        return next(iter(self.networks.values()))


def seen_of(points: np.ndarray, inputs: Inputs) -> np.ndarray:
    """(N, k) float64: points (N, 3) as a network is shown them, before they are standardised."""
    if inputs != "rays":
        return points
    with np.errstate(divide="ignore", invalid="ignore"):
        return points[:, :2] / points[:, 2:] * (1, -1)


def load(path: str | Path) -> Learned:
    """Read a published file, or the run folder of `project train`; nothing in them is executed.

    Raises:
        FormatError: It is absent, too large, damaged, holds more than numbers, or is another network.
    """
    path = Path(path)
    if path.is_dir():
        return _of_run(path)
    layers = _layers(_state(path), path)
    found = (*(weight.shape[1] for weight, _ in layers), 2)
    if found != WIDTHS:
        raise FormatError(
            f"Expected the layers of a network {'-'.join(map(str, WIDTHS))}, got "
            f"{'-'.join(map(str, found))}; check the file: {path}"
        )
    return Learned(name=path.name, networks={"": ProjectionMlp(layers=layers)})


def to_state(network: ProjectionMlp) -> dict[str, Any]:
    """The content of a run's file for one sensor; only tensors and texts."""
    import torch

    frame = {name: torch.tensor(getattr(network, name)) for name in (*_FRAME, "pinhole")}
    weights: dict[str, Any] = {}
    for at, (weight, bias) in enumerate(network.layers):
        weights |= {f"{2 * at}.weight": torch.tensor(weight), f"{2 * at}.bias": torch.tensor(bias)}
    return {"weights": weights, "inputs": network.inputs, "smooth": network.smooth, **frame}


def _of_run(folder: Path) -> Learned:
    path = folder / RUN_FILE
    content = _state(path)
    sensors = content.get("sensors")
    if not isinstance(sensors, dict) or not sensors:
        raise FormatError(f"Expected networks by sensor, got none; train again: {path}")
    networks = {str(name): _network(one, path) for name, one in sensors.items()}
    seen = content.get("trained_on", [])
    names = frozenset(str(name) for name in seen) if isinstance(seen, list) else frozenset()
    return Learned(name=str(content.get("name", folder.name)), networks=networks, trained_on=names)


def _network(content: Any, path: Path) -> ProjectionMlp:
    try:
        inputs = content["inputs"]
        parts = {name: content[name].numpy().astype(np.float64) for name in (*_FRAME, "pinhole")}
        network = ProjectionMlp(
            layers=_layers(content["weights"], path),
            inputs=inputs,
            smooth=bool(content["smooth"]),
            **parts,
        )
        known = inputs in get_args(Inputs) and parts["pinhole"].size in (0, 3)
        shape = network.project(np.ones((1, 3))).shape
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"Expected a network, got {type(error).__name__}; train again: {path}") from None
    if not known or shape != (1, 2):
        raise FormatError(f"Expected a network to (u, v), got another; train again: {path}")
    return network


def _state(path: Path) -> dict[str, Any]:
    """A dictionary of a torch file: tensors on the CPU, numbers and texts."""
    import torch

    try:
        if path.stat().st_size > MAX_BYTES:
            raise FormatError(f"Expected at most {MAX_BYTES >> 20} MiB, got more; check the file: {path}")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FormatError:
        raise
    except Exception as error:  # torch raises whatever its readers do
        words = str(error).split("\n")[0][:120]
        raise FormatError(
            f"Expected a state dict of torch, got {type(error).__name__} ({words}); check the file: {path}"
        ) from None
    if not isinstance(state, dict):
        raise FormatError(f"Expected a state dict, got {type(state).__name__}; check the file: {path}")
    return state


def _layers(state: Any, path: Path) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Weights and biases in the order of the file, each layer fitting the next."""
    try:
        arrays = [value.detach().numpy().astype(np.float32) for value in state.values()]
    except (AttributeError, RuntimeError, TypeError):
        arrays = []
    pairs = tuple(zip(arrays[::2], arrays[1::2], strict=False))
    whole = len(arrays) % 2 == 0 and _fits(pairs)
    if not pairs or not whole or not all(np.isfinite(array).all() for array in arrays):
        raise FormatError(
            f"Expected weights and biases in turn, got {[array.shape for array in arrays][:10]}; "
            f"check the file: {path}"
        )
    return pairs


def _fits(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> bool:
    shaped = all(weight.ndim == 2 and bias.shape == weight.shape[:1] for weight, bias in pairs)
    chained = shaped and all(before[0].shape[0] == after[0].shape[1] for before, after in pairwise(pairs))
    return chained and bool(pairs) and pairs[-1][0].shape[0] == 2


def _camera(pinhole: np.ndarray) -> Camera:
    f, cx, cy = (float(value) for value in pinhole)
    return kinect_ir(f, cx, cy, 0.0, 0.0, 0.0)
