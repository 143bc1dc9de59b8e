"""OpenPose folders of others: models, hands, people with and without ids, and damage."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError
from bodyverb.formats import openpose_json


def points(joints=25, start=1.0):
    values = [start + at for at in range(3 * joints)]
    values[2::3] = [0.5] * joints
    return values


def person(joints=25, number=-1, **fields):
    return {"person_id": [number], "pose_keypoints_2d": points(joints), "face_keypoints_2d": [], **fields}


def save(tmp_path, *frames):
    folder = tmp_path / "clip"
    folder.mkdir(exist_ok=True)
    for at, people in enumerate(frames):
        text = people if isinstance(people, str) else json.dumps({"version": 1.3, "people": people})
        (folder / f"clip_{at:012d}_keypoints.json").write_text(text)
    return folder


def test_the_models(tmp_path):
    for joints, layout in ((25, "openpose25"), (18, "openpose18")):
        found = openpose_json.read(save(tmp_path, [person(joints)], [], [person(joints)]), 10)
        (track,) = found.tracks
        assert track.skeleton.name == layout and track.timestamps_s.tolist() == [0, 0.2]
        assert found.timestamps_s.tolist() == [0, 0.1, 0.2]
        assert track.position[0, 0, 1].tolist() == [4, 5] and track.score[0, 0, 1] == 0.5
    assert openpose_json.read(tmp_path / "clip", None).tracks[0].rate == "unknown"
    old = {"pose_keypoints": points(18)}
    assert openpose_json.read(save(tmp_path, [old], [], [])).tracks[0].skeleton.name == "openpose18"
    assert openpose_json.read(save(tmp_path, [], [], [])).tracks == ()


def test_people_without_ids_go_by_their_order(tmp_path):
    hand = points(21, 300)
    folder = save(
        tmp_path,
        [person(), person(hand_left_keypoints_2d=hand)],
        [person(hand_left_keypoints_2d=[0] * 63)],
    )
    found = openpose_json.read(folder)
    assert found.person_ids == ("rank0", "rank1") and found.meta["identity"] == "rank"
    assert [track.frames for track in found.tracks] == [2, 1]
    hands = openpose_json.read(folder, part="left_hand")
    assert hands.person_ids == ("rank1",) and hands.tracks[0].skeleton.name == "hand21"
    assert hands.tracks[0].position[0, 0, 0].tolist() == [300, 301]
    assert openpose_json.read(folder, part="right_hand").tracks == ()


def test_people_with_ids(tmp_path):
    lost = person(number=3)
    lost["pose_keypoints_2d"][:3] = [0, 0, 0]
    found = openpose_json.read(save(tmp_path, [person(number=7), lost], [person(number=3), person(number=7)]))
    assert found.person_ids == ("7", "3") and found.meta["identity"] == "track"
    assert found.track("3").state[0, :, 0].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "JSON"),
        ("[]", "named fields"),
        ("{}", "'people' as a list"),
        ('{"people": 5}', "'people' as a list"),
        ([5], "named fields"),
        ([{}], "pose_keypoints_2d"),
        ([{"pose_keypoints_2d": 5}], "25 or 18 joints"),
        ([{"pose_keypoints_2d": []}], "25 or 18 joints"),
        ([{"pose_keypoints_2d": points(25)[:-1]}], "25 or 18 joints"),
        ([{"pose_keypoints_2d": points(21)}], "25 or 18 joints"),
        ([{"pose_keypoints_2d": ["x"] * 75}], "finite"),
        ([{"pose_keypoints_2d": [None] * 75}], "finite"),
        ([person(), person(18)], "25 joints as before"),
        ([person(number=1), person(number=1)], "1 again"),
    ],
)
def test_structural_damage(tmp_path, content, word):
    with pytest.raises(FormatError, match=rf"(?s)Expected .*{word}.*clip"):
        openpose_json.read(save(tmp_path, content))


def test_odd_hands_and_folders(tmp_path):
    with pytest.raises(FormatError, match="21 joints"):
        openpose_json.read(save(tmp_path, [person(hand_left_keypoints_2d=[1, 2, 3])]), part="left_hand")
    with pytest.raises(InputError, match="got none"):
        openpose_json.read(tmp_path)
    path = tmp_path / "clip" / "clip_000000000000_keypoints.json"
    path.write_bytes(b'{"people": "' + b"x" * 2**22 + b'"}')
    with pytest.raises(FormatError, match="2 MiB"):
        openpose_json.read(tmp_path / "clip")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flips=st.lists(st.tuples(st.integers(0, 700), st.integers(1, 255)), max_size=3),
    end=st.none() | st.integers(0, 700),
)
def test_damage(tmp_path, attempt, flips, end):
    folder = save(tmp_path, [person(18, 1)], [person(18, 1)])
    path = folder / "clip_000000000001_keypoints.json"
    content = bytearray(path.read_bytes())
    for at, mask in flips:
        content[at % len(content)] ^= mask
    path.write_bytes(content[:end])
    result, peak = attempt(lambda: openpose_json.read(folder))
    assert (
        "clip" in str(result) if isinstance(result, FormatError) else np.isfinite(result.timestamps_s).all()
    )
    assert peak < 64 * 1024**2
