"""AlphaPose's three forms of results: what they hold, the way back, and damage."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError
from bodyverb.formats import alphapose_json


def record(image="0.jpg", joints=17, **fields):
    points = [float(n) for n in range(1, 1 + 3 * joints)]
    points[2::3] = [0.5] * joints
    return {"image_id": image, "category_id": 1, "keypoints": points, "score": 2.5, **fields}


def save(tmp_path, content, name="alphapose-results.json"):
    path = tmp_path / name
    path.write_text(json.dumps(content, indent=1))
    return path


def test_default_with_tracks(tmp_path):
    people = [
        record(box=[10, 20, 30, 40], idx=7),
        record("2.jpg", idx=[[7.0, 9.0]]),
        record("2.jpg", box=[1, 2, 3, 4], idx=3),
    ]
    people[0]["keypoints"][:3] = [0, 0, 0]
    people[1]["keypoints"][2] = 4.5
    people[1]["keypoints"][5] = 0
    found = alphapose_json.read(save(tmp_path, people), rate_hz=10)
    assert found.person_ids == ("7", "3") and found.meta["identity"] == "track"
    assert found.timestamps_s.tolist() == [0, 0.1, 0.2]
    track = found.track("7")
    assert track.skeleton.name == "coco17" and track.rate == "nominal"
    assert track.timestamps_s.tolist() == [0, 0.2]
    assert track.state[0, :, 0].tolist() == [0, 2] and track.state[0, 1, 1] == 1
    assert track.position[0, 1, 2].tolist() == [7, 8]
    assert track.box[0, 0].tolist() == [10, 20, 40, 60] and np.isnan(track.box[0, 1]).all()
    assert track.score[0, 1, 0] == 1 and track.extras["stored_score"][0, 1, 0] == 4.5
    assert track.extras["person_score"].tolist() == [[2.5, 2.5]]


def test_people_without_tracks_go_by_their_order(tmp_path):
    found = alphapose_json.read(save(tmp_path, [record("b.png"), record("b.png"), record("a.png")]))
    assert found.person_ids == ("rank0", "rank1") and found.meta["identity"] == "rank"
    assert found.meta["image_ids"] == ["b.png", "a.png"]
    assert found.track("rank0").frames == 2 and found.track("rank1").frames == 1
    assert found.tracks[0].rate == "unknown" and found.tracks[0].box is None
    nobody = alphapose_json.read(save(tmp_path, []))
    assert nobody.tracks == () and nobody.timestamps_s.size == 0


@pytest.mark.parametrize(
    ("form", "bodies", "joints"), [("cmu", "bodies", "joints"), ("open", "people", "pose_keypoints_2d")]
)
def test_forms_by_picture(tmp_path, form, bodies, joints):
    points = record(joints=18)["keypoints"]
    image = {"version": "AlphaPose v0.3", bodies: [{joints: points}, {joints: points}]}
    found = alphapose_json.read(save(tmp_path, {"0.jpg": image, "3.jpg": {bodies: []}}))
    assert [track.skeleton.name for track in found.tracks] == ["openpose18"] * 2
    assert found.timestamps_s.size == 4
    assert found.tracks[1].position[0, 0, 1].tolist() == [4, 5]
    again = alphapose_json.read(alphapose_json.write(tmp_path / "b.json", found, form=form))
    assert all(
        mine.replace(source="").equals(theirs.replace(source=""))
        for mine, theirs in zip(again.tracks, found.tracks, strict=True)
    )


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(6, 12))
def test_what_is_written_reads_back(tmp_path, make_recording, seed, frames):
    first = make_recording(people=2, frames=frames, layout="coco17", seed=seed)
    again = alphapose_json.read(alphapose_json.write(tmp_path / "a.json", first))
    assert again.person_ids == first.person_ids
    step = first.timestamps_s
    for mine, theirs in zip(again.tracks, first.tracks, strict=True):
        rows = np.searchsorted(step, theirs.timestamps_s)
        np.testing.assert_array_equal(np.round(mine.timestamps_s * 30).astype(int), rows)
        np.testing.assert_array_equal(mine.position, theirs.position)
        np.testing.assert_array_equal(mine.score[mine.present], theirs.score[mine.present])
        if theirs.box is not None:
            np.testing.assert_allclose(mine.box, theirs.box, rtol=1e-5)


def test_what_cannot_be_written(tmp_path, make_recording):
    recording = make_recording(layout="coco17")
    with pytest.raises(InputError, match="openpose18"):
        alphapose_json.write(tmp_path / "a.json", recording, form="cmu")
    with pytest.raises(InputError, match="default, cmu, open"):
        alphapose_json.write(tmp_path / "a.json", recording, form="other")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ([1], "line 2"),
        ([{}], "image_id"),
        ([record(""), record()], "image_id"),
        ([record(-1)], "image_id"),
        ([record("999999999.jpg")], "numbered below"),
        ([record("0.jpg"), record("a.jpg")], "numbered below"),
        ([record(score="x")], "score"),
        ([record(keypoints=[1, 2])], "x, y, score"),
        ([record(keypoints=[1, 2, None] * 17)], "finite"),
        ([record(keypoints=[1, 2, 1e300] * 17)], "finite"),
        ([record(), record("1.jpg", joints=18)], "17 joints"),
        ([record(joints=19)], "19"),
        ([record(idx=1), record(idx=1)], "1 again"),
        ([record(idx="x")], "whole number"),
        ([record(box=[1, 2, 3])], "list of 4"),
        ({"0.jpg": 1}, "line 2"),
        ({"0.jpg": {}}, "'bodies' or 'people'"),
        ({"0.jpg": {"bodies": 1}}, "'bodies' as a list"),
        ({"0.jpg": {"people": [1]}}, "named fields"),
        ({"0.jpg": {"people": [{"pose_keypoints_2d": []}]}}, "x, y, score"),
    ],
)
def test_structural_damage(tmp_path, content, word):
    with pytest.raises(FormatError, match=rf"(?s)Expected .*{word}.*alphapose-results\.json"):
        alphapose_json.read(save(tmp_path, content))


def test_a_layout_can_be_given(tmp_path):
    path = save(tmp_path, [record(joints=16)])
    with pytest.raises(InputError, match="--layout"):
        alphapose_json.read(path)
    assert alphapose_json.read(path, layout="mpii16").tracks[0].skeleton.name == "mpii16"
    with pytest.raises(FormatError, match="nothing|No such"):
        alphapose_json.read(tmp_path / "none.json")


def test_claims_are_bounded(tmp_path, attempt, monkeypatch):
    path = save(tmp_path, [record(joints=17, idx=n) for n in range(50)])
    monkeypatch.setattr("bodyverb.formats._untracked.MAX_PEOPLE", 40)
    with pytest.raises(FormatError, match="at most 40 people"):
        alphapose_json.read(path)


@pytest.mark.parametrize("form", ["default", "open"])
def test_damage(damage, form):
    points = record(joints=18)["keypoints"]
    content = {
        "default": [record(box=[1, 2, 3, 4], idx=1), record("1.jpg", box=[1, 2, 3, 4], idx=1)],
        "open": {"0.jpg": {"people": [{"pose_keypoints_2d": points}]}, "1.jpg": {"people": []}},
    }[form]

    def check(recording):
        assert len(recording.tracks) <= 4

    damage("a.json", json.dumps(content).encode(), alphapose_json.read, check, 40)
