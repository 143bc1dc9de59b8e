"""Count what is in a data set: classes, lengths, people, missing joints; as a table and as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from bodyverb.datasets.stats import Stats


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb data stats`."""

    name: Positional[str]
    """A data set, see `bodyverb data list`."""
    root: Positional[Path]
    """Folder or archive of its files, or a packed store."""
    plot: Path | None = None
    """Draw it as a picture, such as stats.png."""
    options: Annotated[tuple[str, ...], arg(metavar="NAME=VALUE...")] = ()
    """How to open it, as NAME=VALUE: those of the data set, such as bodies=pyskl."""
    json: bool = False
    """Print all numbers as JSON."""

    def run(self) -> int:
        """Count, print, draw."""
        from bodyverb.cli._counting import counting
        from bodyverb.datasets._registry import open_any, parse_options
        from bodyverb.datasets.stats import stats
        from bodyverb.formats.files import to_json

        table = open_any(self.name, self.root, **parse_options(self.name, self.options))
        with counting("counting") as seen:
            found = stats(table, seen=seen)
        if self.json:
            from dataclasses import asdict

            print(to_json(asdict(found)))
        else:
            _print(self.name, found)
        if self.plot is not None:
            _draw(self.plot, self.name, found)
        return 0


def _print(name: str, found: Stats) -> None:
    from rich.console import Console

    from bodyverb.outputs.tables import columns_table

    console = Console(highlight=False)
    console.print(_headline(name, found), markup=False)
    if found.classes:
        console.print(columns_table("classes", (_row(key, group) for key, group in found.classes.items())))
    worst = sorted(found.joints.items(), key=lambda item: -item[1])
    rows = [{"joint": joint, "missing": f"{share:.1%}"} for joint, share in worst if share > 0]
    console.print(columns_table("missing joints", rows) if rows else "No joint is missing.")


def _headline(name: str, found: Stats) -> str:
    people = {count: found.persons.count(count) for count in sorted(set(found.persons))}
    persons = ", ".join(f"{clips:,} of {count}" for count, clips in people.items())
    if not found.classes:
        return f"{name}: {found.clips:,} pictures by number of marked people: {persons}"
    return (
        f"{name}: {found.clips:,} clips, {sum(found.frames):,} frames; clips by number of persons: {persons}"
    )


def _row(name: str, group: Any) -> dict[str, Any]:
    import numpy as np

    row: dict[str, Any] = {"class": name.replace("_", " "), "number": f"{group.count:,}"}
    if group.count:
        low, middle, high = np.percentile(group.seconds, (0, 50, 100))
        row |= {"shortest": f"{low:.1f} s", "median": f"{middle:.1f} s", "longest": f"{high:.1f} s"}
        row |= {"missing joints": f"{group.missing:.1%}"}
    return row


def _draw(path: Path, name: str, found: Stats) -> None:
    from bodyverb.datasets.stats import histogram
    from bodyverb.outputs.bars import Chart, write_bars

    seconds = tuple(length for group in found.classes.values() for length in group.seconds)
    counts = {key: group.count for key, group in found.classes.items()}
    charts = [
        *([Chart(title="number", values=counts)] if counts else []),
        *([Chart(title="length in s", values=histogram(seconds), colour=(0, 158, 115))] if counts else []),
        Chart(title="missing joints", values=found.joints, percent=True, colour=(213, 94, 0)),
    ]
    write_bars(path, _headline(name, found), charts)
    print(path)
