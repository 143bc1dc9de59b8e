"""List the networks: those that ship inside, those you added, those that `bodyverb models pull` can fetch.

`bodyverb models add`, `models pull` and `models remove` change what is in your folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bodyverb.infer.card import Card
    from bodyverb.infer.known import Known


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb models`."""

    json: bool = False
    """Print the whole cards as JSON; `origin` is bundled, added or available."""

    def run(self) -> int:
        """Print the tables."""
        from rich.console import Console

        from bodyverb.infer.catalogue import bundled
        from bodyverb.infer.known import known
        from bodyverb.infer.user_models import added, folder

        own, broken = added()
        inside = bundled()
        taken = {card.name for card in own}
        rest = [entry for entry in known() if entry.name not in taken]
        if self.json:
            print(_as_json(inside, own, rest))
            return 0
        console = Console(highlight=False)
        console.rule("bundled", align="left")
        _print_cards(console, inside, "No network is bundled here; install the package again.")
        console.rule(f"added, in {folder()}", align="left")
        _print_cards(console, own, "none")
        for error in broken:
            console.print(f"cannot be used: {error}", markup=False)
        console.rule("available: bodyverb models pull NAME", align="left")
        console.print(_available(rest) if rest else "all of them are added")
        return 0


def _as_json(inside: list[Card], own: list[Card], rest: list[Known]) -> str:
    from bodyverb.formats.files import to_json

    here = [(card, "bundled") for card in inside] + [(card, "added") for card in own]
    rows = [{**card.facts, "origin": word, "bytes": card.path.stat().st_size} for card, word in here]
    rows += [{**entry.facts, "origin": "available", "bytes": entry.size} for entry in rest]
    return to_json(rows)


def _print_cards(console: Any, cards: list[Card], nothing: str) -> None:
    for card in cards:
        console.print(_facts(card))
        console.print()
    if not cards:
        console.print(nothing)


def _available(entries: list[Known]) -> Any:
    """One row a network of the catalogue."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    for title in ("name", "task", "size", "licence", "quality"):
        table.add_column(title, no_wrap=title in ("name", "task", "size"))
    for entry in entries:
        quality = next(iter(entry.facts.get("quality", {}).items()), ("", ""))
        table.add_row(
            Text(entry.name, style="bold"),
            entry.task,
            f"{entry.size / 1e6:.0f} MB",
            Text(first_sentence(entry.facts["licence"], 60)),
            Text(f"{quality[1]} {quality[0]}"),
        )
    return table


def _facts(card: Card) -> Any:
    """A card as a table of two columns: what helps to choose; the rest is in the JSON."""
    from bodyverb.outputs.tables import key_value_table

    shown = {
        "task": card.task,
        "size": f"{card.path.stat().st_size / 1e6:.1f} MB",
        "input": input_text(card),
        "output": _output_text(card),
        "licence": first_sentence(card.licence),
        "trained on": _data_text(card.get("data")),
        "quality": card.get("quality") or "not measured yet",
        "speed": card.get("speed") or "not measured yet",
        "limits": card.get("limits"),
        "licence texts": _licence_file(card),
    }
    return key_value_table(card.name, {key: value for key, value in shown.items() if value})


def input_text(card: Card) -> str:
    """What goes in, in a few words."""
    if card.get("input_text"):
        return str(card.get("input_text"))
    wants = card.input
    if "size" in wants:
        return "{} x {} px".format(*wants["size"])
    if "area" in wants:
        return f"whole picture, shrunk to {float(wants['area']) / 1e3:.0f} thousand px"
    if card.get("window_s"):
        return f"{card.get('skeleton')} joints, windows of {card.get('window_s'):g} s"
    return ", ".join(wants)


def _data_text(data: Any) -> str:
    """A card's `data`: a text, or names with their terms."""
    return data if isinstance(data, str) else "; ".join(data or ())


def _output_text(card: Card) -> str:
    classes = card.get("classes")
    if classes:
        return f"{len(classes)} verbs: " + ", ".join(str(name).replace("_", " ") for name in classes)
    return f"{card.get('skeleton')} joints" if card.get("skeleton") else ""


def first_sentence(text: str, most: int = 160) -> str:
    """The first line of a licence text, cut at a word."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(line) <= most:
        return line
    return line[:most].rsplit(" ", 1)[0] + " ..."


def _licence_file(card: Card) -> str:
    found = sorted(card.path.parent.glob("LICENSE*"))
    return str(found[0]) if found else ""
