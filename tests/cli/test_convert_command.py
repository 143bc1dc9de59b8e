"""`bodyverb convert` as it is typed."""

import json
from pathlib import Path

import numpy as np
import pytest

from bodyverb import formats, skeletons
from bodyverb.cli.main import main
from bodyverb.core import PoseSequence
from bodyverb.formats import ntu_skeleton, poses_h5


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    poses = PoseSequence.from_arrays(
        rng.uniform(1, 2, (2, 4, 25, 3)).round(3),
        skeleton=skeletons.get("kinect25"),
        rate_hz=30,
        axes="kinect",
    )
    return ntu_skeleton.write(
        tmp_path / "S001C001P001R001A001.skeleton", ntu_skeleton.from_sequences({"camera": poses})
    )


def test_there_and_back(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there, back = tmp_path / "a.poses.h5", tmp_path / "b.skeleton"
    assert main(["convert", str(source), str(there)]) == 0
    said = capsys.readouterr()
    assert "ntu to poses, 1 recording, 2 people, 4 frames" in said.out and not said.err
    assert main(["convert", str(there), str(back)]) == 0
    assert back.read_bytes() == source.read_bytes() and not capsys.readouterr().err


def test_what_is_lost_is_said(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.pkl"
    words = [
        "convert",
        str(source),
        str(out),
        "--to",
        "pyskl",
        "--layout",
        "coco17",
        "--unit",
        "mm",
        "--json",
    ]
    assert main(words) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert (report["from"], report["to"], report["recordings"], report["people"]) == ("ntu", "pyskl", 1, 2)
    notes = {(note["kind"], note["text"]) for note in report["notes"]}
    assert {("changed", "unit m to mm"), ("changed", "layout kinect25 to coco17")} <= notes
    assert all(f"{kind}: {text}" in said.err for kind, text in notes)
    assert main(words) == 2
    assert "give --overwrite" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0
    assert main(["convert", str(out), str(tmp_path / "b.poses.h5")]) == 2
    assert "coco17, h36m17, pa17" in capsys.readouterr().err
    again = [
        "--layout",
        "lsp14",
        "--from-layout",
        "coco17",
        "--from-unit",
        "mm",
        "--unit",
        "m",
        "--fps",
        "15",
    ]
    assert main(["convert", str(out), str(tmp_path / "b.poses.h5"), *again, "--from-fps", "30"]) == 0
    track = poses_h5.read(tmp_path / "b.poses.h5").tracks[0]
    assert (track.skeleton.name, track.unit, track.frames) == ("lsp14", "m", 2)
    assert 1 < float(np.nanmean(track.position)) < 2


def test_a_space_of_a_file(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "a.poses.h5")
    assert main(["convert", str(source), out, "--space", "inside"]) == 2
    assert "one of camera, ir, color for ntu" in capsys.readouterr().err
    real = tmp_path / "real.skeleton"
    file = ntu_skeleton.read(source)
    file.joints[..., 3:7] = 100.0
    ntu_skeleton.write(real, file)
    assert main(["convert", str(real), out, "--space", "ir"]) == 0
    track = poses_h5.read(out).tracks[0]
    assert (track.space, track.mirrored, track.image_size) == ("image", True, (512, 424))
    assert main(["convert", out, str(tmp_path / "ir.h5")]) == 0


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "--list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in formats.all_formats())
    assert main(["convert", "--list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(formats.all_formats())
    assert {row["use"] for row in rows} <= {"read", "write", "read and write"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Expected IN and OUT"),
        (["IN"], "Expected IN and OUT"),
        (["none.skeleton", "a.csv"], "got nothing there"),
        (["IN", "a.csv", "--fps", "0"], "Expected --fps above 0"),
        (["IN", "a.csv", "--from", "odd"], "correct --from"),
        (["IN", "a.csv", "--layout", "odd"], "odd"),
        (["IN", "a.csv", "--people", "77"], "Expected people of"),
    ],
)
def test_wrong_words(
    words: list[str], said: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = [str(source) if word == "IN" else str(tmp_path / word) if "." in word else word for word in words]
    assert main(["convert", *typed]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == [source]
