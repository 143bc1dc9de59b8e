"""Zips of pictures: read in memory, bounded, never leaving the zip."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from bodyverb.core.errors import InputError
from bodyverb.media import archive, expand, open_source, read_image


@pytest.fixture
def packed(tmp_path: Path, draw: Any) -> Callable[..., Path]:
    """Makes photos.zip: numbered pictures under the given names; then anything else by name."""

    def make(*names: str, method: int = zipfile.ZIP_DEFLATED, **others: bytes) -> Path:
        path = tmp_path / "photos.zip"
        with zipfile.ZipFile(path, "w", method) as file:
            for name, image in zip(names, draw.numbered(len(names)), strict=True):
                file.writestr(name, cv2.imencode(".png", image)[1].tobytes())
            for name, data in others.items():
                file.writestr(name.replace("__", "."), data)
        return path

    return make


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_a_sequence_in_natural_order(packed: Any, draw: Any, method: int) -> None:
    path = packed("in/shot_2.png", "in/shot_10.png", "in/shot_1.png", method=method, notes__txt=b"x")
    with open_source(path) as source:
        frames = list(source)
    assert source.info.kind == "images" and source.info.stem == "photos" and source.info.path == path
    assert source.info.rate == "nominal" and source.info.frame_count == 3
    assert [draw.number_of(frame.image) for frame in frames] == [2, 0, 1] and source.warnings == []


def test_pictures_of_a_zip_one_by_one(packed: Any, draw: Any) -> None:
    path = packed("a/1.png", "b/1.png", "2.png", "__MACOSX/._2.png")
    items = expand([str(path)], each=True)
    assert [item.stem for item in items] == ["2", "a_1", "b_1"]
    assert [draw.number_of(read_image(item.source)) for item in items] == [2, 0, 1]
    assert [item.source for item in expand([str(path)])] == [str(path)]


@pytest.mark.parametrize(
    "name", ["../out.png", "a/../../out.png", "/etc/out.png", "..\\out.png", "C:\\out.png"]
)
def test_names_that_lead_out_are_refused(packed: Any, name: str) -> None:
    path = packed("1.png", name)
    with pytest.raises(InputError, match="names stay inside") as caught:
        open_source(path)
    assert str(caught.value).endswith(str(path)) and "\n" not in str(caught.value)
    assert [item.source for item in expand([str(path)], each=True)] == [str(path)]
    assert not (path.parent.parent / "out.png").exists()


def test_links_in_a_zip_are_not_followed(tmp_path: Path, packed: Any) -> None:
    path = packed("1.png")
    with zipfile.ZipFile(path, "a") as file:
        link = zipfile.ZipInfo("2.png")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    assert archive.members(path) == [path / "1.png"]


def test_a_zip_without_pictures(packed: Any) -> None:
    with pytest.raises(InputError, match="a zip without any"):
        open_source(packed(notes__txt=b"x"))


def test_what_is_no_zip(tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(b"no zip at all")
    with pytest.raises(InputError, match="cannot be read"):
        open_source(path)


def test_a_damaged_member_is_skipped_and_named(packed: Any, draw: Any) -> None:
    path = packed("1.png", "2.png", method=zipfile.ZIP_STORED)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"IDAT", b"IDAX", 1))
    with open_source(path) as source:
        assert [draw.number_of(frame.image) for frame in source] == [1]
    assert "damaged part of a zip" in source.warnings[0] and source.warnings[0].endswith("photos.zip/1.png")


def test_members_are_bounded(packed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed("1.png", big__png=bytes(3_000_000))
    monkeypatch.setattr(archive, "MAX_BYTES", 2_000_000)
    with pytest.raises(InputError, match="at most 1 MB, got 2 MB"):
        read_image(path / "big.png")
    monkeypatch.setattr(archive, "MAX_MEMBERS", 1)
    archive._read_index.cache_clear()
    with pytest.raises(InputError, match="at most 1 files in a zip, got 2"):
        open_source(path)


def test_a_member_that_lies_about_its_size(packed: Any) -> None:
    path = packed(big__png=bytes(3_000_000))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24  # size in the directory
    data[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged part"):
        read_image(path / "big.png")


def test_other_kinds_of_zips(packed: Any) -> None:
    path = packed("1.png", method=zipfile.ZIP_LZMA)
    with pytest.raises(InputError, match="usual kind"):
        read_image(path / "1.png")
    path = packed("1.png")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="without a password"):
        read_image(path / "1.png")
    with pytest.raises(InputError, match="no such name"):
        read_image(path / "7.png")
