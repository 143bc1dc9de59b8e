"""One source on its way through both passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.live import Live
from bodyverb.pipeline.options import RunOptions
from bodyverb.pipeline.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to do with one source, and with what.

    Attributes:
        source: what `media.open_source` takes, as typed.
        stem: name of its results.
        options: of the run.
        engine: the networks.
        progress: told how far it is.
        live: called with each frame of a camera and its people.
        seconds: how long each stage took; filled as the work goes on.
        warnings: a line for each trouble of the second pass; filled as the work goes on.
    """

    source: str
    stem: str
    options: RunOptions
    engine: Engine
    progress: Progress
    live: Live | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """`<stem>.partial`, which holds the unfinished work."""
        return self.options.out / f"{self.stem}.partial"

    @property
    def journal(self) -> Path:
        """The journal of the first pass."""
        return self.folder / "journal"

    @property
    def capture(self) -> Path:
        """The pictures of a live source."""
        return self.folder / "capture.mp4"

    def result(self, suffix: str) -> Path:
        """Path of a result."""
        return self.options.out / f"{self.stem}{suffix}"

    def identity(self) -> dict[str, Any]:
        """What must be the same for two first passes to be the same: the file, the settings, the networks."""
        models = self.engine.models()
        networks = {task: models[task]["sha256"] for task in ("detect", "pose")}
        return {
            "signature": _signature(self.source),
            "options": self.options.first_pass(),
            "networks": networks,
            "skeleton": self.engine.skeleton.to_dict(),
        }

    def difference(self, before: dict[str, Any]) -> str | None:
        """The first thing in which an earlier run's identity differs from this one, in words, or None."""
        now = self.identity()
        if before.get("signature") != now["signature"]:
            return "the source is another one or has changed since"
        if before.get("networks") != now["networks"]:
            return "the networks are others"
        for key, value in now["options"].items():
            old = before.get("options", {}).get(key)
            if old != value:
                return f"--{key.replace('_', '-')} was {old} and is {value} now"
        return None


def _signature(source: str) -> dict[str, Any]:
    """Size and time of a file; the name of what is no file."""
    path = Path(source)
    if not path.is_file():
        return {"source": source}
    stat = path.stat()
    return {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
