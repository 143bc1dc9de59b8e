"""Scores of a classifier, printed for a person or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bodyverb.train.scoring import Scores

MOST_WORST = 8
WIDTH = 160


def print_scores(found: Scores, title: str) -> None:
    """Print the numbers of the whole part, of classes, subjects and views, and the worst clips."""
    from rich.console import Console

    from bodyverb.outputs.scores_page import NAMES, shown
    from bodyverb.outputs.tables import key_value_table

    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = WIDTH  # a file or another program: no column is cut
    facts = {NAMES.get(name, name): shown(name, value) for name, value in found.overall.items()}
    right, total = int(found.confusion.trace()), int(found.confusion.sum())
    console.print(key_value_table(f"{title}: {right} of {total} right", facts))
    _print_rows(console, "classes", found.per_class())
    groups = (("subjects", found.subjects), ("views", found.cameras))
    for name, each in groups:
        _print_rows(console, name, [vars(group) for group in each])
    worst = found.worst_clips(MOST_WORST)
    _print_rows(console, f"named wrong, {len(worst)} of {len(found.worst)}", worst)
    if found.without_samples:
        names = ", ".join(found.without_samples)
        console.print(f"no clip of: {names}; these classes count in no mean", markup=False)


def _print_rows(console: Any, title: str, rows: list[dict[str, Any]]) -> None:
    from bodyverb.outputs.scores_page import shown
    from bodyverb.outputs.tables import columns_table

    if rows:
        words = [{key.replace("_", " "): shown(key, value) for key, value in row.items()} for row in rows]
        console.print()
        console.print(columns_table(title, words))
