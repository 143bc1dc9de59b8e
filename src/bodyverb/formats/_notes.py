"""What became of poses on their way into another format: changed, approximate, guessed or lost."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal["changed", "approximate", "guessed", "lost"]


class Notes:
    """Collects notes over many recordings; the same note counts once a recording."""

    def __init__(self) -> None:
        self._found: dict[tuple[Kind, str], int] = {}

    def add(self, kind: Kind, text: str) -> None:
        """Note something of one recording."""
        self._found[kind, text] = self._found.get((kind, text), 0) + 1

    def once(self, kind: Kind, text: str) -> None:
        """Note something that is of no single recording."""
        self._found[kind, text] = 0

    def lines(self, of: int = 1) -> list[str]:
        """`kind: text`, with the number of recordings where it is not all of them."""
        return [
            f"{kind}: {text}" + (f" ({count} of {of} recordings)" if 0 < count < of else "")
            for kind, text, count in self.rows()
        ]

    def rows(self) -> list[tuple[Kind, str, int]]:
        """(kind, text, number of recordings or 0), kind by kind, in the order of their first appearance."""
        order = get_args(Kind)
        found = [(kind, text, count) for (kind, text), count in self._found.items()]
        return sorted(found, key=lambda row: order.index(row[0]))
