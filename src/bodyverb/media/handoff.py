"""A bounded queue from one thread to another that ends cleanly from both sides."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Handoff(Generic[T]):
    """Pass items from one writing thread to one reading thread.

    The writer blocks while the queue is full (or, with `latest`, overwrites the oldest item), the reader
    blocks while it is empty. Either side can leave at any time without hanging the other: `finish` ends
    the reader's iteration after the items still queued and hands it the writer's error; `abandon` makes
    every later `put` return False. Nothing polls.

    Args:
        capacity: Most items held at once, at least 1.
        latest: Drop the oldest item instead of waiting when full (cameras and live streams).
    """

    def __init__(self, capacity: int, *, latest: bool = False) -> None:
        self._items: deque[T] = deque()
        self._capacity = max(1, capacity)
        self._latest = latest
        self._changed = threading.Condition()
        self._finished = False
        self._abandoned = False
        self._error: BaseException | None = None
        self.dropped = 0

    def put(self, item: T) -> bool:
        """Queue an item; False when the reader has left and the writer should stop."""
        with self._changed:
            while len(self._items) >= self._capacity and not self._abandoned and not self._latest:
                self._changed.wait()
            if self._abandoned:
                return False
            if len(self._items) >= self._capacity:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify_all()
            return True

    def finish(self, error: BaseException | None = None) -> None:
        """The writer has nothing more; `error` is raised in the reader after the queued items."""
        with self._changed:
            self._finished = True
            self._error = error
            self._changed.notify_all()

    def abandon(self) -> None:
        """The reader has left: queued items are let go and a waiting writer wakes up."""
        with self._changed:
            self._abandoned = True
            self._items.clear()
            self._changed.notify_all()

    @property
    def abandoned(self) -> bool:
        """Whether the reader has left."""
        return self._abandoned

    def __iter__(self) -> Iterator[T]:
        """The items in order, until `finish`; raises the writer's error."""
        while True:
            with self._changed:
                while not self._items and not self._finished and not self._abandoned:
                    self._changed.wait()
                if not self._items:
                    if self._error is not None and not self._abandoned:
                        raise self._error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
