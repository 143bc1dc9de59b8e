"""What a training ran on, to stand beside its result."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import bodyverb
from bodyverb.formats.files import replacing, to_json

PACKAGES = ("bodyverb", "numpy", "torch", "lightning-fabric")


def environment() -> dict[str, str]:
    """Python, packages, machine, source, command: texts by name; what is not there is left out."""
    found = {"python": platform.python_version(), "machine": platform.platform()}
    found |= {"processor": _processor(), "cores": str(os.cpu_count())}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    found |= {"command": shlex.join(sys.argv), "git": _revision()}
    return {key: value for key, value in found.items() if value} | _torch()


class EnvironmentFile:
    """`environment.json` of a run folder: where it ran, from when, for how long.

    Args:
        out: run folder.
        processes: that train together.
    """

    def __init__(self, out: Path, processes: int = 1) -> None:
        self._path = out / "environment.json"
        start = datetime.now(UTC).isoformat(timespec="seconds")
        self._known: dict[str, Any] = {**environment(), "processes": processes, "start": start}

    def write(self, seconds: float) -> None:
        """Write it; `seconds` is what the run has taken until now, killed parts left out."""
        content = self._known | {"seconds": round(seconds, 1)}
        with replacing(self._path) as part:
            part.write_text(to_json(content, indent=1) + "\n", encoding="utf-8")


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _torch() -> dict[str, str]:
    """Threads and GPU, where torch is loaded."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return {}
    found = {"threads": str(torch.get_num_threads())}
    if torch.cuda.is_available():
        found |= {"gpu": torch.cuda.get_device_name(), "cuda": str(torch.version.cuda)}
    return found


def _revision() -> str:
    """Commit of the sources, `+` where they have been changed since; empty outside of a checkout."""
    folder = Path(bodyverb.__file__).parent
    if not _git(folder, "ls-files", "__init__.py"):  # installed, perhaps inside somebody's own repository
        return ""
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", ".")
    return _git(folder, "rev-parse", "HEAD") + ("+" if changed else "")


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
