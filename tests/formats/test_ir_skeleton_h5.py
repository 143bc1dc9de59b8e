"""`skeleton.h5` and `ir_skeleton.h5`: the layout itself, round trips, more than two people, and damage."""

import h5py
import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import ir_skeleton_h5

rng = np.random.default_rng(0)


def poses(people: int = 2, frames: int = 4, flat: bool = True) -> PoseSequence:
    position = rng.uniform(1, 400, (people, frames, 25, 2 if flat else 3))
    position[-1, 1:] = np.nan
    frame = {} if flat else {"axes": "kinect"}
    return PoseSequence.from_arrays(
        position, skeleton=skeletons.get("kinect25"), rate_hz=30, mirrored=flat, **frame
    )


@pytest.mark.parametrize(("flat", "kind"), [(True, "ir_skeleton"), (False, "skeleton")])
def test_the_layout_and_the_way_back(tmp_path, flat, kind):
    items = {"S001C001P001R001A001": poses(flat=flat), "0005-L": poses(frames=1, flat=flat)}
    path = ir_skeleton_h5.write(tmp_path / "a.h5", items.items(), {"camera": "ntu-a"})
    with h5py.File(path) as file:
        stored = file[f"S001C001P001R001A001/{kind}"]
        assert stored.shape == (2 if flat else 3, 4, 25, 2) and stored.dtype == np.float32
        assert stored[0, 3, 7, 0] == items["S001C001P001R001A001"].position[0, 3, 7, 0]
        assert (stored[:, 1:, :, 1] == 0).all() and file.attrs["camera"] == "ntu-a"
    again = dict(ir_skeleton_h5.sequences(path))
    assert set(again) == set(items)
    for name, item in items.items():
        np.testing.assert_array_equal(again[name].position, item.position)
        assert (again[name].space, again[name].mirrored) == (item.space, item.mirrored)


def test_two_of_many_people(tmp_path):
    """The two seen longest stay, in their order; one person leaves the other place empty."""
    three = poses(3)
    three = three.replace(
        **{name: getattr(three, name)[[2, 0, 1]] for name in ("position", "score", "state")}
    )
    path = ir_skeleton_h5.write(tmp_path / "a.h5", [("a", three), ("b", poses(1))])
    again = dict(ir_skeleton_h5.sequences(path))
    np.testing.assert_array_equal(again["a"].position, three.position[1:])
    assert not again["b"].present[1].any() and again["b"].present[0, 0].all()


@pytest.mark.parametrize("name", ["", "a/b", ".."])
def test_names_that_are_none(tmp_path, name):
    with pytest.raises(InputError, match="name"):
        ir_skeleton_h5.write(tmp_path / "a.h5", [(name, poses())])
    assert not list(tmp_path.iterdir())


def test_poses_of_another_kind(tmp_path):
    with pytest.raises(InputError, match="kinect25"):
        ir_skeleton_h5.write(tmp_path / "a.h5", [("a", poses().replace(mirrored=False))])
    with pytest.raises(InputError, match="name"):
        ir_skeleton_h5.write(tmp_path / "a.h5", [("a", poses()), ("a", poses())])


def broken(path, **groups):
    with h5py.File(path, "w") as file:
        for name, content in groups.items():
            if content is None:
                file[name] = h5py.ExternalLink("other.h5", "/x")
            else:
                for kind, array in content.items():
                    file[f"{name}/{kind}"] = array
    return path


@pytest.mark.parametrize(
    "groups",
    [
        {},
        {"a": {"other": np.zeros(3, "f4")}},
        {"a": {"ir_skeleton": np.zeros((3, 4, 25, 2), "f4")}},
        {"a": {"skeleton": np.zeros((3, 4, 24, 2), "f4")}},
        {"a": {"skeleton": np.zeros((3, 4, 25, 2), "i4")}},
        {"a": None},
    ],
)
def test_broken_files(tmp_path, groups):
    path = broken(tmp_path / "a.h5", **groups)
    with pytest.raises(FormatError, match=r"Expected .*, got .*a\.h5"):
        list(ir_skeleton_h5.sequences(path))


def test_no_hdf5(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"nothing")
    for path in (tmp_path / "a.h5", tmp_path / "b.h5"):
        with pytest.raises(FormatError, match="Expected"):
            list(ir_skeleton_h5.sequences(path))
