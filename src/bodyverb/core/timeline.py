"""Verbs over time: scored windows and the segments merged from them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bodyverb.core import _check
from bodyverb.core.errors import InputError

UNKNOWN = "unknown"
"""The verb of a stretch in which a person does none of the classes."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One verb of one person, or of a pair, between two times.

    Attributes:
        person_id: Id of the track; `3+5` for a pair.
        verb: A class name, or `unknown`.
        start_s: Begin in seconds of the source.
        end_s: End in seconds of the source, not before the begin.
        confidence: In [0, 1].
        top5: Up to five (verb, probability) pairs, most probable first.
    """

    person_id: str
    verb: str
    start_s: float
    end_s: float
    confidence: float = 1.0
    top5: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        """Check ids, times and confidence."""
        _check_span("segment", self.person_id, self.start_s, self.end_s)
        if not self.verb:
            raise InputError(f"Expected a verb, got an empty one; use {UNKNOWN!r} where none is known")
        if not 0 <= self.confidence <= 1:
            raise InputError(f"Expected a confidence in [0, 1], got {self.confidence}; give a probability")
        object.__setattr__(self, "top5", tuple((str(verb), float(chance)) for verb, chance in self.top5))
        if len(self.top5) > 5:
            raise InputError(
                f"Expected at most 5 verbs in top5, got {len(self.top5)}; keep the most probable"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """Class probabilities of one stretch of one person.

    Attributes:
        person_id: Id of the track; `3+5` for a pair.
        start_s: Begin in seconds of the source.
        end_s: End in seconds of the source, not before the begin.
        probabilities: (C,) float32 in [0, 1], in the order of `Timeline.classes`; read-only.
        known: How sure the model is that the window shows one of its classes at all; higher is surer, finite.
    """

    person_id: str
    start_s: float
    end_s: float
    probabilities: np.ndarray
    known: float = 1.0

    def __post_init__(self) -> None:
        """Check ids, times and probabilities."""
        _check_span("window", self.person_id, self.start_s, self.end_s)
        chances = _check.array("probabilities", self.probabilities, np.float32, ndim=1)
        if not ((chances >= 0) & (chances <= 1 + 1e-5)).all():
            raise InputError(
                "Expected probabilities in [0, 1] without NaN, got others; apply the softmax first"
            )
        if not math.isfinite(self.known):
            raise InputError(f"Expected a finite known score, got {self.known}; mask the input first")
        object.__setattr__(self, "probabilities", chances)


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """What a recording's people do and when, with what is needed to decide anew.

    Attributes:
        classes: The C verbs the model knows.
        segments: The verbs found.
        windows: The scored windows the segments were merged from.
        model: Name of the model.
        thresholds: The thresholds that were applied, by name.
    """

    classes: tuple[str, ...]
    segments: tuple[Segment, ...] = ()
    windows: tuple[Window, ...] = ()
    model: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that windows and segments speak of the classes."""
        for name in ("classes", "segments", "windows"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "thresholds", dict(self.thresholds))
        if len(set(self.classes)) != len(self.classes):
            raise InputError(f"Expected unique classes, got {self.classes}; rename them")
        for window in self.windows:
            if window.probabilities.size != len(self.classes):
                raise InputError(
                    f"Expected {len(self.classes)} probabilities a window, got {window.probabilities.size}; "
                    "use the classes of the model that scored them"
                )
        strange = sorted({part.verb for part in self.segments} - {*self.classes, UNKNOWN})
        if strange:
            raise InputError(
                f"Expected verbs among the classes or {UNKNOWN!r}, got {strange}; correct the segments"
            )


def _check_span(what: str, person_id: object, start_s: float, end_s: float) -> None:
    if not isinstance(person_id, str) or not person_id:
        raise InputError(
            f"Expected the person_id of a {what} as text, got {person_id!r}; write numbers as text"
        )
    if not (math.isfinite(start_s) and math.isfinite(end_s) and start_s <= end_s):
        raise InputError(
            f"Expected a {what} with start_s <= end_s, got {start_s} to {end_s}; swap or drop it"
        )
