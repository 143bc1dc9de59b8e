import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError, OutputError
from bodyverb.formats import journal
from bodyverb.formats.journal import Journal


def _rows(rng, ids, joints=3):
    return [
        {
            "track_id": one,
            "box": rng.uniform(0, 9, 4),
            "position": rng.uniform(0, 9, (joints, 2)),
            "score": rng.uniform(0, 1, joints),
        }
        for one in ids
    ]


def _small(path, frames=6, complete=True):
    """A journal with a checkpoint behind every second frame; returns the byte offset behind each call."""
    rng = np.random.default_rng(0)
    ends = []
    with Journal.create(path, {"source": "clip.mp4"}) as made:
        ends.append(("head", path.stat().st_size))
        for index in range(frames):
            made.frame(index, index / 30, _rows(rng, [7, 8][: index % 3]))
            if index % 2:
                made.checkpoint({"seen": index, "lost": float("nan"), "xy": np.ones(2)})
                ends.append((index, path.stat().st_size))
        made.close(complete=complete)
    return ends


def test_round_trip(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "a.journal"
    rows = {index: _rows(rng, [5, 2**40] if index % 2 else [5]) for index in range(0, 20, 2)}
    rows[4] = _rows(rng, [5, 2**40])
    rows[4][1]["box"] = None
    rows[4][0]["position"][1] = np.nan
    with Journal.create(path, {"rate": 30}) as made:
        for index, items in rows.items():
            made.frame(index, index / 7, items)
    reader = journal.read(path)
    assert (reader.meta, reader.complete, reader.torn_at, len(reader)) == ({"rate": 30}, True, None, 10)
    assert reader.frame_index.tolist() == list(rows)
    assert reader.timestamps_s.tolist() == [index / 7 for index in rows]
    assert reader.track_ids == (5, 2**40)
    track = reader.track(5)
    assert track.index.tolist() == list(rows) and reader.rows_of(5) == 10
    np.testing.assert_array_equal(
        track.position, np.array([r[0]["position"] for r in rows.values()], np.float32)
    )
    np.testing.assert_array_equal(track.score, np.array([r[0]["score"] for r in rows.values()], np.float32))
    np.testing.assert_array_equal(track.box, np.array([r[0]["box"] for r in rows.values()], np.float32))
    other = reader.track(2**40)
    assert other.index.tolist() == [4] and np.isnan(other.box).all()
    assert [t.track_id for t in reader.tracks()] == [5, 2**40]


def test_stacked_arrays_write_the_same_bytes(tmp_path):
    rows = _rows(np.random.default_rng(3), [1, 2])
    stacked = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    for name, given_rows in (("a", rows), ("b", stacked)):
        with Journal.create(tmp_path / name, {}) as made:
            made.frame(0, 0.0, given_rows)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_torn_at_every_byte(tmp_path):
    whole = tmp_path / "whole"
    ends = _small(whole)
    data = whole.read_bytes()
    head = ends[0][1]
    torn = tmp_path / "torn"
    for cut in range(len(data)):
        torn.write_bytes(data[:cut])
        if cut < head:
            with pytest.raises(FormatError):
                journal.read(torn)
            continue
        reader = journal.read(torn)
        kept = [item for item in ends if item[1] <= cut]
        assert reader.checkpoint_end == kept[-1][1]
        assert not reader.complete
        assert reader.torn_at is None or reader.torn_at <= cut
        for track_id in reader.track_ids:
            assert len(reader.track(track_id).time_s) == reader.rows_of(track_id)
    assert journal.read(whole).complete


def test_flipped_byte_anywhere_is_noticed(tmp_path):
    whole = tmp_path / "whole"
    head = _small(whole)[0][1]
    data = whole.read_bytes()
    bad = tmp_path / "bad"
    for at in range(head, len(data), 3):
        bad.write_bytes(data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :])
        torn_at = journal.read(bad).torn_at
        assert torn_at is not None and torn_at <= at


def test_resume_goes_on_behind_the_last_checkpoint(tmp_path):
    path, straight = tmp_path / "cut", tmp_path / "straight"
    _small(straight)
    ends = dict(_small(path))
    with path.open("r+b") as handle:
        handle.truncate(ends[3] + 5)
    made, state, last = journal.resume(path)
    assert last == 3 and state["seen"] == 3 and np.isnan(state["lost"]) and state["xy"] == [1.0, 1.0]
    assert path.stat().st_size == ends[3]
    with pytest.raises(ValueError, match="above 3"):
        made.frame(3, 0.1, [])
    rng = np.random.default_rng(0)
    for index in range(4):
        _rows(rng, [7, 8][: index % 3])
    for index in (4, 5):
        made.frame(index, index / 30, _rows(rng, [7, 8][: index % 3]))
    made.checkpoint({"seen": 5, "lost": float("nan"), "xy": np.ones(2)})
    made.close()
    assert path.read_bytes() == straight.read_bytes()


def test_resume_without_checkpoint_starts_over(tmp_path):
    path = tmp_path / "a"
    with Journal.create(path, {"a": 1}) as made:
        made.frame(0, 0.0, [])
        made.close(complete=False)
    made, state, last = journal.resume(path)
    assert (state, last) == (None, -1)
    made.close()
    assert len(journal.read(path)) == 0


def test_error_inside_leaves_it_incomplete(tmp_path):
    with pytest.raises(KeyError), Journal.create(tmp_path / "a", {}) as made:
        made.frame(0, 0.0, [])
        raise KeyError("boom")
    assert not journal.read(tmp_path / "a").complete


def test_refusals(tmp_path):
    path = tmp_path / "a"
    Journal.create(path, {}).close()
    with pytest.raises(OutputError, match="--resume"):
        Journal.create(path, {})
    Journal.create(path, {}, overwrite=True).close()
    with pytest.raises(OutputError):
        Journal.create(path / "below", {})
    with pytest.raises(InputError, match="no file"):
        journal.read(tmp_path / "none")
    (tmp_path / "foreign").write_bytes(b"\x89PNG\r\n" * 20)
    with pytest.raises(FormatError, match="another kind"):
        journal.read(tmp_path / "foreign")
    closed = Journal.create(tmp_path / "c", {})
    closed.close()
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        closed.frame(0, 0.0, [])
    with pytest.raises(ValueError, match="once a frame"), Journal.create(tmp_path / "d", {}) as made:
        made.frame(0, 0.0, _rows(np.random.default_rng(0), [1, 1]))


def test_sound_checksum_of_nonsense_is_torn_not_fatal(tmp_path):
    path = tmp_path / "a"
    Journal.create(path, {}).close(complete=False)
    size = path.stat().st_size
    for kind, payload in (
        (b"F", b"\x01" * 4),
        (b"C", b"{"),
        (b"Z", b""),
        (b"F", b"\xff" * 40),
        (b"C", b"[]"),
    ):
        crc = zlib.crc32(payload, zlib.crc32(kind))
        record = len(payload).to_bytes(4, "little") + crc.to_bytes(4, "little") + kind + payload
        path.write_bytes(path.read_bytes()[:size] + record)
        assert journal.read(path).torn_at == size


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_bytes_behind_the_head(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("journal") / "a"
    Journal.create(path, {}).close(complete=False)
    size = path.stat().st_size
    with path.open("ab") as handle:
        handle.write(data.draw(st.binary(min_size=1, max_size=80)))
    assert journal.read(path).torn_at == size
