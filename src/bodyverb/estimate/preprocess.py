"""From uint8 RGB crops to the array a network wants; what it wants stands in its card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def network_input(crops: np.ndarray, wants: Mapping[str, Any]) -> np.ndarray:
    """Prepare a batch.

    Args:
        crops: (n, h, w, 3) uint8 RGB.
        wants: the card's `input`: `channels` rgb|bgr, `layout` nhwc|nchw, `mean` and `std` in 0..255
        (without them
            and with `dtype` uint8 the pixels go in as they are).

    Returns:
        The array for the network.
    """
    if wants.get("channels", "rgb") == "bgr":
        crops = crops[..., ::-1]
    if wants.get("dtype", "float32") != "uint8":
        mean = np.asarray(wants.get("mean", [0, 0, 0]), np.float32)
        std = np.asarray(wants.get("std", [1, 1, 1]), np.float32)
        crops = (crops.astype(np.float32) - mean) / std
    if wants.get("layout", "nhwc") == "nchw":
        crops = crops.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(crops)
