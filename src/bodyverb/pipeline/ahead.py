"""The finder, working ahead: it looks at a coming frame while the pose network is busy with the one before.

What the finder says of a picture depends on nothing but the picture, so asking early changes no result.
Whether it will be asked at all is a guess from its interval: where the tracker then does not ask, the answer
is dropped, and where it asks without notice, the finder runs at that moment.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np

from bodyverb.estimate.tracker import Tracker
from bodyverb.media import Frame
from bodyverb.pipeline.engine import Engine


class FinderAhead:
    """Frames in order, and what the finder says of them.

    Args:
        engine: with a finder.
        tracker: says on which frames it is due.
        frames: how many are held back for it at most; 0 for a source that is shown while it comes.
    """

    def __init__(self, engine: Engine, tracker: Tracker, frames: int) -> None:
        self._engine, self._tracker, self._frames = engine, tracker, frames
        self._asked: dict[int, Future[np.ndarray]] = {}
        self._last_s = -math.inf
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="finder")

    def __enter__(self) -> FinderAhead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.shutdown(wait=True, cancel_futures=True)

    def watch(self, numbered: Iterator[tuple[int, Frame]]) -> Iterator[tuple[int, Frame]]:
        """The same frames; the finder sees those first where it is due."""
        coming: deque[tuple[int, Frame]] = deque()
        for index, frame in numbered:
            self._foresee(index, frame)
            coming.append((index, frame))
            if len(coming) > self._frames:
                yield coming.popleft()
        yield from coming

    def found(self, index: int, frame: Frame) -> np.ndarray:
        """(n, 5) boxes and scores of the people in a frame that `watch` gave."""
        asked = self._asked.pop(index, None)
        self._asked = {later: answer for later, answer in self._asked.items() if later > index}
        return self._engine.find(frame.image) if asked is None else asked.result()

    def _foresee(self, index: int, frame: Frame) -> None:
        if self._frames and self._tracker.needs_detection(frame.time_s, self._last_s):
            self._last_s = frame.time_s
            self._asked[index] = self._worker.submit(self._engine.find, frame.image)
