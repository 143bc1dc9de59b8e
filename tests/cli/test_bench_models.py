"""`bodyverb bench models` measures real networks and writes what it printed."""

import csv
import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

import cv2

from bodyverb.cli.main import main

SMALL = ["--frames", "6", "--batch", "2", "--classes", "3", "--rounds", "1", "--layout", "penn13"]


def test_one_network_is_measured_and_one_that_does_not_fit_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["bench", "models", "--models", "lstm", "verb-tcn", *SMALL, "--json", "--out", str(out)]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert "verb-tcn is left out: Expected dims" in printed.err and "torchvision" not in printed.err
    report = json.loads(printed.out)
    assert report == json.loads((out / "models.json").read_text())
    (row,) = report["rows"]
    cells = 4 * 128 * (13 * 4 + 128 + 128 + 128) * 6 * 2  # gates x cells x inputs x frames x people
    rest = 128 * 3
    assert row["model"] == "lstm" and 0 <= row["multiply_adds"] - cells - rest < 10_000
    assert min(row[f"{way}_clips_per_s"] for way in ("train", "torch", "onnx")) > 0
    assert row["train_mb"] is None or row["train_mb"] > 0.5
    (line,) = csv.DictReader((out / "models.csv").read_text().splitlines())
    assert float(line["onnx_clips_per_s"]) == pytest.approx(row["onnx_clips_per_s"])
    picture = cv2.imread(str(out / "models.png"))
    assert picture is not None and len(set(map(tuple, picture.reshape(-1, 3)))) > 10


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--models", "nonsense"], "Expected a network for verbs, got 'nonsense'"),
        (["--models", "verb-tcn", "--dims", "3"], "Expected networks that take these clips"),
        (["--models", "lstm", "--batch", "0"], "Expected batch of 1 or more, got 0"),
        (["--models", "lstm", "--threads", "0"], "Expected threads and rounds of 1 or more"),
        (["--models", "lstm", "--layout", "octopus"], "Expected a name in skeletons, got 'octopus'"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "models", *words]) == 2
    assert told in capsys.readouterr().err
