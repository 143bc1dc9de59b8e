"""Which networks there are: those shipped in `weights/`, those the user added, any ONNX file with a card."""

from __future__ import annotations

from pathlib import Path

from bodyverb.core import ModelError
from bodyverb.infer.card import Card
from bodyverb.infer.known import known_named
from bodyverb.infer.user_models import added, card_of, folder

WEIGHTS = Path(__file__).parent.parent / "weights"

DEFAULTS = {"pose": "pose-lite", "detect": "finder", "verbs": "verbs-everyday"}
"""The networks used when none is named."""


def bundled() -> list[Card]:
    """Cards of the networks that ship inside, by name."""
    return [Card.read(path) for path in sorted(WEIGHTS.glob("*/card.json"))]


def find(name: str, *tasks: str) -> Card:
    """Find a network by its name, bundled or added by the user, or by its folder, ONNX file or card.

    Args:
        name: what the user typed.
        tasks: what it may be for, the likeliest first.

    Raises:
        ModelError: there is none of that name, or it does another task.
    """
    card = _locate(name, tasks[0])
    if card.task not in tasks:
        raise ModelError(
            f"Expected a network for {' or '.join(tasks)}, got '{card.name}' for {card.task}; "
            f"choose another: {card.path}"
        )
    return card


def _locate(name: str, task: str) -> Card:
    inside = WEIGHTS / name / "card.json"
    if inside.is_file() and Path(name).name == name:
        return Card.read(inside)
    own = card_of(name)
    if own is not None:
        return Card.read(own)
    path = Path(name)
    options = [path / "card.json"] if path.is_dir() else []
    if path.is_file():
        options = [path, path.with_suffix(".json"), path.parent / "card.json"]
    for option in options:
        if option.suffix == ".json" and option.is_file():
            return Card.read(option)
    raise _missing(name, task)


def _missing(name: str, task: str) -> ModelError:
    """Why there is no such network, and what gives it."""
    entry = known_named(name)
    if entry is not None:
        return ModelError(
            f"Expected '{name}' on this computer, got only its entry in the catalogue; fetch it with "
            f"`bodyverb models pull {name}` ({entry.size / 1e6:.0f} MB): {folder()}"
        )
    if Path(name).exists():
        return ModelError(
            "Expected a card beside the network, got none; "
            f"write {Path(name).with_suffix('.json').name}: {name}"
        )
    names = ", ".join(card.name for card in (*bundled(), *added()[0]) if card.task == task) or "there is none"
    return ModelError(
        f"Expected a {task} network: a bundled or added one ({names}) or the path of an ONNX file with a "
        f"card, got none of that name; see `bodyverb models`: {name}"
    )
