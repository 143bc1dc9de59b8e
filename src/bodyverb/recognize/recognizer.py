"""Naming the verbs of a track: a network of window scores behind plain numpy arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

import numpy as np

from bodyverb import skeletons
from bodyverb.core import InputError, ModelError, PoseSequence, Segment, Timeline, Window
from bodyverb.core.skeleton import Skeleton
from bodyverb.recognize.card_facts import check_flat, layout, persons_of
from bodyverb.recognize.pairs import Presence, near_pairs, numeric, pair_id, presence
from bodyverb.recognize.segments import DEFAULTS, merge
from bodyverb.recognize.tracks import Track
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
    """Scores windows of a track, or of a pair of tracks, and merges them into verbs.

    The card must hold ``classes``, ``skeleton`` (the layout of the input joints, by name or whole),
    ``window_s``, ``stride_s`` and ``steps``; it may hold ``thresholds`` and ``min_score``. Of a network that
    looks at two people it says ``persons: 2`` and, where some of its classes are done by one person alone,
    ``pair_classes``: those that are not. Each class is then looked for only where it can be: a pair's windows
    name the ``pair_classes``, a single person's windows (the second person missing) the others. A network
    without the output ``known`` takes everything for one of its classes.

    Attributes:
        classes: the verbs.
        skeleton: layout of the network's joints; tracks of other layouts are converted by joint name.
        window_s: longest window in seconds.
        stride_s: distance between window starts in seconds.
        steps: time steps of a window.
        rate_hz: steps a second; 0: a window has `steps` of them however long it is.
        thresholds: of the open set, see `segments.merge`.
        min_score: joints below this score count as missing.
        persons: people in a window, 1 or 2.
        pair_classes: the verbs of two people; none where `persons` is 1.
    """

    def __init__(self, session: Session) -> None:
        facts = getattr(session.card, "facts", session.card)
        try:
            self.classes: tuple[str, ...] = tuple(facts["classes"])
            self.skeleton: Skeleton = layout(facts["skeleton"])
            self.window_s = float(facts["window_s"])
            self.stride_s = float(facts["stride_s"])
            self.steps = int(facts["steps"])
        except (KeyError, TypeError) as error:
            raise ModelError(
                "Expected a verb model's card with classes, skeleton, window_s, stride_s and steps, "
                f"got no {error}; "
                "choose a model of the task 'verbs'"
            ) from error
        self.model = str(getattr(session.card, "name", None) or facts.get("name", ""))
        check_flat(facts, self.model)
        self.persons, self.pair_classes = persons_of(facts, self.classes)
        self._paired = np.array([verb in self.pair_classes for verb in self.classes])
        self.thresholds: dict[str, float] = DEFAULTS | dict(facts.get("thresholds", {}))
        self.rate_hz = float(facts.get("sampling", {}).get("rate_hz", 0.0))
        self.min_score = float(facts.get("min_score", 0.0))
        self.session = session

    @property
    def single(self) -> bool:
        """Whether it knows verbs of one person."""
        return len(self.pair_classes) < len(self.classes)

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
        for part in _parts(where):
            inputs, seconds = cut(times, position, part, self.steps, self.rate_hz)
            if self.persons == 2:
                inputs = np.concatenate([inputs, np.full_like(inputs, np.nan)], axis=1)
            chances, known = self._run(inputs, seconds, people=1)
            result += self._windows(part, person_id, chances, known, ~self._paired)
        return result

    def windows(self, track: Track) -> list[Window]:
        """Scores the windows of one person's track; none where the track has no frame, or where every verb
        takes two."""
        times = track.timestamps_s
        if len(times) == 0 or not self.single:
            return []
        result: list[Window] = []
        where = spans(float(times[0]), float(times[-1]), self.window_s, self.stride_s)
        for part in _parts(where):
            result += self.score(*self._piece(track, part), part, track.person_ids[0])
        return result

    def pair(self, one: Track, other: Track, intervals: Sequence[tuple[float, float]]) -> list[Window]:
        """Scores windows of two people together.

        Both are sampled at the same times and keep their places in the picture, so that the way from one to
        the other survives. A pair has no first and second: every window is scored in both orders and the
        chances are averaged.

        Args:
            one: a track, as `windows` takes it; or those of its rows that cover the intervals.
            other: a track of the same picture.
            intervals: (start, end) in s in which the two are near, e.g. of a `pairs.NearPair`. Each is cut
                into windows apart; what lies outside one of the tracks is left out.

        Returns:
            Windows of the person id `pairs.pair_id`, e.g. ``3+5``; ``known`` is 0 where one of the two has no
            joint. None where the network looks at one person.

        Raises:
            InputError: not one person each, not 2D, the same person, or another picture.
        """
        if not self.pair_classes or not len(one.timestamps_s) or not len(other.timestamps_s):
            return []
        tracks = sorted((one, other), key=lambda track: numeric(track.person_ids[0]))
        _check_same_picture(*(track.select(frames=slice(0, 1)) for track in tracks))
        name = pair_id(*(track.person_ids[0] for track in tracks))
        low, high = (pick(track.timestamps_s[at] for track in tracks) for pick, at in ((max, 0), (min, -1)))
        result: list[Window] = []
        for begin, stop in intervals:
            start, end = max(float(low), begin), min(float(high), stop)
            where = spans(start, end, self.window_s, self.stride_s) if start <= end else []
            for part in _parts(where):
                result += self._pair(tracks, part, name)
        return result

    def _pair(self, tracks: list[Track], part: list[tuple[float, float]], name: str) -> list[Window]:
        """At most `BATCH` windows of two tracks."""
        each = [cut(*self._piece(track, part), part, self.steps, self.rate_hz) for track in tracks]
        inputs, seconds = np.concatenate([position for position, _ in each], axis=1), each[0][1]
        ways = [self._run(inputs[:, order], seconds, people=2) for order in ([0, 1], [1, 0])]
        chances, known = ((a + b) / 2 for a, b in zip(*ways, strict=True))
        return self._windows(part, name, chances, known, self._paired)

    def _piece(self, track: Track, part: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
        """`prepare` of the rows that windows need: a piece at a time, for a long track is large."""
        low = max(0, int(np.searchsorted(track.timestamps_s, part[0][0], side="right")) - 1)
        high = int(np.searchsorted(track.timestamps_s, part[-1][1], side="right")) + 1
        return self.prepare(track.select(frames=slice(low, high)))

    def _run(self, inputs: np.ndarray, seconds: np.ndarray, people: int) -> tuple[np.ndarray, np.ndarray]:
        """Chances (window, class) and known (window,) in [0, 1]; known is 0 where fewer than `people` have a
        joint."""
        score = (~np.isnan(inputs[..., 0])).astype(np.float32)
        outputs = self.session.run({"position": inputs, "score": score, "seconds": seconds})
        logits = np.asarray(outputs["logits"], np.float64)
        if logits.shape != (len(inputs), len(self.classes)):
            raise ModelError(
                f"Expected logits of {len(inputs)} windows and {len(self.classes)} classes as in the card, "
                f"got shape {logits.shape}; correct the card of: "
                f"{getattr(self.session.card, 'path', self.model)}"
            )
        known = np.ones(len(inputs))
        if "known" in outputs:
            known = 1 / (1 + np.exp(-np.asarray(outputs["known"], np.float64).reshape(-1)))
        known[(score.sum(axis=(2, 3)) > 0).sum(axis=1) < people] = 0.0
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        return chances / chances.sum(axis=1, keepdims=True), known

    def _windows(
        self,
        part: list[tuple[float, float]],
        name: str,
        chances: np.ndarray,
        known: np.ndarray,
        possible: np.ndarray,
    ) -> list[Window]:
        """Windows that name `possible` classes (class,) only: what the others have is not known."""
        if not possible.all():
            share = np.where(possible, chances, 0.0).sum(axis=1)
            known = known * share
            chances = np.where(possible, chances, 0.0) / np.maximum(share, 1e-12)[:, None]
        return [
            Window(person_id=name, start_s=start, end_s=end, probabilities=chance, known=float(sure))
            for (start, end), chance, sure in zip(part, chances.astype(np.float32), known, strict=True)
        ]

    def __call__(self, track: Track) -> list[Window]:
        """The same as `windows`."""
        return self.windows(track)

    def segments(self, windows: list[Window]) -> list[Segment]:
        """Merges windows with the model's own thresholds."""
        return merge(windows, self.classes, self.thresholds)

    def timeline(self, tracks: Sequence[PoseSequence]) -> Timeline:
        """Scores and merges any number of tracks of one recording, and the pairs among them."""
        known = {track.person_ids[0]: track for track in tracks}
        windows = [window for track in tracks for window in self.windows(track)]
        people = [presence(track) for track in tracks] if self.pair_classes else []
        return self.merged(windows + self.pairs(people, known.__getitem__))

    def pairs(self, people: Sequence[Presence], track: Callable[[str], Track]) -> list[Window]:
        """Scores the windows of those who stand near each other.

        Args:
            people: of one recording, as `pairs.presence` gives them.
            track: person id -> their track; asked for two at a time.

        Returns:
            As `pair`; none where the network looks at one person.
        """
        if not self.pair_classes:
            return []
        result: list[Window] = []
        found = near_pairs(people, min_s=self.thresholds["min_s"])
        for first, group in groupby(found, key=lambda near: near.first):
            one = track(first)
            for near in group:
                result += self.pair(one, track(near.second), near.intervals)
        return result

    def merged(self, windows: Sequence[Window]) -> Timeline:
        """The timeline of windows scored before, of any number of people and pairs."""
        return Timeline(
            classes=self.classes,
            segments=tuple(self.segments(list(windows))),
            windows=tuple(windows),
            model=self.model,
            thresholds=self.thresholds,
        )

    def stream(self, skeleton: Skeleton, person_id: str) -> Stream:
        """A causal form: push frames, get windows as they fill. It names the verbs of one person only; a
        pair is found when both tracks are complete.

        Args:
            skeleton: layout of the frames.
            person_id: name of the person.
        """
        return Stream(self, skeleton, person_id)


class Stream:
    """Windows of one person while the frames arrive; holds no more than one window of frames.

    None where every verb takes two people: pairs are not live.
    """

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
        self._emitted_end_s = end_s
        if not self.recognizer.single:
            return []
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
        seconds, position = self.recognizer.prepare(track)
        return self.recognizer.score(seconds, position, [(start_s, end_s)], self.person_id)


def _parts(where: list[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """The windows, `BATCH` at a time."""
    return [where[first : first + BATCH] for first in range(0, len(where), BATCH)]


def _check_same_picture(one: PoseSequence, other: PoseSequence) -> None:
    """That these are rows of two people who can be seen together."""
    if one.person_ids[0] == other.person_ids[0]:
        raise InputError(
            f"Expected two people, got {one.person_ids[0]!r} twice; pass the tracks of different people"
        )
    names = ("space", "unit", "axes", "mirrored", "image_size")
    odd = [name for name in names if getattr(one, name) != getattr(other, name)]
    if odd:
        raise InputError(
            f"Expected two people of one picture, got others in {', '.join(odd)}; "
            "pass tracks of one recording"
        )
