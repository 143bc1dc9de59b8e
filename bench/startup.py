"""Seconds until `import bodyverb` and `bodyverb --help` are done, in fresh processes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

CASES = (
    ("python -c pass", "pass"),
    ("import bodyverb", "import bodyverb"),
    ("bodyverb --help", "from bodyverb.cli.main import main; main(['--help'])"),
    ("bodyverb run --help", "from bodyverb.cli.main import main; main(['run', '--help'])"),
)


def measure_startup(repeats: int = 15) -> list[dict[str, Any]]:
    """Median wall time of each case; the bare interpreter is the first. The cases take turns."""
    times: dict[str, list[float]] = {name: [] for name, _ in CASES}
    for _ in range(repeats):
        for name, code in CASES:
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False)
            times[name].append(time.perf_counter() - begin)
    bare = statistics.median(times[CASES[0][0]])
    return [
        {"what": name, "seconds": statistics.median(taken), "above_python": statistics.median(taken) - bare}
        for name, taken in times.items()
    ]
