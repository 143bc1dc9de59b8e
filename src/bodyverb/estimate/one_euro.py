"""The one-euro filter: causal; calm when the body is slow, quick when it is fast.

After Casiez, Roussel and Vogel, "1 Euro Filter", CHI 2012.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bodyverb.core.errors import InputError

__all__ = ["OneEuro"]


class OneEuro:
    """A causal low-pass filter whose cut-off rises with the speed of the signal; one call a frame.

    Works on true time stamps and on any number of points at once; the last axis holds a point's coordinates.

    Args:
        min_cutoff_hz: Cut-off at rest. Lower: less jitter when still.
        beta: How much the cut-off rises, in Hz per (body size / s). Higher: less lag when fast.
        speed_cutoff_hz: Cut-off of the speed estimate.
        max_gap_s: A point that was missing for longer starts afresh.

    Example:
        >>> smooth = OneEuro()
        >>> for frame in range(3):
        ...     out = smooth(frame / 30, np.full((14, 2), 7.0), size=100.0)
        >>> float(out[0, 0])
        7.0
    """

    def __init__(
        self,
        *,
        min_cutoff_hz: float = 1.5,
        beta: float = 6.0,
        speed_cutoff_hz: float = 1.5,
        max_gap_s: float = 0.25,
    ) -> None:
        if not (min_cutoff_hz > 0 and speed_cutoff_hz > 0 and beta >= 0 and max_gap_s >= 0):
            raise InputError(
                f"Expected cut-offs > 0, beta and max_gap_s >= 0, got {min_cutoff_hz}, {speed_cutoff_hz}, "
                f"{beta} and {max_gap_s}; correct them"
            )
        self.min_cutoff_hz = float(min_cutoff_hz)
        self.beta = float(beta)
        self.speed_cutoff_hz = float(speed_cutoff_hz)
        self.max_gap_s = float(max_gap_s)
        self._time_s = -math.inf
        self._period_s = 0.75  # of the last two frames; before there are two, any sensible rate
        self._value: np.ndarray | None = None
        self._raw: np.ndarray = np.zeros(0)
        self._speed: np.ndarray = np.zeros(0)
        self._seen_s: np.ndarray = np.zeros(0)

    def __call__(self, time_s: float, value: np.ndarray, size: float = 1.0) -> np.ndarray:
        """Filter one frame.

        Args:
            time_s: Source time in s; rises from call to call.
            value: (..., D), the same shape in every call; a point with any NaN is missing.
            size: Length of one body size in the unit of `value` (px, m), so that `beta` holds for all.

        Returns:
            (..., D) float64; NaN where `value` is missing.

        Raises:
            InputError: The shape changed.
        """
        x = np.asarray(value, dtype=np.float64)
        if self._value is None:
            self._value = np.full(x.shape, np.nan)
            self._raw, self._speed = self._value.copy(), np.zeros(x.shape)
            self._seen_s = np.full(x.shape[:-1], -math.inf)
        if x.shape != self._value.shape:
            raise InputError(
                f"Expected values of shape {self._value.shape}, got {x.shape}; use a filter a track"
            )
        seen = np.asarray(np.isfinite(x).all(axis=-1))
        dt = time_s - self._seen_s
        limit = self.max_gap_s + self._period_s + 1e-6
        if math.isfinite(self._time_s):
            self._period_s = max(float(time_s) - self._time_s, 0.0)
        self._time_s = float(time_s)
        old = np.asarray(np.isfinite(self._value).all(axis=-1) & (dt > 0) & (dt <= limit))[..., None]
        step = np.where(old[..., 0], dt, 1.0)[..., None]
        raw_speed = np.where(old, (x - np.where(old, self._raw, x)) / step, 0.0)
        gain = _gain(self.speed_cutoff_hz, step)
        speed = np.where(old, self._speed + gain * (raw_speed - self._speed), 0.0)
        pace = np.linalg.norm(np.where(seen[..., None], speed, 0.0), axis=-1, keepdims=True) / max(size, 1e-9)
        gain = _gain(self.min_cutoff_hz + self.beta * pace, step)
        previous = np.where(old, self._value, x)
        out = np.where(seen[..., None], previous + gain * (x - previous), np.nan)
        keep = seen[..., None]
        self._value = np.where(keep, out, self._value)
        self._raw = np.where(keep, x, self._raw)
        self._speed = np.where(keep, speed, self._speed)
        self._seen_s = np.where(seen, float(time_s), self._seen_s)
        return out

    def state(self) -> dict[str, Any]:
        """Settings and memory as JSON values, for `from_state`."""
        names = ("min_cutoff_hz", "beta", "speed_cutoff_hz", "max_gap_s")
        out: dict[str, Any] = {name: getattr(self, name) for name in names}
        if self._value is None:
            return {**out, "shape": None}
        arrays = {"value": self._value, "raw": self._raw, "speed": self._speed, "seen_s": self._seen_s}
        flat = {k: [v if math.isfinite(v) else None for v in a.ravel().tolist()] for k, a in arrays.items()}
        return {
            **out,
            "shape": list(self._value.shape),
            "time_s": self._time_s,
            "period_s": self._period_s,
            **flat,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> OneEuro:
        """The filter that goes on exactly where `state` was taken.

        Raises:
            InputError: The state is incomplete.
        """
        try:
            names = ("min_cutoff_hz", "beta", "speed_cutoff_hz", "max_gap_s")
            new = cls(**{name: state[name] for name in names})
            if state["shape"] is not None:
                shape = tuple(state["shape"])
                new._value = np.array(state["value"], dtype=np.float64).reshape(shape)
                new._raw = np.array(state["raw"], dtype=np.float64).reshape(shape)
                new._speed = np.array(state["speed"], dtype=np.float64).reshape(shape)
                seen = np.array(state["seen_s"], dtype=np.float64).reshape(shape[:-1])
                new._time_s, new._period_s = float(state["time_s"]), float(state["period_s"])
                new._seen_s = np.where(np.isnan(seen), -math.inf, seen)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"Expected a complete filter state, got {error!r}; start the run afresh"
            ) from error
        return new


def _gain(cutoff_hz: np.ndarray | float, dt: np.ndarray) -> np.ndarray:
    """Share of the new value in exponential smoothing with this cut-off over this time step."""
    turn = 2 * math.pi * cutoff_hz * dt
    return np.asarray(turn / (turn + 1))
