import dataclasses

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, OutputError, PoseSequence, Recording
from bodyverb.formats import poses_h5


def _same(a: Recording, b: Recording) -> None:
    assert len(a.tracks) == len(b.tracks)
    for mine, theirs in zip(a.tracks, b.tracks, strict=True):
        assert mine.equals(theirs)
    assert (a.source, a.image_size, a.segments, dict(a.meta)) == (
        b.source,
        b.image_size,
        b.segments,
        dict(b.meta),
    )
    np.testing.assert_array_equal(a.timestamps_s, b.timestamps_s)


def _smoothed(recording: Recording) -> Recording:
    """Another layer: other positions, rows and scores, one person dropped."""
    first, second, *_ = recording.tracks
    tracks = (
        first.replace(position=first.position * 0.5).select(frames=slice(3, -2)),
        second.replace(position=second.position + 1, score=second.score * 0.5),
    )
    return Recording(
        timestamps_s=recording.timestamps_s,
        image_size=recording.image_size,
        source=recording.source,
        tracks=tracks,
        segments=recording.segments,
        meta=recording.meta,
    )


def test_round_trip_of_both_layers(tmp_path, make_recording, make_timeline):
    raw, timeline = make_recording(), make_timeline()
    smoothed = _smoothed(raw)
    path = poses_h5.write(tmp_path / "a.poses.h5", raw, smoothed, timeline)
    _same(poses_h5.read(path, "raw"), raw)
    _same(poses_h5.read(path), smoothed)
    back = poses_h5.read_timeline(path)
    assert (back.classes, back.segments, back.model) == (timeline.classes, timeline.segments, timeline.model)
    assert back.thresholds == timeline.thresholds
    for mine, theirs in zip(back.windows, timeline.windows, strict=True):
        np.testing.assert_array_equal(mine.probabilities, theirs.probabilities)
        assert (mine.person_id, mine.start_s, mine.end_s, mine.known) == (
            theirs.person_id,
            theirs.start_s,
            theirs.end_s,
            theirs.known,
        )
    assert [p.name for p in tmp_path.iterdir()] == ["a.poses.h5"]
    with h5py.File(path) as file:
        assert dict(file["smoothed"].attrs) == {"method": "butterworth", "cutoff_hz": 6.0}
        track, frame = file["rows/track"][:].astype(int), file["rows/frame"][:].astype(int)
        assert (np.diff(track * 1000 + frame) > 0).all()


def test_raw_alone_reads_as_smoothed(tmp_path, make_recording):
    raw = make_recording(people=2)
    path = poses_h5.write(tmp_path / "a.poses.h5", raw)
    _same(poses_h5.read(path), raw)
    assert poses_h5.read_timeline(path) is None
    with pytest.raises(InputError, match="which"):
        poses_h5.read(path, "other")


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_nobody(tmp_path, make_recording, frames):
    empty = make_recording(people=0, frames=frames)
    path = poses_h5.write(tmp_path / "a.poses.h5", empty, empty)
    _same(poses_h5.read(path), empty)


def test_one_frame_and_many_people(tmp_path, make_recording):
    raw = make_recording(people=30, frames=1)
    _same(poses_h5.read(poses_h5.write(tmp_path / "a.poses.h5", raw, raw)), raw)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_values_come_back(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("h5") / "a.poses.h5"
    skeleton = skeletons.get("penn13")
    space = data.draw(st.sampled_from([2, 3]))
    times = data.draw(st.lists(st.floats(-1e6, 1e6), unique=True, min_size=1, max_size=6).map(sorted))
    floats = st.floats(-1e9, 1e9, width=32) | st.just(np.nan)
    position = data.draw(nps.arrays(np.float32, (1, len(times), 13, space), elements=floats))
    score = data.draw(nps.arrays(np.float32, (1, len(times), 13), elements=st.floats(0, 1, width=32)))
    name = data.draw(st.text(min_size=1))
    track = PoseSequence.from_arrays(
        position, skeleton=skeleton, timestamps_s=times, score=score, person_ids=(name,), source=name
    )
    raw = Recording(timestamps_s=np.array(times), image_size=None, source=name, tracks=(track,))
    poses_h5.write(path, raw)
    _same(poses_h5.read(path), raw)


def test_user_layout_is_saved_whole(tmp_path):
    layout = skeletons.get("lsp14").to_dict() | {"name": "mine"}
    layout["joints"] = [f"x{at}" for at in range(14)]
    skeleton = type(skeletons.get("lsp14")).from_dict(layout)
    track = PoseSequence.from_arrays(np.zeros((1, 3, 14, 2)), skeleton=skeleton, rate_hz=10)
    raw = Recording(timestamps_s=track.timestamps_s, image_size=None, source="", tracks=(track,))
    assert poses_h5.read(poses_h5.write(tmp_path / "a.poses.h5", raw)).tracks[0].skeleton == skeleton


def test_cut_files(tmp_path, make_recording, make_timeline):
    path = poses_h5.write(tmp_path / "a.poses.h5", make_recording(), None, make_timeline())
    data = path.read_bytes()
    bad = tmp_path / "bad.poses.h5"
    for cut in [0, 1, 7, 100, *range(1000, len(data), 1500), len(data) - 1]:
        bad.write_bytes(data[:cut])
        with pytest.raises(FormatError, match="bad.poses.h5"):
            poses_h5.read(bad)


def test_damaged_bytes_never_crash(tmp_path, make_recording):
    path = poses_h5.write(tmp_path / "a.poses.h5", make_recording())
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    bad = tmp_path / "bad.poses.h5"
    for at in rng.integers(0, len(data), 60):
        bad.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            poses_h5.read(bad)
        except FormatError as error:
            assert "\n" not in str(error)


def test_foreign_and_missing_files(tmp_path, make_recording):
    with pytest.raises(InputError, match="got none"):
        poses_h5.read(tmp_path / "none.poses.h5")
    (tmp_path / "text.poses.h5").write_text("hello")
    with pytest.raises(FormatError, match="make it anew"):
        poses_h5.read(tmp_path / "text.poses.h5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(FormatError, match="another HDF5"):
        poses_h5.read(tmp_path / "foreign.h5")
    path = poses_h5.write(tmp_path / "a.poses.h5", make_recording())
    with h5py.File(path, "r+") as file:
        file.attrs["version"] = 99
    with pytest.raises(FormatError, match="update bodyverb"):
        poses_h5.read(path)


def test_declared_size_is_bounded(tmp_path, make_recording):
    path = poses_h5.write(tmp_path / "a.poses.h5", make_recording())
    with h5py.File(path, "r+") as file:
        del file["timestamps_s"]
        file.create_dataset("timestamps_s", shape=(1 << 40,), dtype="f8", chunks=(1024,))
    with pytest.raises(FormatError, match="bytes"):
        poses_h5.read(path)


def test_tracks_must_agree(tmp_path, make_recording):
    raw = make_recording(people=2)
    other = make_recording(people=1, layout="penn13").tracks[0]
    mixed = Recording(
        timestamps_s=raw.timestamps_s,
        image_size=None,
        source="",
        tracks=(raw.tracks[1], other.select(frames=slice(0, 5))),
    )
    with pytest.raises(InputError, match="skeleton"):
        poses_h5.write(tmp_path / "a.poses.h5", mixed)
    assert list(tmp_path.iterdir()) == []


def test_unwritable(tmp_path, make_recording):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        poses_h5.write(tmp_path / "file" / "a.poses.h5", make_recording())


def test_track_by_track(tmp_path, make_recording):
    raw = make_recording()
    path = poses_h5.write(tmp_path / "a.poses.h5", raw)
    with poses_h5.PosesFile(path) as file:
        assert file.person_ids == raw.person_ids and not file.has_smoothed
        assert [t.person_ids[0] for t in file.tracks()] == ["1", "2", "3"]


def test_a_timeline_without_windows_keeps_its_classes(tmp_path, make_recording, make_timeline):
    empty = dataclasses.replace(make_timeline(), windows=(), segments=())
    path = poses_h5.write(tmp_path / "a.poses.h5", make_recording(people=0), None, empty)
    back = poses_h5.read_timeline(path)
    assert (back.classes, back.thresholds, back.model) == (empty.classes, empty.thresholds, empty.model)
    assert back.windows == back.segments == ()


@pytest.mark.parametrize("which", ["raw", "smoothed"])
def test_a_stretch_of_time_is_the_tracks_cut(tmp_path, make_recording, which):
    raw = make_recording()
    smoothed = _smoothed(raw)
    whole = {"raw": raw, "smoothed": smoothed}[which]
    path = poses_h5.write(tmp_path / "a.poses.h5", raw, smoothed)
    times = raw.timestamps_s
    with poses_h5.PosesFile(path) as file:
        for low, high in (
            (times[5], times[20]),
            (times[5] + 1e-6, times[20] - 1e-6),
            (-9.0, 1e9),
            (1e8, 1e9),
        ):
            part = file.between(low, high, which)
            inside = (times >= low) & (times <= high)
            np.testing.assert_array_equal(part.timestamps_s, times[inside])
            assert part.person_ids == whole.person_ids
            for mine, track in zip(part.tracks, whole.tracks, strict=True):
                own = (track.timestamps_s >= low) & (track.timestamps_s <= high)
                assert mine.equals(track.select(frames=np.flatnonzero(own)))


def test_a_person_is_read_back_while_the_file_is_written(tmp_path, make_recording):
    raw = make_recording()
    smoothed = _smoothed(raw)
    path = tmp_path / "a.poses.h5"
    with poses_h5.PosesWriter(
        path, timestamps_s=raw.timestamps_s, image_size=raw.image_size, source=raw.source
    ) as writer:
        for before, after in zip(raw.tracks, smoothed.tracks, strict=False):
            writer.add([(before, after)])
        for before, after in zip(raw.tracks, smoothed.tracks, strict=False):
            assert writer.stored(before.person_ids[0]).whole().equals(after)
            assert writer.stored(before.person_ids[0], "raw").whole().equals(before)
        writer.finish()
