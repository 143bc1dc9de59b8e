"""Windows to segments."""

import numpy as np
import pytest

from bodyverb.core.timeline import UNKNOWN, Window
from bodyverb.recognize import segments as room
from bodyverb.recognize.segments import merge

CLASSES = ("squat", "pushup")
LIMITS = {"known_on": 0.6, "known_off": 0.4, "min_s": 0.4}


def window(
    start: float, verb: int, known: float, person: str = "1", length: float = 3.0, sure: float = 0.95
) -> Window:
    chances = np.full(2, 1 - sure, np.float32)
    chances[verb] = sure
    return Window(person_id=person, start_s=start, end_s=start + length, probabilities=chances, known=known)


def names(segments):
    return [segment.verb for segment in segments]


def test_one_sure_window_is_one_segment():
    (segment,) = merge([window(1.0, 0, 0.99, length=1.0)], CLASSES, LIMITS)
    assert (segment.verb, segment.start_s, segment.end_s) == ("squat", 1.0, 2.0)
    assert segment.confidence == pytest.approx(0.94, abs=0.01)
    assert [verb for verb, _ in segment.top5] == ["squat", "pushup"]


def test_unknown_windows_are_unknown():
    assert names(merge([window(t, 0, 0.1) for t in range(4)], CLASSES, LIMITS)) == [UNKNOWN]


def test_two_verbs_change_in_the_middle():
    windows = [window(0.5 * i, 0 if i < 10 else 1, 0.99) for i in range(20)]
    first, second = merge(windows, CLASSES, LIMITS)
    assert (first.verb, second.verb) == ("squat", "pushup")
    assert first.end_s == second.start_s == pytest.approx(6.25, abs=0.8)
    assert second.end_s == pytest.approx(12.5)


def test_hysteresis_keeps_a_weak_stretch_but_does_not_begin_with_one():
    strong = [window(0.5 * i, 0, 0.95 if i < 6 else 0.55) for i in range(16)]
    assert names(merge(strong, CLASSES, LIMITS)) == ["squat"]
    weak = [window(0.5 * i, 0, 0.55) for i in range(16)]
    assert names(merge(weak, CLASSES, LIMITS)) == [UNKNOWN]


def test_people_are_kept_apart_and_no_time_is_lost():
    windows = [window(0, 0, 0.99), window(0, 1, 0.99, person="2"), window(0.5, 0, 0.99)]
    segments = merge(windows, CLASSES, LIMITS)
    assert [(s.person_id, s.verb) for s in segments] == [("1", "squat"), ("2", "pushup")]
    assert (segments[0].start_s, segments[0].end_s) == (0, 3.5)


def test_time_without_windows_belongs_to_no_segment():
    apart = [window(0, 0, 0.99), window(1, 0, 0.99), window(60, 1, 0.99), window(0, 1, 0.99, person="2")]
    segments = merge(apart, CLASSES, LIMITS)
    assert [(s.person_id, s.start_s, s.end_s) for s in segments] == [("1", 0, 4), ("1", 60, 63), ("2", 0, 3)]
    touching = [window(0, 0, 0.99), window(3, 1, 0.99)]
    assert [(s.start_s, s.end_s) for s in merge(touching, CLASSES, LIMITS)] == [(0, 3), (3, 6)]


def test_nothing_in_nothing_out_and_a_window_of_no_length():
    assert merge([], CLASSES, LIMITS) == []
    (segment,) = merge([window(2.0, 0, 0.99, length=0.0)], CLASSES, LIMITS)
    assert segment.start_s == segment.end_s == 2.0


@pytest.mark.parametrize("count", [1, 2, 5, 300])
def test_blocks_of_cells_change_nothing(count, monkeypatch):
    rng = np.random.default_rng(count)
    start = np.sort(rng.uniform(0, 0.5 * count, count))
    windows = [
        Window(
            person_id="1",
            start_s=float(at),
            end_s=float(at + rng.uniform(0.1, 3)),
            probabilities=rng.dirichlet(np.ones(15)).astype(np.float32),
            known=float(rng.random()),
        )
        for at in start
    ]
    monkeypatch.setattr(room, "BLOCK", 10**6)
    whole = room._cells(windows)
    monkeypatch.setattr(room, "BLOCK", 7)
    for one, other in zip(whole, room._cells(windows), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


def test_memory_does_not_grow_with_the_square_of_the_length(monkeypatch):
    shapes, real = [], room._weights

    def weights(*given):
        result = real(*given)
        shapes.append(result.shape)
        return result

    monkeypatch.setattr(room, "_weights", weights)
    merge([window(0.5 * i, i // 40 % 2, 0.9) for i in range(3000)], CLASSES, LIMITS)
    assert len(shapes) > 1
    assert max(cells for cells, _ in shapes) <= room.BLOCK
    assert max(windows for _, windows in shapes) <= room.BLOCK + 20
