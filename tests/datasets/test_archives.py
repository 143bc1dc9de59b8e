"""Data sets in the archives they are given out in: read in place, never unpacked, never trusted."""

import io
import zipfile
from pathlib import Path

import pytest

from bodyverb import datasets
from bodyverb.core import InputError
from bodyverb.datasets import _files
from bodyverb.datasets._files import find
from bodyverb.datasets.checks import check


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["ntu", "utd_mhad", "pku_mmd"])
def test_a_set_in_zips_is_the_same(name: str, tmp_path: Path):
    loose = datasets.make(name, tmp_path / "loose", count=4)
    packed = tmp_path / "zips"
    packed.mkdir()
    files = sorted(path for path in loose.rglob("*") if path.is_file())
    by_folder: dict[str, dict[str, bytes]] = {}
    for at, path in enumerate(files):  # NTU comes in two archives, PKU-MMD in one a kind
        key = path.parent.name if name == "pku_mmd" else str(at % 2 if name == "ntu" else 0)
        by_folder.setdefault(key, {})[f"{path.parent.name}/{path.name}"] = path.read_bytes()
    for key, inside in by_folder.items():
        zipped(packed / f"{key}.zip", inside)
    one, other = datasets.open(name, loose), datasets.open(name, packed)
    assert one.ids == other.ids and one.splits == other.splits
    for first, second in zip(one, other, strict=True):
        assert first.label == second.label and first.segments == second.segments
        assert first.poses.position.tobytes() == second.poses.position.tobytes()
    assert check(other, whole=False).findings == ()
    assert sorted(path.suffix for path in packed.rglob("*")) == [".zip"] * len(by_folder)


def test_names_lead_nowhere(tmp_path: Path):
    path = zipped(
        tmp_path / "a.zip", {"../../evil.mat": b"1", "/abs/b.mat": b"2", "x.exe": b"3", ".c.mat": b"4"}
    )
    assert list(find(path, (".mat",))) == ["b.mat", "evil.mat"]
    assert list(tmp_path.rglob("*")) == [path]


def test_bombs_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match=r"do not trust it: .*bomb\.mat"):
        find(zipped(tmp_path / "a.zip", {"bomb.mat": bytes(300 << 20)}), (".mat",))
    monkeypatch.setattr(_files, "MAX_MEMBERS", 2)
    many = zipped(tmp_path / "b.zip", {f"{at}.mat": b"1" for at in range(3)})
    with pytest.raises(InputError, match="at most 2 files"):
        find(many, (".mat",))


def test_damage_and_passwords_are_said(tmp_path: Path):
    with pytest.raises(InputError, match="readable archive"):
        (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 not a zip")
        find(tmp_path / "no.zip", (".mat",))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.mat", bytes(range(256)) * 40)
    data = bytearray(buffer.getvalue())
    data[60] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"fetch it again: .*a\.mat"):
        find(tmp_path / "flipped.zip", (".mat",)).read("a.mat")
    locked = bytearray(buffer.getvalue())
    for at in (locked.index(b"PK\x03\x04") + 6, locked.index(b"PK\x01\x02") + 8):
        locked[at] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    with pytest.raises(InputError, match="password"):
        find(tmp_path / "locked.zip", (".mat",)).read("a.mat")


def test_the_same_name_in_two_archives_is_said(tmp_path: Path):
    for name in ("a", "b"):
        zipped(tmp_path / f"{name}.zip", {"one.mat": name.encode()})
    files = find(tmp_path, (".mat",))
    assert files.twice == ("one.mat",) and files.read("one.mat") == b"b"
