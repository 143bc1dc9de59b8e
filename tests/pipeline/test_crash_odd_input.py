"""Crowds, extreme rates and clocks, zips: each ends in one way, with results or with a line."""

import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bodyverb
from bodyverb.cli.main import main
from bodyverb.media import VideoWriter, open_source, write_image
from bodyverb.pipeline import engine

pytestmark = pytest.mark.usefixtures("tiny_weights")


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """A picture of a hundred red people, and their boxes, which the finder is made to give."""
    image = np.full((600, 600, 3), 50, np.uint8)
    boxes = []
    for row in range(10):
        for column in range(10):
            x, y = 30 + 60 * column, 30 + 60 * row
            image[y - 18 : y + 18, x - 9 : x + 9] = (230, 20, 20)
            boxes.append([x - 9, y - 18, x + 9, y + 18, 0.9])
    found = np.array(boxes, np.float32)
    monkeypatch.setattr(engine.Engine, "find", lambda *_: found.copy())
    return image, found


def test_a_hundred_people_in_a_video(crowd: Any, tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "crowd.mp4", (600, 600), 2.0) as writer:
        for k in range(15):  # a search brings at most eight new people
            writer.write(crowd[0], k / 2)
    item = bodyverb.run(tmp_path / "crowd.mp4", out=tmp_path / "out", video=False).items[0]
    assert item.recording is not None and len(item.recording.tracks) == 100
    middle = np.array([np.nanmean(t.position[0, -1], axis=0) for t in item.recording.tracks])
    boxes = crowd[1][:, :4]
    inside = (middle[:, None] > boxes[None, :, :2]) & (middle[:, None] < boxes[None, :, 2:])
    assert inside.all(-1).any(0).all(), "each of the hundred has a track of their own"
    assert item.paths["report"].stat().st_size < 5_000_000


def test_a_hundred_people_in_a_picture(crowd: Any, tmp_path: Path) -> None:
    write_image(tmp_path / "crowd.png", crowd[0])
    item = bodyverb.run(tmp_path / "crowd.png", out=tmp_path / "out", each=True).items[0]
    assert item.recording is not None and len(item.recording.tracks) == 100


@pytest.mark.parametrize(("rate", "count"), [(1000.0, 30), (1.0, 6)])
def test_extreme_rates(tiny: ModuleType, tmp_path: Path, rate: float, count: int) -> None:
    with VideoWriter(tmp_path / "clip.mp4", tiny.SIZE, rate) as writer:
        for k in range(count):
            writer.write(tiny.picture(k / 15), k / rate)
    item = bodyverb.run(tmp_path / "clip.mp4", out=tmp_path / "out").items[0]
    assert item.frames == count and item.recording is not None
    assert item.recording.timestamps_s == pytest.approx(np.arange(count) / rate, abs=1e-4)
    with open_source(item.paths["video"]) as media:
        shown = [frame.time_s for frame in media]
    assert shown == pytest.approx(np.arange(count) / rate, abs=1e-4)


def test_a_gap_of_ten_hours(tiny: ModuleType, tmp_path: Path) -> None:
    """A surveillance camera that records motion only: two people ten hours apart are two."""
    stamps = [*(k / 15 for k in range(20)), *(36_000 + k / 15 for k in range(20))]
    folder = tmp_path / "out"
    with VideoWriter(tmp_path / "night.mp4", tiny.SIZE, 15.0) as writer:
        for stamp in stamps:
            writer.write(tiny.picture(stamp % 100), stamp)
    item = bodyverb.run(tmp_path / "night.mp4", out=folder).items[0]
    assert item.recording is not None and len(item.recording.tracks) >= 2
    assert all(t.timestamps_s[-1] - t.timestamps_s[0] < 10 for t in item.recording.tracks)
    with open_source(item.paths["video"]) as media:
        assert [frame.time_s for frame in media][-1] == pytest.approx(stamps[-1], abs=0.01)
    assert item.paths["report"].stat().st_size < 5_000_000


@pytest.fixture
def packed(tiny: ModuleType, tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        for k, picture in enumerate(tiny.write_pictures(tmp_path / "shots", 6)):
            file.write(picture, f"day/{k}.png")
    return tmp_path / "photos.zip"


def test_a_zip_as_a_sequence(packed: Path, tmp_path: Path) -> None:
    item = bodyverb.run(packed, out=tmp_path / "out").items[0]
    folder = bodyverb.run(tmp_path / "shots", out=tmp_path / "other").items[0]
    assert item.recording is not None and folder.recording is not None and item.stem == "photos"
    np.testing.assert_array_equal(item.recording.tracks[0].position, folder.recording.tracks[0].position)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"photos.{suffix}" for suffix in ("poses.h5", "verbs.csv", "verbs.json", "mp4", "html")
    }


def test_a_zip_with_each(packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(packed), "--each", "--out", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"pictures.csv", *(f"{k}.overlay.jpg" for k in range(6))}
    assert f"{packed}/day/0.png" in (tmp_path / "out" / "pictures.csv").read_text()


@pytest.mark.parametrize("option", [[], ["--each"]])
def test_a_zip_that_leads_out(
    packed: Path, tmp_path: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(packed, "a") as file:
        file.write(tmp_path / "shots" / "000.png", "../../escaped.png")
    assert main(["run", str(packed), *option, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "names stay inside" in told
    assert not (tmp_path / "out").exists()
