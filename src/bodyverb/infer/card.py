"""What a network is, wants and returns: a JSON file beside its ONNX file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bodyverb.core import ModelError
from bodyverb.infer.entries import Entry

TASKS = ("pose", "detect", "verbs")
_REQUIRED = ("name", "task", "file", "licence", "input")


@dataclass(frozen=True, kw_only=True)
class Card:
    """A model card.

    Attributes:
        name: what the user types.
        task: pose, detect or verbs.
        path: the ONNX file.
        sha256: checksum the file must have, or None.
        licence: terms of the weights (their training data's terms included).
        input: size, channel order, scaling; see docs/reference/cards.md.
        decoder: how outputs become results.
        facts: the whole file as read (data, training command, quality, speed, limits, skeleton, classes ...);
            `card[key]` and `card.get(key)` look here.
    """

    name: str
    task: str
    path: Path
    sha256: str | None
    licence: str
    input: Mapping[str, Any]
    decoder: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def read(path: Path) -> Card:
        """Read a card.

        Raises:
            ModelError: not JSON, a required entry is missing, or the ONNX file is not beside it.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(
                f"Expected a model card in JSON, got {error}; correct the card: {path}"
            ) from error
        if not isinstance(content, dict):
            raise ModelError(f"Expected a model card, got other JSON; correct the card: {path}")
        missing = [key for key in _REQUIRED if key not in content]
        if missing:
            raise ModelError(
                f"Expected entries {list(_REQUIRED)}, got none for {missing}; complete the card: {path}"
            )
        if content["task"] not in TASKS:
            raise ModelError(
                f"Expected task to be one of {TASKS}, got {content['task']!r}; correct the card: {path}"
            )
        for section in ("input", "decoder"):
            if not isinstance(content.get(section, {}), dict):
                raise ModelError(
                    f"Expected {section} to be an object with entries, got {content[section]!r}; "
                    f"correct the card: {path}"
                )
        network = path.parent / str(content["file"])
        if not network.is_file():
            raise ModelError(f"Expected the network beside its card, got none; put it there: {network}")
        return Card(
            name=content["name"],
            task=content["task"],
            path=network,
            sha256=content.get("sha256"),
            licence=content["licence"],
            input=content["input"],
            decoder=content.get("decoder", {}),
            facts=content,
        )

    def __getitem__(self, key: str) -> Any:
        """An entry of the card's file; KeyError where there is none."""
        return self.facts[key]

    def get(self, key: str, default: Any = None) -> Any:
        """An entry of the card's file, or the default."""
        return self.facts.get(key, default)

    def check(self, section: str, entries: Mapping[str, Entry], of: str = "") -> None:
        """Check that `input` or `decoder` has what it must have, nothing unknown, and sound values.

        Args:
            section: input or decoder.
            entries: all that it may have.
            of: words for the message, e.g. ` of kind simcc`.

        Raises:
            ModelError: naming the entry.
        """
        given = getattr(self, section)
        missing = [key for key, entry in entries.items() if entry.needed and key not in given]
        if missing:
            raise ModelError(
                f"Expected {', '.join(missing)} under '{section}'{of}, got no {', '.join(missing)}; "
                f"complete the card of: {self.path}"
            )
        unknown = [key for key in given if key not in entries]
        if unknown:
            raise ModelError(
                f"Expected only {', '.join(entries)} under '{section}'{of}, got {', '.join(unknown)}; "
                f"correct the card of: {self.path}"
            )
        for key, value in given.items():
            if not entries[key].fits(value):
                raise ModelError(
                    f"Expected {section}.{key} to be {entries[key].words}, got {value!r}; "
                    f"correct the card of: {self.path}"
                )

    def check_file(self) -> None:
        """Compare the file's checksum with the card's.

        Raises:
            ModelError: the file is not the one the card describes.
        """
        if self.sha256 is None:
            return
        found = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise ModelError(
                f"Expected a network with sha256 {self.sha256[:12]}..., got {found[:12]}...; "
                f"install the package again or correct the card: {self.path}"
            )
