"""`bodyverb fuse` on files of predictions."""

import json
from pathlib import Path

import numpy as np
import pytest

from bodyverb.cli.main import main
from bodyverb.train.predictions import Predictions


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    return code, *capsys.readouterr()


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Two runs of middling classifiers and one that knows nothing, with two parts each."""
    label = np.random.default_rng(0).integers(0, 4, 80)
    for number, strength in enumerate((2.0, 2.0, 0.0)):
        for part, seed in (("test", 0), ("validation", 10)):
            score = np.random.default_rng(seed + number).normal(size=(80, 4))
            score[np.arange(80), label] += strength
            Predictions(
                ids=tuple(f"clip{k}" for k in range(80)),
                label=label,
                score=score,
                classes=tuple("abcd"),
                subject=("",) * 80,
                camera=("",) * 80,
            ).save(tmp_path / f"run{number}" / "predictions" / f"{part}.npz")
    return [tmp_path / f"run{number}" for number in range(3)]


def test_fused_is_better_than_each(capsys: pytest.CaptureFixture[str], runs: list[Path]) -> None:
    code, out, err = told(capsys, "fuse", *runs[:2], "--json")
    data = json.loads(out)
    assert (code, err) == (0, "")
    assert data["overall"]["top_1"] > max(one["top_1"] for one in data["single"])
    assert [one["weight"] for one in data["single"]] == [1, 1]
    assert len(data["classes"]) == 4


def test_searched_weights_drop_who_knows_nothing(
    capsys: pytest.CaptureFixture[str], runs: list[Path]
) -> None:
    data = json.loads(told(capsys, "fuse", *runs, "--weights", "search", "--json")[1])
    weights = [one["weight"] for one in data["single"]]
    assert weights[2] < min(weights[:2])


def test_the_folder_and_the_tables(
    capsys: pytest.CaptureFixture[str], runs: list[Path], tmp_path: Path
) -> None:
    code, out, _ = told(capsys, "fuse", *runs[:2], "--weights", "2:1", "--save", tmp_path / "out")
    assert code == 0 and "fused 2:1" in out and "each and together" in out
    assert (tmp_path / "out" / "index.html").is_file()
    code, out, _ = told(capsys, "fuse", tmp_path / "out", runs[2] / "predictions" / "test.npz", "--json")
    assert code == 0 and json.loads(out)["overall"]["samples"] == 80


def test_mistakes_are_one_line(capsys: pytest.CaptureFixture[str], runs: list[Path], tmp_path: Path) -> None:
    (runs[1] / "predictions" / "validation.npz").unlink()
    cases = [
        (runs[:1], "at least two runs"),
        ([*runs[:2], "--weights", "1:2:3"], "2 weights"),
        ([*runs[:2], "--weights", "search"], f"bodyverb evaluate {runs[1]} --part validation"),
        ([*runs[:2], "--weights", "search", "--part", "validation"], "another part"),
        ([runs[0], tmp_path / "nothing"], "file of predictions, got none"),
    ]
    for words, hint in cases:
        code, out, err = told(capsys, "fuse", *words)
        assert (code, out, err.count("\n")) == (2, "", 1) and hint in err
