"""Ways of reading a network's outputs: one file each, named by `decoder.kind` of the card.

A file assigns

- `GIVES`: `joints` of the one person in each crop; `boxes`, or `people` with boxes and joints, of a frame;
- `ENTRIES`: what the card's `decoder` may hold beside `kind`, name -> `infer.entries.Entry`;
- `build(card, outputs, joints)`: the decoder (`estimate.decoding.Decoder`) for a card that passed those
  checks, the names of the network's outputs, and the number of joints of its layout (0: it has none).

Other packages add theirs by the entry-point group `bodyverb.estimate.decoders`.
"""

from __future__ import annotations

from types import ModuleType

from bodyverb.core import ModelError
from bodyverb.core.registry import Registry
from bodyverb.infer import Card

_REGISTRY = Registry("bodyverb.estimate.decoders", ("GIVES", "ENTRIES"))


def names(*gives: str) -> tuple[str, ...]:
    """Sorted kinds, or those that give one of these."""
    every = _REGISTRY.names()
    return tuple(kind for kind in every if not gives or _REGISTRY.load(kind).GIVES in gives)


def of(card: Card) -> ModuleType:
    """The decoder file that a card names.

    Raises:
        ModelError: the card names none, or one that does not exist.
    """
    kind = card.decoder.get("kind")
    if kind not in _REGISTRY.names():
        raise ModelError(
            f"Expected decoder.kind to be one of {', '.join(_REGISTRY.names())}, got {kind!r}; "
            f"correct the card of: {card.path}"
        )
    return _REGISTRY.load(str(kind))
