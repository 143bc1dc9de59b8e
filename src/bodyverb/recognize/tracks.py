"""What of a person's track is needed to look at it window by window."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from bodyverb.core import PoseSequence


class Track(Protocol):
    """One person: a `PoseSequence`, or a longer one that is read when asked for."""

    @property
    def timestamps_s(self) -> np.ndarray:
        """(T,) times of its rows in s, rising."""
        ...

    @property
    def person_ids(self) -> tuple[str, ...]:
        """The one id."""
        ...

    def select(self, *, frames: slice) -> PoseSequence:
        """Some of its rows."""
        ...
