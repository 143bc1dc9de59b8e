"""Small synthetic recordings for the format tests, and the memory a reader takes."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core import FormatError, PoseSequence, Recording, Segment, Timeline, Window


def _recording(people: int = 3, frames: int = 40, layout: str = "lsp14", seed: int = 0) -> Recording:
    rng = np.random.default_rng(seed)
    skeleton = skeletons.get(layout)
    times = np.cumsum(rng.uniform(0.02, 0.05, frames)) if frames else np.zeros(0)
    tracks = []
    for person in range(people):
        span = np.sort(rng.choice(frames, max(1, frames - 5 * person), replace=False))
        position = rng.uniform(0, 640, (1, len(span), len(skeleton), 2)).astype(np.float32)
        position[:, :, rng.integers(len(skeleton))] = np.nan
        position[:, len(span) // 2] = np.nan
        state = np.where(np.isnan(position[..., 0]), 0, rng.integers(1, 3, position.shape[:3]))
        box = np.sort(rng.uniform(0, 640, (1, len(span), 4)).astype(np.float32), axis=-1)
        tracks.append(
            PoseSequence.from_arrays(
                position,
                skeleton=skeleton,
                timestamps_s=times[span],
                score=rng.uniform(0, 1, position.shape[:3]),
                state=state,
                box=box if person != 1 else None,
                extras={"a/b.c": rng.integers(0, 9, (1, len(span)))} if person == 0 else {},
                image_size=(640, 480),
                person_ids=(str(person + 1),),
                source="clip <é>.mp4",
            )
        )
    segments = tuple(
        Segment(person_id=t.person_ids[0], verb="squat", start_s=0.1, end_s=0.7, confidence=0.9)
        for t in tracks[:1]
    )
    return Recording(
        timestamps_s=times,
        image_size=(640, 480),
        source="clip <é>.mp4",
        tracks=tuple(tracks),
        segments=segments,
        meta={"smoothing": {"method": "butterworth", "cutoff_hz": 6.0}, "versions": {"bodyverb": "0"}},
    )


def _timeline() -> Timeline:
    rng = np.random.default_rng(1)
    return Timeline(
        classes=("squat", "push,up"),
        segments=(
            Segment(
                person_id="1+2",
                verb="squat",
                start_s=0.1,
                end_s=0.7,
                confidence=0.9,
                top5=(("squat", 0.9), ("push,up", 0.1)),
            ),
            Segment(person_id="2", verb="unknown", start_s=0.1, end_s=0.7, confidence=0.25),
        ),
        windows=tuple(
            Window(
                person_id=str(at % 2 + 1),
                start_s=at * 0.1,
                end_s=at * 0.1 + 1,
                probabilities=rng.uniform(0, 1, 2),
                known=-3.5 + at,
            )
            for at in range(5)
        ),
        model="verbs-test",
        thresholds={"known": 0.5},
    )


@pytest.fixture
def make_recording() -> Callable[..., Recording]:
    return _recording


@pytest.fixture
def make_timeline() -> Callable[[], Timeline]:
    return _timeline


def _attempt(call: Callable[[], Any]) -> tuple[Any, int]:
    """What `call` gives, or the FormatError it raises, and the most memory it took meanwhile in bytes."""
    tracemalloc.start()
    try:
        result = call()
    except FormatError as error:
        result = error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return result, peak


@pytest.fixture(scope="session")
def attempt() -> Callable[[Callable[[], Any]], tuple[Any, int]]:
    return _attempt


@pytest.fixture
def damage(tmp_path: Path, attempt: Any) -> Callable[..., None]:
    """Flips bytes of a sample and cuts it; each time the reader names the file or returns values."""

    def run(
        name: str, sample: bytes, reader: Callable[[Path], Any], check: Callable[[Any], None], examples: int
    ) -> None:
        path = tmp_path / name

        @settings(max_examples=examples, deadline=None)
        @given(
            flips=st.lists(st.tuples(st.integers(0, len(sample) - 1), st.integers(1, 255)), max_size=3),
            end=st.none() | st.integers(0, len(sample)),
        )
        def damaged(flips: list[tuple[int, int]], end: int | None) -> None:
            content = bytearray(sample)
            for at, mask in flips:
                content[at] ^= mask
            path.write_bytes(content[:end])
            result, peak = attempt(lambda: reader(path))
            if isinstance(result, FormatError):
                assert str(path) in str(result)
            else:
                check(result)
            assert peak < 4 * len(content) + 64 * 1024**2

        damaged()

    return run
