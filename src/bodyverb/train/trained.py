"""A trained classifier to be used on clips: a run folder or an exported network, behind one face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from bodyverb.core import InputError, ModelError, Skeleton
from bodyverb.infer import Session, load
from bodyverb.recognize.card_facts import layout
from bodyverb.train.lab_settings import DataSettings, Sampling
from bodyverb.train.predict import Classifier, classifier
from bodyverb.train.runs import CONFIG, Run, open_run
from bodyverb.train.sampling import Batch

Weights = Literal["last", "best"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A classifier and what it wants.

    Attributes:
        name: of the run folder or in the card.
        classify: position, score, seconds -> logits (n, class).
        skeleton: layout of its joints.
        classes: its verbs.
        dims: 2 or 3.
        persons: people of a clip.
        sampling: which moments of a clip it sees.
        data: what it was trained on; None where nobody says.
        run: the run, where it is one.
        window_s: seconds that it sees at most at run time; None where nobody says.
    """

    name: str
    classify: Classifier
    skeleton: Skeleton
    classes: tuple[str, ...]
    dims: int
    persons: int
    sampling: Sampling
    data: DataSettings | None
    run: Run | None = None
    window_s: float | None = None


def is_run(path: str | Path) -> bool:
    """Whether a path is a run folder, rather than a network or the name of one."""
    return (Path(path) / CONFIG).is_file()


def open_trained(path: str | Path, weights: Weights = "last", device: str = "auto") -> Trained:
    """A classifier by the path of its run, of its ONNX file, card or folder, or by a network's name.

    Args:
        path: which.
        weights: of a run: those of the last epoch, or those that were selected.
        device: auto, cpu or cuda.

    Raises:
        InputError: there is none, it is damaged, or the device is not there.
    """
    return _of_run(open_run(path), weights, device) if is_run(path) else _of_network(str(path), device)


def _of_run(run: Run, weights: Weights, device: str) -> Trained:
    module = run.network(weights).to(torch_device(device))
    return Trained(
        name=run.path.resolve().name,
        classify=classifier(module),
        skeleton=run.skeleton,
        classes=run.classes,
        dims=run.dims,
        persons=run.persons,
        sampling=run.sampling,
        data=run.data,
        run=run,
    )


def _of_network(path: str, device: str) -> Trained:
    if Path(path).is_dir() and not (Path(path) / "card.json").is_file():
        raise InputError(
            f"Expected a run folder with {CONFIG} or a network with its card, got neither: {path}"
        )
    session = load(path, "verbs", device=device)
    card = session.card
    try:
        return Trained(
            name=card.name,
            classify=network_classifier(session),
            skeleton=layout(card["skeleton"]),
            classes=tuple(card["classes"]),
            dims=int(card.get("dims", 2)),
            persons=int(card.get("persons", 1)),
            sampling=Sampling(**{"steps": int(card["steps"]), **card.get("sampling", {})}),
            data=_data(card.get("trained_on")),
            window_s=float(card["window_s"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"Expected a verb model's card with classes, skeleton and steps, got a wrong or no {error}; "
            f"correct the card of: {card.path}"
        ) from error


def network_classifier(session: Session) -> Classifier:
    """An exported network as a function of a batch."""

    def classify(inputs: Batch) -> np.ndarray:
        arrays = {name: inputs[name].cpu().numpy() for name in ("position", "score", "seconds")}
        return np.asarray(session.run(arrays)["logits"], np.float64)

    return classify


def torch_device(device: str) -> torch.device:
    """The device for `auto`, `cpu` or `cuda`.

    Raises:
        InputError: there is no such device here.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("Expected a GPU for --device cuda, got none that works here; use --device cpu")
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")


def _data(entry: Mapping[str, Any] | None) -> DataSettings | None:
    """`trained_on` of a card: settings of the data without where it lies."""
    if entry is None:
        return None
    known = {item.name for item in fields(DataSettings)}
    values: dict[str, Any] = {key: value for key, value in entry.items() if key in known}
    values["options"] = tuple(values.get("options", ()))
    return DataSettings(**values | {"root": Path()})
