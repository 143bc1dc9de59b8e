"""MPII Human Pose as JSON and as MATLAB file."""

import io
import json
from typing import Any

import numpy as np
import pytest

from bodyverb.core import FormatError
from bodyverb.formats import mpii_json, mpii_mat

rng = np.random.default_rng(0)


def person(image: str = "005808361.jpg", **changes: Any) -> dict[str, Any]:
    joints = rng.uniform(2, 900, (16, 2)).round(4).tolist()
    return {
        "joints_vis": [1] * 15 + [0],
        "joints": joints,
        "image": image,
        "scale": 2.5,
        "center": [301.0, 201.0],
    } | changes


def json_file(folder: Any, content: Any) -> Any:
    path = folder / "train.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    return path


def test_json_counts_from_one(tmp_path):
    content = [person(), person(), person("b.jpg", joints_vis=[1.0] * 16)]
    people = mpii_json.read(json_file(tmp_path, content))
    assert people.number.tolist() == [0, 1, 0] and people.train.all()
    np.testing.assert_array_equal(people.joints[0, :15], np.array(content[0]["joints"])[:15] - 1)
    assert np.isnan(people.joints[0, 15]).all() and people.state[0, 15] == 0
    assert people.boxes[0].tolist() == [50, -50, 550, 450]
    sample = people.sample(1)
    assert sample.id == "005808361.jpg#1" and sample.poses.skeleton.name == "mpii16"
    assert sample.boxes.tolist() == [[50, -50, 550, 450]]


def test_json_without_joints_or_middle(tmp_path):
    one = person(center=[-1, -1])
    del one["joints"], one["joints_vis"]
    people = mpii_json.read(json_file(tmp_path, [one]))
    assert not people.train.any() and np.isnan(people.center).all()
    assert people.sample(0).boxes.shape == (0, 4)


def test_json_reads_back(tmp_path):
    first = mpii_json.read(json_file(tmp_path, [person(), person("b.jpg", center=[-1, -1])]))
    again = mpii_json.read(mpii_json.write(tmp_path / "b.json", first))
    assert again.images == first.images
    for name in ("joints", "state", "center", "scale", "number", "train"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


@pytest.mark.parametrize(
    "content",
    [
        "[",
        "{}",
        "[1]",
        [person(joints=[[1, 2]] * 15)],
        [person(joints=3)],
        [person(joints_vis=[2] * 16)],
        [person(joints_vis=[1] * 15)],
        [person(image="")],
        [person(scale="a")],
        [person(scale=None)],
        [person(center=[1])],
        [person(center=[1, float("nan")])],
    ],
)
def test_other_json_is_refused(tmp_path, content):
    with pytest.raises(FormatError, match=r"Expected .*line \d+.*train\.json"):
        mpii_json.read(json_file(tmp_path, content))


def structs(*rows: dict[str, Any]) -> np.ndarray:
    """A structure array whose rows lack some fields, as MATLAB fills it: with []."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    array = np.zeros((1, len(rows)), [(name, object) for name in names])
    for at, row in enumerate(rows):
        array[0, at] = tuple(row.get(name, np.zeros((0, 0))) for name in names)
    return array


def point(which: int, x: float, y: float, visible: Any) -> dict[str, Any]:
    return {"x": x, "y": y, "id": which, "is_visible": visible}


def release(**changes: Any) -> dict[str, Any]:
    """Two pictures of the training part and one of the test part."""
    whole = {"point": structs(*(point(at, 10.0 + at, 20.0, 1) for at in range(16)))}
    some = {"point": structs(point(0, 5, 6, "0"), point(9, 7, 8, np.zeros((0, 0))), point(10, 9.5, 10, 0))}
    head = {"x1": 3.0, "y1": 4.0, "x2": 13.0, "y2": 24.0}
    rect = head | {"annopoints": whole, "scale": 3.2, "objpos": {"x": 594.0, "y": 257.0}}
    other = head | {"annopoints": some, "scale": 1.5, "objpos": {"x": 50.0, "y": 60.0}}
    test = structs({"scale": 2.0, "objpos": {"x": 9.0, "y": 9.0}})
    fields = {
        "annolist": structs(
            {"image": {"name": "a.jpg"}, "annorect": structs(rect, other)},
            {"image": {"name": "b.jpg"}, "annorect": structs(other, {"scale": np.zeros((0, 0))})},
            {"image": {"name": "c.jpg"}, "annorect": test},
            {"image": {"name": "d.jpg"}, "annorect": np.zeros((0, 0))},
        ),
        "img_train": np.array([[1, 1, 0, 0]]),
        "version": 12,
        "single_person": np.array(
            [[np.array([[2]])], [np.zeros((0, 0))], [np.array([[1]])], [np.zeros((0, 0))]], object
        ),
        "act": structs(
            *(
                {"cat_name": "sports", "act_name": name, "act_id": 1}
                for name in ("curling", "yoga", "yoga", "")
            )
        ).T,
    }
    return fields | changes


def mat_bytes(**content: Any) -> bytes:
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, content, do_compression=True)
    return buffer.getvalue()


def mat_file(folder: Any, **content: Any) -> Any:
    path = folder / "mpii.mat"
    path.write_bytes(mat_bytes(**content))
    return path


def test_mat_holds_everybody(tmp_path):
    people = mpii_mat.read(mat_file(tmp_path, RELEASE=release()))
    assert people.images == ("a.jpg", "a.jpg", "b.jpg", "b.jpg", "c.jpg")
    assert people.number.tolist() == [0, 1, 0, 1, 0]
    assert people.train.tolist() == [True] * 4 + [False]
    assert people.single.tolist() == [False, True, False, False, True]
    assert people.activity == ("curling", "curling", "yoga", "yoga", "yoga")
    assert people.joints[0, 3].tolist() == [12, 19] and (people.state[0] == 2).all()
    assert people.state[1].tolist() == [1] + [0] * 8 + [2, 1] + [0] * 5
    assert people.joints[1, 10].tolist() == [8.5, 9]
    assert people.center[0].tolist() == [593, 256] and people.scale[0] == 3.2
    assert people.head[0].tolist() == [2, 3, 12, 23]
    assert np.isnan(people.scale[3]) and (people.state[3:] == 0).all()
    assert people.sample(3).poses is None
    assert people.sample(1).poses.state[0, 0, 9] == 2


def test_numbers_beyond_any_picture_are_missing(tmp_path):
    odd = {"annopoints": {"point": structs(point(0, 1e200, 5, 1), point(1, 3, 5, 1))}, "scale": 1e300}
    content = release(annolist=structs({"image": {"name": "a"}, "annorect": odd}), img_train=1)
    people = mpii_mat.read(mat_file(tmp_path, RELEASE=content))
    assert people.state[0, :2].tolist() == [0, 2] and np.isnan(people.scale[0])
    assert people.sample(0).poses is None


@pytest.mark.parametrize(
    "content",
    [
        {"annolist": np.ones((2, 2))},
        {"RELEASE": 3},
        {"RELEASE": {"version": 12}},
        {"RELEASE": release(img_train=np.array([[1]]))},
        {"RELEASE": release(img_train="abcd")},
        {"RELEASE": release(annolist=structs({"image": {"file": "a"}}))},
        {
            "RELEASE": release(
                annolist=structs(
                    {"image": {"name": "a"}, "annorect": {"annopoints": {"point": point(16, 1, 1, 1)}}}
                )
            )
        },
        {
            "RELEASE": release(
                annolist=structs(
                    {"image": {"name": "a"}, "annorect": {"annopoints": {"point": point(0.5, 1, 1, 1)}}}
                )
            )
        },
    ],
)
def test_other_mat_files_are_refused(tmp_path, content):
    with pytest.raises(FormatError, match=r"Expected .*mpii\.mat"):
        mpii_mat.read(mat_file(tmp_path, **content))


def test_mat_takes_little_memory(tmp_path, attempt):
    """Pictures are taken one by one: 40 of them with 16 points each cost far less than their structures."""
    first = release()["annolist"][0, 0]
    many = np.zeros((1, 40), first.dtype)
    many[0, :] = first
    path = mat_file(tmp_path, RELEASE=release(annolist=many, img_train=np.ones((1, 40))))
    people, peak = attempt(lambda: mpii_mat.read(path))
    assert len(people) == 80
    assert peak < 4 * path.stat().st_size + 1024**2


SAMPLES = {
    "a.json": (mpii_json.read, json.dumps([person(), person("b.jpg")]).encode()),
    "a.mat": (mpii_mat.read, mat_bytes(RELEASE=release())),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_raises_or_gives_people(damage, name):
    def whole(result):
        assert result.joints.shape == (len(result), 16, 2)

    reader, sample = SAMPLES[name]
    damage(name, sample, reader, check=whole, examples=40)


@pytest.mark.realdata
def test_real_sample(data_root):
    people = mpii_json.read(data_root / "format_samples" / "mpii" / "test_mpii.json")
    assert people.images == (
        "005808361.jpg",
        "052475643.jpg",
        "051423444.jpg",
        "004645041.jpg",
        "060754485.jpg",
    )
    assert people.joints[0, 0].tolist() == [803, 710]
    assert (people.state[2] == 0).sum() == 2
    head, pelvis = people.joints[:, 9, 1], people.joints[:, 6, 1]
    assert (head < pelvis).all()
