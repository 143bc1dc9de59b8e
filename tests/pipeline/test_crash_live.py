"""Cameras and streams that are killed, unplugged or silent; two runs into one folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

import bodyverb
from bodyverb.cli.main import main
from bodyverb.core import InputError
from bodyverb.formats import journal
from bodyverb.formats.files import FolderLock
from bodyverb.media import camera, open_source
from bodyverb.pipeline import first_pass

pytestmark = pytest.mark.usefixtures("tiny_weights")

_FAKE = '''
import importlib.util, sys, time
from pathlib import Path
import cv2
spec = importlib.util.spec_from_file_location("tiny", sys.argv[1])
tiny = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tiny)

class Fake:
    """50 pictures a second; after 150 it waits to be killed."""
    count = 0
    def __init__(self, number): pass
    def isOpened(self): return True
    def get(self, _): return 50.0
    def release(self): pass
    def read(self):
        Fake.count += 1
        if Fake.count > 150:
            Path(sys.argv[3]).touch()
            time.sleep(120)
        time.sleep(0.02)
        return True, tiny.picture(Fake.count / 50)[..., ::-1].copy()

cv2.VideoCapture = Fake
import bodyverb.infer.catalogue as catalogue
catalogue.WEIGHTS = Path(sys.argv[2])
from bodyverb.cli.main import main
from bodyverb.core import InputError
sys.exit(main(["run", "camera:0", *sys.argv[4:]]))
'''


def start(tiny: ModuleType, weights: Path, waiting: Path, *words: str) -> subprocess.Popen[str]:
    typed = [sys.executable, "-c", _FAKE, str(tiny.__file__), str(weights), str(waiting), *words]
    return subprocess.Popen(typed, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_killed_camera_keeps_poses_and_pictures(
    tiny: ModuleType, tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, waiting = tmp_path / "out", tmp_path / "waiting"
    process = start(tiny, tiny_weights, waiting, "--out", str(out))
    while not waiting.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    second = main(["run", "camera:0", "--out", str(out)])  # while the first one is at work
    assert second == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "another run is writing" in told
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    kept = journal.read(out / "camera0.partial" / "journal")
    assert not kept.complete and len(kept) > 20
    assert main(["run", "camera:0", "--out", str(out), "--resume"]) == 0
    assert "cut off after" in capsys.readouterr().err
    frames = len(kept)
    with open_source(out / "camera0.mp4") as media:
        shown = [frame.time_s for frame in media]
    assert shown[-1] > kept.timestamps_s[-1] - kept.timestamps_s[0] - 1.5 and len(shown) > 0.4 * frames
    assert {path.name for path in out.iterdir()} == {
        f"camera0.{suffix}" for suffix in ("poses.h5", "verbs.csv", "verbs.json", "mp4", "html")
    }


def test_a_capture_without_a_picture_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed in the first second: there are poses, but no piece of the capture is complete."""
    item = Plugged.run(tmp_path / "out", stop_in="write_pictures")
    folder = tmp_path / "out" / "camera0.partial"
    assert item is None and (folder / "capture.mp4").is_file()
    (folder / "capture.mp4").write_bytes((folder / "capture.mp4").read_bytes()[:100])
    cut = (folder / "journal").read_bytes()
    (folder / "journal").write_bytes(cut[:-1])  # without its end
    done = bodyverb.run("camera:0", out=tmp_path / "out", resume=True).items[0]
    assert done.frames > 10 and "video" not in done.paths and done.paths["report"].exists()
    assert any("pictures were lost" in line for line in done.warnings)


class Plugged:
    """A camera of cv2 that gives 30 pictures, goes away, and gives 30 more when opened for the third time."""

    opened = 0

    def __init__(self, number: int) -> None:
        Plugged.opened += 1
        self.left = {1: 30, 3: 30}.get(Plugged.opened, 0)

    @staticmethod
    def run(out: Path, stop_in: str = "") -> Any:
        """A run of such a camera; None where it was interrupted in a function of the second pass."""
        from bodyverb.pipeline import second_pass

        Plugged.opened = 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cv2, "VideoCapture", Plugged)
            for name in ("_FIRST_S", "_ANEW_S", "_PAUSE_S"):
                patch.setattr(camera, name, 0.01)
            if stop_in:
                patch.setattr(second_pass, stop_in, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            try:
                return bodyverb.run("camera:0", out=out, timeout=0.1).items[0]
            except KeyboardInterrupt:
                return None

    def isOpened(self) -> bool:
        return True

    def get(self, _: int) -> float:
        return 100.0

    def release(self) -> None:
        pass

    def read(self) -> tuple[bool, np.ndarray | None]:
        if not self.left:
            return False, None
        self.left -= 1
        time.sleep(0.01)
        image = np.full((128, 160, 3), 50, np.uint8)
        image[46:82, 71:89] = (0, 0, 230)
        return True, image


def test_a_camera_unplugged_and_plugged_in_again(tmp_path: Path) -> None:
    item = Plugged.run(tmp_path / "out")
    assert item.frames > 20 and item.paths["video"].exists()
    assert (np.diff(item.recording.timestamps_s) > 0).all()
    told = " ".join(item.warnings)
    assert "went away and came back: 1" in told and "stopped giving pictures" in told


def test_two_runs_into_one_folder(
    tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.4)
    with FolderLock(tmp_path / "out"):
        assert main(["run", str(clip), "--out", str(tmp_path / "out")]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and "another run is writing" in told
        assert told.strip().endswith(str(tmp_path / "out"))
    assert main(["run", str(clip), "--out", str(tmp_path / "out")]) == 0


def test_the_timeout_reaches_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def open_any(source: str, *, timeout_s: float, **_: Any) -> None:
        asked.append(timeout_s)
        raise InputError("Expected a stream, got none; look: there")

    monkeypatch.setattr(first_pass, "open_source", open_any)
    assert main(["run", "rtsp://127.0.0.1:9/live", "--timeout", "3", "--out", str(tmp_path / "out")]) == 2
    assert asked == [3.0]
    assert main(["run", "rtsp://127.0.0.1:9/live", "--timeout", "0", "--out", str(tmp_path / "out")]) == 2
