"""MPII Human Pose as a table of people."""

import json

import numpy as np
import pytest

from bodyverb.core import InputError
from bodyverb.datasets import mpii


def person(image: str, center: float = 301) -> dict[str, object]:
    joints = np.arange(32.0).reshape(16, 2) + 100
    return {
        "joints": joints.tolist(),
        "joints_vis": [1] * 16,
        "image": image,
        "scale": 2.5,
        "center": [center, 201.0],
    }


def test_json_files(tmp_path):
    (tmp_path / "annot").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "annot" / "train.json").write_text(
        json.dumps([person("a.jpg"), person("a.jpg"), person("b.jpg", -1)])
    )
    (tmp_path / "annot" / "valid.json").write_text(json.dumps([person("c.jpg")]))
    table = mpii.open(tmp_path)
    assert table.splits == {"official": {"train": ("a.jpg#0", "a.jpg#1"), "validation": ("c.jpg#0",)}}
    sample = table["a.jpg#1"]
    assert sample.image == str(tmp_path / "images" / "a.jpg")
    assert sample.boxes.tolist() == [[50, -50, 550, 450]] and sample.poses.position[0, 0, 0].tolist() == [
        99,
        100,
    ]
    assert len(mpii.open(tmp_path / "annot" / "valid.json")) == 1
    with pytest.raises(InputError, match=r"\.mat"):
        mpii.open(tmp_path, single=True)
    with pytest.raises(InputError, match="one of 3"):
        table["z"]


def test_mat_file(tmp_path):
    from scipy.io import savemat

    def rect(x: float) -> dict[str, object]:
        point = {"x": 7.0, "y": 8.0, "id": 0, "is_visible": 1}
        return {"scale": 1.0, "objpos": {"x": x, "y": 200.0}, "annopoints": {"point": point}}

    people = np.zeros((1, 2), [(name, object) for name in rect(0)])
    people[0, 0], people[0, 1] = tuple(rect(100).values()), tuple(rect(300).values())
    release = {
        "annolist": {"image": {"name": "a.jpg"}, "annorect": people},
        "img_train": 1,
        "single_person": np.array([[np.array([[2]])]], object),
    }
    savemat(tmp_path / "mpii_human_pose_v1_u12_1.mat", {"RELEASE": release})
    assert mpii.open(tmp_path).split("official", "train") == ("a.jpg#0", "a.jpg#1")
    assert mpii.open(tmp_path, single=True).ids == ("a.jpg#1",)


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match=r"train\.json"):
        mpii.open(tmp_path)


@pytest.mark.realdata
def test_real_sample(data_root):
    table = mpii.open(data_root / "format_samples" / "mpii" / "test_mpii.json")
    assert len(table) == 5
    for sample in table:
        assert (data_root / "format_samples" / "mpii" / sample.image).is_file()
        inside = (sample.poses.position[0, 0] >= 0).all(axis=1)
        assert inside.sum() >= 14
