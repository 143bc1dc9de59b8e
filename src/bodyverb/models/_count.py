"""Parameters and multiply-adds of a network, by one rule.

Counted: convolutions, linear layers and matrix products (graphs, attention, recurrent cells), one for each
product of two numbers that is added up. Not counted: normalisation, activations, pooling, element-wise
arithmetic, and the preparation's elementwise part. The network is run on torch's `meta` device: shapes
only, no arithmetic.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a network holds and does for one call.

    Attributes:
        parameters: Learned numbers.
        multiply_adds: For the whole call, see the module docstring.
    """

    parameters: int
    multiply_adds: int


def count(module: nn.Module, *inputs: Tensor) -> Size:
    """Count for one call with inputs of these shapes; neither module nor inputs change."""
    shadow = copy.deepcopy(module).eval().to("meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        shadow(*(value.to("meta") for value in inputs))
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return Size(parameters=parameters, multiply_adds=counter.get_total_flops() // 2)
