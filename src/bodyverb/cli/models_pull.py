"""Fetch networks of the catalogue (see `bodyverb models`) into your folder, and check each on a picture."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from bodyverb.core.errors import InputError, ModelError


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb models pull`."""

    names: Positional[tuple[str, ...]] = ()
    """Names of the catalogue."""
    all: bool = False
    """Fetch all of them."""

    def run(self) -> int:
        """Fetch one after the other; those that are there already stay as they are.

        Returns:
            0, or 3 where some of several could not be fetched, or 2 where none could.
        """
        from bodyverb.cli._check_model import check_model
        from bodyverb.cli._fetching import talking
        from bodyverb.infer.install import Origin, install
        from bodyverb.infer.known import known, need_known

        if bool(self.names) == self.all:
            names = ", ".join(entry.name for entry in known())
            raise InputError(
                f"Expected names or --all, got {'both' if self.all else 'neither'}; use: {names}"
            )
        entries = known() if self.all else [need_known(name) for name in self.names]
        failed = 0
        for entry in entries:
            outcome: list[str] = []

            def check(place: Path, card: Path = entry.card, outcome: list[str] = outcome) -> None:
                outcome.append(check_model(place, card))

            try:
                with talking() as talk:
                    folder = install(entry.name, entry.facts, Origin.of(entry), check, keep=True, talk=talk)
            except ModelError as error:
                if len(entries) == 1:
                    raise
                print(f"bodyverb: {error}", file=sys.stderr)
                failed += 1
            else:
                print(f"{entry.name}: {outcome[0] if outcome else 'is there already'}: {folder}")
        return 0 if not failed else 2 if failed == len(entries) else 3
