"""Read a whole data set and say what is missing, damaged or surprising in it.

Ends with 3 where clips are missing or damaged. ROOT may be a store that `bodyverb data pack` made: its
checksums are compared too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from bodyverb.datasets.checks import Report


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb data check`."""

    name: Positional[str]
    """A data set, see `bodyverb data list`."""
    root: Positional[Path]
    """Folder or archive of its files, or a packed store."""
    options: Annotated[tuple[str, ...], arg(metavar="NAME=VALUE...")] = ()
    """How to open it, as NAME=VALUE: those of the data set, such as bodies=pyskl."""
    part: bool = False
    """Only a part of the data set is meant to be here: say nothing of what is missing."""
    json: bool = False
    """Print what was found as JSON."""

    def run(self) -> int:
        """Check and print."""
        from bodyverb.cli._counting import counting
        from bodyverb.datasets._registry import open_any, parse_options
        from bodyverb.datasets.checks import check
        from bodyverb.datasets.store import Store

        table = open_any(self.name, self.root, **parse_options(self.name, self.options))
        if isinstance(table, Store):
            table.verify()
        with counting("checking") as seen:
            report = check(table, whole=not self.part, seen=seen)
        print(_as_json(report)) if self.json else _print(self.name, report)
        return 0 if report.sound else 3


def _as_json(report: Report) -> str:
    from dataclasses import asdict

    from bodyverb.formats.files import to_json

    return to_json({**asdict(report), "sound": report.sound})


def _print(name: str, report: Report) -> None:
    from rich.console import Console

    from bodyverb.outputs.tables import columns_table

    console = Console(highlight=False)
    if report.people is None:
        size = f"{report.clips:,} clips, {report.frames:,} frames, {report.seconds / 60:,.1f} minutes"
    else:
        size = f"{report.clips:,} pictures, {report.people:,} people"
    console.print(f"{name}: {size}", markup=False)
    if report.parts:
        parts = ", ".join(f"{part} {count:,}" for part, count in report.parts.items())
        console.print(f"splits: {parts}", markup=False)
    rows: list[dict[str, Any]] = [
        {
            "level": one.level,
            "what": one.what,
            "count": f"{one.count:,}",
            "such as": "\n".join(one.examples),
        }
        for one in report.findings
    ]
    console.print(columns_table("findings", rows) if rows else "Nothing is missing, damaged or surprising.")
