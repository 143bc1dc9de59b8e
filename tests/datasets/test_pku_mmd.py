"""PKU-MMD: recordings from three views, segments from labels, background, cut clips."""

import io
import tarfile

import numpy as np
import pytest

from bodyverb.core import InputError, Segment
from bodyverb.datasets import pku_mmd
from bodyverb.formats.pku_text import PkuLabel

FRAMES = 60


def skeleton_text(seed: int = 0) -> str:
    values = np.random.default_rng(seed).normal(size=(FRAMES, 150))
    return "".join(" ".join(f"{value:.6f}" for value in row) + "\n" for row in values)


@pytest.fixture
def root(tmp_path):
    for folder in ("skeletons", "labels"):
        (tmp_path / folder).mkdir()
    for key in ("0005-L", "0005-M", "0300-R"):
        (tmp_path / "skeletons" / f"{key}.txt").write_text(skeleton_text())
        (tmp_path / "labels" / f"{key}.txt").write_text("26,30,45,2\n8,6,12,1\n1,50,40,2\n")
    (tmp_path / "labels" / "0999-L.txt").write_text("1,2,3,0\n")
    (tmp_path / "cross-subject.txt").write_text("Training videos:\n0005-L\n")
    return tmp_path


def test_card_and_classes():
    assert pku_mmd.CARD["name"] == "pku_mmd" and len(set(pku_mmd.CLASSES)) == len(pku_mmd.CLASSES) == 51
    assert [pku_mmd.CLASSES[action - 1] for action in sorted(pku_mmd.PAIRS)] == [
        "give_something", "shake_hands", "hug_someone", "kick_someone", "pat_back_of_someone",
        "point_at_someone", "punch_someone", "push_someone",
    ]  # fmt: skip


def test_recordings(root):
    table = pku_mmd.open(root)
    assert table.ids == ("0005-L", "0005-M", "0300-R") and len(table.classes) == 51
    assert table.split("cross-subject", "test") == ("0300-R",)
    assert table.split("cross-view", "test") == ("0005-M",)
    clip = table["0005-M"]
    assert clip.label is None and clip.camera == "M" and clip.poses.frames == FRAMES
    assert clip.meta == {"recording": 5, "dropped_rows": 1}
    assert [(part.verb, part.person_id, part.confidence) for part in clip.segments] == [
        ("drink_water", "0", 0.5),
        ("punch_someone", "0+1", 1.0),
    ]
    assert (clip.segments[1].start_s, clip.segments[1].end_s) == (1.0, 1.5)
    with pytest.raises(InputError, match="got '0999-L'"):
        table["0999-L"]


def test_labels_of_every_recording(root):
    assert list(pku_mmd.labels(root)) == ["0005-L", "0005-M", "0300-R", "0999-L"]
    assert pku_mmd.labels(root)["0005-L"][2] == PkuLabel(action=1, start=50, end=40, confidence=2)


def test_background(root):
    table = pku_mmd.open(root, background=True)
    assert table.classes[-1] == "background"
    spans = [(part.verb, round(part.start_s * 30), round(part.end_s * 30)) for part in table[0].segments]
    assert spans == [
        ("background", 0, 6),
        ("drink_water", 6, 12),
        ("background", 12, 30),
        ("punch_someone", 30, 45),
        ("background", 45, FRAMES - 1),
    ]


def test_background_of_overlapping_and_late_segments():
    parts = [
        Segment(person_id="0", verb="x", start_s=a, end_s=b) for a, b in ((1, 3), (0, 2), (5, 9), (6, 7))
    ]
    free = pku_mmd.background_of(parts, 8.0)
    assert [(part.start_s, part.end_s) for part in free] == [(3, 5)]
    assert pku_mmd.background_of([], 0.0) == () and len(pku_mmd.background_of([], 2.0)) == 1
    assert [part.end_s for part in pku_mmd.background_of(parts[2:], 4.0)] == [4.0]


def test_cut_clips(root):
    table = pku_mmd.open(root, cut=True, background=True)
    assert [key for key in table.ids if key.startswith("0005-L")] == [
        "0005-L.001", "0005-L.002", "0005-L.background-001", "0005-L.background-002",
    ]  # fmt: skip
    assert {key[:6] for key in table.split("cross-view", "test")} == {"0005-M"}
    clip, whole = table["0005-L.001"], pku_mmd.open(root)["0005-L"]
    assert clip.label == "punch_someone" and clip.segments == () and clip.poses.frames == 16
    np.testing.assert_array_equal(clip.poses.position, whole.poses.position[:, 30:46])
    assert clip.meta == {"recording": 5, "start_s": 1.0, "confidence": 1.0}
    with pytest.raises(InputError, match="got '0005-L'"):
        table["0005-L"]


def test_a_label_beyond_the_recording(root):
    (root / "labels" / "0005-L.txt").write_text("1,600,700,2\n")
    with pytest.raises(InputError, match=r"within 60 frames, got 600 to 700; check clip 0005-L\.001"):
        pku_mmd.open(root, cut=True)["0005-L.001"]


def test_a_label_of_no_action(root):
    (root / "labels" / "0005-L.txt").write_text("52,6,7,2\n")
    with pytest.raises(InputError, match="1 to 51, got 52"):
        pku_mmd.open(root)["0005-L"]


def test_archives(root, tmp_path):
    packed = tmp_path / "packed"
    packed.mkdir()
    for name in ("skeletons", "labels"):
        with tarfile.open(packed / f"{name}.tar.xz", "w:xz") as archive:
            for path in sorted((root / name).iterdir()):
                data = path.read_bytes()
                info = tarfile.TarInfo(f"../{name}/{path.name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    table = pku_mmd.open(packed)
    assert table.ids == pku_mmd.open(root).ids and table[0].segments == pku_mmd.open(root)[0].segments
    assert pku_mmd.open(packed / "skeletons.tar.xz")[0].segments == ()


def test_missing_roots(tmp_path):
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError):
            pku_mmd.open(root)


@pytest.mark.realdata
def test_21545_real_labels_of_51_classes(data_root):
    rows = pku_mmd.labels(data_root / "pku_mmd")
    every = [row for part in rows.values() for row in part]
    assert len(rows) == 1076 and len(every) == 21_545
    assert {row.action for row in every} == set(range(1, 52)) and {row.confidence for row in every} == {
        0,
        1,
        2,
    }
    assert len(every) - sum(len(pku_mmd.segments_of(part)) for part in rows.values()) == 1
    for name, split in (("cross-subject", "cross-subject"), ("cross-view", "cross-view")):
        text = (data_root / "pku_mmd" / "splits" / f"{name}.txt").read_text().splitlines()
        ours = pku_mmd._splits(tuple(rows))[split]
        for line, part in ((1, "train"), (3, "test")):
            assert {key.strip() for key in text[line].split(",")} - {""} == set(ours[part])


@pytest.mark.realdata
def test_one_real_recording_from_three_views(data_root):
    table = pku_mmd.open(data_root / "pku_mmd")
    clips = list(table)
    assert table.ids == ("0005-L", "0005-M", "0005-R") and [clip.camera for clip in clips] == ["L", "M", "R"]
    assert len({tuple(part.verb for part in clip.segments) for clip in clips}) == 1
    for clip in clips:
        assert len(clip.segments) == 8 and {part.person_id for part in clip.segments} == {"0+1"}
        assert clip.poses.present.any(axis=2).mean() > 0.99
        assert clip.segments[-1].end_s < clip.poses.timestamps_s[-1]
    starts = np.array([[part.start_s for part in clip.segments] for clip in clips])
    assert np.ptp(starts, axis=0).max() < 1.5  # the cameras were started by hand
