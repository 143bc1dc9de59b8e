"""lstm: stacked long short-term memories over the prepared joints of each person, last step to classes.

After the two-layer networks that NTU RGB+D was introduced with (Shahroudy et al., CVPR 2016). The state
starts at zero for every clip and person; it is never carried on. No graph: any layout will do.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from bodyverb.core import Skeleton
from bodyverb.models._blocks import FirstNorm, over_people
from bodyverb.models._streams import STREAMS, StreamConfig, Streams, check_fit

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

    hidden: int = 128
    """Cells of a layer."""
    layers: int = 2
    """Layers."""
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
        InputError: stream, dims or persons are none of the card's.
    """
    check_fit(CARD, dims, persons, config.stream)
    return Lstm(config, skeleton, n_classes, dims)


class Lstm(nn.Module):
    """The network; see the module docstring."""

    def __init__(self, config: Config, skeleton: Skeleton, n_classes: int, dims: int) -> None:
        super().__init__()
        self.config = config
        self.streams = Streams(skeleton, config, dims)
        self.norm = FirstNorm(len(skeleton), self.streams.channels)
        between = config.dropout if config.layers > 1 else 0.0
        self.memory = nn.LSTM(
            len(skeleton) * self.streams.channels,
            config.hidden,
            config.layers,
            batch_first=True,
            dropout=between,
        )
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(config.hidden, n_classes)

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            position: (batch, person, time, joint, dims), NaN = missing; 3D y up, 2D y down.
            score: (batch, person, time, joint); 0 or NaN = missing.
            seconds: (batch, time); unused, frames are taken as evenly spaced.

        Returns:
            logits (batch, class).
        """
        channels, present = self.streams(position, score)
        steps, _ = self.memory(self.norm(channels).flatten(2))
        return self.classes(self.dropout(over_people(steps[:, -1].float(), present)))
