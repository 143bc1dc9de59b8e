"""Each network by itself: milliseconds a call at one and two threads."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from nets import Nets

from bodyverb import skeletons
from bodyverb.core import PoseSequence
from bodyverb.estimate.detector import Detector
from bodyverb.estimate.pose import PoseEstimator, cut
from bodyverb.estimate.preprocess import letterbox, network_input
from bodyverb.geometry.crops import crop_matrix
from bodyverb.infer import load
from bodyverb.media import open_source
from bodyverb.recognize.recognizer import Recognizer

THREADS = (1, 2)


def median_ms(call: Callable[[], Any], repeats: int) -> float:
    """Median of `repeats` calls after five to warm up, ms."""
    times = []
    for turn in range(repeats + 5):
        begin = time.perf_counter()
        call()
        if turn >= 5:
            times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(times)


def measure_networks(clip: Path, nets: Nets, repeats: int) -> list[dict[str, Any]]:
    """A row a network: the graph alone, and with what goes before and after it."""
    with open_source(clip) as media:
        image = next(iter(media)).image
    rows = [_pose(image, nets, repeats), _detector(image, nets, repeats)]
    return rows if nets.verbs == "none" else [*rows, _verbs(nets, repeats)]


def _pose(image: np.ndarray, nets: Nets, repeats: int) -> dict[str, Any]:
    """One person who fills the middle of the picture."""
    height, width = image.shape[:2]
    box = np.array([[0.4 * width, 0.1 * height, 0.6 * width, 0.95 * height]])
    row: dict[str, Any] = {"network": nets.pose, "unit": "crop"}
    for threads in THREADS:
        session = load(nets.pose, "pose", device="cpu", threads=threads)
        estimator = PoseEstimator(session)
        crop = cut(image, crop_matrix(box, estimator.size, estimator.padding)[0], estimator.size)
        inputs = {
            session.card.input.get("name", session.inputs[0]): network_input(crop[None], session.card.input)
        }
        row[f"graph_ms_{threads}"] = median_ms(lambda s=session, i=inputs: s.run(i), repeats)
        row[f"whole_ms_{threads}"] = median_ms(lambda e=estimator: e(image, box), repeats)
    return row


def _detector(image: np.ndarray, nets: Nets, repeats: int) -> dict[str, Any]:
    row: dict[str, Any] = {"network": nets.detector, "unit": "frame"}
    for threads in THREADS:
        session = load(nets.detector, "detect", device="cpu", threads=threads)
        detector, wants = Detector(session), session.card.input
        inputs = {
            wants.get("name", session.inputs[0]): network_input(letterbox(image, wants).canvas[None], wants)
        }
        row[f"graph_ms_{threads}"] = median_ms(lambda s=session, i=inputs: s.run(i), repeats)
        row[f"whole_ms_{threads}"] = median_ms(lambda d=detector: d(image), repeats)
    return row


def _verbs(nets: Nets, repeats: int) -> dict[str, Any]:
    """A track of one minute; the graph runs on batches of windows, as in a run."""
    rng, rate, seconds = np.random.default_rng(0), 30, 60
    joints = skeletons.get("lsp14")
    walk = rng.normal(0, 2, (1, rate * seconds, len(joints), 2)).cumsum(1) * 0.1
    place = rng.uniform(200, 800, (1, 1, len(joints), 2)) + walk
    track = PoseSequence.from_arrays(
        place.astype(np.float32), skeleton=joints, timestamps_s=np.arange(rate * seconds) / rate
    )
    row: dict[str, Any] = {"network": nets.verbs, "unit": "window"}
    for threads in THREADS:
        session = load(nets.verbs, "verbs", device="cpu", threads=threads)
        recognizer = Recognizer(session)
        windows = len(recognizer(track))
        points = len(recognizer.skeleton)
        inputs = {
            "position": rng.uniform(0, 500, (64, 1, recognizer.steps, points, 2)).astype(np.float32),
            "score": np.ones((64, 1, recognizer.steps, points), np.float32),
            "seconds": np.tile(np.linspace(0, 3, recognizer.steps, dtype=np.float32), (64, 1)),
        }
        few = max(3, repeats // 4)
        row[f"graph_ms_{threads}"] = median_ms(lambda s=session, i=inputs: s.run(i), few) / 64
        row[f"whole_ms_{threads}"] = median_ms(lambda r=recognizer: r(track), few) / windows
    return row
