"""List the networks that ship inside: size, input, licence, measured quality and speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bodyverb.infer.card import Card


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb models`."""

    json: bool = False
    """Print the whole cards as JSON."""

    def run(self) -> int:
        """Print the table."""
        from rich.console import Console

        from bodyverb.infer.catalogue import bundled

        cards = bundled()
        if self.json:
            from bodyverb.formats.files import to_json

            print(to_json([{**card.facts, "bytes": card.path.stat().st_size} for card in cards]))
            return 0
        console = Console(highlight=False)
        for card in cards:
            console.print(_facts(card))
            console.print()
        if not cards:
            console.print("No network is bundled here; install the package again.")
        return 0


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
