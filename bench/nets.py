"""Which networks a measurement uses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Nets:
    """Names or paths, as `bodyverb run` takes them."""

    pose: str = "pose-lite"
    detector: str = "finder"
    verbs: str = "verbs-penn15"

    def arguments(self) -> list[str]:
        """The options of `bodyverb run`."""
        return ["--pose", self.pose, "--detector", self.detector, "--verbs", self.verbs]

    def words(self) -> str:
        """Names in a table; of a path the last part."""
        return ", ".join(
            name.rstrip("/").rsplit("/", 1)[-1] for name in (self.pose, self.detector, self.verbs)
        )
