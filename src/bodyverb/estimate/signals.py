"""Filters on signals with holes and true time stamps. Pure functions.

Values are (T, N, D): N points of D coordinates at T times. A hole is NaN in all coordinates of a point. The
length of a hole is the time for which samples are missing: from sample to sample, less one sampling period.
scipy takes longer to import than all else, so it is imported where it is used; `load_filters` does it before.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from bodyverb.estimate.one_euro import OneEuro

__all__ = ["fill_gaps", "filter_runs", "load_filters", "one_euro", "period_of", "spikes"]

_SLACK_S = 1e-6


def load_filters() -> None:
    """Import what the filters need, so that the first of them does not wait for it."""
    import scipy.interpolate
    import scipy.signal  # noqa: F401


def period_of(times: np.ndarray) -> float:
    """The sampling period of rising times (T,) in s: the median step; 0 for fewer than two times."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def spikes(values: np.ndarray, times: np.ndarray, size: float, max_span_s: float = 0.25) -> np.ndarray:
    """Single samples that jump away and back faster than a body moves.

    A sample is a spike if it is far from the line between its two neighbours, while these agree with each
    other: further than 0.1 body sizes, than 4 body sizes / s over its time step (no limb leaves and returns
    that fast), than 4 times the median of this distance in the signal (the noise level), and than twice the
    distance of the neighbours. Sparse samples (neighbours more than `max_span_s` apart) are never judged.

    Args:
        values: (T, N, D), NaN = missing.
        times: (T,) s.
        size: Body size in the unit of the values.
        max_span_s: Longest time between the two neighbours.

    Returns:
        (T, N) bool.
    """
    found = np.zeros(values.shape[:2], dtype=bool)
    if len(times) < 3 or not size > 0:
        return found
    before, after = np.diff(times)[:-1], np.diff(times)[1:]
    share = (before / (before + after))[:, None, None]
    away = np.linalg.norm(values[1:-1] - (values[:-2] * (1 - share) + values[2:] * share), axis=-1)
    apart = np.linalg.norm(values[2:] - values[:-2], axis=-1)
    known = np.asarray(np.isfinite(away))
    noise = np.array([np.median(a[k]) if k.any() else 0.0 for a, k in zip(away.T, known.T, strict=True)])
    limit = np.maximum(size * np.maximum(0.1, 4 * np.minimum(before, after))[:, None], 4 * noise[None])
    judged = known & (before + after <= max_span_s + _SLACK_S)[:, None]
    found[1:-1] = judged & (np.nan_to_num(away) > np.maximum(limit, 2 * np.nan_to_num(apart)))
    return found


def fill_gaps(values: np.ndarray, times: np.ndarray, max_gap_s: float) -> np.ndarray:
    """Fill short holes by straight lines between the samples on both sides.

    Args:
        values: (T, N, D), NaN = missing.
        times: (T,) s.
        max_gap_s: Longer holes, and holes at an end, stay.

    Returns:
        (T, N, D) float64 copy.
    """
    out = np.array(values, dtype=np.float64)
    seen = np.asarray(np.isfinite(out).all(axis=-1))
    period = period_of(times)
    for point in np.flatnonzero(seen.any(axis=0) & ~seen.all(axis=0)):
        have = np.flatnonzero(seen[:, point])
        holes = np.flatnonzero(~seen[:, point])
        right = np.searchsorted(have, holes)
        inner = (right > 0) & (right < len(have))
        holes, right = holes[inner], right[inner]
        length = times[have[right]] - times[have[right - 1]] - period
        holes = holes[length <= max_gap_s + _SLACK_S]
        for axis in range(out.shape[2]):
            out[holes, point, axis] = np.interp(times[holes], times[have], out[have, point, axis])
    return out


def filter_runs(
    values: np.ndarray, times: np.ndarray, method: str, cutoff_hz: float, max_gap_s: float
) -> np.ndarray:
    """Filter every unbroken run of every point by itself, without a shift in time.

    A run ends at a hole, and where the time stamps jump over more than `max_gap_s`. Runs with uneven time
    stamps are brought to an even grid (piecewise cubic, no overshoot), filtered and brought back.

    Args:
        values: (T, N, D), NaN = missing.
        times: (T,) s.
        method: `butterworth` or `savgol`.
        cutoff_hz: The frequency that comes out at 0.71 of its size.
        max_gap_s: See above.

    Returns:
        (T, N, D) float64, NaN where `values` is.
    """
    out = np.array(values, dtype=np.float64)
    seen = np.asarray(np.isfinite(out).all(axis=-1))
    jumps = np.flatnonzero(np.diff(times) - period_of(times) > max_gap_s + _SLACK_S) + 1
    groups: dict[tuple[int, int], list[int]] = {}
    for point in range(out.shape[1]):
        edges = np.flatnonzero(np.diff(seen[:, point].astype(np.int8), prepend=0, append=0))
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            inside = jumps[(jumps > start) & (jumps < stop)].tolist()
            for first, last in zip([start, *inside], [*inside, stop], strict=True):
                groups.setdefault((first, last), []).append(point)
    for (start, stop), points in groups.items():
        block = out[start:stop, points]
        flat = _filter_block(block.reshape(len(block), -1), times[start:stop], method, cutoff_hz)
        out[start:stop, points] = flat.reshape(block.shape)
    return out


def one_euro(
    values: np.ndarray, times: np.ndarray, size: float, cutoff_hz: float, max_gap_s: float
) -> np.ndarray:
    """The streaming filter `OneEuro` over a whole signal (T, N, D), with a quarter of `cutoff_hz` at rest."""
    smooth = OneEuro(min_cutoff_hz=cutoff_hz / 4, max_gap_s=max_gap_s)
    out = [smooth(float(t), row, size=size) for t, row in zip(times, values, strict=True)]
    return np.stack(out) if out else np.array(values, dtype=np.float64)


def _filter_block(values: np.ndarray, times: np.ndarray, method: str, cutoff_hz: float) -> np.ndarray:
    """(n, C) without holes -> (n, C)."""
    from scipy.interpolate import PchipInterpolator

    if len(times) < 2:
        return values
    steps = np.diff(times)
    period = float(np.median(steps))
    even = bool((np.abs(steps - period) <= 0.05 * period).all())
    if not even:
        period = max(float(np.quantile(steps, 0.2)), (times[-1] - times[0]) / (4 * len(times)))
    count = len(times) if even else math.floor(float(times[-1] - times[0]) / period + 0.501) + 1
    grid = np.linspace(times[0], times[-1], max(count, 2))
    rate = (len(grid) - 1) / (times[-1] - times[0])
    signal = values if even else PchipInterpolator(times, values, axis=0)(grid)
    signal = (
        _butterworth(signal, rate, cutoff_hz) if method == "butterworth" else _savgol(signal, rate, cutoff_hz)
    )
    return signal if even else PchipInterpolator(grid, signal, axis=0)(times)


def _butterworth(signal: np.ndarray, rate_hz: float, cutoff_hz: float) -> np.ndarray:
    """Second order, forwards and backwards; -3 dB of both passes together at the cut-off.

    The two directions are averaged in both orders, so that a signal played backwards is filtered alike. At
    rates up to twice the cut-off there is nothing above it to remove.
    """
    from scipy.signal import butter, sosfiltfilt

    if rate_hz <= 2 * cutoff_hz * 1.001:
        return signal
    twice = (math.sqrt(2) - 1) ** 0.25  # where two passes together have lost 3 dB
    corner = math.atan(math.tan(math.pi * cutoff_hz / rate_hz) / twice) / math.pi
    sections = butter(2, 2 * corner, output="sos")
    pad = min(len(signal) - 1, max(9, math.ceil(2 * rate_hz / cutoff_hz)))
    forward = sosfiltfilt(sections, signal, axis=0, padlen=pad)
    return np.asarray((forward + sosfiltfilt(sections, signal[::-1], axis=0, padlen=pad)[::-1]) / 2)


def _savgol(signal: np.ndarray, rate_hz: float, cutoff_hz: float) -> np.ndarray:
    """Local cubic fits over the longest window that keeps about -3 dB at the cut-off; none at low rates."""
    from scipy.signal import savgol_filter

    if rate_hz <= 2 * cutoff_hz * 1.001:
        return signal
    half = min(_savgol_half(round(rate_hz / cutoff_hz, 3)), (len(signal) - 1) // 2)
    if half < 2:
        return signal
    return np.asarray(savgol_filter(signal, 2 * half + 1, 3, axis=0, mode="interp"))


@lru_cache(maxsize=64)
def _savgol_half(samples: float) -> int:
    """Half width of the longest cubic window that passes 0.68 of a wave of so many samples; 1 for none."""
    from scipy.signal import savgol_coeffs

    half = 1
    while half < 2000:
        taps = savgol_coeffs(2 * half + 3, 3)
        turn = 2 * math.pi * np.arange(-half - 1, half + 2) / samples
        if float(taps @ np.cos(turn)) < 0.68:
            break
        half += 1
    return half
