import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import formats
from bodyverb.core import FormatError, InputError, Segment
from bodyverb.formats import coco_json, coco_results_json, openpose_json, pose_csv, verbs_table


def test_exports_are_found():
    assert {"coco", "csv", "openpose", "pyskl"} <= set(formats.export_names())
    assert not {"ntu", "pku", "poses"} & set(formats.export_names())
    with pytest.raises(InputError, match="coco, .*csv, .*openpose"):
        formats.export("xml", ".", "a", None)


@pytest.mark.parametrize("name", formats.export_names())
@pytest.mark.parametrize("people", [0, 3])
def test_each_export_is_whole(tmp_path, make_recording, name, people):
    made = formats.export(name, tmp_path, "clip", make_recording(people=people))
    assert made.exists() and [p.name for p in tmp_path.iterdir()] == [made.name]
    assert made.name.startswith("clip.")


def test_pose_csv_round_trip(tmp_path, make_recording):
    raw = make_recording()
    back = pose_csv.read(pose_csv.write(tmp_path / "a.csv", raw))
    assert back.source == raw.source
    for mine, theirs in zip(back.tracks, raw.tracks, strict=True):
        assert mine.equals(theirs.replace(image_size=None, extras={}))
    assert pose_csv.read(pose_csv.write(tmp_path / "b.csv", make_recording(people=0))).tracks == ()


def test_pose_csv_refusals(tmp_path, make_recording):
    with pytest.raises(InputError, match="check the path"):
        pose_csv.read(tmp_path / "none")
    for text in ("", "a,b\n1,2\n"):
        (tmp_path / "bad").write_text(text)
        with pytest.raises(FormatError):
            pose_csv.read(tmp_path / "bad")
    good = pose_csv.write(tmp_path / "a.csv", make_recording(people=1)).read_text()
    (tmp_path / "bad").write_text(good + "x,1\n")
    with pytest.raises(FormatError, match="another length"):
        pose_csv.read(tmp_path / "bad")


def test_coco_in_pycocotools(tmp_path, make_recording):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    raw = make_recording(layout="coco17")
    data, results = tmp_path / "a.json", tmp_path / "r.json"
    coco_json.write(data, raw)
    coco_results_json.write(results, coco_results_json.of_recording(raw))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(data))
        score = COCOeval(truth, truth.loadRes(str(results)), "keypoints")
        score.evaluate()
        score.accumulate()
        score.summarize()
    assert score.stats[0] > 0.99
    assert len(truth.getAnnIds()) == sum(track.frames for track in raw.tracks)
    assert truth.loadCats(1)[0]["keypoints"][0] == "nose"
    assert len(truth.imgs) == len(raw.timestamps_s)


def test_coco_round_trip(tmp_path, make_recording):
    raw = make_recording()
    back = coco_json.read(coco_json.write(tmp_path / "a.json", raw))
    for mine, theirs in zip(back.tracks, raw.tracks, strict=True):
        np.testing.assert_allclose(mine.position, theirs.position, atol=1e-3)
        np.testing.assert_array_equal(mine.state, theirs.state)
        assert mine.person_ids == theirs.person_ids
    np.testing.assert_array_equal(back.timestamps_s, raw.timestamps_s)
    assert (
        coco_json.read(coco_json.write(tmp_path / "b.json", make_recording(people=0, frames=0))).tracks == ()
    )
    for text in ("", "[]", '{"images": []}'):
        (tmp_path / "bad").write_text(text)
        with pytest.raises(FormatError):
            coco_json.read(tmp_path / "bad")


def test_openpose(tmp_path, make_recording):
    raw = make_recording(layout="coco17", people=2)
    folder = formats.export("openpose", tmp_path, "clip", raw)
    files = sorted(folder.iterdir())
    assert len(files) == len(raw.timestamps_s)
    assert files[0].name == "clip_000000000000_keypoints.json"
    person = json.loads(files[3].read_text())["people"][0]
    assert len(person["pose_keypoints_2d"]) == 75
    back = openpose_json.read(folder)
    assert back.person_ids == ("1", "2")
    mine, theirs = back.track("1"), raw.tracks[0]
    left = mine.position[0, :, mine.skeleton.index("left_knee")]
    np.testing.assert_allclose(left, theirs.position[0, :, theirs.skeleton.index("left_knee")], atol=1e-3)
    shoulders = [theirs.skeleton.index(f"{side}_shoulder") for side in ("left", "right")]
    neck = theirs.position[0][:, shoulders].mean(axis=1)
    np.testing.assert_allclose(mine.position[0, :, 1], neck, atol=1e-3)
    with pytest.raises(InputError, match="got none"):
        openpose_json.read(tmp_path / "none")
    files[0].write_text('{"people": [{"pose_keypoints_2d": [1, 2]}]}')
    with pytest.raises(FormatError, match="25 or 18 joints"):
        openpose_json.read(folder)


def test_verbs_csv(tmp_path, make_timeline):
    segments = make_timeline().segments
    path = verbs_table.write_csv(tmp_path / "a.csv", [('clip, "one".mp4', s) for s in segments])
    assert path.read_text().splitlines()[0] == "source,person_id,verb,start_s,end_s,confidence,top5"
    assert verbs_table.read_csv(path) == [('clip, "one".mp4', s) for s in segments]
    empty = verbs_table.write_csv(tmp_path / "b.csv", [])
    assert verbs_table.read_csv(empty) == [] and len(empty.read_text().splitlines()) == 1
    empty.write_text("source,verb\n")
    with pytest.raises(FormatError, match="person_id"):
        verbs_table.read_csv(empty)


@settings(max_examples=30, deadline=None)
@given(
    name=st.text(), verb=st.text(st.characters(exclude_characters=";", exclude_categories=["Cs"]), min_size=1)
)
def test_any_text_survives_the_csv(tmp_path_factory, name, verb):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    segment = Segment(person_id="1", verb=verb, start_s=0, end_s=1, confidence=0.5, top5=((verb, 0.5),))
    (found,) = verbs_table.read_csv(verbs_table.write_csv(path, [(name, segment)]))
    assert found == (name, segment)


def test_verbs_json(tmp_path, make_timeline):
    timeline = make_timeline()
    source, back = verbs_table.read_json(verbs_table.write_json(tmp_path / "a.json", "<é>", timeline))
    assert source == "<é>" and back.segments == timeline.segments and back.classes == timeline.classes
    for mine, theirs in zip(back.windows, timeline.windows, strict=True):
        np.testing.assert_array_equal(mine.probabilities, theirs.probabilities)
        assert mine.known == theirs.known
    bare = type(timeline)(classes=())
    assert verbs_table.read_json(verbs_table.write_json(tmp_path / "b.json", "", bare))[1].windows == ()
    for text in ("", "[]", "{}", '{"format": "bodyverb.verbs"}'):
        (tmp_path / "bad").write_text(text)
        with pytest.raises(FormatError):
            verbs_table.read_json(tmp_path / "bad")
