"""PYSKL files as a table of clips."""

import pickle
from typing import Any

import numpy as np
import pytest

from bodyverb.core import FormatError, InputError
from bodyverb.datasets import pyskl


def record(name: str, label: int = 0, joints: int = 17) -> dict[str, Any]:
    keypoint = np.full((1, 3, joints, 2), 5, "f2")
    return {"frame_dir": name, "label": label, "total_frames": 3, "keypoint": keypoint, "img_shape": (4, 6)}


def saved(folder: Any, split: Any, *records: dict[str, Any], name: str = "a.pkl") -> Any:
    path = folder / name
    path.write_bytes(pickle.dumps({"split": split, "annotations": list(records)}))
    return path


def test_clips_of_a_file(tmp_path):
    split = {
        "xsub_train": ["a", "gone"],
        "xsub_val": ["b"],
        "train": ["a"],
        "val": [],
        "test": ["b"],
        "train2": ["b"],
    }
    saved(tmp_path, split, record("a", 1), record("b"))
    table = pyskl.open(tmp_path, layout="coco17", rate_hz=25)
    assert table.ids == ("a", "b") and table.classes == ("0", "1")
    assert table.splits == {
        "xsub": {"train": ("a",), "test": ("b",)},
        "official": {"train": ("a",), "validation": (), "test": ("b",)},
        "2": {"train": ("b",)},
    }
    clip = table["a"]
    assert clip.label == "1" and clip.poses.frames == 3 and clip.poses.image_size == (6, 4)
    named = pyskl.open(tmp_path, layout="coco17", classes=("wave", "clap"))
    assert named["a"].label == "clap"
    assert pyskl.open(saved(tmp_path, {}, record("a", 7), record("b")), layout="coco17").classes == ("0", "7")
    saved(tmp_path, split, record("a", 1), record("b"))
    with pytest.raises(InputError, match="1 classes"):
        pyskl.open(tmp_path, layout="coco17", classes=("wave",))
    with pytest.raises(InputError, match="one of 2 clips"):
        table["c"]


def test_kinetics_with_its_people(tmp_path):
    (tmp_path / "people").mkdir()
    rows = np.full((2, 17, 3), 0.5, "f2")
    (tmp_path / "people" / "part.pkl").write_bytes(pickle.dumps({"a": {"keypoint": rows}}))
    one = {
        "frame_dir": "a",
        "label": 0,
        "total_frames": 4,
        "frame_inds": np.array([1, 3]),
        "raw_file": "x/part.pkl",
    }
    path = saved(tmp_path, {}, one)
    assert pyskl.open(path, layout="coco17", people=tmp_path / "people")["a"].poses.frames == 4
    with pytest.raises(InputError, match="separate"):
        _ = pyskl.open(path, layout="coco17")["a"]
    with pytest.raises(InputError, match="--layout"):
        _ = pyskl.open(path, people=tmp_path / "people")["a"]
    with pytest.raises(FormatError, match="25 joints"):
        _ = pyskl.open(path, layout="kinect25", people=tmp_path / "people")["a"]


def test_what_is_no_table(tmp_path):
    with pytest.raises(InputError, match="got 0"):
        pyskl.open(tmp_path)
    saved(tmp_path, {}, record("a"), record("a"))
    with pytest.raises(FormatError, match="unique"):
        pyskl.open(tmp_path, layout="coco17")
    saved(tmp_path, {}, name="b.pkl")
    with pytest.raises(InputError, match="got 2"):
        pyskl.open(tmp_path)


@pytest.mark.realdata
def test_real_file(data_root):
    table = pyskl.open(data_root / "pyskl" / "wlasl_test_combined.pkl", layout="coco17")
    assert len(table) == 234
    heights = [np.nanmedian(clip.poses.position[:, :, [0, 5, 11], 1], axis=(0, 1)) for clip in table]
    assert (np.diff(np.median(heights, axis=0)) > 0).all()
