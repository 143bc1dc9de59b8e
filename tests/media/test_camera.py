"""Cameras, with a stand-in for the driver."""

import time
from typing import ClassVar

import numpy as np
import pytest

from bodyverb.core.errors import InputError
from bodyverb.media import camera, open_source


class FakeCapture:
    """Gives pictures 4 ms apart, in each opening the next of `plugged` counts; blue in BGR is the number."""

    plugged: ClassVar[list[int]] = []
    given = 0

    def __init__(self, number):
        self.left = FakeCapture.plugged.pop(0) if FakeCapture.plugged else 0
        self.released = False
        self.opened = number != 2

    def isOpened(self):
        return self.opened

    def read(self):
        if not self.left:
            return False, None
        time.sleep(0.004)
        image = np.full((48, 64, 3), (FakeCapture.given, 0, 255), np.uint8)
        self.left -= 1
        FakeCapture.given += 1
        return True, image

    def get(self, _):
        return 30.0

    def release(self):
        self.released = True


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    monkeypatch.setattr(camera.cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(FakeCapture, "plugged", [40])
    monkeypatch.setattr(FakeCapture, "given", 0)
    for name in ("_FIRST_S", "_ANEW_S", "_PAUSE_S"):
        monkeypatch.setattr(camera, name, 0.005)


def test_rising_times_and_rgb():
    with open_source("camera:0", timeout_s=0.03) as source:
        frames = list(source)
    assert source.info.kind == "camera" and source.info.live and source.info.stem == "camera0"
    assert source.info.image_size == (64, 48) and source.info.rate == "measured"
    stamps = [f.time_s for f in frames]
    assert stamps[0] == 0.0 and stamps == sorted(set(stamps))
    assert frames[-1].image[0, 0].tolist() == [255, 0, 39]
    assert any("stopped giving pictures" in line for line in source.warnings)


def test_unplugged_and_plugged_in_again(monkeypatch):
    monkeypatch.setattr(FakeCapture, "plugged", [10, 0, 0, 10])
    with open_source("camera:0", timeout_s=5.0) as source:
        stamps = [frame.time_s for frame in take(source, 12)]
    assert stamps == sorted(set(stamps)) and max(np.diff(stamps)) > 0.01
    assert any("went away and came back: 1" in line for line in source.warnings)


def take(source, count):
    """The frames up to one with a number of `count` or more."""
    for frame in source:
        yield frame
        if frame.image[0, 0, 2] >= count:
            return


def test_a_slow_reader_gets_the_newest():
    with open_source("camera:0", timeout_s=0.03) as source:
        numbers = []
        for frame in source:
            numbers.append(int(frame.image[0, 0, 2]))
            time.sleep(0.02)
    assert len(numbers) < 30 and numbers[-1] == 39
    assert any(line.startswith("Frames dropped") for line in source.warnings)


def test_end_and_early_leave_release_the_camera(monkeypatch):
    monkeypatch.setattr(FakeCapture, "plugged", [40, 40])
    with open_source("camera:0", end_s=0.05) as source:
        assert all(f.time_s < 0.05 for f in source)
    assert source._camera.released
    with open_source("camera:0") as source:
        for _ in source:
            break
    assert source._camera.released


@pytest.mark.parametrize(
    ("address", "word"), [("camera:1", "none that"), ("camera:2", "none that"), ("camera:x", "number")]
)
def test_no_camera(address, word, monkeypatch):
    monkeypatch.setattr(FakeCapture, "plugged", [])
    with pytest.raises(InputError, match=word) as caught:
        open_source(address)
    assert str(caught.value).endswith(address)
