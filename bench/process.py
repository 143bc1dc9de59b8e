"""A fresh `bodyverb` process: its wall time, its peak of memory, what it printed."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The child reports its own peak: what a parent sees of a child includes the parent's size at the fork.
_CODE = """
import json, sys
from pathlib import Path
from bodyverb.cli.main import main
code = main(sys.argv[2:])
try:
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
Path(sys.argv[1]).write_text(json.dumps({"peak": peak}))
raise SystemExit(code)
"""


@dataclass(frozen=True)
class Run:
    """One finished process.

    Attributes:
        wall_s: from start to exit, s.
        peak_bytes: largest resident memory.
        source: the first source of `--json` (see `bodyverb.cli.run.document`).
    """

    wall_s: float
    peak_bytes: int
    source: dict[str, Any]


def bodyverb_run(arguments: Sequence[str], out: Path) -> Run:
    """Run `bodyverb run ... --json` and wait for it.

    Raises:
        RuntimeError: it did not end with 0.
    """
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "note.json"
        typed = ["run", *arguments, "--out", str(out), "--json"]
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _CODE, str(note), *typed], capture_output=True, text=True, check=False
        )
        wall = time.perf_counter() - begin
        if done.returncode:
            raise RuntimeError(
                f"bodyverb {' '.join(typed)} ended with {done.returncode}: {done.stderr[-2000:]}"
            )
        peak = json.loads(note.read_text())["peak"]
    return Run(wall, peak, json.loads(done.stdout)["sources"][0])
