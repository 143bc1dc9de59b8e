"""Joint positions from two one-dimensional distributions a joint (SimCC)."""

from __future__ import annotations

import numpy as np


def decode_simcc(across: np.ndarray, down: np.ndarray, split: float) -> tuple[np.ndarray, np.ndarray]:
    """Read one position a joint: the highest bin across and the highest bin down (Li et al., ECCV 2022).

    RTMPose takes the smaller of the two peaks as the score. The peaks are no probabilities: most lie between
    0 and 1, a sure one may lie above. Here what is above 1 counts as 1 and what is below 0 as 0; in between
    the score is RTMPose's own.

    Args:
        across: (n, joint, w * split) a value for each bin from left to right.
        down: (n, joint, h * split) from top to bottom.
        split: bins an input pixel; bin b lies at pixel b / split, bin 0 on the centre of the first pixel.

    Returns:
        position (n, joint, 2) float32 in input pixels and score (n, joint) float32 in [0, 1], NaN where a
        peak is not finite.
    """
    position = np.stack([across.argmax(-1), down.argmax(-1)], -1) / np.float32(split)
    peaks = np.stack([across.max(-1), down.max(-1)])
    score = np.where(np.isfinite(peaks).all(0), np.clip(peaks.min(0), 0, 1), np.nan)
    return position.astype(np.float32), score.astype(np.float32)
