"""Fuse the predictions of several trained classifiers, such as four streams, clip by clip.

The score of a class is the weighted mean of the classifiers' log-probabilities. `--weights search` finds the
weights on the validation part, never on the part that is scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

if TYPE_CHECKING:
    from bodyverb.train.scoring import Scores

MEASURES = ("top_1", "top_5", "mean_class", "f1", "nll")


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb fuse`."""

    runs: Positional[tuple[Path, ...]]
    """Run folders with predictions (`bodyverb evaluate` makes them), folders of `evaluate --save`, or
    .npz files of predictions."""
    weights: str = ""
    """One a run with colons between, e.g. 2:2:1:1; or `search`; all equal by default."""
    part: str = "test"
    """Which predictions of a run to score."""
    save: Path | None = None
    """Folder for tables, pictures and a page, as `bodyverb evaluate --save` makes them."""
    json: bool = False
    """Print the numbers as JSON."""

    def run(self) -> int:
        """Fuse, score, print and save."""
        from bodyverb.core import InputError
        from bodyverb.train import fuse
        from bodyverb.train.predictions import Predictions
        from bodyverb.train.scoring import scores

        if len(self.runs) < 2:
            raise InputError(f"Expected at least two runs to fuse, got {len(self.runs)}; name more")
        names = [str(path) for path in self.runs]
        weights = self._weights(names)
        files = [fuse.predictions_file(path, self.part) for path in self.runs]
        sets = fuse.aligned([Predictions.load(file) for file in files], names)
        found = scores(fuse.fuse(sets, weights))
        single = [scores(one) for one in sets]
        title = f"{len(sets)} runs fused {':'.join(f'{weight:g}' for weight in weights)}"
        if self.save is not None:
            from bodyverb.train.score_files import save_scores

            save_scores(found, self.save, title=title)
        self._print(found, single, weights, title)
        return 0

    def _weights(self, names: Sequence[str]) -> tuple[float, ...]:
        """Those given, those found, or equal ones.

        Raises:
            InputError: no such weights, or nothing to search them on.
        """
        from bodyverb.core import InputError
        from bodyverb.train import fuse
        from bodyverb.train.predictions import Predictions

        if not self.weights:
            return (1.0,) * len(names)
        if self.weights != "search":
            return fuse.parse_weights(self.weights, len(names))
        if self.part == "validation":
            raise InputError(
                "Expected another part than the one that weights are searched on, got --part validation; "
                "score --part test or give the weights"
            )
        files = [fuse.validation_file(path) for path in self.runs]
        missing = [name for name, file in zip(names, files, strict=True) if file is None]
        if missing:
            raise InputError(
                "Expected predictions of the validation part to search weights on, got none; make them with "
                f"`bodyverb evaluate {missing[0]} --part validation`, or give the weights: {missing[0]}"
            )
        sets = [Predictions.load(file) for file in files if file is not None]
        return tuple(float(weight) for weight in fuse.search(fuse.aligned(sets, names)))

    def _print(self, found: Scores, single: Sequence[Scores], weights: Sequence[float], title: str) -> None:
        from rich.console import Console

        from bodyverb.cli._scores import print_scores
        from bodyverb.formats.files import to_json
        from bodyverb.outputs.scores_page import shown
        from bodyverb.outputs.tables import columns_table

        names = [str(path) for path in self.runs]
        if self.json:
            rows = [
                {"run": name, "weight": weight, **one.overall}
                for name, weight, one in zip(names, weights, single, strict=True)
            ]
            print(to_json({**found.to_dict(), "single": rows}))
            return
        print_scores(found, title)
        lines = zip([*names, "fused"], [*weights, sum(weights)], [*single, found], strict=True)
        table = [
            {"run": name, "weight": f"{weight:g}"}
            | {key.replace("_", "-"): shown(key, one.overall[key]) for key in MEASURES}
            for name, weight, one in lines
        ]
        console = Console(highlight=False, soft_wrap=True)
        console.print()
        console.print(columns_table("each and together", table))
        if self.save is not None:
            print(self.save / "index.html")
