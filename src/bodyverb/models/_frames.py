"""What the memory networks share: frames about their own torso, the memory, its last frame that is there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bodyverb.core import InputError, Skeleton
from bodyverb.models._streams import TINY, TOPS, Body, is_there

MOST = 10.0
"""Largest input of a memory, in standard deviations: a channel that never changed while learning, such as the
mask of a joint that was always there, must not blow up when it does."""
LEAST = 0.25
"""Shortest torso of a frame that counts, in torsos of the clip: a guess that went wrong must not blow up."""


class Torso(nn.Module):
    """Each frame by itself: the thorax is the origin, the way from it to the pelvis the unit.

    The thorax is found by name, or else the neck or the middle of the shoulders; the pelvis is the layout's
    root. Where a frame lacks the thorax the middle of its joints is the origin, where it lacks one of both
    the unit is the mean over the person's frames, and where all do, it is the spread of the joints.

    Args:
        skeleton: layout of the joints.
        dims: 2 or 3.
        view: 3D: how the clip is turned before, as in `StreamConfig`.
    """

    ends: Tensor

    def __init__(self, skeleton: Skeleton, dims: int, view: str) -> None:
        super().__init__()
        self.turn = Body(skeleton, view, scale=False) if dims == 3 and view != "none" else None
        top = next((names for names in TOPS if set(names) <= set(skeleton.joints)), ())
        ends = torch.zeros(2, len(skeleton))
        ends[0, [skeleton.index(name) for name in top]] = 1.0 / max(1, len(top))
        ends[1, list(skeleton.root)] = 1.0 / len(skeleton.root)
        self.named = bool(top)
        self.register_buffer("ends", ends, persistent=False)

    def forward(self, position: Tensor, there: Tensor) -> Tensor:
        """Map (batch, person, time, joint, dims), 0 where missing, to the same shape; missing joints are 0.

        Args:
            position: of the joints.
            there: (batch, person, time, joint, 1), 1 where one is.
        """
        if self.turn is not None:
            position = self.turn(position, there)
        count = there.sum(dim=3).clamp_min(1.0)
        middle = position.sum(dim=3) / count
        top, bottom = torch.einsum("kv,bptvd->kbptd", self.ends, position)
        lost = torch.einsum("kv,bptv->kbpt", (self.ends > 0).to(there.dtype), 1.0 - there[..., 0])[..., None]
        known = (lost < 0.5) if self.named else torch.zeros_like(lost, dtype=torch.bool)
        centre = torch.where(known[0], top, middle)
        position = (position - centre[:, :, :, None]) * there
        spread = _root(position.square().sum(dim=(2, 3, 4)) / there.sum(dim=(2, 3, 4)).clamp_min(1.0))
        length = _root((top - bottom).square().sum(dim=-1, keepdim=True))
        return position / _unit(length, known[0] & known[1], spread)[:, :, :, None]


def _unit(length: Tensor, known: Tensor, spread: Tensor) -> Tensor:
    """What (batch, person, time, 1) a frame is divided by; see `Torso`."""
    real = (known & (length > 10 * TINY)).to(length.dtype)
    mean = (length * real).sum(dim=2, keepdim=True) / real.sum(dim=2, keepdim=True).clamp_min(1.0)
    spread = torch.where(spread > 10 * TINY, spread, torch.ones_like(spread))[:, :, None, None]
    mean = torch.where(mean > 0, mean, spread)
    return torch.where(real > 0, torch.maximum(length, LEAST * mean), mean)


def _root(square: Tensor) -> Tensor:
    """Square root whose slope at 0 is finite."""
    return square.clamp_min(TINY * TINY).sqrt()


class Standard(nn.Module):
    """Each joint's each channel about its mean over the clips that were learned from, in its deviations.

    What all frames have in common would drown what they tell apart: a memory hardly learns then. Nothing here
    is learned by gradients; frames in which nobody is do not count.

    Args:
        channels: of a frame.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels, affine=False)

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """Map (n, time, channel) to the same shape; 0, the mean, where nobody is.

        Args:
            x: what a memory is to see.
            there: (n, time), true where somebody is.
        """
        rows = x.flatten(0, 1)
        seen = there.flatten()
        if not self.training:
            return (self.norm(rows).clamp(-MOST, MOST) * seen[:, None]).view_as(x)
        found = torch.zeros_like(rows)
        if seen.sum() > 1:
            found[seen] = self.norm(rows[seen]).clamp(-MOST, MOST)
        return found.view_as(x)


class Memory(nn.LSTM):
    """Stacked long short-term memories that start at zero and go forward; one operator a layer in ONNX.

    The gates begin inclined to keep what they hold (Jozefowicz et al., ICML 2015).

    Args:
        inputs: features of a frame.
        hidden: cells of a layer.
        layers: how many.
        dropout: between the layers.
    """

    def __init__(self, inputs: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__(inputs, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        for layer in self.all_weights:
            nn.init.ones_(layer[2][hidden : 2 * hidden])

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Map (n, time, inputs) to (n, time, hidden)."""
        if not torch.onnx.is_in_onnx_export():
            return super().forward(x)[0]
        if not hasattr(torch.onnx, "ops"):
            raise InputError(
                f"Expected torch 2.8 or newer to export a memory, got {torch.__version__}; "
                "pip install --upgrade torch"
            )
        steps = x.transpose(0, 1)
        for w, r, *bias in self.all_weights:
            whole = torch.cat([_gates(one) for one in bias])[None]
            (out,) = torch.onnx.ops.symbolic_multi_out(
                "LSTM",
                [steps, _gates(w)[None], _gates(r)[None], whole],
                attrs={"hidden_size": self.hidden_size},
                dtypes=[steps.dtype],
                shapes=[(steps.shape[0], 1, steps.shape[1], self.hidden_size)],
            )
            steps = out.squeeze(1)
        return steps.transpose(0, 1)


def _gates(rows: Tensor) -> Tensor:
    """The rows of the four gates in the order of ONNX: in, out, forget, cell; torch has out at the end."""
    return rows.unflatten(0, (4, -1))[[0, 3, 1, 2]].flatten(0, 1)


def somebody(position: Tensor, score: Tensor) -> Tensor:
    """The frames in which a person is.

    Args:
        position: (batch, person, time, joint, dims), NaN = missing.
        score: (batch, person, time, joint).

    Returns:
        (batch x person, time) bool.
    """
    return is_there(position, score).any(dim=-1).flatten(0, 1)


def at_last(steps: Tensor, there: Tensor) -> Tensor:
    """What a memory says in the last frame of each person.

    Frames after it are padding: they do not count, and a memory that goes forward does not know of them.

    Args:
        steps: (n, time, feature).
        there: (n, time), true where somebody is.

    Returns:
        (n, feature); of somebody who never is there, the first frame's.
    """
    place = torch.arange(steps.shape[1], device=steps.device)
    last = (there * place).amax(dim=1)
    return steps.gather(1, last[:, None, None].expand(-1, 1, steps.shape[2])).squeeze(1)
