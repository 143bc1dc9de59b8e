from typing import Any

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import PoseSequence
from bodyverb.formats import journal as journals
from bodyverb.media import MediaInfo
from bodyverb.pipeline import tracks

LSP = skeletons.get("lsp14")


def info() -> MediaInfo:
    """A source of 30 frames/s."""
    return MediaInfo(
        kind="video",
        stem="clip",
        path=None,
        image_size=(640, 480),
        rate_hz=30.0,
        rate="measured",
        duration_s=None,
        frame_count=None,
    )


def journal(path: Any, people: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]], frames: int) -> Any:
    """A journal of tracks: id -> frame numbers (n,), position (n, 14, 2), score (n, 14)."""
    rows: dict[int, list] = {frame: [] for frame in range(frames)}
    for track_id, (numbers, position, score) in people.items():
        for at, number in enumerate(numbers.tolist()):
            box = np.array([at, 0, at + 100, 200], np.float32)
            rows[number].append(
                {"track_id": track_id, "box": box, "position": position[at], "score": score[at]}
            )
    with journals.Journal.create(path, {"source": "clip.mp4"}) as out:
        for frame in range(frames):
            out.frame(frame, frame / 30, rows[frame])
    return journals.read(path)


def walk(frames: int, seed: int = 0) -> np.ndarray:
    rng, times = np.random.default_rng(seed), np.arange(frames) / 30
    body = rng.uniform(0, 200, (14, 2)) + 30 * np.sin(3 * times)[:, None, None]
    return (body + rng.normal(0, 1, body.shape)).astype(np.float32)


def whole(parts: list[tracks.Piece], layer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, positions and states of the pieces put together."""
    own = [part[layer] for part in parts]
    return (
        np.concatenate([p.timestamps_s for p in own]),
        np.concatenate([p.position[0] for p in own]),
        np.concatenate([p.state[0] for p in own]),
    )


@pytest.mark.parametrize("method", ["butterworth", "one-euro", "savgol", "none"])
def test_pieces_of_a_long_track_are_those_of_the_whole(method: Any, monkeypatch: Any, tmp_path: Any) -> None:
    keep = np.ones(1500, bool)
    keep[300:304], keep[398:402], keep[996:1003], keep[1200:1240] = False, False, False, False
    numbers, position = np.flatnonzero(keep), walk(1500)[keep]
    reader = journal(tmp_path / "j", {7: (numbers, position, np.full((len(numbers), 14), 0.9))}, 1500)
    ((track_id, name),) = tracks.people(reader)
    asked = (reader, track_id, name, info(), LSP, method)
    (once,) = tracks.pieces(*asked)
    monkeypatch.setattr(tracks, "PIECE_ROWS", 400)
    parts = list(tracks.pieces(*asked))
    assert len(parts) == 4 and all(isinstance(p, PoseSequence) for part in parts for p in part)
    np.testing.assert_array_equal(whole(parts, 0)[0], numbers / 30)
    np.testing.assert_array_equal(whole(parts, 0)[1], position)
    for mine, theirs in zip(whole(parts, 1), whole([once], 1), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=0.05)
    if method == "none":
        assert len(whole(parts, 1)[0]) == len(numbers)
    else:
        assert len(whole(parts, 1)[0]) == 1500 - 40 and np.isfinite(whole(parts, 1)[1]).all()


def test_noise_is_nobody_and_people_are_numbered(tmp_path: Any) -> None:
    sure, poor = np.full((60, 14), 0.9), np.full((60, 14), 0.3)
    reader = journal(
        tmp_path / "j",
        {
            5: (np.arange(0, 60), walk(60), sure),
            2: (np.arange(10, 14), walk(4), sure[:4]),
            9: (np.arange(20, 80), walk(60), poor),
            3: (np.arange(30, 90), walk(60), sure),
        },
        90,
    )
    assert list(tracks.people(reader, min_score=0.5)) == [(5, "1"), (3, "2")]
    assert list(tracks.people(reader)) == [(5, "1"), (9, "2"), (3, "3")]


def test_in_a_source_of_a_few_frames_everybody_counts(tmp_path: Any) -> None:
    reader = journal(tmp_path / "j", {1: (np.arange(4), walk(4), np.full((4, 14), 0.9))}, 4)
    assert list(tracks.people(reader)) == [(1, "1")]


def test_what_a_network_says_besides_comes_along(tmp_path: Any) -> None:
    rng = np.random.default_rng(1)
    depth, world = rng.normal(size=(2, 40, 14)), rng.normal(size=(2, 40, 14, 3))
    position = np.stack([walk(40), walk(40, 1)])
    with journals.Journal.create(tmp_path / "j", {"source": "clip.mp4"}) as out:
        for at in range(40):
            who = [0, 1] if at % 2 else [1] if at % 5 else []
            rows = [
                {
                    "track_id": k,
                    "position": position[k, at],
                    "score": np.ones(14),
                    "extras": {"depth_px": depth[k, at], "world_m": world[k, at]},
                }
                for k in who
            ]
            out.frame(at, at / 30, rows)
    reader = journals.read(tmp_path / "j")
    assert len(reader) == 40 and reader.torn_at is None
    for track_id, name in tracks.people(reader):
        parts = list(tracks.pieces(reader, track_id, name, info(), LSP, "butterworth"))
        for layer in (0, 1):
            track = parts[0][layer]
            own = np.round(track.timestamps_s * 30).astype(int)
            there = np.array([(track_id == 1 and bool(at % 5)) or bool(at % 2) for at in own])
            assert there.sum() == (20 if track_id == 0 else 36) and (layer or there.all())
            np.testing.assert_array_equal(
                track.extras["depth_px"][0, there], depth[track_id, own[there]].astype("f4")
            )
            np.testing.assert_array_equal(
                track.extras["world_m"][0, there], world[track_id, own[there]].astype("f4")
            )
            assert np.isnan(track.extras["world_m"][0, ~there]).all()


def test_a_journal_with_extras_that_is_cut_is_good_up_to_there(tmp_path: Any) -> None:
    rows = [
        {"track_id": 3, "position": walk(1)[0], "score": np.ones(14), "extras": {"depth_px": np.arange(14)}}
    ]
    with journals.Journal.create(tmp_path / "j", {"source": "clip.mp4"}) as out:
        for at in range(10):
            out.frame(at, at / 30, rows)
    whole = (tmp_path / "j").read_bytes()
    record = (len(whole) - len(journals.MAGIC)) // 10
    for size in range(len(whole) - 2 * record, len(whole), 7):
        (tmp_path / "cut").write_bytes(whole[:size])
        reader = journals.read(tmp_path / "cut")
        assert 7 <= len(reader) <= 10
        np.testing.assert_array_equal(reader.track(3).extras["depth_px"][-1], np.arange(14))
