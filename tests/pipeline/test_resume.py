"""A run stopped anywhere and resumed ends as if it had never stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bodyverb
from bodyverb.core import InputError, OutputError
from bodyverb.formats import journal, poses_h5
from bodyverb.pipeline import engine, first_pass, second_pass

pytestmark = pytest.mark.usefixtures("tiny_weights")

PLAIN: dict[str, Any] = {"video": False, "report": False}


@pytest.fixture(scope="module")
def clip(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tiny.write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=3, people=2)
    return path


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Raise in the given frame, in the pose network; a checkpoint after every `checkpoint`-th frame."""

    def arm(frame: int, error: BaseException, checkpoint_s: float = 0.0) -> None:
        monkeypatch.setattr(first_pass, "CHECKPOINT_S", checkpoint_s)
        calls, real = [0], engine.Engine.pose

        def pose(self: Any, image: np.ndarray, boxes: np.ndarray) -> Any:
            calls[0] += 1
            if calls[0] == frame:
                raise error
            return real(self, image, boxes)

        monkeypatch.setattr(engine.Engine, "pose", pose)

    return arm


def same(one: Path, two: Path) -> None:
    """Two files hold the same poses, raw and smoothed, and the same verbs."""
    for which in ("raw", "smoothed"):
        a, b = poses_h5.read(one, which), poses_h5.read(two, which)
        np.testing.assert_array_equal(a.timestamps_s, b.timestamps_s)
        assert a.person_ids == b.person_ids and len(a.tracks) > 0
        for x, y in zip(a.tracks, b.tracks, strict=True):
            np.testing.assert_array_equal(x.timestamps_s, y.timestamps_s)
            np.testing.assert_array_equal(x.position, y.position)
            np.testing.assert_array_equal(x.score, y.score)
        assert a.segments == b.segments


@pytest.mark.parametrize("frame", [1, 2, 17, 45])
def test_stopped_in_a_frame(clip: Path, tmp_path: Path, stop_at: Callable[..., None], frame: int) -> None:
    whole = bodyverb.run(clip, out=tmp_path / "whole", **PLAIN).items[0]
    stop_at(frame, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bodyverb.run(clip, out=tmp_path / "out", **PLAIN)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip.partial"]
    item = bodyverb.run(clip, out=tmp_path / "out", resume=True, **PLAIN).items[0]
    same(whole.paths["poses"], item.paths["poses"])
    assert not (tmp_path / "out" / "clip.partial").exists()


@pytest.mark.parametrize("checkpoint_s", [0.0, 1e9])
def test_stopped_with_every_start_and_end(
    clip: Path, tmp_path: Path, stop_at: Callable[..., None], checkpoint_s: float
) -> None:
    asked = {"every": 2, "start": 0.4, "end": 2.5, **PLAIN}
    whole = bodyverb.run(clip, out=tmp_path / "whole", **asked).items[0]
    stop_at(9, RuntimeError("out of luck"), checkpoint_s)
    with pytest.raises(RuntimeError, match="luck"):
        bodyverb.run(clip, out=tmp_path / "out", **asked)
    item = bodyverb.run(clip, out=tmp_path / "out", resume=True, **asked).items[0]
    same(whole.paths["poses"], item.paths["poses"])


def test_stopped_again_and_again(clip: Path, tmp_path: Path, stop_at: Callable[..., None]) -> None:
    whole = bodyverb.run(clip, out=tmp_path / "whole", **PLAIN).items[0]
    for frame in (12, 13, 14):  # of what is left each time
        stop_at(frame, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            bodyverb.run(clip, out=tmp_path / "out", resume=True, **PLAIN)
    stop_at(10**6, KeyboardInterrupt())
    item = bodyverb.run(clip, out=tmp_path / "out", resume=True, **PLAIN).items[0]
    same(whole.paths["poses"], item.paths["poses"])


def test_a_sequence_of_pictures(tiny: ModuleType, tmp_path: Path, stop_at: Callable[..., None]) -> None:
    tiny.write_pictures(tmp_path / "shots", 20)
    (tmp_path / "shots" / "004.png").write_bytes(b"no picture")
    whole = bodyverb.run(tmp_path / "shots", out=tmp_path / "whole", **PLAIN).items[0]
    stop_at(11, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bodyverb.run(tmp_path / "shots", out=tmp_path / "out", **PLAIN)
    item = bodyverb.run(tmp_path / "shots", out=tmp_path / "out", resume=True, **PLAIN).items[0]
    same(whole.paths["poses"], item.paths["poses"])
    assert len(whole.warnings) == len(item.warnings) == 1


def test_a_seek_that_leads_elsewhere_is_not_trusted(
    clip: Path, tmp_path: Path, stop_at: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bodyverb.run(clip, out=tmp_path / "whole", **PLAIN).items[0]
    stop_at(20, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bodyverb.run(clip, out=tmp_path / "out", **PLAIN)
    real = first_pass.open_source

    def off_by_some(source: str, *, start_s: float | None, **asked: Any) -> Any:
        return real(source, start_s=start_s and start_s + 0.2, **asked)

    monkeypatch.setattr(first_pass, "open_source", off_by_some)
    item = bodyverb.run(clip, out=tmp_path / "out", resume=True, **PLAIN).items[0]
    same(whole.paths["poses"], item.paths["poses"])


def test_other_settings_or_another_file_do_not_go_on(
    tiny: ModuleType, clip: Path, tmp_path: Path, stop_at: Callable[..., None]
) -> None:
    stop_at(20, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bodyverb.run(clip, out=tmp_path / "out", **PLAIN)
    with pytest.raises(InputError, match="--every was 1 and is 2 now"):
        bodyverb.run(clip, out=tmp_path / "out", resume=True, every=2)
    other = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.4)
    with pytest.raises(InputError, match="another one"):
        bodyverb.run(other, out=tmp_path / "out", resume=True)
    assert (tmp_path / "out" / "clip.partial" / "journal").exists()


@pytest.mark.parametrize("size", [0, 5, 40])
def test_a_journal_cut_in_its_head_starts_over(clip: Path, tmp_path: Path, size: int) -> None:
    (tmp_path / "out" / "clip.partial").mkdir(parents=True)
    (tmp_path / "out" / "clip.partial" / "journal").write_bytes(journal.MAGIC.ljust(40, b"x")[:size])
    item = bodyverb.run(clip, out=tmp_path / "out", resume=True, end=0.3, **PLAIN).items[0]
    assert item.frames == 5


def test_trouble_in_the_second_pass_keeps_the_first(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OutputError("Expected space, got none; free some: disk")

    with monkeypatch.context() as patch:
        patch.setattr(second_pass, "write_page", full)
        with pytest.raises(OutputError, match="space"):
            bodyverb.run(clip, out=tmp_path / "out", video=False)
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"clip.partial", "clip.poses.h5", "clip.verbs.csv", "clip.verbs.json"}
    monkeypatch.setattr(engine.Engine, "pose", lambda *_: pytest.fail("the first pass was complete"))
    item = bodyverb.run(clip, out=tmp_path / "out", video=False, resume=True).items[0]
    assert item.paths["report"].exists() and not (tmp_path / "out" / "clip.partial").exists()


def test_a_full_disk_is_seen_before_the_results_are_written(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1_000_000))
        with pytest.raises(OutputError, match="got 1 MB; free some"):
            bodyverb.run(clip, out=tmp_path / "out", **PLAIN)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip.partial"]
    assert bodyverb.run(clip, out=tmp_path / "out", resume=True, **PLAIN).items[0].frames == 45


def test_finished_sources_are_left_as_they_are(
    tiny: ModuleType, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bodyverb.run(clip, out=tmp_path / "out", **PLAIN).items[0]
    other = bodyverb.run(clip, out=tmp_path / "out", resume=True, every=2, **PLAIN).items[0]
    assert other.frames == 23  # not what was asked for before: done again
    monkeypatch.setattr(engine.Engine, "pose", lambda *_: pytest.fail("it was done already"))
    again = bodyverb.run(clip, out=tmp_path / "out", resume=True, every=2, **PLAIN).items[0]
    assert again.frames == 23 and set(again.paths) == set(first.paths)


def test_an_unfinished_run_is_started_over_without_resume(
    clip: Path, tmp_path: Path, stop_at: Callable[..., None]
) -> None:
    stop_at(20, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bodyverb.run(clip, out=tmp_path / "out", **PLAIN)
    assert bodyverb.run(clip, out=tmp_path / "out", **PLAIN).items[0].frames == 45


_SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell hands down that it is ignored
import bodyverb.infer.catalogue as catalogue
from pathlib import Path
from bodyverb.pipeline import engine, first_pass
catalogue.WEIGHTS = Path(sys.argv[1])
first_pass.CHECKPOINT_S = 0.0
real = engine.Engine.pose
calls = 0
def pose(self, image, boxes):
    global calls
    calls += 1
    if calls == 25:  # wait for the signal, however late it comes
        Path(sys.argv[4]).touch()
        time.sleep(120)
    return real(self, image, boxes)
engine.Engine.pose = pose
from bodyverb.cli.main import main
sys.exit(main(["run", sys.argv[2], "--out", sys.argv[3], "--no-video", "--no-report"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_killed_for_real(clip: Path, tmp_path: Path, tiny_weights: Path, number: signal.Signals) -> None:
    waiting = tmp_path / "waiting"
    words = [sys.executable, "-c", _SLOW, str(tiny_weights), str(clip), str(tmp_path / "out"), str(waiting)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    kept = tmp_path / "out" / "clip.partial" / "journal"
    while not waiting.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    if number == signal.SIGINT:
        assert "--resume goes on" in told and "Traceback" not in told
    done = len(journal.read(kept))
    assert 0 < done < 45
    item = bodyverb.run(clip, out=tmp_path / "out", resume=True, **PLAIN).items[0]
    whole = bodyverb.run(clip, out=tmp_path / "whole", **PLAIN).items[0]
    same(whole.paths["poses"], item.paths["poses"])
