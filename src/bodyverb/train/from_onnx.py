"""Start a training from an exported network: its weights, with the batch norms that the export folded away.

Checkpoints are not shipped, ONNX files are. An int8 file gives its weights to within half a quantisation
step, which is near enough to train on from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn


def folded_weights(path: Path) -> dict[str, Tensor]:
    """The float weights and biases of an exported network, by their names in the module.

    Args:
        path: ONNX file, float or quantised with QuantizeLinear and DequantizeLinear nodes.

    Returns:
        Name -> tensor; the bias that a folded batch norm left stands under the convolution's name.
    """
    graph = onnx.load(str(path)).graph
    given = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    found = {name: value for name, value in given.items() if value.dtype == np.float32}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in given:
            value, scale = given[node.input[0]].astype(np.float32), given[node.input[1]]
            if scale.ndim:  # one scale an output channel
                scale = scale.reshape(-1, *(1,) * (value.ndim - 1))
            found[node.input[0].removesuffix("_quantized")] = value * scale
    names = ((name, name.replace(".weight_bias", ".bias")) for name in found)
    return {new: torch.from_numpy(np.array(found[old])) for old, new in names if "." in new}


def unfold(module: nn.Module, weights: dict[str, Tensor], images: Tensor) -> int:
    """Give a network folded weights, and its batch norms the statistics that undo the folding.

    A convolution and the batch norm behind it become one convolution in the export. Here the norm gets the
    mean and variance of what the convolution puts out on `images`, and the gain and shift that give exactly
    the folded output: the network computes what the exported one does, and trains on sensibly.

    Args:
        module: the network; what `weights` lacks stays as it is.
        weights: from `folded_weights`.
        images: a batch as the network takes it, for the statistics.

    Returns:
        How many layers were taken over.
    """
    own = module.state_dict()
    fitting = {k: v for k, v in weights.items() if k in own and own[k].shape == v.shape}
    module.load_state_dict(fitting, strict=False)
    layers = {name.rsplit(".", 1)[0] for name in fitting if name.endswith(".weight")}
    names = {layer: name for name, layer in module.named_modules()}
    last: list[str] = []

    def behind_convolution(layer: nn.Module, inputs: Any, output: Any) -> None:
        last[:] = [names[layer]]

    def behind_norm(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor | None:
        bias = weights.get(f"{last[0]}.bias") if last and last[0] in layers else None
        if bias is None:
            return None
        _absorb(layer, inputs[0], bias)
        return inputs[0] + bias[:, None, None]

    hooks = [
        layer.register_forward_hook(hook)
        for layer in module.modules()
        for kind, hook in ((nn.Conv2d, behind_convolution), (nn.BatchNorm2d, behind_norm))
        if isinstance(layer, kind)
    ]
    module.eval()
    with torch.no_grad():
        module(images)
    for hook in hooks:
        hook.remove()
    return len(layers)


def _absorb(norm: Any, x: Tensor, bias: Tensor) -> None:
    """Make a batch norm add `bias` and nothing else, on inputs such as x (batch, channel, h, w)."""
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean + bias)
