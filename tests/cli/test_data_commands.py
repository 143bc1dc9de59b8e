"""`bodyverb data list`, `check` and `show` as they are typed; `pack`: tests/datasets/test_store.py."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bodyverb import datasets
from bodyverb.cli.main import main


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(3):
        name = f"a12_s01_e00_v{number + 1:02d}"
        body = np.linspace(0, 1.7, 60).reshape(20, 3) + rng.normal(scale=0.02, size=(9, 20, 3))
        text = json.dumps({"file_name": name, "skeletons": body.tolist(), "label": "10"})
        (tmp_path / f"{name}.json").write_text(text)
    return tmp_path


def test_the_list_shows_every_card(capsys: pytest.CaptureFixture[str]):
    assert main(["data", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in datasets.names()) and len(datasets.names()) >= 7
    assert main(["data", "list", "--json"]) == 0
    cards = json.loads(capsys.readouterr().out)
    assert [card["name"] for card in cards] == list(datasets.names())
    assert all({"title", "licence", "citation", "files", "splits", "skeleton"} <= set(card) for card in cards)
    assert main(["data", "list", "nw_ucla"]) == 0
    assert "pick up with one hand" in capsys.readouterr().out
    assert main(["data", "list", "nonsense"]) == 2


def test_check_says_what_is_missing(root: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["data", "check", "nw_ucla", str(root)]) == 3
    assert "3 of 1,484" in capsys.readouterr().out.replace("\n", " ")
    assert main(["data", "check", "nw_ucla", str(root), "--part"]) == 0
    assert "Nothing is missing, damaged or surprising." in capsys.readouterr().out
    (root / "a12_s01_e01_v01.json").write_text('{"skeletons": [')
    assert main(["data", "check", "nw_ucla", str(root), "--part", "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert report["clips"] == 3 and not report["sound"]
    assert [one["what"] for one in report["findings"] if one["level"] == "damaged"] == ["cannot be read"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nw_ucla", "--options", "bodies=file"), "Expected options of nw_ucla: none"),
        (("ntu", "--options", "bodies"), "bodies=..."),
        (("ntu", "--options", "bodies=some"), "Expected one of tracked"),
        (("ntu", "--options", "missing=perhaps"), "Expected yes or no"),
        (("lspet",), "Expected"),
        (("nonsense",), "Expected a name in datasets"),
    ],
)
def test_wrong_words(root: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]):
    (root / "S001C001P001R001A001.skeleton").write_text("0\n")
    assert main(["data", "check", words[0], str(root), *words[1:]]) == 2
    assert said in capsys.readouterr().err


def test_check_of_a_store(root: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("stores") / "out"
    assert main(["data", "pack", "nw_ucla", str(root), str(out), "--jobs", "1"]) == 0
    assert main(["data", "check", "nw_ucla", str(out), "--part"]) == 0
    assert main(["data", "check", "utd_mhad", str(out), "--part"]) == 2
    data = bytearray((out / "clips.bin").read_bytes())
    data[100] ^= 1
    (out / "clips.bin").write_bytes(bytes(data))
    assert main(["data", "check", "nw_ucla", str(out), "--part"]) == 2


def test_show_draws_a_clip(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["data", "show", "nw_ucla", "a12_s01_e00_v02", "--root", str(root), "--height", "100"]
    assert main([*words, "--out", str(tmp_path / "a.gif")]) == 0
    assert "carry, subject 1, camera 2, 1 person, 9 frames" in capsys.readouterr().out
    assert (tmp_path / "a.gif").read_bytes().startswith(b"GIF8")
    assert main([*words, "--out", str(tmp_path / "a.txt")]) == 2
    assert main([*words[:3], "nonsense", *words[4:]]) == 2


@pytest.mark.usefixtures("tiny_weights")
def test_poses_of_videos_are_estimated_once(
    tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for verb in ("squat", "jump"):
        (tmp_path / verb).mkdir()
        tiny.write_clip(tmp_path / verb / "a.mp4", seconds=0.4)
    assert main(["data", "check", "folder", str(tmp_path), "--json"]) == 3
    assert "videos without poses" in json.loads(capsys.readouterr().out)["findings"][0]["what"]
    assert main(["data", "poses", str(tmp_path)]) == 0
    first, again = capsys.readouterr(), datasets.open("folder", tmp_path)
    assert "2 clips of 2 classes" in first.out and "poses of video 2 of 2" in first.err
    assert again.ids == ("jump/a", "squat/a") and again["jump/a"].poses.persons == 1
    assert main(["data", "poses", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""
    (tmp_path / "squat" / "b.mp4").write_bytes(b"no video")
    assert main(["data", "poses", str(tmp_path)]) == 3
    assert "b.mp4" in capsys.readouterr().err and len(datasets.open("folder", tmp_path)) == 2


def test_pictures_are_shown_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    root, out = str(tmp_path / "coco"), tmp_path / "one.jpg"
    assert main(["data", "synth", "coco_keypoints", root, "--count", "4"]) == 0
    words = ["data", "show", "coco_keypoints", "000000000001", "--root", root, "--out"]
    assert main([*words, str(out)]) == 0
    assert "joints, 320 x 320 px" in capsys.readouterr().out
    plain = next(Path(root).rglob("000000000001.jpg")).read_bytes()
    assert out.read_bytes().startswith(b"\xff\xd8") and out.read_bytes() != plain
    assert main(["data", "stats", "coco_keypoints", root, "--plot", str(tmp_path / "stats.png")]) == 0
    said = capsys.readouterr().out
    assert "4 pictures by number of marked people" in said and "left eye" in said.replace("_", " ")
    assert (tmp_path / "stats.png").stat().st_size > 1000
    next(Path(root).rglob("000000000001.jpg")).write_bytes(plain[: len(plain) // 2])
    assert main(["data", "check", "coco_keypoints", root, "--json"]) == 3
    assert "a picture that" in json.loads(capsys.readouterr().out)["findings"][0]["what"]


def test_a_folder_of_clips_is_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    root, out = str(tmp_path / "clips"), str(tmp_path / "store")
    assert main(["data", "synth", "folder", root, "--count", "8"]) == 0
    words = ["data", "pack", "folder", root, out, "--jobs", "1", "--options", "groups=person1"]
    assert main(words) == 2  # not all of them have a person 1
    words[-1] = "groups=squat|jumping_jacks|wave|clap"
    (Path(root) / "squat" / "new.mp4").write_bytes(b"")
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "the score is optimistic" in said and "1 videos without poses are not in it" in said
    store = datasets.open("folder", out)
    assert len(store) == 8 and "optimistic" in store.notes[0] and store[0].meta["group"]
    assert main(["data", "check", "folder", out]) == 0
