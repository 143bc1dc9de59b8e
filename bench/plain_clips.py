"""A straightforward loader of skeleton clips, to compare the package's with: clip after clip in numpy.

The usual chain of transforms on records of a PYSKL file (Duan et al., ACM MM 2022): normalise the whole clip,
choose frames by uniform segments, turn, scale, noise, mirror, pad to the number of people, stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bodyverb.core import Skeleton

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PlainLoader:
    """Batches of clips.

    Attributes:
        records: `keypoint` (person, time, joint, 2|3) float, 0 = missing; `keypoint_score` in 2D; `label`.
        skeleton: layout of the joints.
        frames: moments of a clip.
        persons: people of a clip.
        turn: largest angle about each axis, rad.
        scale: largest change of each axis.
        noise: standard deviation, in units of the clip.
        mirror: share of clips.
        normalise: centre, turn upright, in 2D fit into a box.
    """

    records: Sequence[Record]
    skeleton: Skeleton
    frames: int = 100
    persons: int = 2
    turn: float = 0.3
    scale: float = 0.1
    noise: float = 0.01
    mirror: float = 0.5
    normalise: bool = True

    def __call__(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Positions (clip, person, time, joint, axis), random, and labels (clip,)."""
        clips = [self.padded(self.changed(self.prepared(self.records[row], rng), rng)) for row in rows]
        return (
            torch.from_numpy(np.stack(clips)),
            torch.tensor([self.records[row]["label"] for row in rows]),
        )

    def prepared(self, record: Record, rng: np.random.Generator | None) -> np.ndarray:
        """(person, time, joint, axis) without chance but that of the frames; None takes frames evenly."""
        position = record["keypoint"].copy()
        if self.normalise:
            position = self._flat(position) if position.shape[-1] == 2 else self._upright(position)
        return position[:, self._moments(position.shape[1], rng)]

    def changed(self, position: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same, at random turned, scaled, with noise, mirrored."""
        there = (position != 0).any(axis=-1, keepdims=True)
        position = np.einsum("mtvc,dc->mtvd", position, self._turn(position.shape[-1], rng))
        position = position * (1 + rng.uniform(-self.scale, self.scale, position.shape[-1]))
        position = position + rng.normal(0, self.noise, position.shape)
        if rng.random() < self.mirror:
            position = position[:, :, list(self.skeleton.flip)] * np.array([-1, 1, 1][: position.shape[-1]])
            there = there[:, :, list(self.skeleton.flip)]
        return np.where(there, position, 0)

    def padded(self, position: np.ndarray) -> np.ndarray:
        """Float32, with room for all people."""
        room = self.persons - len(position)
        if room > 0:
            position = np.concatenate([position, np.zeros((room, *position.shape[1:]), position.dtype)])
        return np.ascontiguousarray(position[: self.persons], np.float32)

    def _moments(self, count: int, rng: np.random.Generator | None) -> np.ndarray:
        """(frames,) numbers of frames, one of each of equal segments."""
        if rng is None:
            return np.linspace(0, count - 1, self.frames).round().astype(int)
        edges = np.arange(self.frames + 1) * count / self.frames
        drawn = edges[:-1] + rng.random(self.frames) * np.diff(edges)
        return np.minimum(drawn.astype(int), count - 1)

    def _upright(self, position: np.ndarray) -> np.ndarray:
        """Centred on the root of the leading person, spine along y, shoulders along x, as in the first frame;
        leading is who is seen longest, then moving most."""
        seen = (position != 0).any(axis=(2, 3))
        position = position[:, seen.any(axis=0)]
        path = (np.diff(position, axis=1) ** 2).sum(axis=(1, 2, 3))
        leader = max(range(len(position)), key=lambda person: (seen[person].sum(), path[person]))
        there = (position != 0).any(axis=-1, keepdims=True)
        first = position[leader, 0]
        position = position - first[list(self.skeleton.root)].mean(axis=0)
        top = next(n for n in ("thorax", "neck", "mid_shoulder") if n in self.skeleton.joints)
        spine = first[self.skeleton.index(top)] - first[list(self.skeleton.root)].mean(axis=0)
        across = first[self.skeleton.index("left_shoulder")] - first[self.skeleton.index("right_shoulder")]
        y = spine / np.linalg.norm(spine)
        x = across - (across @ y) * y
        x = x / np.linalg.norm(x)
        rows = np.stack([x, y, np.cross(x, y)])
        return np.einsum("mtvc,dc->mtvd", position, rows) * there

    def _flat(self, position: np.ndarray) -> np.ndarray:
        """The box round all joints goes to [-1, 1]."""
        there = (position != 0).any(axis=-1, keepdims=True)
        low = np.where(there, position, np.inf).min(axis=(0, 1, 2))
        high = np.where(there, position, -np.inf).max(axis=(0, 1, 2))
        return (position - (low + high) / 2) / ((high - low).max() / 2) * there

    def _turn(self, dims: int, rng: np.random.Generator) -> np.ndarray:
        """(dims, dims) rotation by random angles about each axis."""
        made = np.eye(dims)
        for first, second in ((0, 1), (1, 2), (0, 2))[: 1 if dims == 2 else 3]:
            angle = rng.uniform(-self.turn, self.turn)
            one = np.eye(dims)
            one[[first, first, second, second], [first, second, first, second]] = (
                np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle),
            )  # fmt: skip
            made = one @ made
        return made
