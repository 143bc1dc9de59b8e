"""Remove a network that was added or pulled from your folder."""

from __future__ import annotations

from dataclasses import dataclass

from tyro.conf import Positional


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb models remove`."""

    name: Positional[str]
    """Its name."""

    def run(self) -> int:
        """Remove its folder; what models.lock knows of it stays."""
        from bodyverb.infer.user_models import remove

        print(f"removed: {remove(self.name)}")
        return 0
