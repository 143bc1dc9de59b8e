"""Conversion of real files of every format at hand."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from bodyverb.core import InputError
from bodyverb.formats import Given, Wanted, convert, ntu_skeleton, poses_h5, poses_of, pyskl

pytestmark = pytest.mark.realdata


def test_ntu_through_the_own_form_and_back(data_root: Path, tmp_path: Path) -> None:
    for path in sorted((data_root / "ntu").glob("*.skeleton")):
        there = convert(path, tmp_path / f"{path.stem}.poses.h5")
        back = convert(there.out, tmp_path / path.name)
        assert not there.notes.rows() and not back.notes.rows()
        assert back.out.read_bytes() == path.read_bytes()


def test_a_folder_of_ntu_as_pickle_and_h5(data_root: Path, tmp_path: Path) -> None:
    report = convert(data_root / "ntu", tmp_path / "a.pkl", write_as="pyskl")
    assert (report.recordings, report.people) == (4, 5) and len(report.left_out) == 3
    given = Given(layout="kinect25", unit="m", rate_hz=30)
    convert(tmp_path / "a.pkl", tmp_path / "b.h5", given=given)
    convert(data_root / "ntu", tmp_path / "c.h5")
    from bodyverb.formats import ir_skeleton_h5

    both = (list(ir_skeleton_h5.sequences(tmp_path / name)) for name in ("b.h5", "c.h5"))
    for (name, mine), (other, theirs) in zip(*both, strict=True):
        assert name == other and mine.equals(theirs)


def test_pyskl_keeps_every_record(data_root: Path, tmp_path: Path) -> None:
    source = data_root / "pyskl" / "wlasl_test_combined.pkl"
    with pytest.raises(InputError, match="coco17, h36m17, pa17"):
        convert(source, tmp_path / "a.pkl", write_as="pyskl")
    report = convert(source, tmp_path / "a.pkl", write_as="pyskl", given=Given(layout="coco17", rate_hz=25))
    assert report.recordings == 234
    mine, theirs = (pyskl.read(path, layout="coco17") for path in (source, tmp_path / "a.pkl"))
    for one, other in zip(mine.records, theirs.records, strict=True):
        assert (one.id, one.label, one.image_size) == (other.id, other.label, other.image_size)
        assert mine.poses(one).equals(theirs.poses(other))


def test_archives_of_the_sets(data_root: Path, tmp_path: Path) -> None:
    archive = data_root / "pku_mmd" / "raw_text_examples.tar.xz"
    report = convert(archive, tmp_path / "pku", write_as="pku")
    assert report.files == report.recordings == 3
    with tarfile.open(archive) as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            if content is not None and (tmp_path / "pku" / Path(entry.name).name).is_file():
                written = (tmp_path / "pku" / Path(entry.name).name).read_bytes()
                assert written.split() == content.read().split()


def test_motion_capture(data_root: Path, tmp_path: Path) -> None:
    folder = data_root / "mocap" / "cmu"
    wanted = Wanted(layout="h36m17", unit="mm", axes="z-up", rate_hz=30)
    given = Given(beside=folder / "11.asf")
    report = convert(folder / "11_01.amc", tmp_path / "a.poses.h5", given=given, wanted=wanted)
    poses = poses_of(poses_h5.read(report.out))
    head, ankle = (poses.position[0, :, poses.skeleton.index(name), 2] for name in ("head_top", "left_ankle"))
    assert 1300 < np.median(head - ankle) < 2000
    assert poses.frames == 150 and np.isclose(poses.timestamps_s[1], 1 / 30)


def test_pictures(data_root: Path, tmp_path: Path) -> None:
    report = convert(data_root / "format_samples" / "mpii" / "test_mpii.json", tmp_path / "a.coco.json")
    assert report.source == "mpii-json" and report.frames == 5


def test_a_pair_survives_pku(data_root: Path, tmp_path: Path) -> None:
    source = data_root / "ntu" / "S001C003P008R002A058.skeleton"
    convert(source, tmp_path / "a.txt")
    convert(tmp_path / "a.txt", tmp_path / "a.skeleton")
    mine = ntu_skeleton.read(source).sequences(("camera",))["camera"]
    theirs = ntu_skeleton.read(tmp_path / "a.skeleton").sequences(("camera",))["camera"]
    np.testing.assert_allclose(theirs.position, mine.position, atol=5.1e-7)
