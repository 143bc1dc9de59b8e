"""Joint positions from heatmaps."""

from __future__ import annotations

import numpy as np


def decode_softmax(logits: np.ndarray, stride: float, radius: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Read one position a heatmap: the expectation of the softmax in a window round its peak.

    The window keeps a second mode far away from pulling the answer between the two (Sun et al., ECCV 2018, without it).

    Args:
        logits: (n, joint, h, w) unnormalised log-probabilities over the cells.
        stride: input pixels a cell.
        radius: half size of the window in cells.

    Returns:
        position (n, joint, 2) in input pixels (centre of the first pixel is 0, 0) and mass (n, joint): the
        probability inside the window.
    """
    n, joints, height, width = logits.shape
    flat = logits.reshape(n * joints, -1).astype(np.float32)
    flat = flat - flat.max(1, keepdims=True)
    weight = np.exp(flat)
    weight /= weight.sum(1, keepdims=True)
    peak = flat.argmax(1)
    offsets = np.arange(-radius, radius + 1)
    padded = np.pad(weight.reshape(-1, height, width), ((0, 0), (radius, radius), (radius, radius)))
    rows = (peak // width)[:, None] + radius + offsets[None]
    columns = (peak % width)[:, None] + radius + offsets[None]
    window = padded[np.arange(len(peak))[:, None, None], rows[:, :, None], columns[:, None, :]]
    mass = window.sum((1, 2))
    x = (window.sum(1) * (columns - radius)).sum(1) / mass
    y = (window.sum(2) * (rows - radius)).sum(1) / mass
    position = (np.stack([x, y], -1) + 0.5) * stride - 0.5
    return position.reshape(n, joints, 2).astype(np.float32), mass.reshape(n, joints).astype(np.float32)
