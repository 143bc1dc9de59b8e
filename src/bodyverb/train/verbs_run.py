"""The two commands of the verb classifier: `bodyverb train verbs` and `bodyverb evaluate verbs`."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bodyverb.core import InputError
from bodyverb.infer import load
from bodyverb.recognize.recognizer import Recognizer
from bodyverb.train.augment.pose_error import PoseErrorModel
from bodyverb.train.evaluate_verbs import Measured, measure
from bodyverb.train.loop import LoopConfig
from bodyverb.train.optim import OptimConfig
from bodyverb.train.verbs import VerbsConfig, train
from bodyverb.train.verbs_bundle import choose_thresholds, export_verbs, facts, write_card
from bodyverb.train.verbs_store import PARTS, VERBS, build

if TYPE_CHECKING:
    from bodyverb.cli.evaluate_verbs import Command as EvaluateCommand
    from bodyverb.cli.train_verbs import Command as TrainCommand

NAME = "verbs-penn15"
LICENCE = "Apache-2.0 for the weights' own part; trained on data with the terms listed in LICENSE.txt"

ABOUT: dict[str, Any] = {
    "name": NAME,
    "licence": LICENCE,
    "architecture": "verb-tcn",
    "data": {
        "Penn Action labels, official training split": "no explicit licence; cite Zhang et al., ICCV 2013",
        "UTD-MHAD skeletons, odd subjects": "a public domain dataset, says its paper; Chen et al., ICIP 2015",
        "NW-UCLA skeletons, subjects 1-6, as unknown motion": "no explicit licence; Wang et al., CVPR 2014",
        "CMU motion capture, odd trials of subjects 1-3, as unknown motion": "free for any use",
        "procedural motion of this project": "Apache-2.0",
    },
    "limits": "one person a window; fifteen verbs of sport and exercise, everything else is 'unknown'; "
    "windows of at most 3 s",
}


def packaged_errors() -> PoseErrorModel:
    """The error statistics that come with the package."""
    with resources.as_file(resources.files("bodyverb.weights") / NAME / "pose_error.json") as path:
        return PoseErrorModel.load(path)


def run(command: TrainCommand) -> Path:
    """Trains, exports and measures; see `bodyverb train verbs --help`.

    Args:
        command: the options.

    Returns:
        The model's folder: model.onnx, card.json, LICENSE.txt.
    """
    errors = packaged_errors() if command.errors is None else PoseErrorModel.load(command.errors)
    stores = build(command.root, command.out / "data", synth=command.synth, seed=command.seed)
    config = VerbsConfig(
        batch=command.batch,
        steps_per_epoch=command.steps,
        optim=OptimConfig(lr=command.lr, weight_decay=0.05, ema=0.998),
        loop=LoopConfig(
            epochs=command.epochs,
            threads=command.threads,
            precision=command.precision,
            seed=command.seed,
            resume=command.resume,
            validate_every=5,
        ),
    )
    module = train(stores["train"], stores["validation"], config, errors, command.out)
    folder = command.out / "model"
    network = export_verbs(module, 13, config.data.steps, folder / "model.onnx")
    known = facts(VERBS, config.data)
    text = f"bodyverb train verbs --root DATA --out RUN --epochs {command.epochs} --steps {command.steps}"
    text += f" --batch {command.batch} --lr {command.lr:g} --synth {command.synth} --seed {command.seed}"
    about = ABOUT | {"training_command": text}
    write_card(network, known, {}, [], about)
    recognizer = Recognizer(load(str(folder), "verbs", threads=1))
    recognizer.thresholds = choose_thresholds(recognizer, stores["validation"], errors)
    measured = measure(recognizer, stores["test"], errors)
    write_card(network, known, recognizer.thresholds, measured, about)
    licence = resources.files("bodyverb.weights") / NAME / "LICENSE.txt"
    if licence.is_file():
        with resources.as_file(licence) as path:
            shutil.copyfile(path, folder / "LICENSE.txt")
    print(table(measured))
    return folder


def evaluate(command: EvaluateCommand) -> list[Measured]:
    """Measures a model; see `bodyverb evaluate verbs --help`.

    Args:
        command: the options.

    Returns:
        The numbers, also printed.

    Raises:
        InputError: an unknown part, or data that is not there.
    """
    if command.part not in PARTS:
        raise InputError(f"Expected a part of {PARTS}, got '{command.part}'; choose one of them")
    errors = packaged_errors() if command.errors is None else PoseErrorModel.load(command.errors)
    recognizer = Recognizer(load(command.model, "verbs", threads=1))
    if command.cache is None:
        with tempfile.TemporaryDirectory() as folder:
            store = build(command.root, Path(folder), synth=60)[command.part]
    else:
        store = build(command.root, command.cache, synth=60)[command.part]
    measured = measure(recognizer, store, errors, seed=command.seed)
    print(json.dumps([asdict(line) for line in measured], indent=1) if command.json else table(measured))
    return measured


def table(measured: list[Measured]) -> str:
    """The numbers as a Markdown table."""
    rows = [f"| {line.name} | {line.value:.4f} | {line.count or ''} |" for line in measured]
    return "\n".join(["| what | value | tracks |", "|---|---|---|", *rows])
