"""COCO results: people as a network found them."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError
from bodyverb.formats import coco_results_json

rng = np.random.default_rng(0)


def found(image: int = 785, joints: int = 17, **changes: Any) -> dict[str, Any]:
    points = rng.uniform(0, 600, (joints, 3))
    points[:, 2] = rng.uniform(0, 1, joints)
    return {"image_id": image, "category_id": 1, "keypoints": points.ravel().tolist(), "score": 0.5} | changes


def saved(folder: Any, content: Any) -> Any:
    path = folder / "results.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_people_of_a_picture_come_best_first(tmp_path):
    content = [found(score=0.2), found(3), found(score=0.9, bbox=[10, 20, 30, 40])]
    results = coco_results_json.read(saved(tmp_path, content))
    assert len(results) == 3 and results.skeleton.name == "coco17"
    people = results.people(785)
    np.testing.assert_array_equal(
        people.position[0, 0], np.array(content[2]["keypoints"]).reshape(17, 3)[:, :2].astype("f4")
    )
    assert people.box[0, 0].tolist() == [9.5, 19.5, 39.5, 59.5] and np.isnan(people.box[1]).all()
    assert results.people(99).persons == 0


def test_boxes_of_a_detector(tmp_path):
    box = found(bbox=[1, 2, 3, 4])
    del box["keypoints"]
    results = coco_results_json.read(saved(tmp_path, [box]))
    assert results.boxes.tolist() == [[1, 2, 3, 4]] and results.keypoints.shape == (1, 0, 3)
    with pytest.raises(InputError, match="boxes alone"):
        results.people(785)


def test_other_numbers_of_joints(tmp_path):
    path = saved(tmp_path, [found(joints=16)])
    with pytest.raises(InputError, match="mpii16, pa16"):
        coco_results_json.read(path)
    assert coco_results_json.read(path, "mpii16").skeleton.name == "mpii16"
    assert coco_results_json.read(saved(tmp_path, [])).skeleton is None


def test_results_read_back(tmp_path):
    first = coco_results_json.read(saved(tmp_path, [found(), found(bbox=[0.1, 2, 3, 4]), found(2**40)]))
    again = coco_results_json.read(coco_results_json.write(tmp_path / "b.json", first))
    for name in ("image_id", "category_id", "keypoints", "score", "boxes"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


def test_results_of_a_recording(tmp_path, make_recording):
    recording = make_recording(people=2, frames=8)
    made = coco_results_json.of_recording(recording)
    results = coco_results_json.read(coco_results_json.write(tmp_path / "r.json", made), "lsp14")
    boxed, bare = recording.tracks
    assert len(results) == boxed.frames + bare.present.any(axis=2).sum()
    assert np.isfinite(results.boxes).all()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '[{"image_id": 1',
        "[[]]",
        [found(image_id=1.5)],
        [found(image_id="a")],
        [found(image_id=True)],
        [found(image_id=2**70)],
        [found(category_id=None)],
        [found(score=None)],
        [found(score=[1])],
        [found(keypoints=[])],
        [found(keypoints=[1, 2])],
        [found(keypoints="abc")],
        [found(keypoints=[1] * 50 + [None])],
        [found(keypoints=[1] * 50 + [1e300])],
        [found(), found(joints=16)],
        [found(bbox=[1, 2])],
        [{"image_id": 1, "category_id": 1, "score": 1}],
    ],
)
def test_other_files_are_refused(tmp_path, content):
    with pytest.raises(FormatError, match=r"Expected .*line \d+.*results\.json"):
        coco_results_json.read(saved(tmp_path, content))


def test_long_lists_take_little_memory(tmp_path, attempt):
    path = saved(tmp_path, [found(at) for at in range(400)])
    results, peak = attempt(lambda: coco_results_json.read(path))
    assert len(results) == 400
    assert peak < 4 * path.stat().st_size + 2 * 1024**2


SAMPLE = json.dumps([found(), found(bbox=[1, 2, 3, 4])]).encode()


@settings(max_examples=60, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255)), max_size=3),
    end=st.none() | st.integers(0, len(SAMPLE)),
)
def test_damage_raises_or_gives_results(tmp_path_factory, flips, end):
    content = bytearray(SAMPLE)
    for at, mask in flips:
        content[at] ^= mask
    path = tmp_path_factory.mktemp("fuzz") / "results.json"
    path.write_bytes(content[:end])
    try:
        results = coco_results_json.read(path, "coco17")
    except FormatError as error:
        assert str(path) in str(error)
    else:
        assert results.keypoints.shape == (len(results), 17, 3) or not len(results)


@pytest.mark.realdata
def test_real_detections(data_root):
    results = coco_results_json.read(data_root / "format_samples" / "coco" / "test_coco_det_AP_H_56.json")
    assert 785 in results.image_id and np.isfinite(results.boxes).all()
    assert ((results.score > 0) & (results.score <= 1)).all()
