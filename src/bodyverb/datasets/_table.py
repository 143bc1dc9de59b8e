"""A data set of clips as a table: ids, named splits, items read on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bodyverb.core import Clip, InputError


@dataclass(frozen=True, kw_only=True)
class Unposed:
    """A video whose poses are not there yet.

    Attributes:
        media: the video.
        poses: the .poses.h5 to make of it.
    """

    media: Path
    poses: Path


@dataclass(frozen=True, kw_only=True)
class ClipTable:
    """Clips that are read when asked for.

    Attributes:
        ids: names of the clips, unique, in order.
        classes: names of the labels.
        splits: name of a split -> name of a part (``train``, ``test``) -> ids.
        load: id -> clip.
        published: how many clips there are in the published data set (`clips`) and in the parts of its
            splits (`cross-view/train`); empty where nobody says.
        twice: names of files that lie in several folders; the last one counts.
        unposed: videos that become clips once their poses are estimated.
        posed: whether its clips come with poses at all.
        notes: what a user should be told, in sentences without end.
    """

    ids: tuple[str, ...]
    classes: tuple[str, ...]
    splits: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    load: Callable[[str], Clip]
    published: Mapping[str, int] = field(default_factory=dict)
    twice: tuple[str, ...] = ()
    unposed: tuple[Unposed, ...] = ()
    posed: bool = True
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, key: str | int) -> Clip:
        """Reads one clip by its id or place."""
        return self.load(self.ids[key] if isinstance(key, int) else key)

    def __iter__(self) -> Iterator[Clip]:
        return (self.load(name) for name in self.ids)

    def split(self, name: str, part: str) -> tuple[str, ...]:
        """Ids of one part of a named split.

        Args:
            name: the split, for example ``official``.
            part: ``train`` or ``test``.

        Returns:
            The ids.

        Raises:
            InputError: there is no such split or part.
        """
        parts = self.splits.get(name)
        if parts is None:
            raise InputError(f"Expected a split of {sorted(self.splits)}, got '{name}'; choose one of them")
        if part not in parts:
            raise InputError(f"Expected a part of {sorted(parts)}, got '{part}'; choose one of them")
        return parts[part]
