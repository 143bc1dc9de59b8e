"""Cameras, with a stand-in for the driver."""

import time

import numpy as np
import pytest

from bodyverb.core.errors import InputError
from bodyverb.media import camera, open_source


class FakeCapture:
    """Gives `count` pictures 4 ms apart; blue in BGR is the number."""

    def __init__(self, number):
        self.count, self.given, self.released = {0: 40, 1: 0, 2: 0}[number], 0, False
        self.opened = number != 2

    def isOpened(self):
        return self.opened

    def read(self):
        if self.given >= self.count:
            return False, None
        time.sleep(0.004)
        image = np.full((48, 64, 3), (self.given, 0, 255), np.uint8)
        self.given += 1
        return True, image

    def get(self, _):
        return 30.0

    def release(self):
        self.released = True


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    monkeypatch.setattr(camera.cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(camera, "_PAUSE_S", 0.0)


def test_rising_times_and_rgb():
    with open_source("camera:0") as source:
        frames = list(source)
    assert source.info.kind == "camera" and source.info.live and source.info.stem == "camera0"
    assert source.info.image_size == (64, 48) and source.info.rate == "measured"
    stamps = [f.time_s for f in frames]
    assert stamps[0] == 0.0 and stamps == sorted(set(stamps))
    assert frames[-1].image[0, 0].tolist() == [255, 0, 39]
    assert any("stopped giving pictures" in line for line in source.warnings)


def test_a_slow_reader_gets_the_newest():
    with open_source("camera:0") as source:
        numbers = []
        for frame in source:
            numbers.append(int(frame.image[0, 0, 2]))
            time.sleep(0.02)
    assert len(numbers) < 30 and numbers[-1] == 39
    assert any(line.startswith("Frames dropped") for line in source.warnings)


def test_end_and_early_leave_release_the_camera():
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
def test_no_camera(address, word):
    with pytest.raises(InputError, match=word) as caught:
        open_source(address)
    assert str(caught.value).endswith(address)
