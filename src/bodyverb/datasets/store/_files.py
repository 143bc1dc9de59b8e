"""The files of a store and what its header says of them.

store.json    header: format, provenance, classes, splits, layouts, size and SHA-256 of the other files
clips.bin     the clips' arrays, see `_clip`
index.npy     one row a clip: where it is and how large
facts.jsonl   one line a clip: all that is no array
ledger.jsonl  one line a clip that could not be packed: its id and why
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import FormatError

FORMAT, VERSION = "bodyverb store", 1
HEADER, DATA, INDEX, FACTS, LEDGER = "store.json", "clips.bin", "index.npy", "facts.jsonl", "ledger.jsonl"
ROW = np.dtype(
    [
        ("start", "<i8"), ("bytes", "<i8"), ("persons", "<i4"), ("frames", "<i4"), ("joints", "<i4"),
        ("space", "<i4"), ("label", "<i4"), ("facts_bytes", "<i4"), ("facts_start", "<i8"),
    ]
)  # fmt: skip
"""A row of the index: bytes of `clips.bin`, shape of the positions (which come first), number of the class or
-1, bytes of `facts.jsonl`."""
_CHUNK = 1 << 22


def is_store(path: str | Path) -> bool:
    """Whether a folder is a packed store."""
    return (Path(path) / HEADER).is_file()


def sha256_of(path: Path) -> str:
    """Checksum of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while piece := handle.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def write_header(folder: Path, facts: dict[str, Any]) -> None:
    """Describe the files of a folder, the last one to be written; all are on the disk then."""
    others = [name for name in (DATA, INDEX, FACTS, LEDGER) if (folder / name).exists()]
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)} for name in others
    }
    body = json.dumps({"format": FORMAT, "version": VERSION, **facts, "files": files})
    seal = hashlib.sha256(body.encode()).hexdigest()
    (folder / HEADER).write_text(f"{body}\n{seal}\n", encoding="utf-8")
    for name in (*others, HEADER):
        with (folder / name).open("rb+") as handle:
            os.fsync(handle.fileno())


def read_header(folder: Path) -> dict[str, Any]:
    """The header; the sizes of the files are compared, their checksums are not.

    Raises:
        FormatError: it is damaged, of another version, or a file is not as large as it says.
    """
    path = folder / HEADER
    try:
        body, seal, *_ = path.read_text(encoding="utf-8").split("\n")
        facts = json.loads(body)
    except (OSError, ValueError) as error:
        raise FormatError(f"Expected the header of a store, got {error}; pack it anew: {path}") from error
    if hashlib.sha256(body.encode()).hexdigest() != seal:
        raise FormatError(f"Expected the header as it was packed, got a changed one; pack it anew: {path}")
    if facts.get("format") != FORMAT or facts.get("version") != VERSION:
        found = f"{facts.get('format')} {facts.get('version')}"
        raise FormatError(f"Expected {FORMAT} {VERSION}, got {found}; pack it anew: {path}")
    for name, what in facts["files"].items():
        size = (folder / name).stat().st_size if (folder / name).is_file() else -1
        if size != what["bytes"]:
            raise FormatError(
                f"Expected {what['bytes']} bytes, got {'no file' if size < 0 else size}; pack it anew: "
                f"{folder / name}"
            )
    return dict(facts)


def verify(folder: Path, header: dict[str, Any]) -> None:
    """Compare the checksums.

    Raises:
        FormatError: a file has changed since it was packed.
    """
    for name, what in header["files"].items():
        if sha256_of(folder / name) != what["sha256"]:
            raise FormatError(
                f"Expected the file as it was packed, got another; pack it anew: {folder / name}"
            )


def read_ledger(folder: Path) -> tuple[dict[str, str], ...]:
    """Id and reason of each clip that could not be packed."""
    lines = (folder / LEDGER).read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)
