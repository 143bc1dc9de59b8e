"""List the data sets that can be read: files, splits, classes and terms.

`bodyverb data list NAME` adds what to cite and the names of its classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tyro.conf import Positional

SHOWN = ("title", "licence", "files", "splits", "joints", "classes")


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb data list`."""

    names: Positional[tuple[str, ...]] = ()
    """Data sets to show in full; a summary of all by default."""
    json: bool = False
    """Print the cards as JSON."""

    def run(self) -> int:
        """Print the cards."""
        from rich.console import Console

        from bodyverb import datasets
        from bodyverb.formats.files import to_json
        from bodyverb.outputs.tables import key_value_table

        cards = [datasets.card(name) for name in self.names or datasets.names()]
        if self.json:
            print(to_json(cards))
            return 0
        console = Console(highlight=False)
        for card in cards:
            facts = _facts(card)
            shown = facts if self.names else {key: facts[key] for key in SHOWN if key in facts}
            console.print(key_value_table(card["name"], shown))
            console.print()
        return 0


def _facts(card: dict[str, Any]) -> dict[str, Any]:
    """A card as it is shown: joints and classes counted, names of classes last."""
    from bodyverb import skeletons

    layout = str(card["skeleton"])
    facts = {key: value for key, value in card.items() if key not in ("name", "classes", "skeleton")}
    facts["joints"] = f"{len(skeletons.get(layout))} ({layout})" if layout in skeletons.names() else layout
    if card["classes"]:
        facts["classes"] = len(card["classes"])
        facts["class names"] = ", ".join(str(name).replace("_", " ") for name in card["classes"])
    return facts
