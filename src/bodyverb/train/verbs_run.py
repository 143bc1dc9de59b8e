"""The two commands of the verb classifier: `bodyverb train everyday` and `bodyverb evaluate everyday`."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bodyverb import skeletons
from bodyverb.core import InputError
from bodyverb.infer import load
from bodyverb.recognize.recognizer import Recognizer
from bodyverb.train.augment.pose_error import PoseErrorModel
from bodyverb.train.evaluate_verbs import Measured, closed_set, measure
from bodyverb.train.loop import LoopConfig
from bodyverb.train.optim import OptimConfig
from bodyverb.train.score_files import save_scores
from bodyverb.train.scoring import scores
from bodyverb.train.verbs import VerbsConfig, train
from bodyverb.train.verbs_bundle import choose_thresholds, export_verbs, facts, write_card
from bodyverb.train.verbs_data import DataConfig
from bodyverb.train.verbs_store import PARTS, build
from bodyverb.train.vocabulary import Vocabulary, vocabulary

NAME = "verbs-everyday"
MEASURED = "verbs-penn15"
"""The bundled model beside which the pose errors lie."""
LICENCE = "Apache-2.0 for the weights' own part; trained on data with the terms listed in LICENSE.txt"

ABOUT: dict[str, Any] = {
    "licence": LICENCE,
    "architecture": "verb-tcn",
    "data": {
        "Penn Action labels, official training split": "no explicit licence; cite Zhang et al., ICCV 2013",
        "UTD-MHAD skeletons, odd subjects": "a public domain dataset, says its paper; Chen et al., ICIP 2015",
        "NW-UCLA skeletons": "no explicit licence; Wang et al., CVPR 2014",
        "CMU motion capture, odd trials of subjects 1-3, as unknown motion": "free for any use",
        "procedural motion of this project": "Apache-2.0",
    },
    "limits": "one person a window; what is none of the verbs is 'unknown'; windows of at most 3 s",
}


@dataclass(frozen=True, kw_only=True)
class VerbTraining:
    """What `run` trains; the options of `bodyverb train everyday`, which explains them."""

    root: Path
    out: Path
    vocabulary: str = "everyday"
    epochs: int = 30
    steps: int = 200
    batch: int = 256
    lr: float = 2e-3
    synth: int = 60
    errors: Path | None = None
    threads: int = 1
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"
    seed: int = 0
    resume: bool = False


@dataclass(frozen=True, kw_only=True)
class VerbEvaluation:
    """What `evaluate` measures; the options of `bodyverb evaluate everyday`, which explains them."""

    model: str = NAME
    root: Path
    vocabulary: str = "everyday"
    cache: Path | None = None
    part: str = "test"
    errors: Path | None = None
    seed: int = 0
    save: Path | None = None
    json: bool = False


def packaged_errors() -> PoseErrorModel:
    """The error statistics that come with the package."""
    with resources.as_file(resources.files("bodyverb.weights") / MEASURED / "pose_error.json") as path:
        return PoseErrorModel.load(path)


def run(settings: VerbTraining) -> Path:
    """Trains, exports and measures; see `bodyverb train everyday --help`.

    Args:
        settings: the options.

    Returns:
        The model's folder: model.onnx, card.json, LICENSE.txt.
    """
    errors = packaged_errors() if settings.errors is None else PoseErrorModel.load(settings.errors)
    words = vocabulary(settings.vocabulary)
    stores = build(settings.root, settings.out / "data", words, synth=settings.synth, seed=settings.seed)
    config = VerbsConfig(
        data=DataConfig(shares=words.shares),
        batch=settings.batch,
        steps_per_epoch=settings.steps,
        optim=OptimConfig(lr=settings.lr, weight_decay=0.05, ema=0.998),
        loop=LoopConfig(
            epochs=settings.epochs,
            threads=settings.threads,
            precision=settings.precision,
            seed=settings.seed,
            resume=settings.resume,
            validate_every=5,
        ),
    )
    module = train(stores["train"], stores["validation"], config, errors, len(words.verbs), settings.out)
    folder = settings.out / "model"
    network = export_verbs(module, 13, config.data.steps, folder / "model.onnx")
    known = facts(words.verbs, config.data)
    text = (
        f"bodyverb train everyday --root DATA --out RUN --vocabulary {settings.vocabulary} "
        f"--epochs {settings.epochs} --steps {settings.steps}"
    )
    text += f" --batch {settings.batch} --lr {settings.lr:g} --synth {settings.synth} --seed {settings.seed}"
    about = {"name": words.name} | ABOUT | {"training_command": text}
    write_card(network, known, {}, [], about)
    recognizer = Recognizer(load(str(folder), "verbs", threads=1))
    recognizer.thresholds = choose_thresholds(recognizer, stores["validation"], errors, share=words.named)
    measured = measure(recognizer, stores["test"], errors)
    write_card(network, known, recognizer.thresholds, measured, about)
    licence = resources.files("bodyverb.weights") / MEASURED / "LICENSE.txt"
    if licence.is_file():
        with resources.as_file(licence) as path:
            shutil.copyfile(path, folder / "LICENSE.txt")
    print(table(measured))
    return folder


def example_window(folder: Path) -> dict[str, np.ndarray]:
    """The inputs of one window of a model, of random joints; to time it."""
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    shape = (1, 1, int(card["steps"]), len(skeletons.get(card["skeleton"])))
    seconds = np.linspace(0, card["window_s"], shape[2], dtype=np.float32)[None]
    joints = np.random.default_rng(0).uniform(0, 500, (*shape, 2)).astype(np.float32)
    return {"position": joints, "score": np.ones(shape, np.float32), "seconds": seconds}


def evaluate(settings: VerbEvaluation) -> list[Measured]:
    """Measures a model; see `bodyverb evaluate everyday --help`.

    Args:
        settings: the options.

    Returns:
        The numbers, also printed.

    Raises:
        InputError: an unknown part, or data that is not there.
    """
    if settings.part not in PARTS:
        raise InputError(f"Expected a part of {PARTS}, got '{settings.part}'; choose one of them")
    errors = packaged_errors() if settings.errors is None else PoseErrorModel.load(settings.errors)
    words = vocabulary(settings.vocabulary)
    recognizer = Recognizer(load(settings.model, "verbs", threads=1))
    _check_classes(recognizer, words, settings.model)
    if settings.cache is None:
        with tempfile.TemporaryDirectory() as folder:
            store = build(settings.root, Path(folder), words, synth=60)[settings.part]
    else:
        store = build(settings.root, settings.cache, words, synth=60)[settings.part]
    measured = measure(recognizer, store, errors, seed=settings.seed)
    print(json.dumps([asdict(line) for line in measured], indent=1) if settings.json else table(measured))
    if settings.save is not None:
        title = f"{recognizer.model}, real clips of the {settings.part} part"
        print(
            save_scores(scores(closed_set(recognizer, store, settings.seed)), settings.save, title=title),
            file=sys.stderr,
        )
    return measured


def _check_classes(recognizer: Recognizer, words: Vocabulary, model: str) -> None:
    if recognizer.classes != words.verbs:
        raise InputError(
            f"Expected a network of the {len(words.verbs)} verbs of {words.name}, got one of "
            f"{len(recognizer.classes)} others; choose another --vocabulary: {model}"
        )


def table(measured: list[Measured]) -> str:
    """The numbers as a Markdown table."""
    rows = [f"| {line.name} | {line.value:.4f} | {line.count or ''} |" for line in measured]
    return "\n".join(["| what | value | tracks |", "|---|---|---|", *rows])
