"""The finder working ahead says what it says when asked at the moment, and not more often."""

import threading

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.estimate.tracker import Tracker, TrackerConfig
from bodyverb.media import Frame
from bodyverb.pipeline.ahead import FinderAhead


class FakeEngine:
    """Finds one box whose left edge is the picture's first pixel."""

    def __init__(self) -> None:
        self.threads: list[str] = []

    def find(self, image: np.ndarray) -> np.ndarray:
        self.threads.append(threading.current_thread().name)
        if image[0, 0, 0] == 255:
            raise ValueError("a white picture")
        return np.array([[float(image[0, 0, 0]), 0, 100, 200, 0.9]])


def frames(count: int):
    return [(i, Frame(index=i, time_s=i / 30, image=np.full((4, 4, 3), i, np.uint8))) for i in range(count)]


def run(ahead: int, count: int = 40):
    engine, tracker = FakeEngine(), Tracker(skeletons.get("coco17"), TrackerConfig(image_size=(300, 300)))
    found, order = {}, []
    with FinderAhead(engine, tracker, ahead) as finder:
        for index, frame in finder.watch(iter(frames(count))):
            order.append(index)
            if tracker.needs_detection(frame.time_s):
                found[index] = finder.found(index, frame)
            boxes, keys = tracker.propose(frame.time_s, found.get(index))
            position = np.tile(np.linspace(20, 90, 17)[:, None], (len(boxes), 1, 2))
            tracker.update(frame.time_s, boxes, keys, position, np.ones((len(boxes), 17)))
    return found, order, engine


@pytest.mark.parametrize("ahead", [1, 3, 8, 100])
def test_same_answers_at_the_same_frames(ahead):
    plain, order, _ = run(0)
    early, same_order, engine = run(ahead)
    assert order == same_order == list(range(40))
    assert early.keys() == plain.keys()
    assert all(np.array_equal(early[index], plain[index]) for index in plain)
    assert any(name.startswith("finder") for name in engine.threads)


def test_nothing_is_held_back_for_a_live_source():
    engine, tracker = FakeEngine(), Tracker(skeletons.get("coco17"), TrackerConfig(image_size=(300, 300)))
    coming = iter(frames(2))
    with FinderAhead(engine, tracker, 0) as finder:
        assert next(finder.watch(coming))[0] == 0
        assert next(coming)[0] == 1
    assert not engine.threads


def test_trouble_of_the_finder_comes_to_who_asks():
    engine, tracker = FakeEngine(), Tracker(skeletons.get("coco17"), TrackerConfig(image_size=(300, 300)))
    white = (0, Frame(index=0, time_s=0.0, image=np.full((4, 4, 3), 255, np.uint8)))
    with FinderAhead(engine, tracker, 3) as finder, pytest.raises(ValueError, match="white"):
        for index, frame in finder.watch(iter([white])):
            finder.found(index, frame)
