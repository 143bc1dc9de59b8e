"""Who is there and what they do now: a view of a camera while the first pass runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bodyverb.media import Frame
from bodyverb.pipeline.engine import Engine
from bodyverb.recognize.recognizer import Stream

FORGET_S = 2.0


@dataclass(frozen=True, kw_only=True)
class LivePerson:
    """A person in the current frame.

    Attributes:
        person_id: number of the person in this run; results leave out who was seen too shortly.
        verb: what they did in the last window of time, `unknown`, or empty before the first window is full.
        confidence: of the verb, in [0, 1].
        position: (joint, 2) px of the frame.
        score: (joint,) in [0, 1].
    """

    person_id: str
    verb: str
    confidence: float
    position: np.ndarray
    score: np.ndarray


Live = Callable[[Frame, list[LivePerson]], None]


class LiveView:
    """Names the verbs of the people in view, frame by frame.

    Args:
        engine: its recognizer names them; without one every verb stays empty.
        live: told after each frame.
    """

    def __init__(self, engine: Engine, live: Live) -> None:
        self._engine, self._live = engine, live
        self._streams: dict[int, Stream] = {}
        self._seen_s: dict[int, float] = {}
        self._verbs: dict[int, tuple[str, float]] = {}

    def push(self, frame: Frame, rows: Sequence[dict[str, Any]]) -> None:
        """Take one frame and its rows (track_id, position, score)."""
        people = [self._person(frame.time_s, row) for row in rows]
        for track_id in [k for k, seen in self._seen_s.items() if frame.time_s - seen > FORGET_S]:
            for memory in (self._streams, self._seen_s, self._verbs):
                memory.pop(track_id, None)
        self._live(frame, people)

    def _person(self, time_s: float, row: dict[str, Any]) -> LivePerson:
        track_id, recognizer = int(row["track_id"]), self._engine.recognizer
        self._seen_s[track_id] = time_s
        if recognizer is not None:
            if track_id not in self._streams:
                self._streams[track_id] = recognizer.stream(self._engine.skeleton, str(track_id))
            for window in self._streams[track_id].push(time_s, row["position"], row["score"]):
                share = float(window.known * window.probabilities.max())
                sure = share >= recognizer.thresholds["known_on"]
                best = recognizer.classes[int(window.probabilities.argmax())]
                self._verbs[track_id] = (best, share) if sure else ("unknown", 1 - float(window.known))
        verb, confidence = self._verbs.get(track_id, ("", 0.0))
        return LivePerson(
            person_id=str(track_id),
            verb=verb,
            confidence=confidence,
            position=row["position"],
            score=row["score"],
        )
