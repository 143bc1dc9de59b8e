"""One file of a data set is cut: the check names it, the pack leaves it out; nothing else is lost."""

import json
from pathlib import Path

import pytest

from bodyverb import datasets
from bodyverb.cli.main import main
from bodyverb.datasets._registry import open_any

OPTIONS = {"pyskl": ["--options", "layout=coco17"]}
# what to cut -> whether the rest can still be read (3) or nothing can (2)
CUT = {
    "ntu": ("*.skeleton", 3),
    "nw_ucla": ("*.json", 3),
    "utd_mhad": ("*.mat", 3),
    "penn_action": ("*.mat", 3),
    "pku_mmd": ("PKU_Skeleton_Renew/*.txt", 3),
    "cmu_mocap": ("*.amc", 3),
    "merl": ("*.mat", 3),
    "folder": ("*.h5", 3),
    "coco_keypoints": ("*.jpg", 3),
    "mpii": ("*.jpg", 3),
    "lspet": ("*.jpg", 3),
    "human36m": ("data_3d*.npz", 2),
    "pyskl": ("*.pkl", 2),
}
TABLES = {"coco_keypoints": "*.json", "mpii": "*.mat", "lspet": "*.mat", "human36m": "*.json"}


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3 + 1])


@pytest.mark.parametrize("name", datasets.names())
def test_a_cut_file_is_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    root = datasets.make(name, tmp_path / "files", count=4)
    pattern, code = CUT[name]
    path = sorted(root.rglob(pattern))[0]
    whole = len(open_any(name, root, **dict(word.split("=") for word in OPTIONS.get(name, [])[1:])))
    cut(path)
    words = [name, str(root), *OPTIONS.get(name, [])]
    assert main(["data", "check", *words, "--part", "--json"]) == code
    said = capsys.readouterr()
    if code == 2:
        assert path.name in said.err
        return
    report = json.loads(said.out)
    bad = [one for one in report["findings"] if one["level"] == "damaged"]
    assert path.stem.split(".")[0] in str(bad) and report["clips"] >= whole - 1
    if name not in TABLES:
        assert main(["data", "pack", *words, str(tmp_path / "out"), "--jobs", "1"]) == 3
        store = datasets.open_store(tmp_path / "out")
        assert len(store) == whole - 1 and len(store.ledger) == 1
        assert main(["data", "pack", *words, str(tmp_path / "out"), "--allow-bad", "1", "--jobs", "1"]) == 0


@pytest.mark.parametrize("name", TABLES)
def test_a_cut_table_is_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    root = datasets.make(name, tmp_path / "files", count=4)
    path = sorted(root.rglob(TABLES[name]))[0]
    cut(path)
    assert main(["data", "check", name, str(root), "--part"]) == 2
    assert path.name in capsys.readouterr().err
