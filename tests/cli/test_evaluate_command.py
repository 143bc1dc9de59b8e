"""`bodyverb evaluate` of a run, end to end, and what it refuses."""

import csv
import json
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bodyverb.cli.main import main
from bodyverb.train.predictions import Predictions


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    return code, *capsys.readouterr()


def test_it_agrees_with_the_training(capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path]) -> None:
    for dims, run in toy_runs.items():
        result = json.loads((run / "result.json").read_text())
        code, out, _ = told(capsys, "evaluate", run, "--json")
        data = json.loads(out)
        assert code == 0
        assert data["overall"]["top_1"] == result["scores"]["test last"]["top_1"]
        assert data["overall"]["top_1"] >= (0.8 if dims == 2 else 0)
        assert data["overall"]["samples"] == 15
        assert [row["class"] for row in data["classes"]] == ["wave", "still", "nod"]


def test_the_folder(capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], tmp_path: Path) -> None:
    code, out, _ = told(capsys, "evaluate", toy_runs[2], "--save", tmp_path / "out")
    assert code == 0 and "of 15 right" in out and str(tmp_path / "out" / "index.html") in out
    made = Predictions.load(tmp_path / "out" / "predictions.npz")
    kept = Predictions.load(toy_runs[2] / "predictions" / "test.npz")
    assert made.ids == kept.ids
    np.testing.assert_allclose(made.score, kept.score, atol=1e-5)
    with (tmp_path / "out" / "predictions.csv").open(newline="") as handle:
        assert {row["id"] for row in csv.DictReader(handle)} == set(made.ids)
    assert (tmp_path / "out" / "worst.png").is_file()


def test_views_and_mirror_images(capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path]) -> None:
    numbers = {
        words: json.loads(told(capsys, "evaluate", toy_runs[2], "--json", *words)[1])["overall"]["nll"]
        for words in ((), ("--views", "4"), ("--flip",), ("--views", "4", "--flip"))
    }
    assert len(set(numbers.values())) == 4
    again = told(capsys, "evaluate", toy_runs[2], "--json", "--views", "4", "--flip")[1]
    assert json.loads(again)["overall"]["nll"] == numbers["--views", "4", "--flip"]


def test_other_parts_are_kept_for_fusing(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(toy_runs[2], run)
    assert (run / "predictions" / "validation.npz").is_file()
    for part, clips in (("validation", 15), ("train", 30)):
        (run / "predictions" / f"{part}.npz").unlink(missing_ok=True)
        told(capsys, "evaluate", run, "--part", part, "--weights", "best")
        told(capsys, "evaluate", run, "--part", part, "--fps", "15", "--layout", "coco17")
        assert not (run / "predictions" / f"{part}.npz").is_file()
        assert told(capsys, "evaluate", run, "--part", part)[0] == 0
        assert len(Predictions.load(run / "predictions" / f"{part}.npz")) == clips
    code, out, _ = told(capsys, "fuse", run, toy_runs[2], "--weights", "search", "--json")
    assert code == 0 and json.loads(out)["overall"]["samples"] == 15


def test_another_file_of_fewer_classes(
    capsys: pytest.CaptureFixture[str], toy_lab: ModuleType, toy_runs: dict[int, Path], tmp_path: Path
) -> None:
    path = toy_lab.write(tmp_path / "two.pkl", clips=40, classes=2)
    words = ("--root", path, "--test-split", "train", "--options", "classes=wave,still")
    code, out, _ = told(capsys, "evaluate", toy_runs[2], "--json", *words)
    data = json.loads(out)
    assert code == 0 and data["overall"]["samples"] == 20
    assert data["without_samples"] == ["nod"]
    assert data["classes"][2]["recall"] is None


@pytest.mark.parametrize("frames", [1, 2])
def test_short_clips_and_gaps(
    capsys: pytest.CaptureFixture[str], toy_lab: ModuleType, toy_runs: dict[int, Path], tmp_path: Path,
    frames: int,
) -> None:  # fmt: skip
    from bodyverb.formats import pyskl

    clips = [toy_lab.poses(k, frames=frames) for k in range(3)] + [toy_lab.poses(k) for k in range(3, 6)]
    holed = clips[3].position.copy()
    holed[:, 5:15] = np.nan
    position = [clip.position for clip in clips[:3]] + [holed, clips[4].position * np.nan, clips[5].position]
    records = tuple(
        pyskl.record_of(
            clips[k].from_arrays(one, skeleton=clips[k].skeleton, rate_hz=30.0), id=f"c{k}", label=k % 3
        )
        for k, one in enumerate(position)
    )
    splits = {"train": ("c0",), "test": tuple(f"c{k}" for k in range(6))}
    file = pyskl.PysklFile(records=records, splits=splits, skeleton=clips[0].skeleton)
    pyskl.write(tmp_path / "odd.pkl", file)
    code, out, err = told(capsys, "evaluate", toy_runs[2], "--root", tmp_path / "odd.pkl", "--json")
    data = json.loads(out)
    assert code == 0 and data["overall"]["samples"] == 5 and np.isfinite(data["overall"]["nll"])
    assert "1 of 6 clips have no label or no joint" in err


def test_mistakes_are_one_line(
    capsys: pytest.CaptureFixture[str], toy_lab: ModuleType, toy_runs: dict[int, Path], tmp_path: Path
) -> None:
    run, other = toy_runs[2], toy_runs[3]
    four = toy_lab.write(tmp_path / "four.pkl", clips=40, classes=4)
    empty = tmp_path / "empty"
    empty.mkdir()
    data3 = other.parent / "data.pkl"
    cases = [
        ((run, "--views", "0"), "at least one view"),
        ((run, "--test-split", "nothing"), "got 'nothing'"),
        ((run, "--split", "xsub"), "got 'xsub'"),
        ((run, "--root", tmp_path / "gone.pkl"), "gone.pkl"),
        ((run, "--root", four, "--options", "classes=wave,still,nod,dance"), "such as 'dance'"),
        (
            (run, "--root", data3, "--layout", "kinect20", "--unit", "m"),
            "coco17 with 17 joints, got kinect20",
        ),
        ((run, "--data", "nw_ucla"), "--root"),
        ((empty,), "neither"),
        ((tmp_path / "nowhere",), "nowhere"),
        ((run, "--device", "cuda"), "GPU"),
    ]
    for words, hint in cases:
        code, out, err = told(capsys, "evaluate", *words)
        assert (code, out, err.count("\n")) == (2, "", 1) and hint in err, err


def test_broken_runs_are_one_line(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], tmp_path: Path
) -> None:
    import torch

    run = tmp_path / "run"
    shutil.copytree(toy_runs[2], run)
    data = (run / "last.pt").read_bytes()

    def line(hint: str) -> None:
        code, out, err = told(capsys, "evaluate", run)
        assert (code, out, err.count("\n")) == (2, "", 1) and hint in err, err

    for length in (0, 100, len(data) // 2, len(data) - 10):
        (run / "last.pt").write_bytes(data[:length])
        line("cut short or damaged")
    (run / "last.pt").write_bytes(data)
    content = torch.load(run / "last.pt", weights_only=True)
    torch.save({**content, "form": 99}, run / "last.pt")
    line("got 99")
    (run / "last.pt").unlink()
    line("last.pt")
    (run / "last.pt").write_bytes(data)
    config = json.loads((run / "config.json").read_text())
    for change, hint in (({"classes": ["a", "b"]}, "Expected weights"), ({"dims": 3}, "Expected weights")):
        task = config["task"] | change
        (run / "config.json").write_text(json.dumps(config | {"task": task}))
        line(hint)
    (run / "config.json").write_text("{")
    line("config.json")


def test_a_layout_without_sides_has_no_mirror_images(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bodyverb.train.augment import mirror

    monkeypatch.setattr(mirror, "without_sides", lambda skeleton: True)
    code, _, error = told(capsys, "evaluate", toy_runs[2], "--flip")
    assert code == 2 and "Expected a layout with left and right for --flip" in error
    assert told(capsys, "evaluate", toy_runs[2])[0] == 0
