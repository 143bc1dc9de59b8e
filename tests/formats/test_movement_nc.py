"""Datasets of the movement project: ours exactly, theirs in both spellings, and damage."""

import sys

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import movement_nc


def poses(seed=0, dims=2, frames=5, people=2, even=False):
    rng = np.random.default_rng(seed)
    shape = (people, frames, 17)
    position = rng.normal(size=(*shape, dims)).astype(np.float32)
    position[0, 2 % frames, 3] = np.nan
    position[-1, 1 % frames] = np.nan
    box = np.sort(rng.normal(size=(people, frames, 4)).astype(np.float32), axis=-1)
    box[0, 0] = np.nan
    fields = {"image_size": (640, 480), "box": box} if dims == 2 else {"axes": "kinect", "unit": "mm"}
    times = np.arange(frames) / 25 if even else np.cumsum(rng.uniform(0.1, 0.2, frames))
    return PoseSequence.from_arrays(
        position,
        skeleton=skeletons.get("coco17"),
        timestamps_s=times,
        score=rng.uniform(0, 1, shape),
        state=np.where(np.isnan(position[..., 0]), 0, rng.integers(1, 3, shape)),
        extras={
            "count": rng.integers(0, 9, shape[:2]),
            "depth_px": rng.normal(size=shape).astype(np.float32),
            "turn": rng.normal(size=(*shape, 4)),
            "seen": rng.uniform(size=shape[:2]) > 0.5,
        },
        person_ids=tuple(f"é{at}" for at in range(people)),
        source="clip.mp4",
        **fields,
    )


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    dims=st.sampled_from([2, 3]),
    frames=st.integers(1, 6),
    people=st.integers(1, 3),
    even=st.booleans(),
)
def test_what_is_written_reads_back(tmp_path_factory, seed, dims, frames, people, even):
    first = poses(seed, dims, frames, people, even)
    path = movement_nc.write(tmp_path_factory.mktemp("nc") / "a.nc", first)
    assert movement_nc.read(path).equals(first)
    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        assert movement_nc.from_xarray(dataset).equals(first)


def test_the_dataset_is_of_movement():
    dataset = movement_nc.to_xarray(poses(even=True))
    assert dataset.position.dims == ("time", "space", "keypoint", "individual")
    assert dataset.confidence.dims == ("time", "keypoint", "individual")
    assert dataset.position.dtype == np.float32 and dataset.space.values.tolist() == ["x", "y"]
    assert dataset.attrs["ds_type"] == "poses" and dataset.attrs["time_unit"] == "seconds"
    assert dataset.attrs["fps"] == 25 and dataset.attrs["source_software"] == "bodyverb"
    assert "fps" not in movement_nc.to_xarray(poses()).attrs
    nose = dataset.position.sel(keypoint="nose", individual="é0").values
    np.testing.assert_array_equal(nose, poses(even=True).position[0, :, 0])


def theirs(plural=True, **attributes):
    names = ("keypoints", "individuals") if plural else ("keypoint", "individual")
    position = np.arange(3 * 2 * 2 * 1, dtype=float).reshape(3, 2, 2, 1)
    position[1, :, 0] = np.nan
    return xr.Dataset(
        {
            "position": (("time", "space", *names), position),
            "confidence": (("time", *names), np.full((3, 2, 1), 0.5)),
        },
        coords={"time": np.arange(3), "space": ["x", "y"], names[0]: ["snout", "tail"], names[1]: ["mouse"]},
        attrs={"ds_type": "poses", "source_software": "DeepLabCut", **attributes},
    )


@pytest.mark.parametrize("plural", [True, False])
def test_datasets_of_theirs(tmp_path, plural):
    path = tmp_path / "a.nc"
    theirs(plural, time_unit="frames").to_netcdf(path, engine="h5netcdf")
    found = movement_nc.read(path)
    assert found.skeleton.joints == ("snout", "tail") and found.person_ids == ("mouse",)
    assert (found.rate, found.unit, found.space) == ("unknown", "px", "image")
    assert found.position[0, 0].tolist() == [[0, 2], [1, 3]] and not found.present[0, 1, 0]
    assert found.score[0, 0, 0] == 0.5
    assert movement_nc.read(path, rate_hz=10).timestamps_s.tolist() == [0, 0.1, 0.2]
    dataset = theirs(plural, time_unit="frames", fps=5).transpose()
    assert movement_nc.from_xarray(dataset).timestamps_s.tolist() == [0, 0.2, 0.4]
    assert movement_nc.from_xarray(dataset).rate == "nominal"


def test_what_need_not_be_there(tmp_path):
    bare = theirs().drop_vars(["confidence", "time", "keypoints", "individuals"])
    bare.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    found = movement_nc.read(tmp_path / "a.nc", rate_hz=2)
    assert found.skeleton.joints == ("keypoint_0", "keypoint_1") and found.person_ids == ("individual_0",)
    assert found.score[0, 0, 0] == 1 and found.timestamps_s.tolist() == [0, 0.5, 1]
    packed = theirs(time_unit="seconds")
    packed["confidence"] = packed.confidence * 4
    coding = {"position": {"dtype": "i2", "scale_factor": 0.5, "add_offset": 1.0, "_FillValue": -9}}
    packed.to_netcdf(tmp_path / "b.nc", engine="h5netcdf", encoding=coding)
    found = movement_nc.read(tmp_path / "b.nc")
    assert found.position[0, 2].tolist() == [[8, 10], [9, 11]] and not found.present[0, 1, 0]
    assert found.score[0, 0, 0] == 1 and found.extras["stored_score"][0, 0, 0] == 2
    assert found.rate == "measured"


def test_three_dimensions_are_said_or_none(tmp_path):
    solid = xr.concat([theirs().position, theirs().position.isel(space=[0])], "space")
    dataset = xr.Dataset({"position": solid.assign_coords(space=["x", "y", "z"])}, attrs={"fps": 5})
    bare = movement_nc.from_xarray(dataset)
    assert (bare.space, bare.unit, bare.axes, bare.position.shape[3]) == ("world", "none", "cv", 3)
    said = movement_nc.from_xarray(dataset, unit="mm", axes="z-up")
    assert (said.unit, said.axes) == ("mm", "z-up")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda d: d.drop_vars("position"), "'position'"),
        (lambda d: d.rename(space="place"), "'position' over"),
        (lambda d: d.isel(space=[0]), "2 or 3"),
        (lambda d: d.assign_coords(keypoints=["a", "a"]), "names of keypoint"),
        (lambda d: d.assign_coords(individuals=[""]), "names of individual"),
        (lambda d: d.assign_coords(time=[0.0, 0.0, 1.0]), "rising"),
        (lambda d: d.assign_attrs(bodyverb="{"), "JSON"),
        (lambda d: d.assign_attrs(bodyverb="[]"), "object"),
        (lambda d: d.assign_attrs(bodyverb='{"unit": 5}'), "unit"),
        (lambda d: d.assign_attrs(bodyverb='{"layout": {"name": "x"}}'), "layout"),
        (lambda d: d.assign_attrs(bodyverb='{"image_size": [1]}'), "image_size"),
        (lambda d: d.assign(box=d.position), "'box' over"),
    ],
)
def test_other_datasets_are_refused(tmp_path, change, word):
    with xr.set_options(keep_attrs=True):
        dataset = change(theirs(time_unit="seconds"))
    path = tmp_path / "a.nc"
    dataset.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(FormatError, match=rf"{word}.*a\.nc"):
        movement_nc.read(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "a.nc"
    for content in (b"", b"CDF\x01" + bytes(100), b"\x89HDF\r\n\x1a\n" + bytes(300)):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"readable HDF5.*a\.nc"):
            movement_nc.read(path)
    with pytest.raises(FormatError, match="nothing there"):
        movement_nc.read(tmp_path / "none.nc")


def test_claims_are_bounded(tmp_path, attempt):
    """Numbers that were never written, labels that all lie in one place, and links out of the file."""
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as out:
        out["position"] = np.zeros((2, 2, 2, 2))
    many = h5py.string_dtype()

    def fill(name, value=None, **options):
        return lambda out: out.create_dataset(name, data=value, **options)

    for make in (
        fill("position", shape=(2**20, 2, 17, 9), dtype="f4", chunks=(1, 2, 17, 9)),
        fill("keypoint", shape=(2**24,), dtype=many, chunks=(2**20,)),
        fill("keypoint", ["x" * 2**20] * 12, dtype=many),
        lambda out: out.__setitem__("position", h5py.ExternalLink(other, "position")),
        lambda out: out.__setitem__("position", h5py.SoftLink("/nowhere")),
    ):
        path = tmp_path / "a.nc"
        with h5py.File(path, "w") as out:
            make(out)
        error, peak = attempt(lambda: movement_nc.read(path))  # noqa: B023
        assert isinstance(error, FormatError) and str(path) in str(error)
        assert peak < 24 * 1024**2


def test_without_the_library(tmp_path, monkeypatch):
    path = movement_nc.write(tmp_path / "a.nc", poses())
    for module in ("xarray", "h5netcdf"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"pip install 'bodyverb\[xarray\]'"):
        movement_nc.write(path, poses())
    assert movement_nc.read(path).equals(poses())


def test_damage(damage, tmp_path):
    sample = movement_nc.write(tmp_path / "sample.nc", poses(frames=2, people=1)).read_bytes()

    def check(found):
        assert found.position.shape[2] >= 0

    damage("a.nc", sample, movement_nc.read, check, 30)
