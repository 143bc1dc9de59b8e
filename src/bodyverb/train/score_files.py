"""The folder of an evaluation: tables, pictures and one page that shows them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bodyverb.formats.files import replacing, to_json
from bodyverb.outputs.bars import Chart, write_bars
from bodyverb.outputs.confusion import write_confusion
from bodyverb.outputs.reliability import write_reliability
from bodyverb.outputs.scores_page import scores_page
from bodyverb.outputs.strips import Strip, write_strips
from bodyverb.train.scoring import Scores

if TYPE_CHECKING:
    from bodyverb.train.clips import Clips

WORST = 12
MEASURES = {"precision": "precision", "recall": "recall (accuracy)", "f1": "F1"}


def save_scores(found: Scores, folder: Path, clips: Clips | None = None, title: str = "") -> Path:
    """Write everything about predictions.

    Files: `index.html`, `scores.json`, `predictions.npz`, `.csv` and `.json`, `confusion.csv` and `.png`,
    `classes.csv` and `.png`, `reliability.png`, and with clips `worst.png`.

    Args:
        found: the scores.
        folder: made where it is not there; files of these names are replaced.
        clips: the clips of these ids, for the drawing of the worst.
        title: what was evaluated, for the headlines.

    Returns:
        The page.

    Raises:
        OutputError: a file cannot be written.
    """
    made = found.predictions
    with replacing(folder / "scores.json") as part:
        part.write_text(to_json(found.to_dict(), indent=1) + "\n", encoding="utf-8")
    made.save(folder / "predictions.npz")
    made.write_csv(folder / "predictions.csv")
    made.write_json(folder / "predictions.json")
    _table(folder / "confusion.csv", ["class", *made.classes], _confusion_rows(found))
    rows = found.per_class()
    _table(folder / "classes.csv", list(rows[0]), [list(row.values()) for row in rows])
    write_confusion(folder / "confusion.png", found.confusion, made.classes, title)
    write_reliability(folder / "reliability.png", found.reliability, title)
    write_bars(folder / "classes.png", title or "classes", class_charts(found))
    pictures = {
        "confusion matrix": "confusion.png",
        "classes": "classes.png",
        "calibration": "reliability.png",
    }
    if clips is not None:
        write_strips(folder / "worst.png", f"worst clips of {title}", worst_strips(found, clips))
        pictures["worst clips"] = "worst.png"
    with replacing(folder / "index.html") as part:
        part.write_text(scores_page(title, found.to_dict(), pictures), encoding="utf-8")
    return folder / "index.html"


def class_charts(found: Scores) -> list[Chart]:
    """A chart each of precision, recall and F1; the lowest F1 first, classes without samples left out."""
    rows = [row for row in found.per_class() if row["samples"]]
    rows.sort(key=lambda row: row["f1"])
    return [
        Chart(title=words, values={row["class"]: row[name] for row in rows}, percent=True)
        for name, words in MEASURES.items()
    ]


def worst_strips(found: Scores, clips: Clips, most: int = WORST) -> list[Strip]:
    """Rows to draw of the worst clips, with the right and the named class."""
    place = {name: row for row, name in enumerate(clips.ids)}
    strips = []
    for item in found.worst_clips(most):
        if item["id"] not in place:
            continue
        row = place[item["id"]]
        frames = slice(int(clips.first[row]), int(clips.first[row] + clips.frames[row]))
        strips.append(
            Strip(
                position=clips.position[frames],
                seconds=clips.seconds[frames],
                skeleton=clips.skeleton,
                title=item["id"],
                notes=(
                    f"is {item['class'].replace('_', ' ')} ({item['chance_class']:.1%})",
                    f"named {item['named'].replace('_', ' ')} ({item['chance_named']:.1%})",
                ),
            )
        )
    return strips


def _confusion_rows(found: Scores) -> list[list[Any]]:
    names = found.predictions.classes
    return [[name, *row] for name, row in zip(names, found.confusion.tolist(), strict=True)]


def _table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A CSV file; numbers with six decimals, nothing where there is no value."""
    with (
        replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as handle,
    ):
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(columns)
        for row in rows:
            table.writerow([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return "" if np.isnan(value) else f"{value:.6f}"
