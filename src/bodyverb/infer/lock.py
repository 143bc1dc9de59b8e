"""`models.lock` in the user's folder: checksums of downloads nobody vouched for, enforced from then on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bodyverb.core import ModelError
from bodyverb.infer.user_models import folder

NAME = "models.lock"


def path() -> Path:
    """Where it is."""
    return folder() / NAME


def recorded(addresses: Iterable[str]) -> str | None:
    """The sha256 that came from one of the addresses at first, or None where none of them was used yet.

    Raises:
        ModelError: the file is damaged.
    """
    entries = _read()
    return next((entries[address]["sha256"] for address in addresses if address in entries), None)


def record(address: str, sha256: str, size: int) -> None:
    """Remember the network that came from an address. Only while the folder is held.

    Args:
        address: where it came from.
        sha256: of the network, not of an archive round it.
        size: bytes of the network.
    """
    date = datetime.now(UTC).isoformat(timespec="seconds")
    entries = _read() | {address: {"sha256": sha256, "bytes": size, "date": date}}
    fresh = path().with_name(f".{NAME}.part")
    fresh.write_text(json.dumps({"version": 1, "addresses": entries}, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path())


def _read() -> dict[str, Any]:
    try:
        content = json.loads(path().read_text(encoding="utf-8"))
        entries = content["addresses"]
        if all(isinstance(entry["sha256"], str) for entry in entries.values()):
            return dict(entries)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise ModelError(
        "Expected addresses with their checksums in JSON, got something else; correct the file, or delete it "
        f"to trust every address anew: {path()}"
    )
