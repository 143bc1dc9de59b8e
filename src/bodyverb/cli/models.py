"""List the networks that ship inside: size, input, licence, measured quality and speed."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb models`."""

    json: bool = False
    """Print the cards as JSON."""

    def run(self) -> int:
        """Print the table."""
        from rich.console import Console
        from rich.table import Table

        from bodyverb.infer.catalogue import bundled

        cards = bundled()
        if self.json:
            print(json.dumps([dict(card.facts) | {"bytes": card.path.stat().st_size} for card in cards]))
            return 0
        table = Table("name", "task", "size", "input", "quality", "speed", "licence", show_lines=True)
        for card in cards:
            size = f"{card.path.stat().st_size / 1e6:.1f} MB"
            table.add_row(
                card.name, card.task, size, str(card.get("input_text", "")), _lines(card.get("quality", {})),
                _lines(card.get("speed", {})), card.licence,
            )
        Console(highlight=False).print(table)
        return 0


def _lines(facts: object) -> str:
    """Measured numbers, one a line."""
    if not isinstance(facts, dict):
        return str(facts)
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if not isinstance(value, dict | list))
