"""Packing a data set: shards in parallel, merged last; killed at any moment, it goes on where it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb import __version__
from bodyverb.core import InputError
from bodyverb.core.errors import OutputError
from bodyverb.datasets._table import ClipTable
from bodyverb.datasets.store import _files, _shards
from bodyverb.datasets.store._clip import layout_key
from bodyverb.datasets.store._shards import Source
from bodyverb.formats.files import FolderLock, to_json

PARTIAL, PLAN, MERGED = ".partial", "plan.json", "merged"


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What became of a pack.

    Attributes:
        path: the store.
        clips: how many it holds.
        bad: id and reason of those that could not be read.
        resumed: how many clips an earlier attempt had packed already.
    """

    path: Path
    clips: int
    bad: tuple[dict[str, str], ...]
    resumed: int


def pack(
    name: str,
    root: str | Path,
    out: str | Path,
    *,
    options: dict[str, Any] | None = None,
    jobs: int = 1,
    seen: Callable[[int, int], None] | None = None,
) -> Packed:
    """Packs a data set of clips into a store.

    Until it is complete there is only `OUT.partial`, with which the same call goes on after a kill.

    Args:
        name: the data set.
        root: where its files are.
        out: folder to make.
        options: how to open it.
        jobs: processes that read files.
        seen: told how many clips are done in this call, and of how many.

    Returns:
        What was packed. Clips that cannot be read are left out and named in the store's ledger.

    Raises:
        InputError: there is nothing to pack.
        OutputError: the folder is taken by another store or pack, or cannot be written.
    """
    out = Path(out)
    source = Source(name=name, root=Path(root), options=dict(options or {}))
    table = source.open()
    if len(set(table.ids)) != len(table.ids):
        raise InputError(f"Expected unique ids, got some twice; see `bodyverb data check`: {root}")
    folder = out.with_name(out.name + PARTIAL)
    files = source_facts(source.root, (out, folder))
    plan = _plan(source, files, table, _shards.shard_size(len(table), jobs))
    if (there := _same_store(out, plan)) is not None:
        return there
    try:
        with FolderLock(folder):
            plan = _begin(folder, plan)
            shards = dict(enumerate(_groups(table.ids, plan["shard"])))
            todo = {number: ids for number, ids in shards.items() if not _shards.is_done(folder, number)}
            _shards.write_all(folder, source, table, jobs, todo, seen)
            _merge(folder, table, source, plan, len(shards))
            (folder / MERGED).replace(out)
            shutil.rmtree(folder)
    except OSError as error:
        raise OutputError(
            f"Expected to write a store, got '{error.strerror or error}'; free the place and run it "
            f"again to go on: {folder}"
        ) from error
    ledger = _files.read_ledger(out)
    resumed = len(table) - sum(map(len, todo.values()))
    return Packed(path=out, clips=len(table) - len(ledger), bad=ledger, resumed=resumed)


def source_facts(root: Path, without: Sequence[Path]) -> dict[str, Any]:
    """Number, size and names (as a checksum) of the files of a folder, or of one file; not of `without`."""
    paths = sorted(root.rglob("*")) if root.is_dir() else [root]
    own = {path.resolve() for path in without}
    digest, count, total, newest = hashlib.sha256(), 0, 0, 0
    for path in paths:
        if path.is_file() and own.isdisjoint(path.resolve().parents):
            about = path.stat()
            digest.update(f"{path.relative_to(root)}\0{about.st_size}\n".encode())
            count, total, newest = count + 1, total + about.st_size, max(newest, about.st_mtime_ns)
    return {"files": count, "bytes": total, "names and sizes": digest.hexdigest(), "newest_ns": newest}


def _plan(source: Source, files: dict[str, Any], table: ClipTable, shard: int) -> dict[str, Any]:
    """What must be the same for an earlier attempt to be of use; and the size of a shard."""
    ids = hashlib.sha256("\n".join(table.ids).encode()).hexdigest()
    plan = {
        "store": _files.VERSION,
        "program": __version__,
        "data set": source.name,
        "options": source.options,
        "source": files,
        "ids": ids,
        "shard": shard,
    }
    plain: dict[str, Any] = json.loads(to_json(plan))
    return plain


def _agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return {**one, "shard": 0} == {**other, "shard": 0}


def _same_store(out: Path, plan: dict[str, Any]) -> Packed | None:
    """What was packed before, where it is the same.

    Raises:
        OutputError: something else is in the place.
    """
    if not out.exists():
        return None
    header = _files.read_header(out) if _files.is_store(out) else {}
    if not _agree(header.get("plan", {}), plan):
        raise OutputError(
            f"Expected a free place, got {'a store of something else' if header else 'something'} there; "
            f"remove it or choose another: {out}"
        )
    count = len(header["ids"])
    return Packed(path=out, clips=count, bad=_files.read_ledger(out), resumed=count)


def _begin(folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """The plan of an earlier attempt where it agrees; else what that left is removed and this one counts."""
    path = folder / PLAN
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
        if _agree(earlier, plan):
            return dict(earlier)
    except (OSError, ValueError, TypeError):
        pass
    for old in folder.glob("*"):
        if old.suffix in (".bin", ".json", ".part"):
            old.unlink()
    fresh = path.with_suffix(".part")
    fresh.write_text(json.dumps(plan), encoding="utf-8")
    fresh.replace(path)
    return plan


def _groups(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))


def _merge(folder: Path, table: ClipTable, source: Source, plan: dict[str, Any], shards: int) -> None:
    """Put the shards together in `merged`."""
    merged = folder / MERGED
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir()
    rows: list[tuple[int, ...]] = []
    ids: list[str] = []
    bad: list[dict[str, str]] = []
    layouts: dict[str, Any] = {}
    with (merged / _files.DATA).open("wb") as data, (merged / _files.FACTS).open("wb") as facts:
        for number in range(shards):
            about = _shards.read_facts(folder, number)
            start = data.tell()
            _copy(folder, number, about["crc32"], data)
            bad += about["bad"]
            for clip in about["clips"]:
                clip["facts"]["layout"] = layout_key(about["layouts"][clip["facts"]["layout"]], layouts)
                line = to_json(clip["facts"], keep_nan=True).encode() + b"\n"
                rows.append((start + clip["row"][0], *clip["row"][1:], len(line), facts.tell()))
                facts.write(line)
                ids.append(clip["facts"]["id"])
    if not ids:
        reason = bad[0]["error"] if bad else "no clips"
        raise InputError(
            f"Expected a clip that can be read, got none ({reason}); check the files: {source.root}"
        )
    np.save(merged / _files.INDEX, np.array(rows, _files.ROW), allow_pickle=False)
    (merged / _files.LEDGER).write_text("".join(to_json(one) + "\n" for one in bad), encoding="utf-8")
    places = {name: place for place, name in enumerate(ids)}
    header = {
        "provenance": _provenance(source, plan),
        "plan": plan,
        "ids": ids,
        "classes": table.classes,
        "splits": {
            split: {part: [places[one] for one in of if one in places] for part, of in parts.items()}
            for split, parts in table.splits.items()
        },
        "published": table.published,
        "twice": table.twice,
        "notes": [*table.notes, *_left_out(table)],
        "layouts": layouts,
    }
    _files.write_header(merged, header)


def _left_out(table: ClipTable) -> list[str]:
    """A word about videos that have no poses yet."""
    count = len(table.unposed)
    return [f"{count:,} videos without poses are not in it; see `bodyverb data poses`"] if count else []


def _copy(folder: Path, number: int, crc32: int, target: Any) -> None:
    """Append a shard.

    Raises:
        OutputError: it is damaged; it will be made again.
    """
    path = folder / f"{number:05d}.bin"
    found = 0
    with path.open("rb") as handle:
        while piece := handle.read(1 << 22):
            found = zlib.crc32(piece, found)
            target.write(piece)
    if found != crc32:
        path.with_suffix(".json").unlink()
        raise OutputError(f"Expected a whole shard, got a damaged one; run it again to make it anew: {path}")


def _provenance(source: Source, plan: dict[str, Any]) -> dict[str, Any]:
    from bodyverb import datasets

    card = datasets.card(source.name)
    return {
        "data set": source.name,
        **{key: card.get(key, "") for key in ("title", "licence", "citation")},
        "options": plan["options"],
        "root": source.root.resolve().name,
        "source": plan["source"],
        "program": f"bodyverb {__version__}",
        "packed": datetime.now(UTC).isoformat(timespec="seconds"),
    }
