"""The deterministic preparation that the skeleton classifiers share; it has no learned piece.

Missing joints are masked, the clip is centred, turned and scaled, and one of four streams is taken: joints
(`j`), bones (`b`: joint - parent), and the difference to the next frame of either (`jm`, `bm`). The clip is
normalised as a whole, so that the way of the body and the place of two people to each other stay:

- 3D: the origin is the root of the leading person in the first frame that has it; the leading person's
  shoulders point along x there (`view`), as in PYSKL (Duan et al. 2022); the unit is the mean bone (`scale`).
- 2D: the box round all joints of the clip goes to [-1, 1], with one scale for both axes.

The leading person is the one seen in most frames, among equals the one who moves more: the order of people
does not matter. Nothing here branches on data: it exports to ONNX for any batch and time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import InputError, Skeleton
from bodyverb.models._graph import parents

STREAMS = ("j", "b", "jm", "bm")
FAR = 1e7
TINY = 1e-6
TOPS = (("thorax",), ("neck",), ("left_shoulder", "right_shoulder"))
_SIDES = ("shoulder", "hip")


@dataclass(frozen=True, kw_only=True)
class StreamConfig:
    """What a network sees of a clip."""

    stream: str = "j"
    """j joints, b bones, jm and bm their motion."""
    view: Literal["none", "yaw", "full"] = "yaw"
    """3D only: turn the clip about the vertical until the shoulders lie along x; `full` puts the spine
    upright too. A layout without shoulders and hips by name stays as it is."""
    scale: bool = True
    """3D only: divide by the mean bone length of the clip."""
    mask: bool = True
    """A further input channel: 1 where the joint is there. The published networks have none."""


def check_fit(card: dict, dims: int, persons: int, stream: str | None = None) -> None:
    """Refuse what a network cannot take before anything is built.

    Args:
        card: the network's, with `name`, `dims`, `persons` and `streams`.
        dims: axes of a position.
        persons: people in a clip.
        stream: what it is to see, where it can choose.

    Raises:
        InputError: dims, persons or stream are none of the card's.
    """
    asked = {"dims": dims, "persons": persons, "streams": stream}
    for what, got in asked.items():
        if got is not None and got not in card[what]:
            words = ", ".join(map(str, card[what]))
            raise InputError(
                f"Expected {what} of the network {card['name']} among {words}, got {got}; choose one of them"
            )


def check_bones(name: str, stream: str, there: bool) -> None:
    """Refuse to look at the bones of a layout that has none.

    Raises:
        InputError: the stream is one of bones and there are none.
    """
    if stream in ("b", "bm") and not there:
        raise InputError(
            f"Expected a layout with bones for stream {stream}, got none in {name!r}; give its joints "
            "parents, or take stream j"
        )


class Streams(nn.Module):
    """Positions to masked channels; see the module docstring.

    Attributes:
        channels: Channels of a joint.
    """

    parent: Tensor

    def __init__(self, skeleton: Skeleton, config: StreamConfig, dims: int) -> None:
        super().__init__()
        self.names = STREAMS if config.stream == "all" else (config.stream,)
        self.mask = config.mask
        self.channels = len(self.names) * (dims + config.mask)
        self.normalise: nn.Module = Box() if dims == 2 else Body(skeleton, config.view, config.scale)
        self.register_buffer("parent", torch.tensor(parents(skeleton)), persistent=False)

    def forward(self, position: Tensor, score: Tensor) -> tuple[Tensor, Tensor]:
        """Prepare a batch.

        Args:
            position: (batch, person, time, joint, dims), NaN = missing.
            score: (batch, person, time, joint); 0 or NaN = missing.

        Returns:
            channels (batch, person, time, joint, channel), finite, 0 where missing; and present
            (batch, person): 1 where any joint is there.
        """
        kind = position.device.type
        if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
            # a turn in bfloat16 would drown the motion of a frame
            with torch.autocast(kind, enabled=False):
                return self.forward(position, score)
        position, there = masked(position, score)
        joints = self.normalise(position, there), there
        parts: list[Tensor] = []
        for name in self.names:
            value, mask = self.bones(*joints) if name.startswith("b") else joints
            value, mask = motion(value, mask) if name.endswith("m") else (value, mask)
            parts += [value, mask] if self.mask else [value]
        return torch.cat(parts, dim=-1), there.amax(dim=(2, 3, 4))

    def bones(self, position: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Joint minus parent, and 1 where both are there; a root's bone is 0."""
        both = there * there[:, :, :, self.parent]
        return (position - position[:, :, :, self.parent]) * both, both


def is_there(position: Tensor, score: Tensor) -> Tensor:
    """Whether each joint (..., joint) is there: finite, not absurdly far, and of a score above 0."""
    return (position.abs() < FAR).all(dim=-1) & (score > 0)


def masked(position: Tensor, score: Tensor) -> tuple[Tensor, Tensor]:
    """Zeros for what is missing, and what is there.

    Args:
        position: (..., joint, dims), NaN = missing.
        score: (..., joint); 0 or NaN = missing.

    Returns:
        position of the same shape, finite; and (..., joint, 1), 1 where the joint is there.
    """
    there = is_there(position, score).to(position.dtype).unsqueeze(-1)
    return torch.where(there > 0, position, torch.zeros_like(position)), there


def motion(value: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    """Next frame minus this one, and 1 where both are there; the last frame has none."""
    both = there[:, :, 1:] * there[:, :, :-1]
    step = (value[:, :, 1:] - value[:, :, :-1]) * both
    end = (0, 0, 0, 0, 0, 1)
    return F.pad(step, end), F.pad(both, end)


class Box(nn.Module):
    """2D: the box round every joint of the clip goes to [-1, 1]; the longer side fills it."""

    def forward(self, position: Tensor, there: Tensor) -> Tensor:
        """Map (batch, person, time, joint, 2) to the same shape; missing joints are 0."""
        axes = (1, 2, 3)
        low = torch.where(there > 0, position, torch.full_like(position, FAR)).amin(dim=axes, keepdim=True)
        high = torch.where(there > 0, position, torch.full_like(position, -FAR)).amax(dim=axes, keepdim=True)
        half = 0.5 * (high - low).amax(dim=-1, keepdim=True)
        half = torch.where(half > TINY, half, torch.ones_like(half))
        return (position - 0.5 * (low + high)) * there / half


class Body(nn.Module):
    """3D: centred on the leading person's root, turned and scaled by the body; see the module docstring."""

    points: Tensor
    parent: Tensor

    def __init__(self, skeleton: Skeleton, view: str, scale: bool) -> None:
        super().__init__()
        self.scale = scale
        self.upright = view == "full"
        rows, named = _points(skeleton)
        self.turn = view != "none" and named
        self.register_buffer("points", rows, persistent=False)
        self.register_buffer("parent", torch.tensor(parents(skeleton)), persistent=False)

    def forward(self, position: Tensor, there: Tensor) -> Tensor:
        """Map (batch, person, time, joint, 3) to the same shape; missing joints are 0."""
        clip, mask = _leading(position, there)
        marks = torch.einsum("kv,btvd->btkd", self.points, clip)
        known = torch.einsum("kv,btvd->btkd", (self.points > 0).to(mask.dtype), 1.0 - mask) < 0.5
        root, has = _first(marks[:, :, 0], known[:, :, 0])
        middle = clip.sum(dim=(1, 2)) / mask.sum(dim=(1, 2)).clamp_min(1.0)
        centre = torch.where(has, root, middle)
        position = position - centre[:, None, None, None]
        if self.turn:
            position = torch.einsum("bptvd,bed->bptve", position, self._axes(marks, known))
        position = position * there
        if self.scale:
            both = there * there[:, :, :, self.parent]
            bone = ((position - position[:, :, :, self.parent]) * both).square().sum(dim=-1, keepdim=True)
            long = both * (bone > TINY).to(both.dtype)
            bones = (bone.clamp_min(TINY).sqrt() * long).sum(dim=(1, 2, 3), keepdim=True)
            count = long.sum(dim=(1, 2, 3), keepdim=True)
            position = position / torch.where(count > 0, bones / count.clamp_min(1.0), torch.ones_like(bones))
        return position

    def _axes(self, marks: Tensor, known: Tensor) -> Tensor:
        """Rows (batch, 3, 3): the new x, y and z of the leading person's first frame that shows them."""
        across, has = _first(marks[:, :, 2] - marks[:, :, 3], known[:, :, 2] & known[:, :, 3])
        x, y, z = torch.eye(3, dtype=marks.dtype, device=marks.device)
        across = torch.where(has, across, x)
        up = y.expand_as(across)
        if self.upright:
            spine, has = _first(marks[:, :, 1] - marks[:, :, 0], known[:, :, 0] & known[:, :, 1])
            up = _unit(torch.where(has, spine, y), y)
        aside = torch.where(up[:, :1].abs() < 0.9, _across(x.expand_as(up), up), _across(z.expand_as(up), up))
        right = _unit(_across(across, up), _unit(aside, x))
        out = torch.stack(
            [
                right[:, 1] * up[:, 2] - right[:, 2] * up[:, 1],
                right[:, 2] * up[:, 0] - right[:, 0] * up[:, 2],
                right[:, 0] * up[:, 1] - right[:, 1] * up[:, 0],
            ],
            dim=-1,
        )
        return torch.stack([right, up, out], dim=1)


def _points(skeleton: Skeleton) -> tuple[Tensor, bool]:
    """Rows (4, joint): root, top of the spine, left and right side as means of joints; and whether the last
    three exist by name."""
    joints = skeleton.joints
    top = next((names for names in TOPS if set(names) <= set(joints)), None)
    side = next((side for side in _SIDES if {f"left_{side}", f"right_{side}"} <= set(joints)), None)
    rows = torch.zeros(4, len(joints))
    rows[0, list(skeleton.root)] = 1.0 / len(skeleton.root)
    if top is None or side is None:
        return rows, False
    rows[1, [skeleton.index(name) for name in top]] = 1.0 / len(top)
    rows[2, skeleton.index(f"left_{side}")] = 1.0
    rows[3, skeleton.index(f"right_{side}")] = 1.0
    return rows, True


def prominence(position: Tensor, there: Tensor) -> Tensor:
    """(batch, person): frames in which each is seen; among equals, who moves more has up to 0.5 more."""
    seen = there.amax(dim=(3, 4)).sum(dim=2)
    path = motion(position, there)[0].square().sum(dim=(2, 3, 4))
    return seen + 0.5 * path / path.amax(dim=1, keepdim=True).clamp_min(TINY)


def _leading(position: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    """Positions and mask (batch, time, joint, dims | 1) of the person seen longest, then moving most."""
    leader = prominence(position, there).argmax(dim=1)
    people = torch.arange(position.shape[1], device=position.device)
    chosen = (leader[:, None] == people[None]).to(position.dtype)[:, :, None, None, None]
    return (position * chosen).sum(dim=1), (there * chosen).sum(dim=1)


def _first(value: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Value (batch, dims) of the first frame whose `known` (batch, time, 1) is true, and whether there is
    one (batch, 1)."""
    at = known.to(torch.int64).argmax(dim=1, keepdim=True).expand(-1, -1, value.shape[-1])
    return value.gather(1, at).squeeze(1), known.any(dim=1)


def _across(vector: Tensor, up: Tensor) -> Tensor:
    """The part (batch, 3) of a vector at right angles to the unit vector `up`."""
    return vector - (vector * up).sum(dim=-1, keepdim=True) * up


def _unit(vector: Tensor, otherwise: Tensor) -> Tensor:
    """Unit length (batch, 3), or `otherwise` where there is next to none."""
    length = vector.square().sum(dim=-1, keepdim=True)
    return torch.where(length > TINY, vector / length.clamp_min(TINY).sqrt(), otherwise)
