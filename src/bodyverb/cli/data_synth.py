"""Make a small data set of procedural people in the exact form and folder layout of a published one.

For tests, tutorials and demos without licensed files: whatever reads the original reads it too. `folder`
makes one of your own clips.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb data synth`."""

    name: Positional[str]
    """A data set, see `bodyverb data list`."""
    out: Positional[Path]
    """Folder to make."""
    count: int = 24
    """About how many clips or pictures."""
    seed: int = 0
    """The same one gives the same files."""

    def run(self) -> int:
        """Make it and say what there is."""
        from bodyverb import datasets

        made = datasets.make(self.name, self.out, count=self.count, seed=self.seed)
        files = [path for path in made.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 1e6
        print(f"{made}: {len(files):,} files, {size:,.1f} MB, made (procedural people, free to use)")
        return 0
