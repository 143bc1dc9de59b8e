"""Predictions survive their files; what does not fit is refused."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from bodyverb.core import FormatError, InputError, OutputError
from bodyverb.train.predictions import Predictions


def made(clips: int = 6, classes: int = 3, seed: int = 0, **changes: object) -> Predictions:
    rng = np.random.default_rng(seed)
    fields = {
        "ids": tuple(f"clip{k}" for k in range(clips)),
        "label": rng.integers(0, classes, clips),
        "score": np.log(rng.dirichlet(np.ones(classes), clips)),
        "classes": ("walk", "sit, down", 'say "hé"', *(f"c{k}" for k in range(3, classes)))[:classes],
        "subject": tuple(str(k % 2) for k in range(clips)),
        "camera": ("",) * clips,
        "about": {"model": "m", "part": "test", "views": 1},
    }
    return Predictions(**(fields | changes))  # type: ignore[arg-type]


def test_npz_and_back(tmp_path: Path) -> None:
    one = made()
    back = Predictions.load(one.save(tmp_path / "p.npz"))
    assert (back.ids, back.classes, back.subject, back.camera) == (
        one.ids,
        one.classes,
        one.subject,
        one.camera,
    )
    assert back.about == one.about
    np.testing.assert_array_equal(back.score, one.score)
    np.testing.assert_array_equal(back.label, one.label)


def test_no_clips_and_back(tmp_path: Path) -> None:
    assert len(Predictions.load(made(0).save(tmp_path / "p.npz"))) == 0


def test_tables_hold_ids_names_and_chances(tmp_path: Path) -> None:
    one = made()
    with one.write_csv(tmp_path / "p.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["id"] for row in rows] == list(one.ids)
    assert [row["named"] for row in rows] == [one.classes[c] for c in one.named]
    for row, right in zip(rows, one.named == one.label, strict=True):
        assert (row["right"] == "1") == right
        assert sum(float(row[f"p:{name}"]) for name in one.classes) == pytest.approx(1, abs=1e-5)
        assert float(row["confidence"]) == max(float(row[f"p:{name}"]) for name in one.classes)
    data = json.loads(one.write_json(tmp_path / "p.json").read_text())
    assert data["classes"] == list(one.classes)
    assert [clip["id"] for clip in data["clips"]] == list(one.ids)
    chances = np.array([clip["probabilities"] for clip in data["clips"]])
    np.testing.assert_allclose(chances, np.exp(one.score), atol=1e-6)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = made(40).save(tmp_path / "p.npz")
    data = path.read_bytes()
    for length in (0, 10, len(data) // 2, len(data) - 5):
        path.write_bytes(data[:length])
        with pytest.raises(FormatError, match="evaluate anew"):
            Predictions.load(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    with pytest.raises(InputError, match="got none; evaluate first"):
        Predictions.load(path)
    np.savez(path, label=np.zeros(3))
    with pytest.raises(FormatError, match="evaluate anew"):
        Predictions.load(path)
    np.savez(path, version=np.array([{}], dtype=object))
    with pytest.raises(FormatError, match="evaluate anew"):
        Predictions.load(path)


def test_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodyverb.train.predictions.VERSION", 2)
    path = made().save(tmp_path / "p.npz")
    monkeypatch.undo()
    with pytest.raises(FormatError, match="version 1, got 2"):
        Predictions.load(path)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        made().save(tmp_path / "file" / "p.npz")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ids": ("a", "a", "b")}, "'a' twice"),
        ({"label": np.array([0, 1, 3])}, "of 3 classes"),
        ({"score": np.full((3, 3), np.nan)}, "NaN for 3 clips, the first: clip0"),
        ({"score": np.zeros((3, 2))}, "one row a clip"),
        ({"subject": ("a",)}, "one row a clip"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        made(3, **changes)
