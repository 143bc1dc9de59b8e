"""MERL Shopping as tables: untrimmed videos, clips of three actions, pictures with poses."""

import numpy as np
import pytest

from bodyverb.core import InputError
from bodyverb.datasets import merl
from bodyverb.formats import merl_action_json, merl_label_mat, merl_pose_pkl
from bodyverb.formats.merl_action_json import MerlClip
from bodyverb.formats.merl_label_mat import Interval
from bodyverb.formats.merl_pose_pkl import MerlPoses


def test_untrimmed_videos(tmp_path):
    intervals = [
        Interval(action="inspect_shelf", start=30, end=60),
        Interval(action="hand_in_shelf", start=75, end=90),
    ]
    for name in ("1_2", "23_1", "27_3"):
        merl_label_mat.write(tmp_path / f"{name}_label.mat", intervals)
    (tmp_path / "27_3_crop.mp4").write_bytes(b"")
    table = merl.open(tmp_path)
    assert table.splits["official"] == {"train": ("1_2",), "validation": ("23_1",), "test": ("27_3",)}
    clip = table["27_3"]
    assert clip.media.endswith("27_3_crop.mp4") and table["1_2"].media is None
    assert clip.subject == "27" and clip.poses.persons == 0 and clip.poses.frames == 90
    assert [(one.verb, one.start_s, one.end_s) for one in clip.segments] == [
        ("inspect_shelf", 1, 2),
        ("hand_in_shelf", 2.5, 3),
    ]
    whole = merl.open(tmp_path, background=True)
    assert whole.classes[-1] == "background"
    assert [(one.verb, one.start_s) for one in whole["1_2"].segments] == [
        ("background", 0), ("inspect_shelf", 1), ("background", 2), ("hand_in_shelf", 2.5),
    ]  # fmt: skip
    with pytest.raises(InputError, match="one of 3"):
        table["9_9"]


def test_clips_of_three_actions(tmp_path):
    sizes = np.array([[920, 680]] * 2)
    clips = [
        MerlClip(id=f"{action}_{subject}_1_crop_1_2_X", action=action, images=("a.jpg", "b.jpg"), sizes=sizes,
                 boxes=np.array([[1.5, 2, 30, 40], [np.nan] * 4]))
        for action, subject in (("LookatShelf", 3), ("GlanceAtShelf", 27))
    ]  # fmt: skip
    table = merl.clips(merl_action_json.write(tmp_path / "train.json", clips))
    assert table.classes == ("ApproachtoShelf", "GlanceAtShelf", "LookatShelf")
    assert table.split("official", "test") == ("GlanceAtShelf_27_1_crop_1_2_X",)
    clip = table[0]
    assert clip.label == "LookatShelf" and clip.meta["images"] == ("a.jpg", "b.jpg")
    assert clip.poses.box[0].tolist() == [[1.5, 2, 30, 40], [-0.5, -0.5, 919.5, 679.5]]
    assert not clip.poses.present.any()


def test_pictures_with_poses(tmp_path):
    count = 3
    poses = MerlPoses(
        images=("31_2_crop_1_9_HandInShelf-0001.jpg", "5_2_crop_1_9_HandInShelf-0001.jpg", "other.jpg"),
        ids=(1, 2, 3),
        sizes=np.full((count, 2), 680),
        boxes=np.tile([9.5, 9.5, 109.5, 209.5], (count, 1)),
        joints=np.full((count, 17, 2), 50.0),
        state=np.full((count, 17), 2, np.uint8),
        declared=np.full(count, 17),
    )
    table = merl.pictures(merl_pose_pkl.write(tmp_path / "a.pkl", poses))
    assert table.split("official", "test") == (poses.images[0],) and table.split("official", "train") == (
        poses.images[1],
    )
    assert table["other.jpg"].boxes.tolist() == [[9.5, 9.5, 109.5, 209.5]] and len(list(table)) == 3
    with pytest.raises(InputError, match="official/train"):
        table.split("official", "all")
    with pytest.raises(InputError, match="one of 3"):
        table["x"]


def test_nothing_there(tmp_path):
    with pytest.raises(InputError):
        merl.open(tmp_path)
    (tmp_path / "x.mat").write_bytes(b"")
    with pytest.raises(InputError, match="1_1_label"):
        merl.open(tmp_path)
