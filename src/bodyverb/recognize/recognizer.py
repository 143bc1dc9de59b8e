"""Naming the verbs of a track: a network of window scores behind plain numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from bodyverb import skeletons
from bodyverb.core import InputError, ModelError, PoseSequence, Segment, Timeline, Window
from bodyverb.core.skeleton import Skeleton
from bodyverb.recognize.segments import DEFAULTS, merge
from bodyverb.recognize.windows import cut, spans

BATCH = 64


class Session(Protocol):
    """What a recognizer needs of `bodyverb.infer.load(...)`: a card (its ``facts``, or a mapping) and a
    run."""

    @property
    def card(self) -> Any:
        """What the network is."""
        ...

    def run(self, inputs: dict[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Inputs by name to outputs by name."""
        ...


class Recognizer:
    """Scores windows of a track and merges them into verbs.

    The card must hold ``classes``, ``skeleton`` (the layout of the input joints), ``window_s``,
    ``stride_s`` and ``steps``; it may hold ``thresholds`` and ``min_score``.

    Attributes:
        classes: the verbs.
        skeleton: layout of the network's joints; tracks of other layouts are converted by joint name.
        window_s: longest window in seconds.
        stride_s: distance between window starts in seconds.
        steps: time steps of a window.
        thresholds: of the open set, see `segments.merge`.
        min_score: joints below this score count as missing.
    """

    def __init__(self, session: Session) -> None:
        facts = getattr(session.card, "facts", session.card)
        try:
            self.classes: tuple[str, ...] = tuple(facts["classes"])
            self.skeleton: Skeleton = skeletons.get(facts["skeleton"])
            self.window_s = float(facts["window_s"])
            self.stride_s = float(facts["stride_s"])
            self.steps = int(facts["steps"])
        except (KeyError, TypeError) as error:
            raise ModelError(
                "Expected a verb model's card with classes, skeleton, window_s, stride_s and steps, "
                f"got no {error}; "
                "choose a model of the task 'verbs'"
            ) from error
        self.thresholds: dict[str, float] = DEFAULTS | dict(facts.get("thresholds", {}))
        self.min_score = float(facts.get("min_score", 0.0))
        self.model = str(getattr(session.card, "name", None) or facts.get("name", ""))
        self.session = session

    def prepare(self, track: PoseSequence) -> tuple[np.ndarray, np.ndarray]:
        """Times and positions of a track as the network wants them.

        Args:
            track: one person in 2D, image space, any layout with the network's joints by name.

        Returns:
            (frame,) seconds and (frame, joint, 2) pixels with NaN; a mirrored picture is turned back.

        Raises:
            InputError: more than one person or not 2D.
        """
        if track.position.shape[0] != 1 or track.position.shape[-1] != 2:
            raise InputError(
                f"Expected one person in 2D, got position {track.position.shape}; "
                "split the people or project them"
            )
        if track.skeleton.joints != self.skeleton.joints:
            track, _ = skeletons.convert(track, self.skeleton)
        position = np.array(track.position[0], np.float32)
        position[track.score[0] < self.min_score] = np.nan
        if track.mirrored:
            position[..., 0] *= -1
        return np.asarray(track.timestamps_s), position

    def score(
        self, times: np.ndarray, position: np.ndarray, where: list[tuple[float, float]], person_id: str = "0"
    ) -> list[Window]:
        """Scores windows of plain arrays.

        Args:
            times: (frame,) increasing seconds.
            position: (frame, joint, 2), joints of `skeleton`, y down, NaN = missing.
            where: (start, end) of each window, as `windows.spans` gives them.
            person_id: name of the person.

        Returns:
            One window a span; ``known`` is 0 where no joint is there.
        """
        result: list[Window] = []
        for first in range(0, len(where), BATCH):
            part = where[first : first + BATCH]
            inputs, seconds = cut(times, position, part, self.steps)
            score = (~np.isnan(inputs[..., 0])).astype(np.float32)
            outputs = self.session.run({"position": inputs, "score": score, "seconds": seconds})
            logits = np.asarray(outputs["logits"], np.float64)
            known = 1 / (1 + np.exp(-np.asarray(outputs["known"], np.float64).reshape(-1)))
            known[score.sum(axis=(1, 2, 3)) == 0] = 0.0
            chances = np.exp(logits - logits.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
            for (start, end), chance, sure in zip(part, chances.astype(np.float32), known, strict=True):
                result.append(
                    Window(
                        person_id=person_id, start_s=start, end_s=end, probabilities=chance, known=float(sure)
                    )
                )
        return result

    def windows(self, track: PoseSequence) -> list[Window]:
        """Scores the windows of one person's track; none where the track has no frame."""
        times = track.timestamps_s
        if len(times) == 0:
            return []
        result: list[Window] = []
        where = spans(float(times[0]), float(times[-1]), self.window_s, self.stride_s)
        for first in range(0, len(where), BATCH):  # a piece at a time: a long track is large
            part = where[first : first + BATCH]
            low = max(0, int(np.searchsorted(times, part[0][0], side="right")) - 1)
            high = int(np.searchsorted(times, part[-1][1], side="right")) + 1
            seconds, position = self.prepare(track.select(frames=slice(low, high)))
            result += self.score(seconds, position, part, track.person_ids[0])
        return result

    def __call__(self, track: PoseSequence) -> list[Window]:
        """The same as `windows`."""
        return self.windows(track)

    def segments(self, windows: list[Window]) -> list[Segment]:
        """Merges windows with the model's own thresholds."""
        return merge(windows, self.classes, self.thresholds)

    def timeline(self, tracks: list[PoseSequence]) -> Timeline:
        """Scores and merges any number of tracks."""
        windows = [window for track in tracks for window in self.windows(track)]
        return Timeline(
            classes=self.classes,
            segments=tuple(self.segments(windows)),
            windows=tuple(windows),
            model=self.model,
            thresholds=self.thresholds,
        )

    def stream(self, skeleton: Skeleton, person_id: str) -> Stream:
        """A causal form: push frames, get windows as they fill.

        Args:
            skeleton: layout of the frames.
            person_id: name of the person.
        """
        return Stream(self, skeleton, person_id)


class Stream:
    """Windows of one person while the frames arrive; holds no more than one window of frames."""

    def __init__(self, recognizer: Recognizer, skeleton: Skeleton, person_id: str) -> None:
        self.recognizer, self.skeleton, self.person_id = recognizer, skeleton, person_id
        self._times: list[float] = []
        self._position: list[np.ndarray] = []
        self._score: list[np.ndarray] = []
        self._next_s: float | None = None
        self._emitted_end_s = -np.inf

    def push(self, time_s: float, position: np.ndarray, score: np.ndarray) -> list[Window]:
        """Adds a frame.

        Args:
            time_s: its time, after all earlier ones.
            position: (joint, 2) pixels with NaN.
            score: (joint,).

        Returns:
            The windows that this frame completes: at most one a stride.
        """
        self._times.append(float(time_s))
        self._position.append(np.array(position, np.float32))
        self._score.append(np.array(score, np.float32))
        if self._next_s is None:
            self._next_s = float(time_s)
        result: list[Window] = []
        while time_s >= self._next_s + self.recognizer.window_s - 1e-9:
            result += self._emit(self._next_s, self._next_s + self.recognizer.window_s)
            self._next_s += self.recognizer.stride_s
        needed = min(self._next_s, time_s - self.recognizer.window_s)
        gone = max(0, int(np.searchsorted(self._times, needed, side="right")) - 1)
        del self._times[:gone], self._position[:gone], self._score[:gone]
        return result

    def finish(self) -> list[Window]:
        """The last window: the whole track where it was shorter than a window, else one that ends with it."""
        if not self._times or self._times[-1] <= self._emitted_end_s + 1e-6:
            return []
        if self._emitted_end_s == -np.inf:
            return self._emit(self._times[0], self._times[-1])
        return self._emit(max(self._times[-1] - self.recognizer.window_s, self._times[0]), self._times[-1])

    def _emit(self, start_s: float, end_s: float) -> list[Window]:
        times = np.array(self._times)
        low = max(0, int(np.searchsorted(times, start_s, side="right")) - 1)
        high = min(len(times), int(np.searchsorted(times, end_s, side="left")) + 1)
        track = PoseSequence.from_arrays(
            np.stack(self._position[low:high])[None],
            skeleton=self.skeleton,
            timestamps_s=times[low:high],
            score=np.clip(np.nan_to_num(np.stack(self._score[low:high])), 0, 1)[None],
            person_ids=(self.person_id,),
        )
        self._emitted_end_s = end_s
        seconds, position = self.recognizer.prepare(track)
        return self.recognizer.score(seconds, position, [(start_s, end_s)], self.person_id)
