"""Curves over time: key frames, cycles and slow random wandering. Pure numpy, seconds in, values out."""

from __future__ import annotations

import numpy as np

TAU = 2.0 * np.pi


def ease(x: np.ndarray) -> np.ndarray:
    """Smooth step: 0 below 0, 1 above 1, level at both ends."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def keyed(t: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Smooth curve through key values: cubic Hermite, no overshoot beyond the keys, level at both ends.

    Args:
        t: (T,) query times; outside the keys the end values hold.
        times: (K,) increasing key times.
        values: (K, ...) key values.

    Returns:
        (T, ...) values.
    """
    times, values = np.asarray(times, np.float64), np.asarray(values, np.float64)
    t = np.clip(np.asarray(t, np.float64), times[0], times[-1])
    step = np.diff(times).reshape(-1, *[1] * (values.ndim - 1))
    slope = np.diff(values, axis=0) / step
    tangent = np.zeros_like(values)
    if len(times) > 2:
        before, after = slope[:-1], slope[1:]
        smaller = 3.0 * np.minimum(np.abs(before), np.abs(after))
        mean = (before * step[1:] + after * step[:-1]) / (step[1:] + step[:-1])
        tangent[1:-1] = np.where(before * after > 0, np.sign(mean) * np.minimum(np.abs(mean), smaller), 0.0)
    k = np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(times) - 2)
    shape = (-1, *[1] * (values.ndim - 1))
    h = (times[k + 1] - times[k]).reshape(shape)
    u = ((t - times[k]) / (times[k + 1] - times[k])).reshape(shape)
    u2, u3 = u * u, u * u * u
    return (
        (2 * u3 - 3 * u2 + 1) * values[k]
        + (u3 - 2 * u2 + u) * h * tangent[k]
        + (3 * u2 - 2 * u3) * values[k + 1]
        + (u3 - u2) * h * tangent[k + 1]
    )


def wander(
    t: np.ndarray, rng: np.random.Generator, scale: float | np.ndarray, dims: int = 1, speed_hz: float = 0.3
) -> np.ndarray:
    """Slow smooth random motion, the sway of a living body: (T, dims), about ``scale`` standard deviation."""
    t = np.asarray(t, np.float64)[:, None, None]
    rate = speed_hz * np.exp(rng.normal(0.0, 0.5, (4, dims)))
    phase = rng.uniform(0.0, TAU, (4, dims))
    weight = rng.normal(0.0, 0.7, (4, dims))
    return (weight * np.sin(TAU * rate * t + phase)).sum(1) * scale


def cycle(t: np.ndarray, rng: np.random.Generator, period_s: float, phase: float | None = None) -> np.ndarray:
    """Running count of cycles (T,) with an uneven tempo (about 5 %): the integer part is the repetition."""
    if phase is None:
        phase = rng.uniform(0.0, 1.0)
    return phase + np.asarray(t) / period_s + wander(t, rng, 0.03, 1, 0.2 / period_s)[:, 0]


def dip(cycles: np.ndarray, hold_top: float = 0.0, hold_low: float = 0.0, down: float = 0.5) -> np.ndarray:
    """Down-and-up profile of one repetition: 0 at whole cycles, 1 in the middle.

    Args:
        cycles: running count (T,).
        hold_top: share of the cycle spent still at 0.
        hold_low: share spent still at 1.
        down: share of the moving time spent going from 0 to 1.
    """
    u = np.mod(cycles, 1.0)
    moving = 1.0 - hold_top - hold_low
    a = hold_top / 2
    b = a + moving * down
    c = b + hold_low
    d = c + moving * (1.0 - down)
    return ease((u - a) / (b - a)) * (1.0 - ease((u - c) / (d - c)))


def deg(*angles: float) -> np.ndarray | float:
    """Degrees to radians; one value gives a float."""
    return float(np.radians(angles[0])) if len(angles) == 1 else np.radians(angles)
