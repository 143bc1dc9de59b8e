"""UTD-MHAD and NW-UCLA files."""

import io
import json

import numpy as np
import pytest

from bodyverb.core import FormatError
from bodyverb.formats import nw_ucla_json, utd_mat


def utd_bytes(values: np.ndarray) -> bytes:
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, {"d_skel": values})
    return buffer.getvalue()


def test_utd_is_frame_first_in_metres():
    values = np.random.default_rng(0).normal(size=(20, 3, 7))
    values[5, :, 2] = 0
    poses = utd_mat.read("a27_s8_t4_skeleton.mat", data=utd_bytes(values))
    assert poses.position.shape == (1, 7, 20, 3)
    np.testing.assert_allclose(poses.position[0, 3, 4], values[4, :, 3], rtol=1e-6)
    assert np.isnan(poses.position[0, 2, 5]).all()
    assert (poses.axes, poses.unit, poses.skeleton.joints[0]) == ("kinect", "m", "head")


def test_utd_names():
    assert utd_mat.parse_name("d/a3_s2_t1_skeleton.mat") == utd_mat.UtdName(action=3, subject=2, trial=1)
    with pytest.raises(FormatError):
        utd_mat.parse_name("a3_s2_t1_depth.mat")


@pytest.mark.parametrize("values", [np.zeros((19, 3, 4)), np.zeros((20, 2, 4))])
def test_utd_refuses_other_shapes(values):
    with pytest.raises(FormatError, match="d_skel"):
        utd_mat.read("x.mat", data=utd_bytes(values))


def nw_bytes(label: object = 3, frames: int = 2) -> bytes:
    joints = (np.arange(frames * 60, dtype=float).reshape(frames, 20, 3) + 1).tolist()
    return json.dumps({"file_name": "a12_s06_e04_v03", "skeletons": joints, "label": label}).encode()


@pytest.mark.parametrize("label", [10, "10"])
def test_nw_ucla_takes_numbers_and_text_as_label(label):
    item = nw_ucla_json.read("a.json", data=nw_bytes(label, frames=1))
    assert (item.label, item.action, item.subject, item.repetition, item.view) == (10, 12, 6, 4, 3)
    assert item.poses.position.shape == (1, 1, 20, 3)
    assert item.poses.skeleton.joints[0] == "pelvis"


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"file_name": "a01_s01_e00_v01", "skeletons": [[1]], "label": 1}']
)
def test_nw_ucla_refuses_other_files(data):
    with pytest.raises(FormatError):
        nw_ucla_json.read("a.json", data=data)
