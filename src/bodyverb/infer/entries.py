"""What the entries of a card may hold; `Card.check` refuses a wrong one with a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

MOST_PX = 8192
"""No network takes a larger picture; a card that says so would only fill the memory."""


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        words: what it may be, for the message.
        fits: whether a value from the card's JSON is that.
        needed: whether a card must have it.
    """

    words: str
    fits: Callable[[Any], bool]
    needed: bool = False

    @property
    def required(self) -> Entry:
        """The same, but a card must have it."""
        return replace(self, needed=True)


def one_of(*words: str) -> Entry:
    """One of a few words."""
    return Entry(f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words)


def number(low: float, high: float = math.inf, *, above: bool = False) -> Entry:
    """A number from `low` (with `above`: not `low` itself) to `high`."""
    limits = f"above {low:g}" if above else f"from {low:g}"
    words = f"a number {limits}" + ("" if math.isinf(high) else f" to {high:g}")
    return Entry(
        words, lambda value: _is_number(value) and low <= value <= high and not (above and value == low)
    )


def whole(low: int, high: int) -> Entry:
    """A whole number from `low` to `high`."""
    return Entry(f"a whole number from {low} to {high}", lambda value: _is_whole(value, low, high))


def several(what: Entry, count: int | None = None) -> Entry:
    """A list of such entries, not empty."""
    words = f"a list of {'' if count is None else f'{count} x '}{what.words.removeprefix('a ')}"

    def fits(value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) == (count or len(value) or 1)
            and all(map(what.fits, value))
        )

    return Entry(words, fits)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


TEXT = Entry("a text", lambda value: isinstance(value, str) and bool(value))
POSITIVE = number(0, above=True)
SHARE = number(0, 1)
SIZE = Entry(
    f"[width, height] in px, at most {MOST_PX}",
    lambda value: (
        isinstance(value, list) and len(value) == 2 and all(_is_whole(v, 1, MOST_PX) for v in value)
    ),
)
