"""Measure a trained classifier of skeletons on a part of a data set (needs the extra [train]).

    bodyverb evaluate RUN
    bodyverb evaluate RUN --save FOLDER --views 5 --flip
    bodyverb evaluate OUT.onnx --data nw_ucla --root DATA

Accuracy, per-class measures, average precision, calibration, tables by subject and view, the worst clips;
`--save` writes predictions, tables, pictures and a page. `evaluate pose`, `evaluate finder` and
`evaluate everyday` measure the other networks.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import Positional

if TYPE_CHECKING:
    from bodyverb.train.clips import Clips
    from bodyverb.train.predictions import Predictions
    from bodyverb.train.trained import Trained

GIVEN = (
    "data", "root", "split", "train_split", "test_split", "validation", "options", "layout", "unit", "fps",
)  # fmt: skip
"""Options that say which data, as in `bodyverb train verbs`."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb evaluate`; the data are by default those that the model was trained on."""

    model: Positional[str]
    """A run folder, or an ONNX file with its card, or the name of a network."""
    data: str = ""
    """Name of the data set (`bodyverb data list`)."""
    root: Path | None = None
    """Its files, or a packed store of it."""
    split: str = ""
    """Split of the set."""
    part: Literal["test", "validation", "train"] = "test"
    """Which part, as the training divided the data."""
    train_split: str = ""
    """Name of the part to train on, where it is not `train`."""
    test_split: str = ""
    """Name of the part to test on, where it is not `test`."""
    validation: str = ""
    """What the training set apart, as there: subject:3,5, camera:2 or share:0.1."""
    options: tuple[str, ...] = ()
    """Options of the data set, NAME=VALUE."""
    layout: str = ""
    """Convert the clips to this joint layout; with a PYSKL file: the layout it has."""
    unit: str = ""
    """With a PYSKL file: the unit of its positions."""
    fps: float = 0.0
    """With a PYSKL file: its frames a second."""
    weights: Literal["last", "best"] = "last"
    """Of a run: the weights of the last epoch, or those that were selected."""
    views: int = 1
    """Cuts of a clip whose scores are averaged."""
    flip: bool = False
    """Average with the mirrored clip."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the network runs."""
    save: Path | None = None
    """Folder for predictions, tables, pictures and a page."""
    json: bool = False
    """Print the numbers as JSON."""

    def run(self) -> int:
        """Score the part, print and save."""
        from bodyverb.core import InputError
        from bodyverb.train.augment.mirror import without_sides
        from bodyverb.train.predict import predict
        from bodyverb.train.scoring import scores
        from bodyverb.train.trained import open_trained

        if self.views < 1:
            raise InputError(f"Expected at least one view of a clip, got {self.views}; correct --views")
        trained = open_trained(self.model, self.weights, self.device)
        clips, about = self._clips(trained)
        if self.flip and without_sides(clips.skeleton):
            raise InputError(
                f"Expected a layout with left and right for --flip, got '{clips.skeleton.name}' without; "
                "leave --flip out, or give the layout its pairs"
            )
        made = predict(
            trained.classify, clips, trained.sampling, views=self.views, flip=self.flip, about=about
        )
        title = f"{trained.name} on {about['data']}, {self.part}"
        found = scores(made)
        self._keep(trained, made)
        if self.save is not None:
            from bodyverb.train.score_files import save_scores

            save_scores(found, self.save, clips, title)
        if self.json:
            from bodyverb.formats.files import to_json

            print(to_json(found.to_dict()))
            return 0
        from bodyverb.cli._scores import print_scores

        print_scores(found, title)
        if self.save is not None:
            print(self.save / "index.html")
        return 0

    def _clips(self, trained: Trained) -> tuple[Clips, dict[str, object]]:
        """The part's clips, and facts about where they come from."""
        from bodyverb.cli._bars import part_bars
        from bodyverb.train.part_clips import data_settings, part_clips

        settings = data_settings(trained, self._given())
        with part_bars() as progress:
            clips, notes = part_clips(trained, settings, self.part, progress)
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        about: dict[str, object] = {
            "model": trained.name,
            "data": settings.data,
            "split": settings.split,
            "part": self.part,
        }
        return clips, about | ({"weights": self.weights} if trained.run else {})

    def _given(self) -> dict[str, object]:
        """The options that say which data; empty where they are left out."""
        return {name: getattr(self, name) for name in GIVEN}

    def _keep(self, trained: Trained, made: Predictions) -> None:
        """Leave the predictions in the run for `bodyverb fuse`, where it has none of this part."""
        if trained.run is None or any(self._given().values()) or self.weights != "last":
            return
        path = trained.run.path / "predictions" / f"{self.part}.npz"
        if not path.exists():
            made.save(path)
