"""Penn Action label files."""

import io

import numpy as np
import pytest

from bodyverb.core import FormatError
from bodyverb.formats import penn_mat


def label_bytes(frames: int = 4, boxes: int = 4, **changes: object) -> bytes:
    from scipy.io import savemat

    x = np.arange(frames * 13, dtype=float).reshape(frames, 13) + 10
    fields = {
        "x": x,
        "y": x + 5,
        "visibility": np.ones((frames, 13), np.uint8),
        "bbox": np.tile([1.0, 2.0, 30.0, 40.0], (boxes, 1)),
        "dimensions": np.array([[360, 480, frames]], np.uint16),
        "action": "squat",
        "pose": "back",
        "train": np.array([[1]], np.int32),
    }
    buffer = io.BytesIO()
    savemat(buffer, fields | changes)
    return buffer.getvalue()


def test_pixels_become_zero_based_and_the_fields_arrive(tmp_path):
    path = tmp_path / "0001.mat"
    path.write_bytes(label_bytes())
    label = penn_mat.read(path)
    assert (label.action, label.view, label.train) == ("squat", "back", True)
    assert label.poses.position.shape == (1, 4, 13, 2)
    assert label.poses.position[0, 0, 0].tolist() == [9.0, 14.0]
    assert label.poses.box[0, 0].tolist() == [0.0, 1.0, 29.0, 39.0]
    assert label.poses.image_size == (480, 360)
    assert label.poses.rate == "nominal"


def test_placeholders_are_absent_and_guesses_are_inferred():
    x = np.full((1, 13), 50.0)
    y = np.full((1, 13), 60.0)
    visible = np.ones((1, 13), np.uint8)
    visible[0, :3] = 0
    x[0, 0] = y[0, 0] = 0.75
    x[0, 1] = y[0, 1] = 0.0
    label = penn_mat.read("x.mat", data=label_bytes(1, 1, x=x, y=y, visibility=visible))
    assert label.poses.state[0, 0, :4].tolist() == [0, 0, 1, 2]
    assert np.isnan(label.poses.position[0, 0, :2]).all()
    assert np.isfinite(label.poses.position[0, 0, 2:]).all()


def test_missing_and_reversed_boxes_are_nan():
    label = penn_mat.read("x.mat", data=label_bytes(3, 2, bbox=np.array([[1.0, 2, 30, 40], [9, 9, 3, 3]])))
    assert np.isfinite(label.poses.box[0, 0]).all()
    assert np.isnan(label.poses.box[0, 1:]).all()


@pytest.mark.parametrize("data", [b"", b"no matlab file at all", label_bytes(x=np.zeros((4, 12)))])
def test_other_files_are_refused(data):
    with pytest.raises(FormatError):
        penn_mat.read("x.mat", data=data)


def test_absent_file(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        penn_mat.read(tmp_path / "none.mat")
