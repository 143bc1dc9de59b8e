"""Poses of one file, of any format that can be read."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from pathlib import Path

from bodyverb.core import InputError, PoseSequence
from bodyverb.datasets import _bodies
from bodyverb.formats import PIXELS, Given, _guess, all_formats, poses_h5, poses_of

RESULTS = (".verbs.csv", ".verbs.json", ".html", ".overlay.jpg", ".sheet.png")
"""What a run writes besides poses."""
NOTES = (".txt", ".json", ".csv")
"""Ends of files that may well be notes; others that cannot be read are damaged."""
NTU = "ntu"
ESTIMATED_SUFFIX = poses_h5.SUFFIX


@lru_cache(maxsize=1)
def _suffixes() -> tuple[str, ...]:
    """Ends of the names of files of poses, the longest first."""
    found = {end for one in all_formats().values() if one.read for end in one.suffixes}
    return tuple(sorted(found, key=lambda end: (-len(end), end)))


def is_result(path: Path) -> bool:
    """Whether a run wrote it besides poses."""
    return path.name.lower().endswith(RESULTS)


def suffix_of(path: Path) -> str | None:
    """The end of the name that belongs to its format; None where it is no file of poses."""
    if is_result(path) or (path.is_dir() and not _guess.is_folder_format(path)):
        return None
    end = next((end for end in _suffixes() if path.name.lower().endswith(end)), "")
    try:
        _guess.of_file(path)
    except _guess.Ambiguous:
        pass  # reading it says so
    except InputError:
        return None if end in ("", *NOTES) else end
    return end


def rank(path: Path) -> tuple[bool, str]:
    """Which of several files of one clip is taken: that of the lowest; the program's own first."""
    return not path.name.lower().endswith(ESTIMATED_SUFFIX), path.name


def read(path: Path, *, layout: str | None = None, rate_hz: float | None = None) -> PoseSequence:
    """The poses of everybody in a file.

    Args:
        path: the file, or a folder that is one.
        layout: of a file that does not say it.
        rate_hz: likewise.

    Raises:
        InputError: it cannot be read, is of no known format or of several, or holds several recordings.
        FormatError: it is damaged.
    """
    source = _guess.of_file(path)
    assert source.read is not None
    found = list(islice(source.read(path, Given(layout=layout, rate_hz=rate_hz)), 2))
    if len(found) != 1:
        raise InputError(
            f"Expected one recording a file, got {'several' if found else 'none'}; divide it with `bodyverb "
            f"convert`: {path}"
        )
    poses = poses_of(found[0][1], layout or "coco17", PIXELS)
    return _bodies.tracked(poses).apply(poses) if source.name == NTU and poses.persons else poses
