"""The eight classes of the LSTM project as a protocol of NTU RGB+D: from made files to a score."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from bodyverb import datasets
from bodyverb.cli.main import main

EIGHT = ["drink_water", "throw", "tear_up_paper", "take_off_glasses", "reach_into_pocket",
         "point_to_something", "wipe_face", "fall"]  # fmt: skip


def test_eight_classes_are_trained_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = datasets.make("ntu", tmp_path / "ntu", count=60)  # ten classes, two of them of the eight
    run = tmp_path / "run"
    words = ["train", "verbs", "--data", "ntu", "--root", str(root), "--options", "subset=lstm8",
             "--split", "xsub", "--model", "lstm-projections", "--network", "hidden=8", "view=none",
             "--recipe", "lstm", "--sampling.steps", "12", "--batch", "4", "--least-steps", "2",
             "--loop.epochs", "1", "--loop.threads", "1", "--out", str(run)]  # fmt: skip
    assert main(words) == 0
    task = json.loads((run / "config.json").read_text())["task"]
    assert list(task["classes"]) == EIGHT and task["skeleton"]["name"] == "kinect25"
    capsys.readouterr()
    assert main(["evaluate", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    clips = json.loads((run / "result.json").read_text())["clips"]
    assert clips == {"train": 6, "test": 6} and told["overall"]["samples"] == 6
    assert [row["class"] for row in told["classes"]] == EIGHT
