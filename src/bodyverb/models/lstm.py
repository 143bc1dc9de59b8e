"""lstm: stacked long short-term memories over the prepared joints of each person, last step to classes.

After the two-layer networks that NTU RGB+D was introduced with (Shahroudy et al., CVPR 2016). The state
starts at zero for every clip and person; it is never carried on. The last step is that of the last frame in
which the person is there: clips of different lengths share a batch, padded with NaN. No graph: any layout
will do.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from bodyverb.core import InputError, Skeleton
from bodyverb.models._blocks import over_people
from bodyverb.models._frames import Memory, Standard, Torso, at_last, somebody
from bodyverb.models._streams import STREAMS, StreamConfig, Streams, check_bones, check_fit

CARD = {
    "name": "lstm",
    "task": "verbs",
    "paper": "Shahroudy et al., NTU RGB+D: A Large Scale Dataset for 3D Human Activity Analysis (CVPR 2016)",
    "input": "position (batch, person, time, joint, 2|3) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class)",
    "dims": (2, 3),
    "persons": (1, 2),
    "streams": STREAMS,
}


@dataclass(frozen=True, kw_only=True)
class Config(StreamConfig):
    """Size of the network and what it sees."""

    torso: bool = False
    """Every frame by itself about its thorax, with its torso as unit, in place of the clip's own centre and
    `scale`."""
    embed: int = 0
    """Features of a linear layer between the joints and the memory; 0: none."""
    hidden: int = 128
    """Cells of a layer."""
    layers: int = 2
    """Layers, 1 to 3 in the published networks."""
    dropout: float = 0.3
    """Dropout between the layers and before the last one."""


SMALL = Config(hidden=16, dropout=0.0)
"""Small enough to try things out."""


def build(config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 2, persons: int = 1) -> Lstm:
    """Build the network for one joint layout.

    Args:
        config: sizes and stream.
        skeleton: layout of the input joints.
        n_classes: number of verbs.
        dims: 2 or 3.
        persons: people of a clip; the mean over those who are there is classified.

    Raises:
        InputError: stream, dims or persons are none of the card's, the layout lacks the bones asked for, or
            there is no layer.
    """
    check_fit(CARD, dims, persons, config.stream)
    check_bones(skeleton.name, config.stream, any(parent >= 0 for parent in skeleton.parents))
    check_layers(config.layers)
    return Lstm(config, skeleton, n_classes, dims)


def check_layers(layers: int) -> None:
    """Refuse a memory without layers.

    Raises:
        InputError: there are none.
    """
    if layers < 1:
        raise InputError(f"Expected 1 or more layers, got {layers}; correct --network layers")


class Lstm(nn.Module):
    """The network; see the module docstring."""

    def __init__(self, config: Config, skeleton: Skeleton, n_classes: int, dims: int) -> None:
        super().__init__()
        self.config = config
        self.streams = Streams(skeleton, config, dims)
        if config.torso:
            self.streams.normalise = Torso(skeleton, dims, config.view)
        inputs = len(skeleton) * self.streams.channels
        self.norm = Standard(inputs)
        self.embed = nn.Linear(inputs, config.embed) if config.embed else nn.Identity()
        self.memory = Memory(config.embed or inputs, config.hidden, config.layers, config.dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(config.hidden, n_classes)

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            position: (batch, person, time, joint, dims), NaN = missing; 3D y up, 2D y down. Frames without
                anybody at the end are padding.
            score: (batch, person, time, joint); 0 or NaN = missing.
            seconds: (batch, time); unused, frames are taken as evenly spaced.

        Returns:
            logits (batch, class).
        """
        channels, present = self.streams(position, score)
        there = somebody(position, score)
        steps = self.memory(self.embed(self.norm(channels.flatten(0, 1).flatten(2), there)))
        last = at_last(steps, there).float()
        return self.classes(self.dropout(over_people(last, present)))
