"""The clock of a video: it starts at 0 with the first frame and only rises, whatever the stamps do."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from bodyverb.media.notes import Notes

_JUMP_S = 1.0


class RisingClock:
    """Turns the stamps of a video's frames into times.

    Frames whose stamps do not advance are left out and counted; behind a jump backwards by a second or more
    (joined recordings) the clock goes on one frame after the last.

    Args:
        zero_s: Stamp of the first frame displayed, on the container's clock.
        period_s: Usual time between frames.
        stamped: Whether frames carry stamps; else they are counted.
        notes: Where trouble is told.

    Attributes:
        last_s: Time of the last frame, -inf before the first.
        shift_s: What stands between the times and the stamps behind `zero_s`.
    """

    def __init__(self, zero_s: Fraction, period_s: float, *, stamped: bool, notes: Notes) -> None:
        self._zero_s, self._period_s, self._stamped, self._notes = zero_s, period_s, stamped, notes
        self.last_s = -np.inf
        self.shift_s = 0.0
        self._number = 0
        self._gap_s: float | None = None
        self._seen_before = False

    @property
    def end_s(self) -> float:
        """Where the last frame ends."""
        return self.last_s + self._period_s

    def after_a_gap(self, gap_s: float) -> None:
        """A live stream was connected anew: its next frame, whatever its stamp, came so long after."""
        self._gap_s = max(gap_s, self._period_s)

    def again(self) -> None:
        """A stream of known length was connected anew: frames given out before will come once more."""
        self._number = 0
        self._seen_before = True

    def time_of(self, stamp: Fraction | None) -> float | None:
        """Time of the next frame, s; None where it is to be left out.

        Args:
            stamp: Its stamp on the container's clock, exact s, or None.
        """
        time_s = self._time(stamp)
        self._number += 1
        if self._gap_s is not None:
            time_s, self._gap_s = self._moved(time_s, self.last_s + self._gap_s), None
        elif self._seen_before and time_s <= self.last_s:
            return None
        elif self.last_s - time_s >= _JUMP_S:
            self._notes.count("Jumps backwards of the time stamps closed: {n}")
            time_s = self._moved(time_s, self.end_s)
        self._seen_before = False
        if time_s <= self.last_s:
            self._notes.count("Frames dropped because their time stamps do not advance: {n}")
            return None
        self.last_s = time_s
        return time_s

    def _time(self, stamp: Fraction | None) -> float:
        if not self._stamped:
            return self._number * self._period_s + self.shift_s
        if stamp is None:
            return self.end_s if np.isfinite(self.last_s) else 0.0
        return float(stamp - self._zero_s) + self.shift_s

    def _moved(self, from_s: float, to_s: float) -> float:
        """Move this and all later times so that the first becomes the second; returns that."""
        self.shift_s += to_s - from_s
        return to_s
