"""Data sets by name, with their options; and packed stores in their place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from bodyverb.core.errors import InputError
from bodyverb.core.registry import Registry

if TYPE_CHECKING:
    from bodyverb.datasets._samples import SampleTable
    from bodyverb.datasets._table import ClipTable
    from bodyverb.datasets.store import Store

_REGISTRY = Registry("bodyverb.datasets", ("CARD",))
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def names() -> tuple[str, ...]:
    """Sorted names of the data sets here and of other packages (entry-point group `bodyverb.datasets`)."""
    return _REGISTRY.names()


def card(name: str) -> dict[str, Any]:
    """What is known of a data set: name, title, licence, citation, files, splits, classes, skeleton.

    Raises:
        InputError: there is no such data set.
    """
    return {"classes": (), **_REGISTRY.load(name).CARD}


def open(name: str, root: str | Path, **options: Any) -> ClipTable:
    """Opens a data set of clips by name.

    Args:
        name: one of `names()`.
        root: where its files are; or a packed store of it.
        **options: those of the data set's own `open`; a store has none.

    Returns:
        The clips.

    Raises:
        InputError: there is no such data set or option, nothing is there, or it is one of pictures.
    """
    from bodyverb.datasets._table import ClipTable

    table = open_any(name, root, **options)
    if not isinstance(table, ClipTable):
        raise InputError(f"Expected a data set of clips, got one of pictures; choose another: {name}")
    return table


def open_any(name: str, root: str | Path, **options: Any) -> ClipTable | SampleTable:
    """The same for data sets of clips and of pictures.

    Raises:
        InputError: there is no such data set or option, or nothing is there.
    """
    from bodyverb.datasets.store import is_store

    module = _REGISTRY.load(name)
    if is_store(root):
        return _packed(name, root, options)
    known = inspect.signature(module.open).parameters
    unknown = sorted(set(options) - (set(known) - {"root"}))
    if unknown:
        allowed = ", ".join(word for word in known if word != "root") or "none"
        raise InputError(f"Expected options of {name}: {allowed}, got {', '.join(unknown)}; leave them out")
    table: ClipTable | SampleTable = module.open(Path(root), **options)
    return table


def make(name: str, folder: str | Path, *, count: int = 24, seed: int = 0) -> Path:
    """Makes a small data set of procedural people in the form and layout of a published one.

    Args:
        name: one of `names()`.
        folder: where its files go; made, whole or not at all.
        count: about how many clips or pictures.
        seed: the same one gives the same files.

    Returns:
        The folder.

    Raises:
        InputError: there is no such data set, it cannot be made, or the folder is there.
        OutputError: it cannot be written.
    """
    import numpy as np

    from bodyverb.formats.files import replacing_folder

    module, folder = _REGISTRY.load(name), Path(folder)
    if not hasattr(module, "synth"):
        raise InputError(f"Expected a data set that can be made, got {name}; use another")
    if count < 1:
        raise InputError(f"Expected a count of at least 1, got {count}; correct it")
    if folder.exists():
        raise InputError(f"Expected a free place, got something there; choose another folder: {folder}")
    with replacing_folder(folder) as part:
        module.synth(part, np.random.default_rng(seed), count)
    return folder


def open_store(path: str | Path) -> Store:
    """Opens a packed store.

    Raises:
        FormatError: it is damaged or no store.
    """
    from bodyverb.datasets.store import Store

    return Store.open(path)


def parse_options(name: str, words: Iterable[str]) -> dict[str, Any]:
    """Options of a data set as they are typed, `bodies=pyskl`, as values of the kinds it asks for.

    Raises:
        InputError: a word is no `NAME=VALUE`, there is no such option, or it asks for another kind.
    """
    hints: Mapping[str, Any] = get_type_hints(_REGISTRY.load(name).open)
    allowed = [key for key in hints if key not in ("root", "return")]
    found = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or key not in allowed:
            shown = ", ".join(f"{one}=..." for one in allowed) or "none"
            raise InputError(f"Expected options of {name}: {shown}, got '{word}'; correct --options")
        found[key] = _value(word, value, str(hints[key]))
    return found


def _value(word: str, text: str, kind: str) -> Any:
    """A typed value: a flag, a number, names separated by commas, or the text itself."""
    if "bool" in kind:
        if text.lower() not in _WORDS:
            raise InputError(f"Expected yes or no, got '{word}'; correct --options")
        return _WORDS[text.lower()]
    numbers = [number for number in (float, int) if re.search(rf"\b{number.__name__}\b", kind)]
    if numbers:
        try:
            return numbers[0](text)
        except ValueError:
            raise InputError(f"Expected a number, got '{word}'; correct --options") from None
    return tuple(text.split(",")) if "Sequence" in kind or "tuple" in kind else text


def _packed(name: str, root: str | Path, options: Mapping[str, Any]) -> Store:
    store = open_store(root)
    packed = store.provenance.get("data set")
    if packed != name:
        raise InputError(f"Expected a store of {name}, got one of {packed}; name that: {root}")
    if options:
        raise InputError(f"Expected no options with a store, got {', '.join(options)}; pack it anew: {root}")
    return store
