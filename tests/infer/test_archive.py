"""Networks in zip archives, and archives made to harm."""

import zipfile
from pathlib import Path

import pytest

from bodyverb.infer.archive import Unusable, unpack

NETWORK = b"\x08\x08 a network " * 1000


def zipped(path: Path, *names: str, body: bytes = NETWORK) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, body)
    return path


def refused(source: Path, member: str | None = None, most: int = 1_000_000) -> str:
    """Unpack in vain; returns the reason. Nothing is written outside the folder of the target."""
    around = source.parent
    (around / "inner").mkdir()
    before = sorted(around.rglob("*"))
    with pytest.raises(Unusable) as error:
        unpack(source, around / "inner" / "model.onnx", member, most)
    assert [path for path in sorted(around.rglob("*")) if path.name != "model.onnx"] == before
    return str(error.value)


def test_a_bare_network_is_moved(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(NETWORK)
    unpack(tmp_path / "a", tmp_path / "model.onnx", "end2end.onnx", 10)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize(
    ("names", "member"),
    [
        (("end2end.onnx",), "end2end.onnx"), (("20230831/x/end2end.onnx", "x.json", "b/"), "end2end.onnx"),
        (("a/other.onnx", "a/readme.md"), None), (("end2end.onnx", "other.onnx"), "end2end.onnx"),
    ],
)  # fmt: skip
def test_the_network_comes_out_of_its_archive(
    tmp_path: Path, names: tuple[str, ...], member: str | None
) -> None:
    unpack(zipped(tmp_path / "a.zip", *names), tmp_path / "model.onnx", member, len(NETWORK))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"model.onnx": NETWORK}


@pytest.mark.parametrize(
    "name",
    [
        "../end2end.onnx", "a/../../end2end.onnx", "/tmp/end2end.onnx", "..\\end2end.onnx",
        "C:\\end2end.onnx", "C:end2end.onnx",
    ],
)  # fmt: skip
@pytest.mark.parametrize("beside", [(), ("end2end.onnx",)])
def test_names_that_lead_out_of_the_archive(tmp_path: Path, name: str, beside: tuple[str, ...]) -> None:
    assert "leads out" in refused(zipped(tmp_path / "a.zip", name, *beside), "end2end.onnx")


def test_links(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("end2end.onnx")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert "leads out" in refused(tmp_path / "a.zip", "end2end.onnx")


@pytest.mark.parametrize(
    ("names", "member"),
    [(("a/end2end.onnx", "b/end2end.onnx"), "end2end.onnx"), (("a.txt",), "end2end.onnx"), (("a.txt",), None),
     (("a.onnx", "b.onnx"), None), ((), None)],
)  # fmt: skip
def test_not_exactly_one_network(tmp_path: Path, names: tuple[str, ...], member: str | None) -> None:
    assert "instead of once" in refused(zipped(tmp_path / "a.zip", *names), member)


def test_more_bytes_than_it_may_have(tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "a.zip", "end2end.onnx", body=bytes(5_000_000))
    assert bomb.stat().st_size < 10_000 and "more than" in refused(bomb, "end2end.onnx", 1_000_000)


def test_a_size_that_lies(tmp_path: Path) -> None:
    """The header says 10 bytes where 5 MB come out."""
    data = zipped(tmp_path / "a.zip", "end2end.onnx", body=bytes(5_000_000)).read_bytes()
    (tmp_path / "a.zip").write_bytes(
        data.replace((5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    )
    refused(tmp_path / "a.zip", "end2end.onnx", 1_000_000)


@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><p>Please log in", b'\n {"error": "not found"}', b"PK\x03\x04 torn"]
)
def test_what_is_no_network(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a").write_bytes(body)
    assert refused(tmp_path / "a")


def test_a_damaged_archive(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "end2end.onnx", body=bytes(range(256)) * 400)
    data = bytearray(path.read_bytes())
    data[60:200] = bytes(140)
    path.write_bytes(data)
    assert "damaged" in refused(path, "end2end.onnx")
