"""Training batches of the verb classifier: clips in packed arrays, cut, seen through cameras, spoilt,
resampled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bodyverb.core import Skeleton
from bodyverb.recognize.windows import blend
from bodyverb.train.augment.drift import random_drift
from bodyverb.train.augment.dropout import random_dropout, random_head
from bodyverb.train.augment.pose_error import PoseErrorModel, spread
from bodyverb.train.augment.view import random_cameras, random_flip, random_plane
from bodyverb.train.vocabulary import PENN15

NEGATIVE = -1


@dataclass(frozen=True, kw_only=True)
class VerbStore:
    """Clips of one person, one after the other.

    Attributes:
        position: (frame, joint, 3) float32; 2D clips have 0 in the last place (y down); 3D clips are y-up.
        inferred: (frame, joint) bool: the coordinate is a guess of the annotator.
        offset: (clip,) first frame of each clip.
        length: (clip,) frames.
        rate_hz: (clip,) frames a second.
        flat: (clip,) bool: 2D.
        label: (clip,) class, or -1 for motion that is none of the verbs.
        source: (clip,) text: data set and part, for example ``penn`` or ``utd-verbs``.
        name: (clip,) text id.
    """

    position: np.ndarray
    inferred: np.ndarray
    offset: np.ndarray
    length: np.ndarray
    rate_hz: np.ndarray
    flat: np.ndarray
    label: np.ndarray
    source: np.ndarray
    name: np.ndarray

    def save(self, path: Path) -> None:
        """Writes the store as an npz."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> VerbStore:
        """Reads a store that `save` wrote."""
        with np.load(path, allow_pickle=False) as data:
            return cls(**{field.name: data[field.name] for field in fields(cls)})

    def __len__(self) -> int:
        return len(self.length)

    def clip(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Times (frame,) and positions (frame, joint, 2|3) of one clip."""
        start, count = int(self.offset[index]), int(self.length[index])
        position = self.position[start : start + count]
        return np.arange(count) / self.rate_hz[index], position[..., :2] if self.flat[index] else position


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What a training batch is made of."""

    window_s: float = 3.0
    """Longest window in seconds."""
    steps: int = 64
    """Time steps of a window."""
    shares: tuple[tuple[str, float], ...] = PENN15.shares
    """Share of each kind of clip in a batch."""
    slow: float = 2.5
    """Motion is stretched in time by factors from 1/slow to slow."""
    rate_hz: tuple[float, float] = (5.0, 60.0)
    """Range of frame rates of the observed poses."""
    observed: int = 72
    """Most observed frames of a window (a higher rate is capped)."""


def weights_by_kind(
    store: VerbStore, shares: tuple[tuple[str, float], ...], classes: int
) -> dict[str, np.ndarray]:
    """Chance of each clip in each kind of a batch.

    Verbs are drawn evenly over classes (square root of the class size); negatives evenly over sources,
    then by the square root of a clip's length; nine of ten frozen frames are of verbs, evenly over
    classes.

    Args:
        store: the clips.
        shares: the kinds.
        classes: number of verbs.

    Returns:
        Kind -> (clip,) chances that sum to 1; kinds without clips are left out.
    """
    result = {}
    for kind, _ in shares:
        if kind == "frozen":
            weight = np.where(store.label < 0, 0.1 / max(1, (store.label < 0).sum()), 0.0)
            for label in range(classes):
                chosen = store.label == label
                weight[chosen] = 0.9 / classes / max(1, chosen.sum())
        elif kind == "negatives":
            weight = np.where(store.label < 0, np.sqrt(store.length / store.rate_hz), 0.0)
            for source in np.unique(store.source[store.label < 0]):
                weight[store.source == source] /= weight[store.source == source].sum()
        else:
            weight = (store.source == kind).astype(float)
            for label in range(classes):
                chosen = (store.source == kind) & (store.label == label)
                weight[chosen] /= np.sqrt(max(1, chosen.sum()))
        if weight.sum() > 0:
            result[kind] = weight / weight.sum()
    return result


class VerbSampler:
    """Endless random batches; every draw comes from one seeded generator."""

    def __init__(
        self, store: VerbStore, skeleton: Skeleton, classes: int, config: DataConfig, errors: PoseErrorModel
    ) -> None:
        self.store, self.skeleton, self.config, self.errors = store, skeleton, config, errors
        self.flip = np.array(skeleton.flip)
        self.weights = weights_by_kind(store, config.shares, classes)
        total = sum(share for kind, share in config.shares if kind in self.weights)
        self.shares = [(kind, share / total) for kind, share in config.shares if kind in self.weights]

    def batches(self, count: int, size: int, seed: int) -> Iterator[dict[str, Tensor]]:
        """Yields ``count`` batches of ``size`` windows."""
        rng = np.random.default_rng(seed)
        for _ in range(count):
            yield self.batch(size, rng)

    def batch(self, size: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Makes one batch.

        Returns:
            position (n, 1, steps, joint, 2) with NaN, score (n, 1, steps, joint), seconds (n, steps),
            label (n,) with -1 for negatives, known_weight (n,).
        """
        kinds = rng.choice(len(self.shares), size, p=[share for _, share in self.shares])
        clips = np.zeros(size, np.int64)
        for number, (kind, _) in enumerate(self.shares):
            chosen = kinds == number
            clips[chosen] = rng.choice(len(self.store), int(chosen.sum()), p=self.weights[kind])
        frozen = np.array([self.shares[number][0] == "frozen" for number in kinds])
        position, seconds, duration, part = self._observe(clips, frozen, rng)
        position = self._view(position, clips, rng)
        position = self._spoil(position, seconds, frozen, rng)
        targets = np.linspace(0, 1, self.config.steps, dtype=np.float32)[None] * duration[:, None]
        window = self._to_steps(position, seconds, targets)
        for _ in range(2):
            window = smooth3(window, np.where(rng.random(size) < 0.6, rng.uniform(0, 0.33, size), 0))
        label = np.where(frozen, NEGATIVE, self.store.label[clips])
        return {
            "position": torch.from_numpy(window[:, None]),
            "score": torch.from_numpy((~np.isnan(window[:, None, ..., 0])).astype(np.float32)),
            "seconds": torch.from_numpy(targets),
            "label": torch.from_numpy(label),
            "known_weight": torch.from_numpy(
                np.where((label >= 0) & (part < 0.5), 0.3, 1.0).astype(np.float32)
            ),
        }

    def _observe(
        self, clips: np.ndarray, frozen: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Cuts a stretch of each clip and samples it at a random frame rate.

        Returns:
            position (n, observed, joint, 3), seconds (n, observed), window length (n,), share of the clip
            (n,).
        """
        config, store, size = self.config, self.store, len(clips)
        factor = np.exp(rng.uniform(-np.log(config.slow), np.log(config.slow), size))
        factor = np.where(rng.random(size) < 0.4, np.exp(rng.normal(0, 0.1, size)), factor)
        whole = np.maximum(store.length[clips] - 1, 1) / store.rate_hz[clips]
        longest = np.where(rng.random(size) < 0.6, config.window_s, rng.uniform(0.7, config.window_s, size))
        duration = np.minimum(whole * factor, longest)
        duration = np.where(frozen, longest, duration)
        low, high = np.log(config.rate_hz[0]), np.log(config.rate_hz[1])
        rate = np.minimum(np.exp(rng.uniform(low, high, size)), (config.observed - 1) / duration)
        rate = np.where(rng.random(size) < 0.35, np.minimum(30.0, (config.observed - 1) / duration), rate)
        rate = np.maximum(rate, 3.0 / duration)
        start = rng.random(size) * np.maximum(whole - duration / factor, 0)
        seconds = np.arange(config.observed)[None] / rate[:, None]
        moving = np.where(frozen, 0.0, 1 / factor)
        source = (start[:, None] + seconds * moving[:, None]) * store.rate_hz[clips][:, None]
        source = np.clip(source, 0, np.maximum(store.length[clips] - 1, 0)[:, None])
        lower = np.floor(source).astype(np.int64)
        upper = np.minimum(lower + 1, store.length[clips][:, None] - 1)
        base = store.offset[clips][:, None]
        before, after = store.position[base + lower], store.position[base + upper]
        position = blend(before, after, (source - lower).astype(np.float32)[..., None, None])
        doubtful = store.inferred[base + lower] & (rng.random(size) < 0.4)[:, None, None]
        position[doubtful] = np.nan
        return position, seconds.astype(np.float32), duration.astype(np.float32), duration / factor / whole

    def _view(self, position: np.ndarray, clips: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """2D of everything: 3D through cameras, 2D with small changes of view; then mirroring and the
        head."""
        flat = self.store.flat[clips]
        result = np.empty((*position.shape[:3], 2), np.float32)
        if (~flat).any():
            result[~flat] = random_cameras(position[~flat], rng)
        if flat.any():
            result[flat] = random_plane(position[flat][..., :2], rng)
        result = random_flip(result, self.flip, rng)
        return random_head(result, self.skeleton.joints, rng)

    def _spoil(
        self, position: np.ndarray, seconds: np.ndarray, frozen: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Camera drift, cut-off joints and the pose net's errors, each in a random strength."""
        size = len(position)
        drift = np.where(frozen | (rng.random(size) < 0.4), rng.gamma(2.0, 0.5, size), 0.0).astype(np.float32)
        position = random_drift(position, seconds, rng, drift)
        position = random_dropout(position, self.skeleton.joints, rng)
        turned = rng.random(size) < 0.05  # seen from behind, a pose net may take left for right throughout
        position[turned] = position[turned][:, :, self.flip]
        lasting = rng.standard_normal((size, 1, *position.shape[2:]), dtype=np.float32)
        position = (
            position
            + lasting * (rng.uniform(0, 0.1, size).astype(np.float32) * spread(position))[:, None, None, None]
        )
        strength = np.where(rng.random(size) < 0.2, 0.0, rng.uniform(0, 1.3, size))
        lagging = rng.random(size) < 0.5
        slow = replace(self.errors, memory_s=float(rng.uniform(0.05, 0.4)))
        for chosen, errors in ((~lagging, self.errors), (lagging, slow)):
            part = (position[chosen], seconds[chosen], self.flip, rng, strength[chosen])
            position[chosen] = errors.apply(*part)
        return position

    def _to_steps(self, position: np.ndarray, seconds: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """(n, observed, joint, 2) at even times -> (n, steps, joint, 2)."""
        place = targets / np.maximum(seconds[:, 1:2], 1e-6)
        lower = np.minimum(np.floor(place + 1e-4).astype(np.int64), position.shape[1] - 1)
        upper = np.minimum(lower + 1, position.shape[1] - 1)
        row = np.arange(len(position))[:, None]
        weight = np.clip(place - lower, 0, 1).astype(np.float32)[..., None, None]
        return blend(position[row, lower], position[row, upper], weight).astype(np.float32)


def smooth3(window: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A three-point average over time, as a low-pass filter at run time would leave it.

    Args:
        window: (n, time, joint, 2), NaN = missing.
        weight: (n,) of each neighbour, at most 1/3.

    Returns:
        (n, time, joint, 2); a missing neighbour counts as no change.
    """
    w = weight.astype(np.float32)[:, None, None, None]
    result = window.copy()
    middle = window[:, 1:-1]
    for side in (window[:, :-2], window[:, 2:]):
        change = side - middle
        result[:, 1:-1] += w * np.where(np.isnan(change), 0, change)
    return result
