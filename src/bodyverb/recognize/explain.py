"""Which joints and which moments made a classifier say what it said, by leaving them out.

A part of the clip is made missing (NaN, which every classifier here takes as "not seen") and the fall of the
class's log-odds is measured (occlusion sensitivity; Zeiler & Fergus, ECCV 2014): they still fall where the
chance stays near 1. A joint is left out together with those that bones join to it: alone, its neighbours
would stand in for it. Works with any function from inputs to logits, and with numpy only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bodyverb.core import InputError, Skeleton

Predict = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""Inputs position (n, person, time, joint, space), score, seconds -> logits (n, class)."""

BLOCKS = 8
BATCH = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """What speaks for a class, in nats: how far its log-odds fall without a part; below 0 the part speaks
    against it.

    Attributes:
        target: index of the class.
        chances: (C,) of the whole clip.
        edges: (K + 1,) first frames of the K blocks of time, and the number of frames.
        joints: (J,) without a joint and its neighbours, at all times.
        moments: (K,) without anybody in a block.
        parts: (K, J) without a joint and its neighbours in a block.
    """

    target: int
    chances: np.ndarray
    edges: np.ndarray
    joints: np.ndarray
    moments: np.ndarray
    parts: np.ndarray

    @property
    def heat(self) -> np.ndarray:
        """(T, J) of `parts` in [-1, 1], 1 where most speaks for the class; for drawing."""
        most = float(np.abs(self.parts).max(initial=0.0))
        scaled = self.parts / most if most > 0 else self.parts
        return np.repeat(scaled, np.diff(self.edges), axis=0)


def neighbours(skeleton: Skeleton) -> np.ndarray:
    """(J, J) bool: each row a joint with those that a bone or limb joins to it."""
    near = np.eye(len(skeleton), dtype=bool)
    bones = [(joint, parent) for joint, parent in enumerate(skeleton.parents) if parent >= 0]
    for a, b in [*bones, *skeleton.limbs]:
        near[a, b] = near[b, a] = True
    return near


def explain(
    predict: Predict,
    inputs: Mapping[str, np.ndarray],
    skeleton: Skeleton,
    *,
    target: int | None = None,
    blocks: int = BLOCKS,
) -> Explanation:
    """Leave out parts of one clip, one after the other.

    Args:
        predict: the classifier; called with at most `BATCH` clips at a time.
        inputs: of one clip: position (1, person, time, joint, 2|3) with NaN, score (1, person, time, joint),
            seconds (1, time).
        skeleton: layout of the joints.
        target: the class to explain; the one that is named by default.
        blocks: into how many blocks the time is cut; at most one a frame.

    Raises:
        InputError: not one clip of that layout, nobody in it, or no such class.
    """
    position = np.asarray(inputs["position"], np.float32)
    if position.ndim != 5 or position.shape[0] != 1 or position.shape[3] != len(skeleton):
        raise InputError(
            f"Expected one clip (1, person, time, {len(skeleton)} joints, space) of {skeleton.name}, got "
            f"{position.shape}; pass one clip in the layout of the classifier"
        )
    if not np.isfinite(position).all(axis=-1).any():
        raise InputError("Expected a clip with somebody in it, got no joint at all; choose another clip")
    frames, joints = position.shape[2:4]
    edges = np.linspace(0, frames, min(blocks, frames) + 1).round().astype(int)
    whole = np.asarray(predict(inputs), np.float64)
    target = int(whole.argmax()) if target is None else target
    if not 0 <= target < whole.shape[1]:
        raise InputError(f"Expected a class from 0 to {whole.shape[1] - 1}, got {target}; choose another")
    near, count = neighbours(skeleton), len(edges) - 1
    every = np.ones(joints, bool)
    masks = [_mask(frames, 0, frames, near[joint]) for joint in range(joints)]
    masks += [_mask(frames, edges[k], edges[k + 1], every) for k in range(count)]
    masks += [
        _mask(frames, edges[k], edges[k + 1], near[joint]) for k in range(count) for joint in range(joints)
    ]
    drops = _log_odds(whole, target) - _masked(predict, inputs, masks, target)
    return Explanation(
        target=target,
        chances=np.exp(whole[0] - whole[0].max()) / np.exp(whole[0] - whole[0].max()).sum(),
        edges=edges,
        joints=drops[:joints],
        moments=drops[joints : joints + count],
        parts=drops[joints + count :].reshape(count, joints),
    )


def _mask(frames: int, start: int, end: int, joints: np.ndarray) -> np.ndarray:
    """(T, J) bool, True where something is left out."""
    mask = np.zeros((frames, len(joints)), bool)
    mask[start:end] = joints
    return mask


def _masked(
    predict: Predict, inputs: Mapping[str, np.ndarray], masks: list[np.ndarray], target: int
) -> np.ndarray:
    """Log-odds (mask,) of the class without each of the parts."""
    found = []
    for some in _batches(masks):
        out = np.stack(some)[:, None]
        position = np.where(out[..., None], np.float32(np.nan), inputs["position"]).astype(np.float32)
        score = np.where(out, np.float32(0), inputs["score"]).astype(np.float32)
        seconds = np.repeat(np.asarray(inputs["seconds"], np.float32), len(some), axis=0)
        logits = predict({"position": position, "score": score, "seconds": seconds})
        found.append(_log_odds(np.asarray(logits, np.float64), target))
    return np.concatenate(found)


def _batches(masks: list[np.ndarray]) -> Iterable[list[np.ndarray]]:
    return (masks[first : first + BATCH] for first in range(0, len(masks), BATCH))


def _log_odds(logits: np.ndarray, target: int) -> np.ndarray:
    """(n,) log of the chance of a class over that of all others; 0 where there is no other."""
    others = np.delete(logits, target, axis=1)
    if not others.shape[1]:
        return np.zeros(len(logits))
    most = others.max(axis=1)
    return np.asarray(logits[:, target] - most - np.log(np.exp(others - most[:, None]).sum(axis=1)))
