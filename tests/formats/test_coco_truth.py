"""COCO keypoint annotations: people of pictures, other categories, the way back, and damage."""

import contextlib
import io
import json

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import FormatError
from bodyverb.formats import coco_truth_json

NAMES = list(skeletons.get("coco17").joints)


def image(number=7, **fields):
    return {"id": number, "file_name": f"{number}.jpg", "width": 640, "height": 480, "license": 1, **fields}


def person(number=1, of=7, joints=17, **fields):
    points = [at for joint in range(joints) for at in (10.5 * joint, 20, joint % 3)]
    made = {"id": number, "image_id": of, "category_id": 1, "keypoints": points, "iscrowd": 0}
    return {**made, "bbox": [1, 2, 30, 40.5], "area": 99.5, "segmentation": [[1, 2, 3]], **fields}


def content(**changes):
    whole = {
        "info": {"year": 2017},
        "licenses": [{"id": 1}, 5],
        "annotations": [person(), person(2, 8), person(3, iscrowd=1)],
        "images": [image(), image(8)],
        "categories": [{"id": 1, "name": "person", "keypoints": NAMES}, {"id": 2, "name": "cat"}],
    }
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


def save(tmp_path, whole):
    path = tmp_path / "person_keypoints.json"
    path.write_text(whole if isinstance(whole, str) else json.dumps(whole, indent=1))
    return path


def test_people_of_pictures(tmp_path):
    truth = coco_truth_json.read(save(tmp_path, content()))
    assert truth.file_name == ("7.jpg", "8.jpg") and truth.skeleton.name == "coco17" and len(truth) == 3
    assert truth.crowd.tolist() == [False, False, True] and truth.picture.tolist() == [0, 1, 0]
    people = truth.people(0)
    assert people.person_ids == ("1",) and people.image_size == (640, 480) and people.source == "7.jpg"
    assert people.state[0, 0, :4].tolist() == [0, 1, 2, 0]
    assert people.position[0, 0, 2].tolist() == [21, 20]
    assert people.box[0, 0].tolist() == [0.5, 1.5, 30.5, 42]
    assert truth.area.tolist() == [99.5] * 3


def test_other_categories_are_passed_over(tmp_path):
    dogs = {"id": 4, "name": "dog", "keypoints": ["snout", "tail"]}
    whole = content(annotations=[person(), person(2, joints=2, category_id=4), person(3), {"id": 4}])
    whole["categories"] += [dogs]
    truth = coco_truth_json.read(save(tmp_path, whole))
    assert truth.id.tolist() == [1, 3] and truth.keypoints.shape == (2, 17, 3)
    whole["categories"] = [dogs]
    alone = coco_truth_json.read(save(tmp_path, whole))
    assert alone.skeleton.joints == ("snout", "tail") and alone.id.tolist() == [2]
    bare = coco_truth_json.read(save(tmp_path, content(annotations=[])))
    assert len(bare) == 0 and bare.people(1).persons == 0


def test_what_is_written_reads_back(tmp_path):
    first = coco_truth_json.read(
        save(tmp_path, content(annotations=[person(), person(2, bbox=[0.1, 2, 3, 4])]))
    )
    path = coco_truth_json.write(tmp_path / "b.json", first)
    again = coco_truth_json.read(path)
    for name in ("image_id", "image_size", "id", "picture", "keypoints", "boxes", "area", "crowd"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert again.file_name == first.file_name and again.skeleton == first.skeleton
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        theirs = COCO(str(path))
    assert theirs.loadAnns([2])[0]["bbox"] == [0.1, 2, 3, 4] and theirs.loadCats([1])[0]["keypoints"] == NAMES


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"images": 5}, "records as objects"),
        ({"images": {}}, "'id' as a whole number"),
        ({"images": [1]}, "records as objects"),
        ({"images": [image(), image(), image(8)]}, "7 again"),
        ({"images": [image()]}, "picture 8"),
        ({"images": [image(width=0)]}, "width"),
        ({"images": [image(file_name=5)]}, "file_name"),
        ({"categories": []}, "one category"),
        ({"categories": None}, "one category"),
        ({"categories": [{"id": 1, "name": "person", "keypoints": [5]}]}, "names"),
        ({"categories": [{"id": 1, "name": "person", "keypoints": NAMES[:5]}]}, "5 joints"),
        ({"annotations": [person(keypoints=[1, 2])]}, "x, y, v"),
        ({"annotations": [person(), person(joints=16)]}, "17 joints"),
        ({"annotations": [person(keypoints=["x"] * 51)]}, "finite"),
        ({"annotations": [person(bbox=[1, 2])]}, "bbox"),
        ({"annotations": [person(iscrowd=2)]}, "iscrowd"),
        ({"annotations": [person(image_id="7")]}, "image_id"),
        ({"annotations": [person(area=None)]}, "area"),
    ],
)
def test_structural_damage(tmp_path, changes, word):
    with pytest.raises(FormatError, match=rf"Expected .*{word}.*person_keypoints\.json"):
        coco_truth_json.read(save(tmp_path, content(**changes)))


def test_other_files(tmp_path):
    for text in ("", "[]", "{", '{"images": [{}', json.dumps(content()) + "x", '{"info": "' + "x" * 300_000):
        with pytest.raises(FormatError, match=r"person_keypoints\.json"):
            coco_truth_json.read(save(tmp_path, text))


def test_long_files_take_little(tmp_path, attempt):
    whole = content(annotations=[person(n, segmentation=[[1.5] * 60]) for n in range(800)])
    path = save(tmp_path, whole)
    truth, peak = attempt(lambda: coco_truth_json.read(path))
    assert len(truth) == 800 and peak < 3 * path.stat().st_size + 8 * 1024**2


def test_damage(damage):
    def check(truth):
        assert truth.keypoints.shape[0] == len(truth)

    damage("a.json", json.dumps(content(annotations=[person()])).encode(), coco_truth_json.read, check, 50)


@pytest.mark.realdata
def test_real_annotations(data_root):
    for path, people in (
        (data_root / "format_samples" / "coco" / "test_coco.json", 14),
        (data_root / "coco_mini" / "annotations" / "person_keypoints_train2017.json", None),
    ):
        truth = coco_truth_json.read(path)
        whole = json.loads(path.read_text())
        assert len(truth) == len(whole["annotations"]) == (people or len(truth))
        assert truth.skeleton.name == "coco17"
        want = np.array([one["keypoints"] for one in whole["annotations"]], float).reshape(-1, 17, 3)
        np.testing.assert_array_equal(truth.keypoints, want)
