"""Put a network of yours into your folder, so that its name is enough, and check it on a picture.

`bodyverb models add NAME --onnx FILE --card CARD.json`. A network of the catalogue that was fetched by other
means needs neither: put its file into the folder `downloads` that `models pull` names, or give it as --onnx.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import Positional

from bodyverb.core.errors import InputError

if TYPE_CHECKING:
    from bodyverb.infer.known import Known


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb models add`."""

    name: Positional[str]
    """What --pose, --detector and --verbs will call it."""
    onnx: str | None = None
    """The network: an ONNX file or a zip archive with one inside, as a path or an http(s) address."""
    card: Path | None = None
    """Its card, see docs/reference/cards.md; of a name of the catalogue, the catalogue's by default."""
    sha256: str | None = None
    """Checksum that the network must have."""
    picture: Path | None = None
    """Check it on this picture instead of a rendered one."""
    replace: bool = False
    """Take the place of a network of that name that was added before."""

    def run(self) -> int:
        """Copy or fetch, compare, check, keep."""
        from bodyverb.cli._check_model import check_model
        from bodyverb.cli._fetching import talking
        from bodyverb.infer.install import Origin, install
        from bodyverb.infer.known import known_named

        entry = None if self.card else known_named(self.name)
        if entry is None and (self.card is None or self.onnx is None):
            raise InputError(
                f"Expected --onnx and --card for a network that is not in the catalogue, got no "
                f"{'--card' if self.card is None else '--onnx'}; name both: {self.name}"
            )
        facts = _facts(self.card) if entry is None else entry.facts
        sha256 = _one_checksum(self.sha256, entry.sha256 if entry else facts.get("sha256"))
        web = self.onnx is not None and self.onnx.startswith(("http://", "https://"))
        file = None if web else Path(self.onnx) if self.onnx else _by_hand(entry)
        base = Origin.of(entry) if entry else Origin()
        origin = Origin(
            file=file,
            addresses=(self.onnx,) if web and self.onnx else (),
            member=base.member,
            sha256=sha256,
            most=base.most,
        )
        outcome: list[str] = []
        card = entry.card if entry else self.card

        def check(place: Path) -> None:
            outcome.append(check_model(place, card, self.picture))

        with talking() as talk:
            folder = install(self.name, facts, origin, check, replace=self.replace, talk=talk)
        print(f"{self.name}: {outcome[0]}: {folder}")
        return 0


def _facts(card: Path | None) -> dict[str, Any]:
    """The user's card as it stands; what it must hold is checked with the network beside it."""
    try:
        content = json.loads(card.read_text(encoding="utf-8")) if card else None
    except (OSError, ValueError) as error:
        raise InputError(f"Expected a card in JSON, got {error}; correct it: {card}") from error
    if not isinstance(content, dict):
        raise InputError(f"Expected a card in JSON, got something else; correct it: {card}")
    return content


def _one_checksum(given: str | None, of_card: Any) -> str | None:
    """The checksum to hold the network to; the option and the card must not contradict each other."""
    found = [str(text).lower() for text in (given, of_card) if text is not None]
    for text in found:
        if len(text) != 64 or set(text) - set("0123456789abcdef"):
            raise InputError(f"Expected a sha256 of 64 hexadecimal digits, got another; correct it: {text}")
    if len(set(found)) > 1:
        raise InputError(f"Expected one checksum, got --sha256 and another in the card; drop one: {found[1]}")
    return found[0] if found else None


def _by_hand(entry: Known | None) -> Path:
    """The file that the user put into the folder for downloads."""
    from bodyverb.infer.user_models import DOWNLOADS, folder

    addresses = entry.addresses if entry else ()
    place = folder() / DOWNLOADS
    for address in addresses:
        file = place / address.rsplit("/", 1)[-1]
        if file.is_file():
            return file
    raise InputError(
        f"Expected the file of '{entry.name if entry else ''}', got none; fetch {' or '.join(addresses)} "
        f"into the folder below, name a file with --onnx, or let `bodyverb models pull` fetch it: {place}"
    )
