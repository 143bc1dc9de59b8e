"""Settings of the action lab. No torch here: a command's `--help` needs none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bodyverb.core import InputError
from bodyverb.train.settings import expect_range

MODEL = "bodyverb-s"


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Which clips."""

    data: str
    """Name of the data set (`bodyverb data list`)."""
    root: Path
    """Its files, or a packed store of it (`bodyverb data pack`)."""
    split: str = ""
    """Split of the set; its first one by default."""
    train_split: str = "train"
    """Part to train on."""
    test_split: str = "test"
    """Part to test on."""
    options: tuple[str, ...] = ()
    """Options of the data set, NAME=VALUE (`bodyverb data list`)."""
    layout: str = ""
    """Joint layout to train in; that of the data by default. Of a PYSKL file: the layout it has."""
    unit: str = ""
    """Of a PYSKL file in 3D: m or mm."""
    fps: float = 0.0
    """Of a PYSKL file: frames a second, where they are known."""
    persons: int = 0
    """People of a clip, 1 or 2; as many as the data has by default."""
    validation: str = "auto"
    """What to select by: `auto` (the split's own validation part where it has one, else nothing), `none`,
    `subject:3,5` or `camera:2` (those clips of the training part), `share:0.1` (that share of its subjects,
    or of its clips where there are fewer than ten)."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Which moments of a clip are seen."""

    steps: int = 64
    """Moments of a clip."""
    crop: float = 0.6
    """Shortest share of a clip that is kept in training; 1 keeps all."""
    whole: float = 0.4
    """Share of clips in training that are not cropped."""
    jitter: float = 1.0
    """How far a moment may lie from its segment's middle in training, in halves of a segment."""
    rate_hz: float = 0.0
    """Moments a second, so that each clip keeps its own pace and length: at most `steps` of them, and NaN
    after the end of shorter clips. 0: `steps` moments of every clip, however long."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one that means nothing.
        """
        expect_range(self, "sampling.", ("steps",), 1, math.inf)
        expect_range(self, "sampling.", ("rate_hz",), 0, math.inf)
        expect_range(self, "sampling.", ("crop", "whole", "jitter"), 0, 1)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a network was built for: everything that its shape depends on.

    Attributes:
        model: name of the architecture.
        network: values of its Config.
        skeleton: the layout, whole.
        classes: names of the labels.
        dims: 2 or 3.
        persons: people of a clip.
    """

    model: str
    network: Mapping[str, Any]
    skeleton: Mapping[str, Any]
    classes: tuple[str, ...]
    dims: int
    persons: int


def network_values(words: tuple[str, ...]) -> dict[str, Any]:
    """`width=48`, `widths=96,128`, `stream=b` as values.

    Raises:
        InputError: a word is no NAME=VALUE.
    """
    found = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign:
            raise InputError(f"Expected NAME=VALUE of the network, got '{word}'; correct --network")
        found[name.replace("-", "_")] = _value(value)
    return found


def _value(text: str) -> Any:
    if "," in text:
        return tuple(_value(part) for part in text.split(",") if part)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
