"""The queue between two threads, and the gathered warnings."""

import threading

import pytest

from bodyverb.media.handoff import Handoff
from bodyverb.media.notes import Notes


def run(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_items_pass_in_order_and_memory_is_bounded():
    queue: Handoff[int] = Handoff(3)
    most = 0

    def work():
        nonlocal most
        for k in range(200):
            queue.put(k)
            most = max(most, len(queue._items))
        queue.finish()

    thread = run(work)
    assert list(queue) == list(range(200))
    thread.join(5)
    assert most <= 3


def test_the_writers_error_comes_after_its_items():
    queue: Handoff[int] = Handoff(5)
    queue.put(1)
    queue.finish(OSError("gone"))
    got = []
    with pytest.raises(OSError, match="gone"):
        for item in queue:
            got.append(item)
    assert got == [1]


def test_a_leaving_reader_frees_a_waiting_writer():
    queue: Handoff[int] = Handoff(1)
    results = []
    thread = run(lambda: results.extend([queue.put(1), queue.put(2)]))
    queue.abandon()
    thread.join(5)
    assert not thread.is_alive() and results[-1] is False and list(queue) == []


def test_latest_drops_the_oldest():
    queue: Handoff[int] = Handoff(1, latest=True)
    assert all(queue.put(k) for k in range(4))
    queue.finish()
    assert list(queue) == [3] and queue.dropped == 3


def test_notes_are_bounded_and_counted():
    notes = Notes()
    for k in range(50):
        notes.add(f"line {k}")
        notes.add("line 0")
        notes.count("Things: {n}", 2)
    assert len(notes.lines()) == 22 and notes.lines()[-2:] == ["... and 30 more like these", "Things: 100"]
