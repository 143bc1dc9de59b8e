"""Penn Action, UTD-MHAD, NW-UCLA and CMU as tables of clips: toy files here, the real ones where they are."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from bodyverb.core import InputError
from bodyverb.datasets import cmu_mocap, nw_ucla, penn_action, utd_mhad

SETS = (penn_action, utd_mhad, nw_ucla, cmu_mocap)


def mat(**fields: object) -> bytes:
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, fields)
    return buffer.getvalue()


def penn(train: int) -> bytes:
    x = np.full((3, 13), 20.0)
    return mat(x=x, y=x, visibility=np.ones((3, 13)), bbox=np.ones((3, 4)), dimensions=np.array([[9, 9, 3]]),
               action="bowl", pose="left", train=np.array([[train]]))  # fmt: skip


def utd() -> bytes:
    return mat(d_skel=np.ones((20, 3, 4)))


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:xz") as out:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("module", SETS)
def test_card_names_what_a_reader_needs(module):
    assert {"name", "title", "licence", "citation", "files", "splits", "classes", "skeleton"} <= set(
        module.CARD
    )
    assert module.CARD["name"] == module.__name__.rsplit(".", 1)[1]


def test_penn_split_comes_from_the_files(tmp_path):
    archive(tmp_path / "labels.tar.xz", {"labels/0001.mat": penn(1), "labels/0002.mat": penn(-1)})
    table = penn_action.open(tmp_path)
    assert table.splits["official"] == {"train": ("0001",), "test": ("0002",)}
    assert table["0002"].label == "bowl"
    assert table[0].poses.position.shape == (1, 3, 13, 2)


def test_utd_loose_files_and_subject_split(tmp_path):
    for name in ("a27_s1_t1", "a1_s2_t1"):
        (tmp_path / f"{name}_skeleton.mat").write_bytes(utd())
    table = utd_mhad.open(tmp_path)
    assert table.split("odd-even", "train") == ("a27_s1_t1",)
    assert table["a27_s1_t1"].label == "squat"
    with pytest.raises(InputError):
        table.split("official", "train")
    with pytest.raises(InputError):
        table["a9_s9_t9"]


def test_nw_ucla_views(tmp_path):
    data = {"file_name": "a12_s06_e04_v03", "skeletons": np.ones((2, 20, 3)).tolist(), "label": "10"}
    (tmp_path / "a12_s06_e04_v03.json").write_text(json.dumps(data))
    table = nw_ucla.open(tmp_path)
    assert table.split("cross-view", "test") == ("a12_s06_e04_v03",)
    assert table[0].label == "carry"


def test_archives_cannot_write_outside(tmp_path):
    """Members are read into memory by their base name: nothing is unpacked wherever their path points."""
    archive(tmp_path / "labels.tar.xz", {"../../evil.mat": penn(1), "/abs/0002.mat": penn(1), "x.exe": b"MZ"})
    table = penn_action.open(tmp_path)
    assert set(table.ids) == {"evil", "0002"}
    assert [path.name for path in tmp_path.rglob("*")] == ["labels.tar.xz"]


@pytest.mark.parametrize("module", SETS)
def test_missing_and_broken_roots(module, tmp_path):
    with pytest.raises(InputError):
        module.open(tmp_path / "none")
    with pytest.raises(InputError):
        module.open(tmp_path)
    (tmp_path / "x_asfamc.tar.xz").write_bytes(b"\xfd7zXZ\x00broken")
    with pytest.raises(InputError):
        module.open(tmp_path)


@pytest.mark.realdata
def test_real_utd_and_nw_ucla_counts(data_root):
    table = utd_mhad.open(data_root / "utd_mhad")
    assert len(table) == 861
    assert [len(part) for part in table.splits["odd-even"].values()] == [431, 430]
    table = nw_ucla.open(data_root / "nw_ucla")
    split = json.loads((data_root / "nw_ucla" / "ctrgcn_split.json").read_text())
    assert set(table.split("cross-view", "train")) == {item["file_name"] for item in split["train"]}
    assert set(table.split("cross-view", "test")) == {item["file_name"] for item in split["val"]}
    poses = table[0].poses
    height = np.nanmean(poses.position[0, :, :, 1], axis=0)
    head, hip, foot = (height[poses.skeleton.index(name)] for name in ("head", "left_hip", "left_ankle"))
    assert head > hip > foot


@pytest.mark.realdata
def test_real_penn_counts(data_root):
    table = penn_action.open(data_root / "penn_action")
    assert [len(part) for part in table.splits["official"].values()] == [1258, 1068]
    absent = sum(int((clip.poses.state == 0).sum()) for clip in table)
    inferred = sum(int((clip.poses.state == 1).sum()) for clip in table)
    assert 0.6 < inferred / (absent + inferred) < 0.7
