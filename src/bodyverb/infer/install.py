"""From an address or a file to a network in the folder: fetched, compared, checked, put into place."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bodyverb.core import InputError, ModelError
from bodyverb.infer import lock, user_models
from bodyverb.infer.archive import Unusable, unpack
from bodyverb.infer.catalogue import bundled
from bodyverb.infer.download import Progress, fetch
from bodyverb.infer.known import Known, known_named

MOST = 1 << 30
"""Bytes that a network of unknown size may have."""

FILE = "model.onnx"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a network comes from: a file, or addresses that are tried in turn.

    Attributes:
        file: ONNX file or zip archive with one inside.
        addresses: http or https, the official one first.
        member: file name of the network in an archive; the only .onnx file by default.
        sha256: checksum that the network must have, where it is known.
        most: bytes that it may have.
    """

    file: Path | None = None
    addresses: Sequence[str] = ()
    member: str | None = None
    sha256: str | None = None
    most: int = MOST

    @staticmethod
    def of(entry: Known, file: Path | None = None) -> Origin:
        """Where a network of the catalogue comes from; `file` if the user has fetched it by other means."""
        return Origin(
            file=file,
            addresses=() if file else entry.addresses,
            member=entry.member,
            sha256=entry.sha256,
            most=2 * entry.size,
        )


@dataclass(frozen=True, kw_only=True)
class Talk:
    """How `install` speaks to the user.

    Attributes:
        tell: takes a line.
        progress: takes the bytes fetched and their number.
    """

    tell: Callable[[str], object] = field(default=lambda line: None)
    progress: Progress = field(default=lambda done, total: None)


def install(
    name: str,
    facts: Mapping[str, Any],
    origin: Origin,
    check: Callable[[Path], object],
    *,
    replace: bool = False,
    keep: bool = False,
    talk: Talk | None = None,
) -> Path:
    """Put a network into the user's folder, whole or not at all.

    A checksum that nobody knows is written to models.lock at the first download and enforced from then on.

    Args:
        name: what it will be called.
        facts: its card; `name`, `file` and `sha256` are set here.
        origin: where it comes from.
        check: takes the folder with network and card and raises where they do not work.
        replace: whether it may take the place of an added one.
        keep: an added one of that name stays as it is, without an error.
        talk: told what happens.

    Returns:
        The network's folder.

    Raises:
        InputError: the name cannot be used or is taken.
        ModelError: no address gives the network, or it fails the check.
        OutputError: the folder cannot be written.
    """
    talk = talk or Talk()
    user_models.check_name(name, {card.name for card in bundled()})
    with user_models.exclusive(lambda: talk.tell("waiting for another process that adds a network")) as root:
        if (root / name).exists() and not replace:
            if keep:
                return root / name
            raise InputError(f"Expected a new name, got one that is taken; use --replace: {root / name}")
        with user_models.place(name) as folder:
            address = _obtain(name, origin, folder / FILE, talk)
            digest = sha256_of(folder / FILE)
            _write_card(folder, name, facts, digest)
            check(folder)
            if address and origin.sha256 is None and lock.recorded(origin.addresses) is None:
                lock.record(address, digest, (folder / FILE).stat().st_size)
                talk.tell(
                    f"nobody has published a checksum of this file: {digest} is recorded now, and any other "
                    f"from there will be refused; compare it where you can: {lock.path()}"
                )
    return root / name


def sha256_of(path: Path) -> str:
    """Checksum of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _write_card(folder: Path, name: str, facts: Mapping[str, Any], digest: str) -> None:
    card = {**facts, "name": name, "file": FILE, "sha256": digest}
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _obtain(name: str, origin: Origin, target: Path, talk: Talk) -> str | None:
    """Bring the network to `target`; returns the address that gave it, None for a file."""
    if origin.file is not None:
        try:
            _from_file(origin.file, target, origin)
        except Unusable as error:
            raise ModelError(f"Expected a network, got {error}; choose another file: {origin.file}") from None
        return None
    expected = origin.sha256 or lock.recorded(origin.addresses)
    reasons = []
    for address in origin.addresses:
        talk.tell(f"fetching {name} from {address}")
        try:
            fetched = target.with_name("fetched")
            fetch(address, fetched, most=origin.most, progress=talk.progress)
            unpack(fetched, target, origin.member, origin.most)
            _compare(target, expected)
        except Unusable as error:
            for left in (fetched, target):
                left.unlink(missing_ok=True)
            reasons.append((address, str(error)))
            talk.tell(f"not from there: {error}")
        else:
            return address
    raise _unreachable(name, reasons, recorded=origin.sha256 is None and expected is not None)


def _from_file(file: Path, target: Path, origin: Origin) -> None:
    if not file.is_file():
        raise Unusable("no file")
    if file.stat().st_size > origin.most:
        raise Unusable(f"more than the {origin.most / 1e6:.1f} MB that it may have")
    copy = target.with_name("fetched")
    shutil.copyfile(file, copy)
    unpack(copy, target, origin.member, origin.most)
    _compare(target, origin.sha256)


def _compare(path: Path, expected: str | None) -> None:
    if expected is not None and (digest := sha256_of(path)) != expected.lower():
        raise Unusable(f"other bytes (sha256 {digest[:12]}... instead of {expected[:12]}...)")


def _unreachable(name: str, reasons: list[tuple[str, str]], *, recorded: bool) -> ModelError:
    """What was tried, and what the user can do by hand."""
    tried = "; ".join(f"{reason} from {address}" for address, reason in reasons)
    if recorded and any(reason.startswith("other bytes") for _, reason in reasons):
        return ModelError(
            f"Expected the file of the first download of '{name}', got {tried}; find out why it changed, and "
            f"where the new one is right delete its address from: {lock.path()}"
        )
    place = user_models.folder() / user_models.DOWNLOADS
    way = (
        f"put the file into the folder below and run `bodyverb models add {name}`"
        if known_named(name)
        else "run the same command with that file"
    )
    return ModelError(
        f"Expected to fetch '{name}', got {tried}; fetch it from there by other means, {way}: {place}"
    )
