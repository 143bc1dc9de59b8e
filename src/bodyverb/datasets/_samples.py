"""A data set of pictures as a table: ids, named splits, items made on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bodyverb.core import InputError, Sample


@dataclass(frozen=True, kw_only=True)
class SampleTable:
    """Pictures with their people, made when asked for.

    Attributes:
        ids: names of the samples, unique, in order.
        splits: name of a split -> name of a part (``train``, ``validation``, ``test``) -> ids.
        load: id -> sample.
        read: id -> bytes of the picture; of the file that its `image` names by default.
    """

    ids: tuple[str, ...]
    splits: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    load: Callable[[str], Sample]
    read: Callable[[str], bytes] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, key: str | int) -> Sample:
        """Makes one sample by its id or place."""
        return self.load(self.ids[key] if isinstance(key, int) else key)

    def __iter__(self) -> Iterator[Sample]:
        return (self.load(name) for name in self.ids)

    def picture(self, key: str) -> bytes:
        """Bytes of a sample's picture.

        Raises:
            OSError: it is not there.
        """
        return self.read(key) if self.read is not None else Path(self.load(key).image).read_bytes()

    def split(self, name: str, part: str) -> tuple[str, ...]:
        """Ids of one part of a named split.

        Raises:
            InputError: there is no such split or part.
        """
        parts = self.splits.get(name)
        if parts is None or part not in parts:
            known = ", ".join(f"{split}/{one}" for split, inner in self.splits.items() for one in inner)
            raise InputError(f"Expected a split and part of {known or 'none'}, got {name}/{part}; choose one")
        return parts[part]
