"""joints.mat of LSP and LSP Extended: their two shapes, their opposite flags, and damage."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from bodyverb.core import FormatError
from bodyverb.formats import lsp_mat


def mat(**values: object) -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, values)
    return buffer.getvalue()


@pytest.fixture
def cube():
    """(N, joint, x y flag); the first joint has flag 0, the others 1."""
    values = np.random.default_rng(0).uniform(1, 150, (5, 14, 3))
    values[..., 2] = 1
    values[:, 0, 2] = 0
    return values


def test_extended_marks_what_counts(cube):
    people = lsp_mat.read("joints.mat", data=mat(joints=cube.transpose(1, 2, 0)))
    assert people.extended and len(people) == 5 and people.images[4] == "im00005.jpg"
    assert people.state[0].tolist() == [0] + [2] * 13
    np.testing.assert_array_equal(people.joints[:, 1:], cube[:, 1:, :2] - 1)
    assert people.poses().position.shape == (1, 5, 14, 2)
    one = people.people(2)
    assert one.skeleton.name == "lsp14" and one.source == "im00003.jpg" and one.rate == "unknown"
    assert np.isnan(one.position[0, 0, 0]).all()
    np.testing.assert_allclose(one.position[0, 0, 5], cube[2, 5, :2] - 1, rtol=1e-6)


def test_the_first_set_marks_what_is_hidden(cube):
    people = lsp_mat.read("joints.mat", data=mat(joints=cube.transpose(2, 1, 0)))
    assert not people.extended and people.images[0] == "im0001.jpg"
    assert people.state[0].tolist() == [2] + [1] * 13
    np.testing.assert_array_equal(people.joints, cube[..., :2] - 1)
    assert people.people(0).present.all()


@settings(max_examples=10, deadline=None)
@given(
    extended=st.booleans(),
    count=st.integers(1, 4),
    value=st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf]),
)
def test_what_is_written_reads_back(tmp_path_factory, extended, count, value):
    stored = np.random.default_rng(count).normal(size=(count, 14, 3))
    stored[0, 3, 1] = value
    path = tmp_path_factory.mktemp("lsp") / "joints.mat"
    again = lsp_mat.read(lsp_mat.write(path, lsp_mat.LspJoints(stored=stored, extended=extended)))
    assert again.extended == extended
    np.testing.assert_array_equal(again.stored, stored)
    assert again.state[0, 3] == 0 if not np.isfinite(value) else True


@pytest.mark.parametrize(
    "values",
    [
        {"other": np.zeros((3, 14, 2))},
        {"joints": np.zeros((3, 15, 2))},
        {"joints": np.zeros((14, 14, 2))},
        {"joints": np.zeros((3, 14, 2, 2))},
        {"joints": "text"},
        {"joints": {"x": 1.0}},
        {"joints": np.zeros((0, 0))},
    ],
)
def test_other_files_are_refused(tmp_path, values):
    path = tmp_path / "joints.mat"
    path.write_bytes(mat(**values))
    with pytest.raises(FormatError, match=r"Expected .*, got .*joints\.mat"):
        lsp_mat.read(path)


def test_damage(damage, cube):
    def check(people):
        assert people.joints.shape == (len(people), 14, 2) and people.state.max(initial=0) <= 2

    damage("joints.mat", mat(joints=cube.transpose(1, 2, 0)), lsp_mat.read, check, 40)


def test_the_folder_as_published(tmp_path, cube):
    import cv2

    from bodyverb.datasets import lspet

    (tmp_path / "images").mkdir()
    (tmp_path / "joints.mat").write_bytes(mat(joints=cube.transpose(1, 2, 0)))
    for at in range(5):
        cv2.imwrite(str(tmp_path / "images" / f"im{at + 1:05d}.jpg"), np.full((8, 6, 3), 10 * at, np.uint8))
    data = lspet.pictures(tmp_path)
    assert len(data) == 5 and data.picture(4).shape == (8, 6, 3) and data.picture(4).mean() > 35
    np.testing.assert_allclose(data.joints[:, 1:], cube[:, 1:, :2] - 1, rtol=1e-6)
    assert np.isnan(data.joints[:, 0]).all()
