"""Joint positions from heatmaps."""

from __future__ import annotations

import numpy as np


def decode_softmax(logits: np.ndarray, stride: float, radius: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Read one position a heatmap: the expectation of the softmax in a window round its peak.

    The window keeps a second mode far away from pulling the answer between the two (Sun et al., ECCV 2018,
    without it).

    Args:
        logits: (n, joint, h, w) unnormalised log-probabilities over the cells.
        stride: input pixels a cell.
        radius: half size of the window in cells.

    Returns:
        position (n, joint, 2) in input pixels (centre of the first pixel is 0, 0) and mass (n, joint): the
        probability inside the window. Both are NaN where a map holds NaN or +inf.
    """
    n, joints, height, width = logits.shape
    flat = logits.reshape(n * joints, -1).astype(np.float32)
    with np.errstate(invalid="ignore"):
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


def decode_gaussian(heatmaps: np.ndarray, stride: float) -> tuple[np.ndarray, np.ndarray]:
    """Read positions from regressed Gaussian heatmaps: the peak, moved a quarter cell towards the higher
    neighbour.

    Args:
        heatmaps: (n, joint, h, w), peak about 1.
        stride: input pixels a cell; cell (0, 0) is centred on pixel (0, 0) in this family (Xiao et al.,
        ECCV 2018).

    Returns:
        position (n, joint, 2) in input pixels and the peak value (n, joint), cut to [0, 1]; NaN where it is
        not finite.
    """
    n, joints, height, width = heatmaps.shape
    flat = heatmaps.reshape(n * joints, -1)
    peak = flat.argmax(1)
    y, x = peak // width, peak % width
    maps, rows = flat.reshape(-1, height, width), np.arange(len(peak))
    right, left = maps[rows, y, np.minimum(x + 1, width - 1)], maps[rows, y, np.maximum(x - 1, 0)]
    down, up = maps[rows, np.minimum(y + 1, height - 1), x], maps[rows, np.maximum(y - 1, 0), x]
    with np.errstate(invalid="ignore"):
        position = np.stack([x + 0.25 * np.sign(right - left), y + 0.25 * np.sign(down - up)], -1) * stride
    top = flat[rows, peak]
    score = np.where(np.isfinite(top), np.clip(top, 0, 1), np.float32(np.nan))
    return position.reshape(n, joints, 2).astype(np.float32), score.reshape(n, joints).astype(np.float32)
