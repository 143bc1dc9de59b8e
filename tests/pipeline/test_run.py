"""The main job on tiny clips: results, several sources, folders, what is refused."""

import csv
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import bodyverb
from bodyverb.core import InputError, ModelError, OutputError
from bodyverb.formats import poses_h5, verbs_table
from bodyverb.formats.files import FolderLock
from bodyverb.media import VideoWriter, open_source, write_image
from bodyverb.pipeline import RunOptions

pytestmark = pytest.mark.usefixtures("tiny_weights")


class Told:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.stages: dict[str, tuple[int, int | None]] = {}

    def source(self, name: str):
        from contextlib import nullcontext

        return nullcontext()

    def advance(self, stage: str, done: int, of: int | None) -> None:
        self.stages[stage] = (done, of)

    def note(self, line: str) -> None:
        self.notes.append(line)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_clip_gives_every_result(tiny: ModuleType, tmp_path: Path) -> None:
    clip, told = tiny.write_clip(tmp_path / "clip.mp4", people=2), Told()
    result = bodyverb.run(clip, out=tmp_path / "out", poses_as=("csv", "coco", "openpose"), progress=told)
    item, recording = result.items[0], result.recordings[0]
    assert result.exit_code == 0 and item.error is None and not told.notes
    assert {"clip.poses.h5", "clip.verbs.csv", "clip.verbs.json", "clip.mp4", "clip.html"} <= names(
        tmp_path / "out"
    )
    assert set(item.paths) == {
        "poses", "verbs_csv", "verbs_json", "video", "report", "csv", "coco", "openpose"
    }  # fmt: skip
    assert all(path.exists() for path in result.paths)
    assert not any("partial" in name or name.startswith(".") for name in names(tmp_path / "out"))
    assert recording.person_ids == ("1", "2") and len(recording.timestamps_s) == 30
    assert {segment.verb for segment in result.timelines[0].segments} == {"squat"}
    assert told.stages["poses"] == (30, 30) and told.stages["overlay"] == (30, 30)
    again = poses_h5.read(item.paths["poses"])
    np.testing.assert_array_equal(again.tracks[0].position, recording.tracks[0].position)
    assert again.meta["first_pass"]["options"]["every"] == 1
    assert next(s for _, s in verbs_table.read_csv(item.paths["verbs_csv"])).verb == "squat"
    with open_source(item.paths["video"]) as media:
        assert sum(1 for _ in media) == 30


def test_poses_follow_the_person(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=3)
    recording = bodyverb.run(clip, out=tmp_path / "out", video=False, report=False, smooth="none").recordings[
        0
    ]
    track = recording.tracks[0]
    centre = np.nanmean(track.position[0], axis=1)
    times = track.timestamps_s
    assert np.abs(centre[:, 1] - (64 + 14 * np.sin(4 * times))).mean() < 4
    assert track.frames >= 0.9 * len(recording.timestamps_s)


def test_nobody_is_an_empty_result(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=1, people=0)
    item = bodyverb.run(clip, out=tmp_path / "out").items[0]
    assert item.recording is not None and item.recording.tracks == ()
    assert set(item.paths) == {"poses", "verbs_csv", "verbs_json", "video", "report"}
    assert item.timeline is not None and not item.timeline.segments
    assert poses_h5.read(item.paths["poses"]).tracks == ()
    back = poses_h5.read_timeline(item.paths["poses"])
    assert back is not None and back.classes == item.timeline.classes and back.windows == ()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_clip_of_a_few_frames(tiny: ModuleType, tmp_path: Path, count: int) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=count / 15)
    item = bodyverb.run(clip, out=tmp_path / "out").items[0]
    assert item.frames == count and item.paths["report"].exists()


def test_without_verbs_video_and_report(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.5)
    item = bodyverb.run(clip, out=tmp_path / "out", verbs="none", video=False, report=False).items[0]
    assert set(item.paths) == {"poses"} and item.timeline is None


def test_start_end_and_every(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=3)
    item = bodyverb.run(clip, out=tmp_path / "out", start=1.0, end=2.0, every=3).items[0]
    assert item.recording is not None
    np.testing.assert_allclose(item.recording.timestamps_s, [1.0, 1.2, 1.4, 1.6, 1.8], atol=1e-3)
    with open_source(item.paths["video"]) as media:
        assert sum(1 for _ in media) == 5


def test_max_people(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=1, people=3)
    options = RunOptions(out=tmp_path / "out", video=False, report=False, max_people=1)
    assert len(bodyverb.run(clip, options=options).recordings[0].tracks) == 1


def test_a_picture(tiny: ModuleType, tmp_path: Path) -> None:
    picture = tiny.write_pictures(tmp_path / "in", 1, [2])[0]
    item = bodyverb.run(picture, out=tmp_path / "out").items[0]
    assert item.recording is not None and len(item.recording.tracks) == 2
    assert item.paths["picture"].name == "000.overlay.jpg" and "video" not in item.paths
    assert item.timeline is not None and not item.timeline.windows


def test_a_folder_of_pictures_is_a_sequence(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.write_pictures(tmp_path / "shots", 12)
    (tmp_path / "shots" / "005.png").write_bytes(b"no picture")
    told = Told()
    item = bodyverb.run(tmp_path / "shots", out=tmp_path / "out", progress=told).items[0]
    assert item.stem == "shots" and item.frames == 11 and item.paths["video"].exists()
    assert len(told.notes) == 1 and "005.png" in told.notes[0]


def test_each_picture_by_itself(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.write_pictures(tmp_path / "shots", 3, [1, 2, 0])
    (tmp_path / "shots" / "bad.png").write_bytes(b"no picture")
    tiny.write_clip(tmp_path / "shots" / "clip.mp4", seconds=0.5)
    result = bodyverb.run(tmp_path / "shots", out=tmp_path / "out", each=True)
    by_stem = {item.stem: item for item in result.items}
    assert result.exit_code == 3 and "bad.png" in str(by_stem["bad"].error)
    assert by_stem["clip"].paths["report"].exists()
    with (tmp_path / "out" / "pictures.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["source"][-7:] for row in rows] == ["000.png", "001.png", "001.png"]
    assert {"000.overlay.jpg", "001.overlay.jpg", "002.overlay.jpg"} <= names(tmp_path / "out")
    assert abs(float(rows[0]["neck_x"]) - 80) < 12


def test_each_with_no_picture_that_can_be_read_leaves_nothing(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no picture")
    result = bodyverb.run([tmp_path / "a.png", tmp_path / "b.png"], out=tmp_path / "out", each=True)
    assert result.exit_code == 2 and not (tmp_path / "out").exists()


def test_one_of_several_may_fail(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.5)
    (tmp_path / "text.mp4").write_text("no video")
    result = bodyverb.run([tmp_path / "text.mp4", clip], out=tmp_path / "out", video=False, report=False)
    assert result.exit_code == 3 and result.items[1].error is None
    assert str(result.items[0].error).endswith("text.mp4") and len(result.recordings) == 1
    assert names(tmp_path / "out") == {"clip.poses.h5", "clip.verbs.csv", "clip.verbs.json"}


def test_all_may_fail(tmp_path: Path) -> None:
    result = bodyverb.run([tmp_path / "a.mp4", tmp_path / "b.mp4"], out=tmp_path / "out")
    assert result.exit_code == 2 and not (tmp_path / "out").exists()


def test_the_only_source_that_fails_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing at this place"):
        bodyverb.run(tmp_path / "a.mp4", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_equal_stems_are_told_apart(tiny: ModuleType, tmp_path: Path) -> None:
    told = Told()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        tiny.write_clip(tmp_path / name / "clip.mp4", seconds=0.3)
    result = bodyverb.run(
        [tmp_path / "a/clip.mp4", tmp_path / "b/clip.mp4"], out=tmp_path / "out", video=False, progress=told
    )
    assert [item.stem for item in result.items] == ["a_clip", "b_clip"] and len(told.notes) == 2


def test_the_source_itself_is_never_replaced(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.3)
    before = clip.read_bytes()
    with pytest.raises(InputError, match="choose another --out"):
        bodyverb.run(clip, out=tmp_path)
    assert clip.read_bytes() == before and names(tmp_path) == {"clip.mp4"}


def test_earlier_results_among_the_sources_are_left_out(tiny: ModuleType, tmp_path: Path) -> None:
    tiny.write_clip(tmp_path / "clip.mp4", seconds=0.3).rename(tmp_path / "clip.mov")
    first = bodyverb.run(tmp_path, out=tmp_path)
    second = bodyverb.run(tmp_path, out=tmp_path)
    assert [item.stem for item in first.items] == [item.stem for item in second.items] == ["clip"]


def test_a_second_run_replaces_the_results(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.6)
    bodyverb.run(clip, out=tmp_path / "out", video=False, report=False)
    item = bodyverb.run(clip, out=tmp_path / "out", video=False, report=False, end=0.3).items[0]
    assert item.frames == 5 and len(poses_h5.read(item.paths["poses"]).timestamps_s) == 5


def test_odd_sizes(tiny: ModuleType, tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", tiny.picture(0, size=(161, 127)))
    write_image(tmp_path / "b.png", tiny.picture(0.1, size=(161, 127)))
    item = bodyverb.run(str(tmp_path / "*.png"), out=tmp_path / "out").items[0]
    assert item.recording is not None and item.recording.image_size == (161, 127)


def test_wrong_options_and_networks(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.2)
    out = tmp_path / "out"
    for changes, words in (
        ({"every": 0}, "every"), ({"start": -1.0}, "start"), ({"start": 2.0, "end": 1.0}, "end after start"),
        ({"max_people": 0}, "--max-people"), ({"video_size": 3}, "--video-size"),
        ({"smooth": "x"}, "--smooth"),
        ({"poses_as": ["bvh"]}, "csv"), ({"colour": "red"}, "colour"),
        ({"device": "tpu"}, "auto, cpu, cuda"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            bodyverb.run(clip, out=out, **changes)
    for task in ("pose", "detector", "verbs"):
        with pytest.raises(ModelError, match="nonsense"):
            bodyverb.run(clip, out=out, **{task: "nonsense"})
    with pytest.raises(ModelError, match=r"one \(pose-lite\)"):
        bodyverb.run(clip, out=out, pose="nonsense")
    with pytest.raises(ModelError, match="for detect"):
        bodyverb.run(clip, out=out, pose="finder")
    with pytest.raises(InputError, match="none; name one"):
        bodyverb.run([], out=out)
    assert not out.exists()


def test_an_output_folder_that_cannot_be(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.2)
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="--out"):
            bodyverb.run(clip, out=out)


def test_a_folder_in_use(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.2)
    with FolderLock(tmp_path / "out"), pytest.raises(OutputError, match="another run"):
        bodyverb.run(clip, out=tmp_path / "out")
    bodyverb.run(clip, out=tmp_path / "out", video=False, report=False)
    assert not (tmp_path / "out" / FolderLock.NAME).exists()


def test_leftovers_of_a_killed_run_are_swept(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.2)
    (tmp_path / "out").mkdir()
    for name in (".clip.mp4.123.part", ".clip.poses.h5.9.part", ".other.mp4.123.part"):
        (tmp_path / "out" / name).write_text("")
    bodyverb.run(clip, out=tmp_path / "out", video=False, report=False, verbs="none")
    assert names(tmp_path / "out") == {"clip.poses.h5", ".other.mp4.123.part"}


def test_windows_are_kept_for_other_thresholds(tiny: ModuleType, tmp_path: Path) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=2)
    item = bodyverb.run(clip, out=tmp_path / "out", video=False, report=False).items[0]
    document = json.loads(item.paths["verbs_json"].read_text())
    assert len(document["windows"]) >= 4 and len(document["windows"][0]["probabilities"]) == 3


def test_sound_that_is_left_out_is_told(
    tiny: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(self: VideoWriter) -> list[str]:
        return ["The sound was left out: no room"]

    monkeypatch.setattr(VideoWriter, "warnings", property(silent))
    told, clip = Told(), tiny.write_clip(tmp_path / "clip.mp4", seconds=0.3)
    item = bodyverb.run(clip, out=tmp_path / "out", report=False, progress=told).items[0]
    assert item.warnings == ("The sound was left out: no room",)
    assert len(told.notes) == 1 and "sound was left out" in told.notes[0]
