"""A process from start to exit: its wall time and the memory of all it starts."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

STEP_S = 0.1


@dataclass(frozen=True)
class Watched:
    """A process that ended well.

    Attributes:
        wall_s: from start to exit, s.
        cpu_s: time on all cores, of the process and what it waited for, s.
        peak_bytes: largest resident memory of the process and its children together, looked at ten times a
            second.
        said: its standard output.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int
    said: str


def watched(command: Sequence[str]) -> Watched:
    """Run a command and wait for it.

    Raises:
        RuntimeError: it did not end with 0.
    """
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as told:
        begin, spent, peak = time.perf_counter(), children_s(), 0
        process = subprocess.Popen(command, stdout=said, stderr=told, text=True)
        tree = psutil.Process(process.pid)
        while True:
            peak = max(peak, resident(tree))
            with suppress(subprocess.TimeoutExpired):
                process.wait(STEP_S)
                break
        wall = time.perf_counter() - begin
        said.seek(0)
        if process.returncode:
            told.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {told.read()[-2000:]}")
        return Watched(wall, children_s() - spent, peak, said.read())


def children_s() -> float:
    """Seconds of all cores that the children which have ended took, with their children."""
    times = os.times()
    return times.children_user + times.children_system


def resident(process: psutil.Process) -> int:
    """Resident bytes of a process and its children; 0 where it has gone."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
    return total
