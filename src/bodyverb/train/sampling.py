"""From clips to batches of equal length: which moments of a clip a network gets to see.

A clip is cut into `steps` segments of equal length and one moment is taken of each (PYSKL's uniform sampling;
Duan et al., CVPR 2022), between two frames by interpolation. In training the moment is random within its
segment and the clip may lose its ends; in evaluation it is the segment's middle.

With `rate_hz` a moment stands for the same time in every clip instead: clips keep their pace and length, and
the shorter ones of a batch end with NaN.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bodyverb.train.clips import Clips
from bodyverb.train.lab_settings import Sampling

Batch = dict[str, Tensor]


def moments(
    clips: Clips, rows: np.ndarray, sampling: Sampling, rng: np.random.Generator | None
) -> np.ndarray:
    """Frames, with fractions, at which clips are looked at.

    Args:
        clips: all of them.
        rows: (n,) which.
        sampling: how.
        rng: chance; None takes whole clips and the middles of segments.

    Returns:
        (n, steps) float64, rising, from 0 to frames - 1 of each clip. With `rate_hz` as many steps as the
        longest of these clips has, NaN after the end of the others.
    """
    if sampling.rate_hz:
        return _paced(clips, rows, sampling, rng)
    last = (clips.frames[rows] - 1).astype(np.float64)[:, None]
    middle = np.full((len(rows), sampling.steps), 0.5)
    if rng is None:
        return (np.arange(sampling.steps) + middle) / sampling.steps * last
    start, share = _kept(len(rows), sampling, rng)
    place = middle + sampling.jitter * (rng.random(middle.shape) - 0.5)
    return (start + share * (np.arange(sampling.steps) + place) / sampling.steps) * last


def _kept(count: int, sampling: Sampling, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where what is kept of a clip begins, and how much it is, as shares (count, 1) of the clip."""
    share = rng.uniform(sampling.crop, 1.0, (count, 1))
    share[rng.random(count) < sampling.whole] = 1.0
    return rng.random((count, 1)) * (1 - share), share


def _paced(clips: Clips, rows: np.ndarray, sampling: Sampling, rng: np.random.Generator | None) -> np.ndarray:
    """`moments`, 1 / rate_hz seconds apart; of clips that are longer than `steps` of them the middle, or in
    training any part."""
    tick, length = 1.0 / sampling.rate_hz, clips.length_s[rows][:, None]
    begin, stop, shift, where = np.zeros_like(length), length, np.zeros(1), np.full_like(length, 0.5)
    if rng is not None:
        start, share = _kept(len(rows), sampling, rng)
        begin, stop, where = start * length, (start + share) * length, rng.random(length.shape)
        shift = sampling.jitter * (rng.random((len(rows), sampling.steps)) - 0.5) * tick
    begin = begin + where * np.maximum(stop - begin - (sampling.steps - 1) * tick, 0.0)
    times = begin + np.arange(sampling.steps) * tick
    gone = times > stop + 1e-3 * tick
    at = np.full(times.shape, np.nan)
    for row, (first, frames) in enumerate(zip(clips.first[rows], clips.frames[rows], strict=True)):
        own = clips.seconds[first : first + frames]
        at[row] = np.interp((times + shift)[row], own, np.arange(frames))  # from the first frame to the last
    at[gone] = np.nan
    return at[:, ~gone.all(axis=0)]


def batch(clips: Clips, rows: np.ndarray, at: np.ndarray) -> Batch:
    """Clips at given moments.

    Args:
        clips: all of them.
        rows: (n,) which.
        at: (n, steps) of `moments`; NaN where the clip is over.

    Returns:
        position (n, person, steps, joint, 2|3), NaN where the nearer of both frames has none, score (n,
        person, steps, joint), seconds (n, steps) from 0, label (n,), index (n,). Where a clip is over nobody
        is there and the seconds stay.
    """
    gone = np.isnan(at)
    at = np.where(gone, (clips.frames[rows] - 1)[:, None], at)
    lower = np.floor(at).astype(np.int64)
    upper = np.minimum(lower + 1, clips.frames[rows][:, None] - 1)
    weight = (at - lower).astype(np.float32)
    before, after = clips.first[rows][:, None] + lower, clips.first[rows][:, None] + upper
    near = np.where(weight < 0.5, before, after)
    seconds = clips.seconds[before] * (1 - weight) + clips.seconds[after] * weight
    position = _taken(clips.position, before)
    position.lerp_(_taken(clips.position, after), torch.from_numpy(weight)[:, None, :, None, None])
    position = torch.where(torch.isnan(position), _taken(clips.position, near), position)
    over = torch.from_numpy(gone)[:, None, :, None]
    return {
        "position": position.masked_fill_(over[..., None], torch.nan),
        "score": _taken(clips.score, near).masked_fill_(over, 0.0),
        "seconds": torch.from_numpy(np.ascontiguousarray(seconds - seconds[:, :1], np.float32)),
        "label": torch.from_numpy(clips.label[rows]),
        "index": torch.from_numpy(np.asarray(rows, np.int64)),
    }


def _taken(values: np.ndarray, at: np.ndarray) -> Tensor:
    """Frames `at` (n, steps) of values (frame, person, ...), person first: (n, person, steps, ...)."""
    people = values.shape[1]
    index = at[:, None] * people + np.arange(people)[:, None]
    found = torch.from_numpy(values).flatten(0, 1).index_select(0, torch.from_numpy(index.reshape(-1)))
    return found.unflatten(0, index.shape)
