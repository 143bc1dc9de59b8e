"""The page that tells what the kill test found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from machine import where_and_when

PAGE = Path(__file__).parent.parent / "docs" / "kill-test.md"

_HEAD = """# The kill test

Runs killed with SIGKILL (`kill -9`) at random moments, then resumed with `--resume`. *Equal* means: raw and
smoothed poses, scores, boxes and verbs are array-equal to those of a run that nobody disturbed, the verb
tables equal byte by byte, the overlay's frames equal after decoding, and nothing temporary is left.

Half of the moments are a random share of the run's processor time, the other half a few random milliseconds
after a random change of the output folder. Written by `{command}`, {date}, {cpu}, {cores} cores, {system}.

**{equal} of {all} kills ended equal.**
"""


def write_page(kills: Sequence[Any]) -> Path:
    """Write docs/kill-test.md from `kill.Kill` items."""
    made = where_and_when()
    equal = sum(not kill.wrong for kill in kills)
    parts = [_HEAD.format(**made, equal=equal, all=len(kills)), _table(kills), _log(kills)]
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    return PAGE


def _phase(kill: Any) -> str:
    """The phase without its number of frames."""
    return str(kill.phase.split(",")[0]) if kill.phase.startswith("first pass") else str(kill.phase)


def _table(kills: Sequence[Any]) -> str:
    phases = list(dict.fromkeys(sorted(map(_phase, kills))))
    found = Counter((kill.case, _phase(kill)) for kill in kills)
    good = Counter((kill.case, _phase(kill)) for kill in kills if not kill.wrong)
    lines = [
        "Equal of all kills, by what the run was doing:\n",
        "| run | " + " | ".join(phases) + " |",
        "|---|" + "---|" * len(phases),
    ]
    for case in dict.fromkeys(kill.case for kill in kills):
        cells = [f"{good[case, p]} of {found[case, p]}" if found[case, p] else "" for p in phases]
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    again = sum(kill.resumed for kill in kills)
    return "\n".join(
        [*lines, "", f"{again} of the kills hit a run that had been killed and resumed before.\n"]
    )


def _log(kills: Sequence[Any]) -> str:
    lines = [kill.line(number) for number, kill in enumerate(kills, 1)]
    return "\n".join(["## The log", "", "```", *lines, "```", ""])
