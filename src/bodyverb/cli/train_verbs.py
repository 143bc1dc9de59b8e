"""Train a classifier of skeletons on a data set, a PYSKL file or a folder of your own clips.

    bodyverb train verbs --data nw_ucla --root DATA --out RUN
    bodyverb train verbs --data folder --root MYCLIPS --out RUN
    bodyverb train verbs --data pyskl --root FILE.pkl --train-split T --test-split V --out RUN

The run folder receives settings, environment, logs, curves, checkpoints, predictions and result.json.
`bodyverb evaluate RUN` tells more; `bodyverb export RUN OUT.onnx` makes a model for `bodyverb run --verbs`.
Killed or interrupted, the same command with --resume goes on. Needs the extra [train].
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bodyverb.train.lab_settings import MODEL, DataSettings, network_values
from bodyverb.train.recipes import DEFAULT, Recipe, recipe


@dataclass(frozen=True, kw_only=True)
class Command(DataSettings, Recipe):
    """Options of `bodyverb train verbs`; those of the recipe have its values by default."""

    out: Path
    """Run folder."""
    model: str = MODEL
    """Architecture (`bodyverb bench models` lists them)."""
    recipe: str = DEFAULT
    """Named settings to start from: small, pyskl, posec3d, lstm or plain."""
    stream: str = ""
    """What the network sees: j joints, b bones, jm or bm their motion; its own default otherwise."""
    network: tuple[str, ...] = field(default=())
    """Settings of the network, NAME=VALUE, e.g. `widths=96,128 dropout=0.5`."""
    best_test: bool = False
    """Without a validation part: measure the test part while training too and keep the best epoch, as the
    literature does; the result says that it was selected on the test part."""
    overfit: int = 0
    """Train and test on the same N clips, taken evenly from all, to see that the model can learn."""
    resume: bool = False
    """Go on with the run in --out."""
    json: bool = False
    """Print the result as JSON."""

    @classmethod
    def preset(cls, words: Sequence[str]) -> Command:
        """The options before any is read: those of the recipe that `words` name."""
        import tyro

        chosen = DEFAULT
        for at, word in enumerate(words):
            if word == "--recipe" and at + 1 < len(words):
                chosen = words[at + 1]
            elif word.startswith("--recipe="):
                chosen = word.partition("=")[2]
        missing: dict[str, Any] = {"data": tyro.MISSING, "root": tyro.MISSING, "out": tyro.MISSING}
        return cls(**missing, recipe=chosen, **_of(Recipe, recipe(chosen)))

    def run(self) -> int:
        """Train, print what came out; returns the exit code."""
        from bodyverb.cli._bars import part_bars
        from bodyverb.train.lab import LabSettings, check_out, train

        check_out(self.out, self.resume or self.loop.resume)
        if self.data == "folder":
            self._pose_videos()
        loop = replace(
            self.loop, resume=self.resume or self.loop.resume, overfit=self.overfit or self.loop.overfit
        )
        network = network_values(self.network) | ({"stream": self.stream} if self.stream else {})
        settings = LabSettings(
            data=DataSettings(**_of(DataSettings, self)),
            model=self.model,
            network=network,
            recipe=replace(Recipe(**_of(Recipe, self)), loop=loop),
            best_test=self.best_test,
        )
        with part_bars() as progress:
            result = train(settings, self.out, progress=progress)
        if result:
            self._print(result)
        return 0

    def _pose_videos(self) -> None:
        from bodyverb import datasets
        from bodyverb.cli._posing import estimate
        from bodyverb.datasets._registry import parse_options

        table = datasets.open("folder", self.root, **parse_options("folder", self.options))
        for reason in estimate(table.unposed, pose="pose-lite", detector="finder", device="auto"):
            print(f"bodyverb: {reason}", file=sys.stderr)

    def _print(self, result: dict[str, Any]) -> None:
        if self.json:
            from bodyverb.formats.files import to_json

            print(to_json(result, indent=1))
            return
        for name, score in result["scores"].items():
            part, _, which = name.partition(" ")
            how = result["weights"][which]
            share = f"{score['right']} of {score['clips']} right ({score['top_1']:.1%})"
            print(f"{part}: {share}; {which} weights, {how}")
        print(f"run folder: {self.out}")


def _of(kind: type, values: Any) -> dict[str, Any]:
    return {item.name: getattr(values, item.name) for item in fields(kind)}
