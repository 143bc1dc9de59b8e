"""Cameras: shown while they run, kept for the overlay, ended by Ctrl-C; and long tracks in pieces."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bodyverb
from bodyverb.cli._progress import live_line
from bodyverb.core import InputError
from bodyverb.media import open_source
from bodyverb.media.handoff import Handoff
from bodyverb.media.source import MediaInfo, Selection, Source
from bodyverb.pipeline import LivePerson, first_pass, pictures, second_pass

pytestmark = pytest.mark.usefixtures("tiny_weights")


class FakeCamera(Source):
    """Gives `count` pictures at 15 a second of its own clock, then ends or fails."""

    def __init__(
        self, tiny: ModuleType, count: int, error: BaseException | None, selection: Selection
    ) -> None:
        super().__init__(selection)
        self._tiny, self._count, self._error = tiny, count, error
        self.info = MediaInfo(
            kind="camera", stem="camera0", path=None, image_size=tiny.SIZE, rate_hz=15.0, rate="measured",
            duration_s=None, frame_count=None, live=True,
        )  # fmt: skip

    def _frames(self) -> Iterator[tuple[float, np.ndarray]]:
        yield from self.selection.take((k / 15, self._tiny.picture(k / 15)) for k in range(self._count))
        if self._error is not None:
            raise self._error


@pytest.fixture
def camera(tiny: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    def plug_in(count: int, error: BaseException | None = None) -> None:
        def open_any(
            source: str, *, start_s: Any = None, end_s: Any = None, every: int = 1, timeout_s: float = 10.0
        ) -> Source:
            if source != "camera:0":
                return open_source(source, start_s=start_s, end_s=end_s, every=every)
            return FakeCamera(tiny, count, error, Selection(start_s=start_s, end_s=end_s, every=every))

        monkeypatch.setattr(first_pass, "open_source", open_any)
        monkeypatch.setattr(pictures, "open_source", open_any)

    monkeypatch.setattr("bodyverb.media.source.Handoff", lambda capacity, latest: Handoff(capacity))
    return plug_in  # with a queue that never drops: a slow machine sees the same


def test_a_camera_from_start_to_report(camera: Any, tmp_path: Path) -> None:
    camera(40)
    seen: list[tuple[float, list[LivePerson]]] = []
    result = bodyverb.run(
        "camera:0",
        out=tmp_path / "out",
        start=0.5,
        live=lambda frame, people: seen.append((frame.time_s, people)),
    )
    item = result.items[0]
    assert item.stem == "camera0" and set(item.paths) >= {"poses", "video", "report"}
    assert item.recording is not None and item.recording.meta["smoothing"]["method"] == "one-euro"
    assert len(seen) == item.frames == 32 and seen[0][0] == pytest.approx(0.533, abs=0.01)
    assert seen[-1][1][0].verb == "squat" and seen[-1][1][0].position.shape == (14, 2)
    assert seen[0][1][0].verb == ""
    with open_source(item.paths["video"]) as media:
        assert sum(1 for _ in media) == 32
    assert not (tmp_path / "out" / "camera0.partial").exists()


def test_stopping_a_camera_is_a_normal_end(
    camera: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera(40)

    def stop(frame: Any, people: Any) -> None:
        if frame.index == 20:
            raise KeyboardInterrupt

    item = bodyverb.run("camera:0", out=tmp_path / "out", live=stop).items[0]
    assert item.frames == 21 and item.paths["video"].exists()


def test_a_stream_that_breaks_keeps_what_it_gave(camera: Any, tmp_path: Path) -> None:
    camera(10, InputError("Expected more, got a broken connection; check the network: camera:0"))
    item = bodyverb.run("camera:0", out=tmp_path / "out", video=False, report=False).items[0]
    assert item.frames == 10 and "broken connection" in item.warnings[0]


def test_a_camera_that_gives_nothing(camera: Any, tmp_path: Path) -> None:
    camera(0)
    with pytest.raises(InputError, match="Expected frames, got none"):
        bodyverb.run("camera:0", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_results_of_a_camera_can_be_made_later(
    camera: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera(30)
    with monkeypatch.context() as patch:
        patch.setattr(second_pass, "write_page", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            bodyverb.run("camera:0", out=tmp_path / "out")
    monkeypatch.setattr(first_pass, "open_source", lambda *_, **__: pytest.fail("the camera is not needed"))
    item = bodyverb.run("camera:0", out=tmp_path / "out", resume=True).items[0]
    assert item.frames == 30 and item.paths["report"].exists()


def test_the_line_of_a_camera() -> None:
    nothing = np.zeros((14, 2)), np.zeros(14)
    people = [
        LivePerson(person_id=str(k), verb=verb, confidence=0.93, position=nothing[0], score=nothing[1])
        for k, verb in enumerate(("jump_rope", "unknown", "", "squat", "squat", "squat"), 1)
    ]
    line = live_line(2.04, people)
    assert line == "2.0 s: 1 jump rope 93%, 2 unknown, 3, 4 squat 93%, 2 more"
    assert live_line(0, []) == "0.0 s: nobody"
