"""Pack a data set into a store: validated once, read where it lies on the disk ever after.

Killed at any moment, the same command goes on. Clips that cannot be read are left out and named in
OUT/ledger.jsonl; it then ends with 3, unless they are at most --allow-bad.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb data pack`."""

    name: Positional[str]
    """A data set, see `bodyverb data list`."""
    root: Positional[Path]
    """Folder or archive of its files."""
    out: Positional[Path]
    """Folder to make."""
    options: Annotated[tuple[str, ...], arg(metavar="NAME=VALUE...")] = ()
    """How to open it, as NAME=VALUE: those of the data set, such as bodies=pyskl."""
    jobs: int = 0
    """Processes that read files; 0 is one a core."""
    allow_bad: int = 0
    """So many bad clips are no reason for exit code 3."""

    def run(self) -> int:
        """Pack and say what became of it."""
        from bodyverb import datasets
        from bodyverb.cli._counting import counting
        from bodyverb.datasets._registry import parse_options
        from bodyverb.datasets.store import pack

        options = parse_options(self.name, self.options)
        with counting("packing") as seen:
            made = pack(
                self.name, self.root, self.out, options=options, jobs=self.jobs or _cores(), seen=seen
            )
        store = datasets.open_store(made.path)
        size = sum(path.stat().st_size for path in made.path.iterdir()) / 1e6
        earlier = f", {made.resumed:,} of them before" if made.resumed else ""
        print(f"{made.path}: {made.clips:,} clips{earlier}, {size:,.1f} MB")
        for split, parts in store.splits.items():
            print(f"  {split}: " + ", ".join(f"{part} {len(ids):,}" for part, ids in parts.items()))
        for note in store.notes:
            print(f"  {note}")
        for one in made.bad[:5]:
            print(f"  left out: {one['id']}: {one['error']}")
        if made.bad:
            print(f"  {len(made.bad):,} clips left out, see {made.path / 'ledger.jsonl'}")
        return 3 if len(made.bad) > self.allow_bad else 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
