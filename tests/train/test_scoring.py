"""Scores of predictions, their tables, pictures and page."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import InputError
from bodyverb.media.images import read_image
from bodyverb.metrics import classification as metrics
from bodyverb.train.clips import Clips
from bodyverb.train.predictions import Predictions
from bodyverb.train.score_files import save_scores
from bodyverb.train.scoring import scores


def predicted(clips: int = 40, seed: int = 0) -> Predictions:
    """Mostly right; nobody does `rest`, one view is unknown, `<b>` is named in no page."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, clips)
    score = rng.normal(size=(clips, 4)) * 1.5
    score[np.arange(clips), label] += 2
    return Predictions(
        ids=tuple(f"clip{k}" for k in range(clips)),
        label=label,
        score=metrics.log_softmax(score),
        classes=("walk", "sit_down", "<b>throw", "rest"),
        subject=tuple(str(k % 12 + 1) for k in range(clips)),
        camera=tuple("" if k % 4 == 0 else "front" for k in range(clips)),
        about={"model": "m<i>"},
    )


def drawn(made: Predictions) -> Clips:
    """Clips of these ids: three frames each, the first one empty."""
    rng = np.random.default_rng(1)
    skeleton = skeletons.get("penn13")
    rows = 3 * len(made)
    position = rng.normal(size=(rows, 1, len(skeleton), 3)).astype(np.float32)
    position[:3] = np.nan
    return Clips(
        position=position,
        score=np.ones(position.shape[:3], np.float32),
        seconds=np.tile(np.arange(3, dtype=np.float32), len(made)),
        first=np.arange(0, rows, 3),
        frames=np.full(len(made), 3),
        label=made.label,
        ids=made.ids,
        subject=made.subject,
        camera=made.camera,
        classes=made.classes,
        skeleton=skeleton,
    )


def test_the_parts_agree_with_each_other() -> None:
    made = predicted()
    found = scores(made)
    right = (made.named == made.label).sum()
    assert found.overall["top_1"] == right / len(made)
    assert np.trace(found.confusion) == right
    assert found.without_samples == ("rest",)
    assert [group.name for group in found.subjects] == [str(k) for k in range(1, 13)]
    assert [group.name for group in found.cameras] == ["front", "unknown"]
    for groups in (found.subjects, found.cameras):
        assert sum(group.samples for group in groups) == len(made)
        assert sum(group.samples * group.top_1 for group in groups) == pytest.approx(right)
    assert np.isnan(found.per_class()[3]["recall"])


def test_the_worst_come_first() -> None:
    made = predicted()
    worst = scores(made).worst_clips(1000)
    assert len(worst) == (made.named != made.label).sum()
    chances = [clip["chance_class"] for clip in worst]
    assert chances == sorted(chances)
    assert all(clip["class"] != clip["named"] for clip in worst)


def test_nothing_to_score() -> None:
    with pytest.raises(InputError, match="at least one clip"):
        scores(predicted(0))


def test_the_folder_holds_it_all(tmp_path: Path) -> None:
    made = predicted()
    found = scores(made)
    page = save_scores(found, tmp_path / "out", drawn(made), "m<i> on set").read_text()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "index.html", "scores.json", "predictions.npz", "predictions.csv", "predictions.json",
        "confusion.csv", "confusion.png", "classes.csv", "classes.png", "reliability.png", "worst.png",
    }  # fmt: skip
    for name in ("confusion", "classes", "reliability", "worst"):
        assert f'src="{name}.png"' in page
        image = read_image(tmp_path / "out" / f"{name}.png")
        assert len(np.unique(image[..., 0])) > 20
    assert "<i>" not in page and "<b>" not in page
    assert f"{100 * found.overall['top_1']:.2f} %" in page
    data = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert data["overall"]["top_1"] == found.overall["top_1"]
    assert data["classes"][3]["f1"] is None
    with (tmp_path / "out" / "confusion.csv").open(newline="") as handle:
        rows = list(csv.reader(handle))
    assert rows[0] == ["class", *made.classes]
    np.testing.assert_array_equal([[int(cell) for cell in row[1:]] for row in rows[1:]], found.confusion)


def test_all_right_has_no_worst(tmp_path: Path) -> None:
    made = predicted()
    perfect = Predictions(**(vars(made) | {"label": made.named}))
    assert "Named wrong" not in save_scores(scores(perfect), tmp_path, drawn(perfect), "x").read_text()
