"""Networks of others that can be fetched on request: their cards, with where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bodyverb.core import InputError

CARDS = Path(__file__).parent / "known_cards"


@dataclass(frozen=True, kw_only=True)
class Known:
    """An entry of the catalogue.

    Attributes:
        name: what the user types.
        task: as in its card.
        card: the file of the entry.
        facts: what is in it: the card that it will have; `source` says where the network comes from.
        addresses: official address first, then mirrors.
        member: file name of the network where the addresses give archives.
        sha256: of the network, or None where nobody has published it.
        size: bytes of the network, roughly.
    """

    name: str
    task: str
    card: Path
    facts: Mapping[str, Any]
    addresses: tuple[str, ...]
    member: str | None
    sha256: str | None
    size: int


def known() -> list[Known]:
    """The catalogue, by task and size."""
    entries = [_read(path) for path in CARDS.glob("*.json")]
    return sorted(entries, key=lambda entry: (entry.task, entry.size, entry.name))


def known_named(name: str) -> Known | None:
    """The entry of that name, or None."""
    return next((entry for entry in known() if entry.name == name), None)


def need_known(name: str) -> Known:
    """The entry of that name.

    Raises:
        InputError: there is none.
    """
    entry = known_named(name)
    if entry is None:
        names = ", ".join(entry.name for entry in known())
        raise InputError(f"Expected a network of the catalogue ({names}), got another; choose one: {name}")
    return entry


def _read(path: Path) -> Known:
    facts = json.loads(path.read_text(encoding="utf-8"))
    source = facts["source"]
    return Known(
        name=facts["name"],
        task=facts["task"],
        card=path,
        facts=facts,
        addresses=tuple(source["addresses"]),
        member=source.get("member"),
        sha256=facts.get("sha256"),
        size=int(source["bytes"]),
    )
