"""The main job with the networks that ship, on real and rendered video."""

from pathlib import Path

import numpy as np
import pytest

import bodyverb
from bodyverb.core.timeline import UNKNOWN
from bodyverb.datasets.synth.demo import render_demo
from bodyverb.estimate.detector import Detector
from bodyverb.formats import poses_h5, verbs_table
from bodyverb.media import VideoWriter, open_source


def seconds_of(segments: list, verb: str) -> float:
    return sum(s.end_s - s.start_s for s in segments if s.verb == verb)


@pytest.mark.realdata
def test_squats_are_named_squat(data_root: Path, tmp_path: Path) -> None:
    source = data_root / "videos" / "tfjs_pose_squats" / "pose_squats.mp4"
    result = bodyverb.run(source, out=tmp_path, poses_as=["csv", "coco", "openpose"], smooth="none")
    item = result.items[0]
    assert result.exit_code == 0 and item.recording.person_ids == ("1",)
    segments = list(item.timeline.segments)
    verbs = {s.verb for s in segments} - {UNKNOWN}
    assert verbs == {"squat"}
    assert seconds_of(segments, "squat") > 8
    for kind in ("poses", "verbs_csv", "verbs_json", "video", "report", "csv", "coco", "openpose"):
        assert item.paths[kind].exists(), kind
    assert item.paths["report"].stat().st_size < 5_000_000
    assert not list(tmp_path.glob("*.partial")) and not (tmp_path / ".lock").exists()
    back = poses_h5.read(item.paths["poses"])
    assert len(back.timestamps_s) == 65 and np.diff(back.timestamps_s) == pytest.approx(0.2, abs=1e-3)
    assert {s.verb for _, s in verbs_table.read_csv(item.paths["verbs_csv"])} >= {"squat"}


@pytest.mark.realdata
def test_one_second_of_one_squat(data_root: Path, tmp_path: Path) -> None:
    source = data_root / "videos" / "tfjs_pose_squats" / "pose_1.mp4"
    result = bodyverb.run(source, out=tmp_path, video=False, report=False, end=1.0)
    assert len(result.recordings[0].tracks) == 1
    assert len(result.timelines[0].windows) == 1


@pytest.mark.realdata
def test_one_centred_person_is_found_without_the_finder(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Detector, "__call__", lambda self, image: np.zeros((0, 5), np.float32))
    source = data_root / "videos" / "tfjs_pose_squats" / "pose_squats.mp4"
    result = bodyverb.run(source, out=tmp_path, video=False, report=False, end=3.0)
    assert result.recordings[0].person_ids == ("1",)
    assert result.recordings[0].tracks[0].frames >= 14


def test_two_rendered_people_are_followed_apart(tmp_path: Path) -> None:
    clip = tmp_path / "two.mp4"
    with VideoWriter(clip, (640, 360), 12.0) as writer:
        truth = render_demo(writer.write, size=(640, 360), rate_hz=12.0, duration_s=14.0)
    result = bodyverb.run(clip, out=tmp_path / "out", report=False)
    recording = result.recordings[0]
    assert len(recording.tracks) == 2
    for name, poses in truth.poses.items():
        errors = []
        for track in recording.tracks:
            common, mine, theirs = np.intersect1d(
                np.round(track.timestamps_s, 3), np.round(poses.timestamps_s, 3), return_indices=True
            )
            distance = np.linalg.norm(track.position[0, mine] - poses.position[0, theirs], axis=-1)
            errors.append(np.nanmedian(distance) if len(common) else np.inf)
        assert min(errors) < 20, (name, errors)
    with open_source(result.items[0].paths["video"]) as video:
        assert sum(1 for _ in video) == len(recording.timestamps_s)


def test_nobody_is_an_empty_result(tmp_path: Path) -> None:
    clip = tmp_path / "nobody.mp4"
    yy, xx = np.mgrid[:240, :320]
    with VideoWriter(clip, (320, 240), 10.0) as writer:
        for i in range(20):
            image = np.stack([xx * 0.6, yy * 0.8, (xx + yy) * 0.3 + 2 * i], -1)
            writer.write(image.astype(np.uint8), i / 10)
    result = bodyverb.run(clip, out=tmp_path / "out")
    assert result.recordings[0].tracks == () and result.timelines[0].segments == ()
    assert result.exit_code == 0 and result.items[0].paths["report"].exists()
