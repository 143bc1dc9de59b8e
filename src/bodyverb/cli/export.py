"""Write a trained classifier as an ONNX file with its card (needs the extra [train]).

    bodyverb export RUN OUT.onnx
    bodyverb export RUN OUT.onnx --int8
    bodyverb run clip.mp4 --verbs OUT.onnx

The preparation is inside the network; it takes missing joints as NaN, any number of clips and any length. It
is compared with the trained network on real clips before it is written.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import Positional

if TYPE_CHECKING:
    from bodyverb.train.trained import Trained
    from bodyverb.train.verbs_card import Material


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb export`."""

    model: Positional[Path]
    """A run folder of `bodyverb train verbs`."""
    out: Positional[Path]
    """The ONNX file; its card is written beside it, ending .json."""
    int8: bool = False
    """Convolutions in int8; refused where fewer than 99 % of the verdicts stay or more than 0.3 points of
    accuracy go, measured on clips that it was not trained on."""
    weights: Literal["last", "best"] = "last"
    """The weights of the last epoch, or those that were selected."""
    root: Path | None = None
    """Where the data are, if not where they were in training."""

    def run(self) -> int:
        """Export, check, write; print what was measured."""
        from bodyverb.core import InputError, OutputError
        from bodyverb.train.export_verbs import export_run
        from bodyverb.train.trained import is_run, open_trained

        if self.out.suffix != ".onnx":
            raise InputError(
                f"Expected a name that ends with .onnx, got '{self.out.name}'; rename it: {self.out}"
            )
        if not is_run(self.model):
            raise InputError(f"Expected a run folder of `bodyverb train verbs`, got none: {self.model}")
        try:
            self.out.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"Expected a folder for the network, got '{error.strerror}'; choose another place: {self.out}"
            ) from error
        trained = open_trained(self.model, self.weights, "cpu")
        assert trained.run is not None
        module = trained.run.network(self.weights)
        card = export_run(trained, module, self._material(trained), self.out, int8=self.int8)
        checked = card["checked"]
        gap = checked["largest difference of a probability"]
        print(f"checked on {checked['clips']} clips: probabilities within {gap:g} of the trained network")
        if "int8" in card:
            facts = card["int8"]
            times = facts["float bytes"] / facts["bytes"]
            print(
                f"int8: {facts['same']:.2%} of {facts['clips']} {facts['part']} verdicts stay, "
                f"{facts['points lost']:.2f} points of accuracy lost, {times:.1f} times smaller"
            )
        for name, value in card["quality"].items():
            print(f"{name}: {value:.2%}")
        print(self.out)
        return 0

    def _material(self, trained: Trained) -> Material:
        """Training clips, and validation or test clips to measure on."""
        from bodyverb.cli._bars import part_bars
        from bodyverb.train.part_clips import data_settings, has_validation, part_clips
        from bodyverb.train.verbs_card import Material

        settings = data_settings(trained, {"root": self.root})
        part = "validation" if has_validation(settings) else "test"
        with part_bars() as progress:
            train, notes = part_clips(trained, settings, "train", progress)
            measured, _ = part_clips(trained, settings, part, progress)
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        return Material(train=train, measured=measured, part=part)
