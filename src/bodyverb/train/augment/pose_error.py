"""The errors of a pose net, as statistics that are measured once and applied to true poses.

All lengths are shares of the body height: 2.5 x the spread of the joints (root of the mean squared
distance of the joints from their middle over the sequence), which is the distance from the middle of the
shoulders to the middle of the ankles of a standing person (median over Penn Action: 2.53 x).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import InputError

HEIGHT = 2.5


def spread(position: np.ndarray) -> np.ndarray:
    """Root of the mean squared distance of the joints from their middle in each frame.

    Long sequences are measured on every third frame and up, which is what a size needs.

    Args:
        position: (batch, time, joint, space), NaN = missing.

    Returns:
        (batch,) float32; 1 where nothing is there.
    """
    position = position[:, :: max(1, position.shape[1] // 24)]
    there = ~np.isnan(position[..., 0])
    filled = np.where(there[..., None], position, 0)
    count = np.maximum(there.sum(axis=2), 1)[..., None]
    middle = filled.sum(axis=2) / count
    away = ((filled - middle[:, :, None]) ** 2).sum(axis=-1) * there
    total = there.sum(axis=(1, 2))
    value = np.sqrt(away.sum(axis=(1, 2)) / np.maximum(total, 1))
    return np.where((total > 0) & (value > 1e-9), value, 1.0).astype(np.float32)


def middle(position: np.ndarray) -> np.ndarray:
    """Mean of all joints (of every few frames) of each sequence (batch, space); 0 where nothing is there."""
    position = position[:, :: max(1, position.shape[1] // 24)]
    there = ~np.isnan(position[..., :1])
    count = np.maximum(there.sum(axis=(1, 2)), 1)
    return (np.where(there, position, 0).sum(axis=(1, 2)) / count).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class PoseErrorModel:
    """Statistics of a pose net's errors.

    Attributes:
        source: how the numbers came about.
        sd: standard deviation of each axis of the everyday error, one number for all joints or one a joint
            (layout penn13).
        outlier_rate: share of joints (one number or one a joint) that lie somewhere else on or near the body.
        outlier_sd: standard deviation of each axis of such an error.
        miss_rate: share of joints not found (one number or one a joint).
        swap_rate: share of frames with left and right swapped.
        memory_s: time constant of the everyday error's correlation over time (0 = independent frames).
    """

    source: str = "assumed before pose-lite was measured"
    sd: tuple[float, ...] = (0.04,)
    outlier_rate: tuple[float, ...] = (0.08,)
    outlier_sd: float = 0.2
    miss_rate: tuple[float, ...] = (0.05,)
    swap_rate: float = 0.03
    memory_s: float = 0.0

    @classmethod
    def load(cls, path: str | Path) -> PoseErrorModel:
        """Reads the statistics from JSON.

        Args:
            path: the file.

        Returns:
            The model.

        Raises:
            InputError: the file is absent or holds something else.
        """
        path = Path(path)
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
            return cls(**fields)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise InputError(
                f"Expected pose-error statistics, got {error}; write them as JSON: {path}"
            ) from error

    def save(self, path: str | Path) -> None:
        """Writes the statistics as JSON."""
        Path(path).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    def apply(
        self,
        position: np.ndarray,
        seconds: np.ndarray,
        flip: np.ndarray,
        rng: np.random.Generator,
        strength: np.ndarray | float = 1.0,
    ) -> np.ndarray:
        """Adds errors to true poses.

        Args:
            position: (batch, time, joint, 2), NaN = missing.
            seconds: (batch, time).
            flip: (joint,) index of each joint's partner.
            rng: source of chance.
            strength: factor on every rate and size, one number or (batch,).

        Returns:
            (batch, time, joint, 2) float32.
        """
        batch, time, joints, _ = position.shape
        factor = np.broadcast_to(np.asarray(strength, np.float32), (batch,))
        height = (HEIGHT * spread(position) * factor)[:, None, None, None]
        swapped = rng.random((batch, time)) < self.swap_rate * factor[:, None]
        result = np.where(swapped[:, :, None, None], position[:, :, flip], position)
        noise = rng.standard_normal(position.shape, dtype=np.float32)
        if self.memory_s > 0:
            noise = remember(noise, np.exp(-np.diff(seconds, axis=1) / self.memory_s))
        result = result + noise * height * np.asarray(self.sd, np.float32).reshape(-1, 1)
        chance = rng.random((batch, time, joints), dtype=np.float32)
        rate = factor[:, None, None]
        wrong = chance < np.asarray(self.outlier_rate, np.float32) * rate
        far = rng.standard_normal((int(wrong.sum()), 2), dtype=np.float32) * self.outlier_sd
        result[wrong] += far * np.broadcast_to(height[..., 0], wrong.shape)[wrong][:, None]
        result[chance > 1 - np.asarray(self.miss_rate, np.float32) * rate] = np.nan
        return result.astype(np.float32)


def remember(noise: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Correlates unit noise (batch, time, ...) over time; ``keep`` (batch, time - 1) is the share kept
    each step."""
    result = noise.copy()
    for step in range(1, noise.shape[1]):
        k = keep[:, step - 1].reshape(-1, *([1] * (noise.ndim - 2))).astype(noise.dtype)
        result[:, step] = k * result[:, step - 1] + np.sqrt(1 - k * k) * noise[:, step]
    return result
