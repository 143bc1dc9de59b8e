"""Which networks there are: those shipped in `weights/`, and any ONNX file with a card beside it."""

from __future__ import annotations

from pathlib import Path

from bodyverb.core import ModelError
from bodyverb.infer.card import Card

WEIGHTS = Path(__file__).parent.parent / "weights"

DEFAULTS = {"pose": "pose-lite", "detect": "finder", "verbs": "verbs-penn15"}
"""The networks used when none is named."""


def bundled() -> list[Card]:
    """Cards of the networks that ship inside, by name."""
    return [Card.read(path) for path in sorted(WEIGHTS.glob("*/card.json"))]


def find(name: str, *tasks: str) -> Card:
    """Find a network by its bundled name, its folder, its ONNX file or its card.

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
    path = Path(name)
    options = (
        [path / "card.json"]
        if path.is_dir()
        else [path, path.with_suffix(".json"), path.parent / "card.json"]
    )
    for option in options:
        if option.suffix == ".json" and option.is_file():
            return Card.read(option)
    if path.exists():
        raise ModelError(
            f"Expected a card beside the network, got none; write {path.with_suffix('.json').name}: {path}"
        )
    names = ", ".join(card.name for card in bundled() if card.task == task) or "none is bundled"
    raise ModelError(
        f"Expected a {task} network: a bundled one ({names}) or the path of an ONNX file with a card, "
        f"got none of that name; see `bodyverb models`: {name}"
    )
