"""MERL Shopping: labels, pose pictures, clips of three actions."""

import io
import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError
from bodyverb.formats import merl_action_json, merl_label_mat, merl_pose_pkl
from bodyverb.formats.merl_label_mat import ACTIONS, Interval

rng = np.random.default_rng(0)


def labels(*lists: Any) -> bytes:
    from scipy.io import savemat

    cell = np.empty((len(lists), 1), object)
    for at, rows in enumerate(lists):
        cell[at, 0] = np.array(rows)
    buffer = io.BytesIO()
    savemat(buffer, {"tlabs": cell}, do_compression=True)
    return buffer.getvalue()


def test_labels_count_from_zero():
    found = merl_label_mat.read(
        "x/27_3_label.mat", data=labels([[31, 60], [1, 1]], [], np.zeros((0, 2)), [[61, 90]], [])
    )
    assert (found.subject, found.session) == (27, 3)
    assert found.intervals == (
        Interval(action="reach_to_shelf", start=0, end=1),
        Interval(action="reach_to_shelf", start=30, end=60),
        Interval(action="inspect_product", start=60, end=90),
    )
    assert [(one.start_s, one.end_s) for one in found.segments()][1:] == [(1.0, 2.0), (2.0, 3.0)]


@settings(max_examples=20, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 9999), st.integers(1, 300)), max_size=9)
)
def test_labels_read_back(tmp_path_factory, rows):
    intervals = sorted(
        (Interval(action=action, start=start, end=start + length) for action, start, length in rows),
        key=lambda one: (one.start, one.end, ACTIONS.index(one.action)),
    )
    path = merl_label_mat.write(tmp_path_factory.mktemp("merl") / "1_2_label.mat", intervals)
    found = merl_label_mat.read(path).intervals
    assert sorted(map(repr, found)) == sorted(map(repr, intervals))
    assert [one.start for one in found] == [one.start for one in intervals]


def test_labels_of_other_actions_are_not_written(tmp_path):
    with pytest.raises(InputError, match="jump"):
        merl_label_mat.write(tmp_path / "1_2_label.mat", [Interval(action="jump", start=0, end=1)])


@pytest.mark.parametrize(
    ("name", "lists"),
    [
        ("label.mat", ([],) * 5),
        ("1_2_label.mat", ([],) * 4),
        ("1_2_label.mat", ([], [], [], [], [[1, 2, 3]])),
        ("1_2_label.mat", ([], [], [], [], [[0, 2]])),
        ("1_2_label.mat", ([], [], [], [], [[3, 2]])),
        ("1_2_label.mat", ([], [], [], [], [[1.5, 2]])),
        ("1_2_label.mat", ([], [], [], [], [[1, np.nan]])),
        ("1_2_label.mat", ([], [], [], [], [[1, 1e300]])),
        ("1_2_label.mat", ([], [], [], [], "text")),
    ],
)
def test_other_labels_are_refused(name, lists):
    with pytest.raises(FormatError, match=r"Expected .*label\.mat"):
        merl_label_mat.read(name, data=labels(*lists))


def picture(frame: int = 5, **changes: Any) -> dict[str, Any]:
    points = [[float(x), float(y), 1] for x, y in rng.uniform(1, 600, (17, 2))]
    points[3], points[4] = [0, 0, 2], [7.5, 8, 0]
    return {
        "img_paths": f"31_2_crop_1150_1171_ReachToShelf-{frame:04d}.jpg",
        "img_width": 920, "img_height": 680, "image_id": 7, "bbox": [10, 20, 100, 200.5],
        "num_keypoints": 16, "keypoints": points,
    } | changes  # fmt: skip


def poses_file(folder: Any, content: Any) -> Any:
    path = folder / "poses.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


def test_poses_with_their_flags(tmp_path):
    content = [
        picture(7),
        picture(5, num_keypoints=3),
        picture(1, img_paths="31_2_crop_1_9_HandInShelf-0001.jpg"),
    ]
    found = merl_pose_pkl.read(poses_file(tmp_path, content))
    assert found.state[0, 2:5].tolist() == [2, 0, 1]
    assert np.isnan(found.joints[0, 3]).all() and found.joints[0, 4].tolist() == [7.5, 8]
    assert found.boxes[0].tolist() == [9.5, 19.5, 109.5, 220]
    assert found.disagreeing.tolist() == [1]
    assert dict(found.clips()) == {
        "31_2_crop_1150_1171_ReachToShelf": [1, 0],
        "31_2_crop_1_9_HandInShelf": [2],
    }
    sample = found.sample(0)
    assert sample.poses.image_size == (920, 680) and sample.poses.skeleton.name == "coco17"
    name = merl_pose_pkl.parse_name("a/" + found.images[0])
    assert (name.subject, name.session, name.start, name.end, name.action, name.frame) == (
        31,
        2,
        1150,
        1171,
        "ReachToShelf",
        7,
    )
    with pytest.raises(FormatError, match="name like"):
        merl_pose_pkl.parse_name("1.jpg")


def test_poses_in_arrays_and_one_list(tmp_path):
    one, two = picture(), picture()
    two["keypoints"] = np.array(one["keypoints"])
    three = one | {"keypoints": [number for row in one["keypoints"] for number in row]}
    found = merl_pose_pkl.read(poses_file(tmp_path, [one, two, three]))
    np.testing.assert_array_equal(found.joints[0], found.joints[1])
    np.testing.assert_array_equal(found.joints[0], found.joints[2])


def test_poses_read_back(tmp_path):
    first = merl_pose_pkl.read(poses_file(tmp_path, [picture(1), picture(2, image_id="b", num_keypoints=24)]))
    again = merl_pose_pkl.read(merl_pose_pkl.write(tmp_path / "b.pkl", first))
    assert (again.images, again.ids) == (first.images, first.ids)
    for name in ("sizes", "boxes", "joints", "state", "declared"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "content",
    [
        {},
        [3],
        [picture(img_paths=None)],
        [picture(img_width=0)],
        [picture(img_height="680")],
        [picture(num_keypoints=-1)],
        [picture(image_id=[1])],
        [picture(bbox=[1, 2, 3])],
        [picture(bbox=[1, 2, -3, 4])],
        [picture(bbox=[1, 2, 3, float("nan")])],
        [picture(keypoints=[[1, 2, 3]] * 17)],
        [picture(keypoints=[[1, 2, 1]] * 16)],
        [picture(keypoints=[["a", 2, 1]] * 17)],
        [picture(keypoints=[[10**400, 2, 1]] * 17)],
        [picture(keypoints=np.ones((17, 4)))],
        [picture(keypoints=[LOOP] * 17)],
        [picture(bbox=LOOP)],
    ],
)
def test_other_poses_are_refused(tmp_path, content):
    with pytest.raises(FormatError, match=r"Expected .*poses\.pkl"):
        merl_pose_pkl.read(poses_file(tmp_path, content))


def action(
    clip: str = "LookatShelf_3_2_crop_10_20_HandInShelf", frame: int = 1, **changes: Any
) -> dict[str, Any]:
    image = {"url": f"/data/{frame}.jpg", "file_name": f"{frame}.jpg", "width": 920, "height": 680}
    return {
        "action": clip.partition("_")[0],
        "keypoints": [],
        "id": clip,
        "image": image,
        "person_bbox": [1, 2, 30, 40.5],
    } | changes


def clips_file(folder: Any, content: Any) -> Any:
    path = folder / "clips.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    return path


def test_clips_of_pictures(tmp_path):
    glance = "GlanceatShelf_4_1_crop_1_2_X"
    content = [
        action(frame=1),
        action(glance),
        action(frame=2, person_bbox=[]),
        action(frame=3, person_bbox=[[5, 6, 7, 8], [0, 0, 1, 1]]),
    ]
    first, second = merl_action_json.read(clips_file(tmp_path, content))
    assert (first.action, first.subject, first.images) == (
        "LookatShelf",
        "3",
        ("/data/1.jpg", "/data/2.jpg", "/data/3.jpg"),
    )
    assert first.boxes[0].tolist() == [0.5, 1.5, 29.5, 40] and first.boxes[2].tolist() == [4.5, 5.5, 6.5, 7.5]
    assert np.isnan(first.boxes[1]).all() and first.crops[1].tolist() == [-0.5, -0.5, 919.5, 679.5]
    assert second.action == "GlanceAtShelf"
    again = merl_action_json.read(merl_action_json.write(tmp_path / "b.json", [first, second]))
    for mine, theirs in zip(again, (first, second), strict=True):
        assert (mine.id, mine.action, mine.images) == (theirs.id, theirs.action, theirs.images)
        np.testing.assert_array_equal(mine.boxes, theirs.boxes)
        np.testing.assert_array_equal(mine.sizes, theirs.sizes)
    assert merl_action_json.read(merl_action_json.write(tmp_path / "c.json", [])) == ()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "line 1"),
        ("{}", "line 1"),
        ([action(), action(action="other")], "line 19"),
        ([action(action=None)], "line 2"),
        ([action(id=3)], "line 2"),
        ([action(image=None)], "line 2"),
        ([action(image={"url": "x", "width": 0, "height": 5})], "line 2"),
        ([action(person_bbox=[1, 2, 3])], "line 2"),
        ([action(person_bbox=[9, 2, 3, 4])], "line 2"),
        ([action(person_bbox=None)], "line 2"),
    ],
)
def test_other_clips_are_refused(tmp_path, content, line):
    with pytest.raises(FormatError, match=r"Expected .*clips\.json") as caught:
        merl_action_json.read(clips_file(tmp_path, content))
    assert line in str(caught.value)


def test_long_lists_take_little_memory(tmp_path, attempt):
    path = clips_file(tmp_path, [action(frame=at) for at in range(1000)])
    found, peak = attempt(lambda: merl_action_json.read(path))
    assert len(found[0].images) == 1000
    assert peak < 4 * path.stat().st_size + 4 * 1024**2


SAMPLES = {
    "clips.json": (merl_action_json.read, json.dumps([action(), action(frame=2, person_bbox=[])]).encode()),
    "poses.pkl": (merl_pose_pkl.read, pickle.dumps([picture(), picture()])),
    "1_2_label.mat": (merl_label_mat.read, labels([[31, 60], [1, 1]], [], [[5, 7]], [], [])),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_raises_or_gives_values(damage, name):
    reader, sample = SAMPLES[name]
    damage(name, sample, reader, check=lambda result: None, examples=60)
