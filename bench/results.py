"""Results are kept as JSON, section by section; docs/bench.md is written from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from machine import where_and_when
from tables import page, section_text

HERE = Path(__file__).parent
LATEST = HERE / "results" / "latest.json"
PAGE = HERE.parent / "docs" / "bench.md"


def read_latest() -> dict[str, Any]:
    """What was measured last, by section."""
    return json.loads(LATEST.read_text(encoding="utf-8")) if LATEST.is_file() else {}


def keep(name: str, content: dict[str, Any], *, write: bool = True) -> str:
    """Put a section's new numbers in the place of its old ones and write the page anew; returns its text."""
    section = {"made": where_and_when(), **content}
    if write:
        latest = read_latest() | {name: section}
        LATEST.parent.mkdir(parents=True, exist_ok=True)
        LATEST.write_text(json.dumps(latest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        PAGE.write_text(page(latest), encoding="utf-8")
    return section_text(name, section)
