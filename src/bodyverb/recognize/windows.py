"""Cutting tracks into windows of real seconds; one resampling code for training and run time.

A window is ``steps`` equally spaced times. Values between two observed frames are interpolated linearly;
where one of the two is missing the nearer one counts, so a gap stays a gap. A track shorter than a window
is ONE window over its own span: it is never padded with stillness.
"""

from __future__ import annotations

import numpy as np

MAX_GAP_S = 0.6


def plan(times: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each target time lies between the source times.

    Args:
        times: (n,) increasing seconds.
        targets: (...) seconds; outside the source span the first or last frame counts.

    Returns:
        lower (...) int64 index of the frame before, weight (...) float32 of the frame after it, in [0, 1].
    """
    if len(times) == 1:
        return np.zeros(targets.shape, np.int64), np.zeros(targets.shape, np.float32)
    lower = np.clip(np.searchsorted(times, targets, side="right") - 1, 0, len(times) - 2)
    span = np.maximum(times[lower + 1] - times[lower], 1e-9)
    return lower, np.clip((targets - times[lower]) / span, 0.0, 1.0).astype(np.float32)


def blend(before: np.ndarray, after: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Linear interpolation that survives one missing neighbour.

    Args:
        before: (..., joint, space) values at the frame before, NaN = missing.
        after: the same at the frame after.
        weight: (..., 1, 1) of ``after``.

    Returns:
        (..., joint, space); where one neighbour is missing the other counts if it is the nearer, else NaN.
    """
    mixed = before + (after - before) * weight
    mixed = np.where(np.isnan(mixed) & (weight >= 0.5), after, mixed)
    return np.where(np.isnan(mixed) & (weight < 0.5), before, mixed)


def resample(times: np.ndarray, position: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Samples a track at given times.

    Args:
        times: (n,) increasing seconds.
        position: (n, joint, space), NaN = missing.
        targets: (m,) seconds.

    Returns:
        (m, joint, space) float32. A target inside a hole of the track wider than ``MAX_GAP_S`` is NaN.
    """
    lower, weight = plan(times, targets)
    upper = np.minimum(lower + 1, len(times) - 1)
    result = blend(position[lower], position[upper], weight[:, None, None]).astype(np.float32)
    result[times[upper] - times[lower] > MAX_GAP_S] = np.nan
    return result


def spans(start_s: float, end_s: float, window_s: float, stride_s: float) -> list[tuple[float, float]]:
    """Start and end of every window of a track.

    Args:
        start_s: first time of the track.
        end_s: last time of the track.
        window_s: length of a window.
        stride_s: distance between window starts.

    Returns:
        (start, end) pairs that cover the track; one pair over the whole track where it is shorter than a
        window.

    Examples:
        >>> spans(0.0, 1.0, 3.0, 0.5)
        [(0.0, 1.0)]
        >>> spans(0.0, 4.0, 3.0, 0.5)
        [(0.0, 3.0), (0.5, 3.5), (1.0, 4.0)]
    """
    if end_s - start_s <= window_s:
        return [(start_s, end_s)]
    count = int(np.floor((end_s - start_s - window_s) / stride_s + 1e-9)) + 1
    starts = [start_s + i * stride_s for i in range(count)]
    if starts[-1] + window_s < end_s - 1e-6:
        starts.append(end_s - window_s)
    return [(start, start + window_s) for start in starts]


def cut(
    times: np.ndarray,
    position: np.ndarray,
    where: list[tuple[float, float]],
    steps: int,
    rate_hz: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Cuts one track into windows of a network's input.

    Args:
        times: (n,) increasing seconds.
        position: (n, joint, space), NaN = missing.
        where: (start, end) of each window in seconds, as `spans` gives them.
        steps: time steps of a window.
        rate_hz: steps a second, for networks that were trained so: a window of fewer steps ends with NaN. 0:
            `steps` of them in every window.

    Returns:
        position (window, 1, steps, joint, space) float32 with NaN and seconds (window, steps) float32 from 0;
        after the end of a window the seconds stay.
    """
    first, last = np.array(where).T[:, :, None]
    if rate_hz:
        every = first + np.arange(steps) / rate_hz
        targets, over = np.minimum(every, last), every > last + 1e-3 / rate_hz
    else:
        targets = np.stack([np.linspace(start, end, steps) for start, end in where])
        over = np.zeros(targets.shape, bool)
    flat = resample(times, position, targets.reshape(-1))
    flat[over.reshape(-1)] = np.nan
    windows = flat.reshape(len(where), 1, steps, *position.shape[1:])
    return windows, (targets - targets[:, :1]).astype(np.float32)
