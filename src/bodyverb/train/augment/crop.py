"""A part of the picture: what lies outside of a random window is not seen. For 2D.

The random resized crop of PoseConv3D (Duan et al., CVPR 2022). The window lies in the box round all joints of
the clip, with some room; the network's own box closes round what is left, which is the resizing.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from bodyverb.train.augment.settings import Crop


def crop(position: Tensor, settings: Crop, generator: Generator) -> Tensor:
    """Leaves a window of each clip.

    Args:
        position: (batch, person, time, joint, 2), NaN = missing.
        settings: how small.
        generator: of the device of `position`.
    """
    axes = (1, 2, 3)
    low = torch.nan_to_num(position, nan=math.inf).amin(dim=axes)
    high = torch.nan_to_num(position, nan=-math.inf, neginf=-math.inf).amax(dim=axes)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, device=position.device, generator=generator)

    batch = len(position)
    area = settings.area + (1 - settings.area) * uniform(batch)
    ratio = torch.exp(math.log(settings.aspect) * (2 * uniform(batch) - 1))
    share = torch.stack([area * ratio, area / ratio], dim=1).sqrt().clamp_max(1.0)
    side = (high - low) * (1 + settings.room)
    begin = (low + high - side) / 2 + uniform(batch, 2) * (1 - share) * side
    end = begin + share * side
    window = begin[:, None, None, None], end[:, None, None, None]
    inside = ((position >= window[0]) & (position <= window[1])).all(dim=-1, keepdim=True)
    return position.masked_fill(~inside, math.nan)
