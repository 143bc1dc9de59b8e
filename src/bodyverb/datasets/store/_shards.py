"""Shards: the clips of a store in small groups, each complete or absent, so that a killed pack goes on.

`00012.bin` holds the arrays, `00012.json` what they are; the second one makes the shard count.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from bodyverb.core import BodyverbError, Clip, InputError
from bodyverb.core.errors import OutputError
from bodyverb.datasets._table import ClipTable
from bodyverb.datasets.store._clip import to_bytes
from bodyverb.formats.files import to_json

PER_JOB = 128
"""Shards a job: what a kill undoes is at most one shard a job, less than 1 % of all."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What to open in every job.

    Attributes:
        name: the data set.
        root: where it is.
        options: how to open it.
    """

    name: str
    root: Path
    options: dict[str, Any]

    def open(self) -> ClipTable:
        """The table of clips."""
        from bodyverb import datasets

        return datasets.open(self.name, self.root, **self.options)


def shard_size(clips: int, jobs: int) -> int:
    """Clips a shard."""
    return max(1, clips // (PER_JOB * jobs))


def is_done(folder: Path, number: int) -> bool:
    """Whether a shard is there as a whole."""
    try:
        return (folder / f"{number:05d}.bin").stat().st_size == read_facts(folder, number)["bytes"]
    except (OSError, ValueError, KeyError):
        return False


def read_facts(folder: Path, number: int) -> dict[str, Any]:
    """What a shard holds."""
    facts: dict[str, Any] = json.loads((folder / f"{number:05d}.json").read_text(encoding="utf-8"))
    return facts


def write(folder: Path, number: int, table: ClipTable, ids: Sequence[str]) -> None:
    """Write the clips of a shard; those that cannot be read are named in it."""
    facts: dict[str, Any] = {"clips": [], "bad": [], "layouts": {}}
    classes = {name: place for place, name in enumerate(table.classes)}
    part = folder / f".{number:05d}.{os.getpid()}.part"
    crc = size = 0
    with part.open("wb") as handle:
        for name in ids:
            try:
                clip = table[name]
                label = _label_number(clip, classes)
                pieces, about = to_bytes(clip, facts["layouts"])
            except Exception as error:  # whatever a file does to its reader, the others are packed
                facts["bad"].append({"id": name, "error": _reason(error)})
                continue
            for piece in pieces:
                handle.write(piece)
                crc = zlib.crc32(piece, crc)
            length = sum(map(len, pieces))
            row = [size, length, *clip.poses.position.shape, label]
            facts["clips"].append({"row": row, "facts": about})
            size += length
    facts |= {"bytes": size, "crc32": crc}
    part.replace(folder / f"{number:05d}.bin")
    part.write_text(to_json(facts, keep_nan=True), encoding="utf-8")
    part.replace(folder / f"{number:05d}.json")


def write_all(
    folder: Path, source: Source, table: ClipTable, jobs: int, shards: dict[int, Sequence[str]],
    seen: Callable[[int, int], None] | None,
) -> None:  # fmt: skip
    """Write shards in several processes, or in this one.

    Args:
        folder: where they go.
        source: what the other processes open.
        table: the same, opened.
        jobs: number of processes.
        shards: number -> ids of its clips.
        seen: told how many clips are done, and of how many.

    Raises:
        OutputError: a process was killed; what is done is kept.
    """
    done, total = 0, sum(map(len, shards.values()))
    if jobs == 1 or len(shards) < 2:
        for number, ids in shards.items():
            write(folder, number, table, ids)
            done += len(ids)
            if seen is not None:
                seen(done, total)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _begin, (source,)) as pool:
        try:
            futures = {pool.submit(_write, folder, number, ids): ids for number, ids in shards.items()}
            for future in as_completed(futures):
                future.result()
                done += len(futures[future])
                if seen is not None:
                    seen(done, total)
        except BrokenProcessPool as error:
            raise OutputError(
                f"Expected processes that live, got one that was killed; run it again to go on: {folder}"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


_TABLE: ClipTable | None = None


def _begin(source: Source) -> None:
    """In a new process: open the data set; leave Ctrl-C to the parent, and end with it however it ends."""
    global _TABLE
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
    _TABLE = source.open()


def _write(folder: Path, number: int, ids: Sequence[str]) -> None:
    assert _TABLE is not None
    write(folder, number, _TABLE, ids)


def _label_number(clip: Clip, classes: dict[str, int]) -> int:
    if clip.label is None:
        return -1
    if clip.label not in classes:
        raise InputError(f"Expected a label among the classes, got '{clip.label}'; correct the clip")
    return classes[clip.label]


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, BodyverbError | OSError) else f"{type(error).__name__}: {error}"
