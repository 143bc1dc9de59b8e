"""Verbs of two people through the whole run."""

from pathlib import Path

import numpy as np
import pytest

import bodyverb
from bodyverb.cli._check_model import check_model
from bodyverb.core import Segment
from bodyverb.formats import poses_h5, verbs_table
from bodyverb.media import VideoWriter
from bodyverb.recognize.segments import merge

from .conftest import write_approach

SIZE = (160, 128)
RATE = 15.0

pytestmark = pytest.mark.usefixtures("tiny_weights")


@pytest.fixture(autouse=True)
def _no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)


def write_clip(path: Path, seconds: float = 3.0, people: int = 3) -> Path:
    """Two red people who walk up to each other for half of the time and part again; a third stands apart."""
    rng = np.random.default_rng(0)
    with VideoWriter(path, SIZE, RATE) as writer:
        for k in range(round(seconds * RATE)):
            way = 24 * min(k, seconds * RATE - k) / (seconds * RATE / 2)
            image = rng.integers(40, 70, (SIZE[1], SIZE[0], 3), np.uint8)
            for x, y in ((20 + way, 36), (96 - way, 36), (145, 106))[:people]:
                body = image[y - 18 : y + 18, round(x) - 9 : round(x) + 9]
                body[..., 0] = 230
                body[..., 1:] = rng.integers(0, 60, (*body.shape[:2], 2), np.uint8)
            writer.write(image, k / RATE)
    return path


def spoken(segments: tuple[Segment, ...]) -> list[tuple[str, str]]:
    return [(segment.person_id, segment.verb) for segment in segments if segment.verb != "unknown"]


def test_a_clip_of_two_who_meet(approach: Path, tmp_path: Path) -> None:
    result = bodyverb.run(write_clip(tmp_path / "clip.mp4"), out=tmp_path / "out", verbs=str(approach))
    recording, timeline, paths = result.recordings[0], result.timelines[0], result.items[0].paths
    assert recording.person_ids == ("1", "2", "3")
    near = sorted(recording.tracks, key=lambda track: np.nanmedian(track.position[..., 1]))[:2]
    pair = "+".join(sorted(track.person_ids[0] for track in near))
    words = spoken(timeline.segments)
    assert words[0] == (pair, "approach") and words[-1] == (pair, "part")
    assert {who for who, _ in words} == {pair} and {w.person_id for w in timeline.windows} == {pair}
    turn = next(segment.start_s for segment in timeline.segments if segment.verb == "part")
    assert turn == pytest.approx(1.5, abs=0.5)
    assert merge(timeline.windows, timeline.classes, timeline.thresholds) == list(timeline.segments)
    assert recording.segments == timeline.segments
    stored = poses_h5.read_timeline(paths["poses"])
    assert stored is not None and stored.segments == timeline.segments
    assert [w.known for w in stored.windows] == [w.known for w in timeline.windows]
    table = verbs_table.read_csv(paths["verbs_csv"])
    assert [(s.person_id, s.verb) for _, s in table] == [(s.person_id, s.verb) for s in timeline.segments]
    assert paths["video"].is_file() and paths["report"].is_file()


def test_verbs_of_one_and_of_two(tmp_path: Path) -> None:
    card = write_approach(tmp_path / "also", pair_classes=["approach", "part"])
    clip = write_clip(tmp_path / "clip.mp4")
    result = bodyverb.run(clip, out=tmp_path / "out", verbs=str(card), video=False, report=False)
    timeline = result.timelines[0]
    said = set(spoken(timeline.segments))
    alone = {(who, verb) for who, verb in said if "+" not in who}
    assert ("3", "stay") in alone and {verb for _, verb in alone} == {"stay"}
    (pair,) = {who for who, _ in said} - {"1", "2", "3"}
    assert list(dict.fromkeys(w.person_id for w in timeline.windows)) == ["1", "2", "3", pair]
    assert {verb for who, verb in said if "+" in who} == {"approach", "part"}


def test_one_person_and_a_network_that_looks_at_two(approach: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 1.0, people=1)
    result = bodyverb.run(clip, out=tmp_path / "out", verbs=str(approach), video=False, report=False)
    assert result.recordings[0].person_ids == ("1",)
    assert result.timelines[0].segments == () and result.timelines[0].windows == ()


@pytest.mark.parametrize("card", [{}, {"pair_classes": ["approach"]}])
def test_the_check_of_a_new_network_shows_it_two_people(tmp_path: Path, card: dict[str, object]) -> None:
    assert "most like 'stay' of 3 verbs" in check_model(write_approach(tmp_path / "net", **card))
