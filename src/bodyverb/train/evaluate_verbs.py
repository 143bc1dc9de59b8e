"""Measuring a verb classifier as it is used: tracks in, timed verbs out, through the run-time recognizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bodyverb.core import InputError, PoseSequence
from bodyverb.core.timeline import UNKNOWN, Window
from bodyverb.metrics.classification import log_softmax
from bodyverb.recognize.recognizer import Recognizer
from bodyverb.recognize.windows import cut, spans
from bodyverb.train.augment.drift import random_drift
from bodyverb.train.augment.pose_error import PoseErrorModel
from bodyverb.train.augment.view import random_cameras
from bodyverb.train.predictions import Predictions
from bodyverb.train.verbs_data import VerbStore

Predict = Callable[[dict[str, np.ndarray]], tuple[np.ndarray, np.ndarray]]
"""Inputs of the network -> logits (n, class), known (n,) logits."""

Track = tuple[np.ndarray, np.ndarray]
"""Times (frame,) and positions (frame, joint, 2)."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the recognizer makes of one track.

    Attributes:
        best: class index by the mean log-probability over the windows, whether known or not.
        verb: the verb that lasts longest in the merged segments, -1 where none does.
        verb_s: seconds with any verb.
        total_s: length of the track in seconds.
    """

    best: int
    verb: int
    verb_s: float
    total_s: float


def quick_top1(
    predict: Predict, tracks: Sequence[Track], labels: np.ndarray, window_s: float, steps: int
) -> float:
    """Share of tracks whose mean log-probability over all windows (stride 1 s) is highest for the right
    class.

    Args:
        predict: the network.
        tracks: times and positions.
        labels: right classes.
        window_s: length of a window.
        steps: time steps of a window.

    Returns:
        Top-1 accuracy in [0, 1].
    """
    where = [spans(float(times[0]), float(times[-1]), window_s, 1.0) for times, _ in tracks]
    parts = [cut(*track, part, steps) for track, part in zip(tracks, where, strict=True)]
    position = np.concatenate([part[0] for part in parts])
    seconds = np.concatenate([part[1] for part in parts])
    score = (~np.isnan(position[..., 0])).astype(np.float32)
    logits = np.concatenate(
        [
            predict(
                {
                    "position": position[i : i + 512],
                    "score": score[i : i + 512],
                    "seconds": seconds[i : i + 512],
                }
            )[0]
            for i in range(0, len(position), 512)
        ]
    )
    ends = np.cumsum([len(part) for part in where])[:-1]
    best = [log_softmax(part).mean(axis=0).argmax() for part in np.split(logits.astype(np.float64), ends)]
    return float(np.mean(np.array(best) == labels))


def judge(recognizer: Recognizer, tracks: Sequence[Track]) -> list[Verdict]:
    """Runs the recognizer on each track.

    Args:
        recognizer: the classifier at run time.
        tracks: times and positions in the recognizer's joints.

    Returns:
        One verdict a track.
    """
    result = []
    for times, position in tracks:
        windows = recognizer.windows(sequence(times, position, recognizer))
        segments = recognizer.segments(windows)
        lasting = np.zeros(len(recognizer.classes))
        for segment in segments:
            if segment.verb != UNKNOWN:
                lasting[recognizer.classes.index(segment.verb)] += max(segment.end_s - segment.start_s, 1e-3)
        mean = mean_score(windows)
        verb = int(lasting.argmax()) if lasting.max() > 0 else -1
        total = float(times[-1] - times[0])
        result.append(Verdict(best=int(mean.argmax()), verb=verb, verb_s=float(lasting.sum()), total_s=total))
    return result


def mean_score(windows: Sequence[Window]) -> np.ndarray:
    """Mean log-probability (class,) of each verb over the windows of a track."""
    return np.asarray(np.mean([np.log(window.probabilities + 1e-9) for window in windows], axis=0))


def sequence(times: np.ndarray, position: np.ndarray, recognizer: Recognizer) -> PoseSequence:
    """A track as a sequence in image space."""
    return PoseSequence.from_arrays(position[None], skeleton=recognizer.skeleton, timestamps_s=times)


def at_rate(track: Track, rate_hz: float, speed: float = 1.0) -> Track:
    """The same motion observed at another frame rate, played faster or slower."""
    times, position = track
    length = (times[-1] - times[0]) / speed
    count = max(2, int(np.floor(length * rate_hz + 1e-6)) + 1)
    targets = np.arange(count) / rate_hz
    return targets, cut(times / speed, position, [(times[0] / speed, times[0] / speed + targets[-1])], count)[
        0
    ][0, 0]


def through_cameras(track: Track, rng: np.random.Generator) -> Track:
    """A 3D track (y-up) seen by one random camera; a 2D track as it is."""
    times, position = track
    if position.shape[-1] == 2:
        return track
    return times, random_cameras(position[None], rng)[0] * 500.0 + 500.0


def with_errors(track: Track, errors: PoseErrorModel, flip: np.ndarray, rng: np.random.Generator) -> Track:
    """The track as a pose net with these error statistics and the run's low-pass filter would give it."""
    times, position = track
    spoilt = errors.apply(position[None], times[None], flip, rng)[0]
    return times, low_pass(times, spoilt)


def low_pass(
    times: np.ndarray, position: np.ndarray, cutoff_hz: float = 6.0, max_gap_s: float = 0.25
) -> np.ndarray:
    """Short gaps filled linearly, then a Butterworth filter forwards and backwards, as the run does by
    default."""
    from scipy.signal import butter, sosfiltfilt

    if len(times) < 2:
        return position
    rate = (len(times) - 1) / (times[-1] - times[0])
    columns = position.reshape(len(times), -1)
    filled, near = np.zeros(columns.shape), np.zeros(columns.shape, bool)
    for number, column in enumerate(columns.T):
        there = times[~np.isnan(column)]
        if len(there) == 0:
            continue
        filled[:, number] = np.interp(times, there, column[~np.isnan(column)])
        after = np.minimum(np.searchsorted(there, times), len(there) - 1)
        gap = np.minimum(np.abs(there[after] - times), np.abs(there[np.maximum(after - 1, 0)] - times))
        near[:, number] = gap <= max_gap_s
    if rate >= 2 * cutoff_hz and len(times) > 8:
        sos = butter(2, cutoff_hz, fs=rate * 1.001, output="sos")
        filled = sosfiltfilt(sos, filled, axis=0, padlen=min(6, len(times) - 1))
    return np.where(near, filled, np.nan).reshape(position.shape).astype(np.float32)


def frozen(
    track: Track, rng: np.random.Generator, flip: np.ndarray, errors: PoseErrorModel, length_s: float = 5.0
) -> Track:
    """One random frame of a track held still, with the pose net's jitter and a drifting camera, at 30 Hz."""
    times = np.arange(int(length_s * 30)) / 30.0
    frames = np.flatnonzero(~np.isnan(track[1][..., 0]).all(axis=1))
    frame = track[1][frames[int(rng.integers(len(frames)))]]
    held = np.repeat(frame[None, None], len(times), axis=1)
    moved = random_drift(
        held, times[None].astype(np.float32), rng, np.array([0.5 * rng.gamma(2.0)], np.float32)
    )
    return with_errors((times, moved[0]), errors, flip, rng)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One line of the report: a number, what it is, how many clips it rests on."""

    name: str
    value: float
    count: int


def measure(
    recognizer: Recognizer, store: VerbStore, errors: PoseErrorModel, seed: int = 0
) -> list[Measured]:
    """Everything that is reported about a verb classifier, on one part of the data.

    Args:
        recognizer: the classifier at run time.
        store: the clips, usually the ``test`` part.
        errors: the pose net's error statistics.
        seed: seed of cameras and errors.

    Returns:
        The numbers in order.
    """
    rng = np.random.default_rng(seed)
    flip = np.array(recognizer.skeleton.flip)
    lines: list[Measured] = []

    def pick(source: str) -> tuple[list[Track], np.ndarray]:
        chosen = np.flatnonzero(store.source == source)
        return [store.clip(int(i)) for i in chosen], store.label[chosen]

    def named(name: str, tracks: list[Track], labels: np.ndarray) -> None:
        verdicts = judge(recognizer, tracks)
        closed = float(np.mean([v.best == label for v, label in zip(verdicts, labels, strict=True)]))
        opened = float(np.mean([v.verb == label for v, label in zip(verdicts, labels, strict=True)]))
        lines.append(Measured(name=f"{name}: top-1", value=closed, count=len(tracks)))
        lines.append(Measured(name=f"{name}: named, open set", value=opened, count=len(tracks)))

    def refused(name: str, tracks: list[Track]) -> tuple[float, float]:
        verdicts = judge(recognizer, tracks)
        verb, total = sum(v.verb_s for v in verdicts), sum(v.total_s for v in verdicts)
        lines.append(
            Measured(name=f"{name}: share of seconds with a verb", value=verb / total, count=len(tracks))
        )
        return verb, total

    penn, labels = pick("penn")
    spoilt = [with_errors(track, errors, flip, rng) for track in penn]
    if penn:
        named("penn, true poses", penn, labels)
        named("penn, pose errors", spoilt, labels)
        for rate in (5.0, 60.0):
            named(f"penn, {rate:g} fps", [at_rate(track, rate) for track in penn], labels)
        for speed in (0.4, 2.5):
            named(f"penn, speed x{speed:g}", [at_rate(track, 30.0, speed) for track in penn], labels)
    for source in ("utd-verbs", "nw_ucla-verbs", "synth-verbs"):
        tracks, labels = pick(source)
        views = [through_cameras(track, rng) for _ in range(3) for track in tracks]
        if tracks:
            named(f"{source}, unseen cameras", views, np.tile(labels, 3))
            if source != "synth-verbs":
                for label in np.unique(labels):
                    chosen = np.flatnonzero(np.tile(labels, 3) == label)
                    own = [views[i] for i in chosen]
                    named(f"{source}, {recognizer.classes[label]}", own, np.full(len(own), label))
            named(
                f"{source}, unseen cameras and pose errors",
                [with_errors(track, errors, flip, rng) for track in views],
                np.tile(labels, 3),
            )
    squat = recognizer.classes.index("squat")
    tracks, labels = pick("utd-verbs")
    squats = [track for track, label in zip(tracks, labels, strict=True) if label == squat]
    once = [at_rate(through_cameras(t, rng), 30.0, float(t[0][-1])) for _ in range(5) for t in squats]
    if once:
        named("utd, one squat in 1 s", once, np.full(len(once), squat))
    verb = total = 0.0
    for source, repeats in (("utd", 2), ("nw_ucla", 1), ("cmu", 4), ("synth-other", 2)):
        tracks = [track for track in pick(source)[0] if len(track[0]) > 4]
        if tracks:
            views = [through_cameras(track, rng) for _ in range(repeats) for track in tracks]
            refused(f"{source}, true poses", views)
            part = refused(f"{source}, pose errors", [with_errors(view, errors, flip, rng) for view in views])
            verb, total = (verb + part[0], total + part[1]) if source != "synth-other" else (verb, total)
    stills = [
        frozen(through_cameras(store.clip(int(i)), rng), rng, flip, errors)
        for i in np.flatnonzero((store.label >= 0) & (store.source != "synth-verbs"))[::4]
    ]
    if stills:
        part = refused("frozen frames of verbs", stills)
        verb, total = verb + part[0], total + part[1]
        lines.append(Measured(name="all real negatives, pose errors", value=verb / total, count=0))
    return lines


def closed_set(recognizer: Recognizer, store: VerbStore, seed: int = 0, views: int = 3) -> Predictions:
    """Scores of every real clip of a verb: 2D ones as they are, 3D ones through random cameras.

    Args:
        recognizer: the classifier at run time.
        store: the clips, usually the ``test`` part.
        seed: of the cameras.
        views: cameras of a 3D clip.

    Returns:
        A row a clip and camera; the score of a verb is the mean of its log-probability over the windows. The
        open set is left out of it.

    Raises:
        InputError: the part has no real clip of a verb.
    """
    rng = np.random.default_rng(seed)
    ids: list[str] = []
    label: list[int] = []
    score: list[np.ndarray] = []
    for i in np.flatnonzero((store.label >= 0) & (store.source != "synth-verbs")):
        for view in range(1 if store.flat[i] else views):
            track = sequence(*through_cameras(store.clip(int(i)), rng), recognizer)
            score.append(mean_score(recognizer.windows(track)))
            ids.append(f"{store.source[i]}/{i}/{view}")
            label.append(int(store.label[i]))
    if not ids:
        raise InputError("Expected real clips of verbs, got none; give a --root that holds data sets")
    return Predictions(
        ids=tuple(ids),
        label=np.array(label, np.int64),
        score=np.stack(score).astype(np.float64),
        classes=tuple(recognizer.classes),
        subject=("",) * len(ids),
        camera=("",) * len(ids),
        about={"model": recognizer.model, "cameras": "true poses, random views of 3D clips"},
    )
