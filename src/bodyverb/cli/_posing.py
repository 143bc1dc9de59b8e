"""Poses of videos that a data set still waits for, made by the pipeline."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bodyverb.datasets._table import Unposed


def estimate(unposed: Sequence[Unposed], **options: Any) -> tuple[str, ...]:
    """Makes the file of poses of each video; killed or interrupted, the same call goes on.

    Args:
        unposed: of a table of clips. Open the data set again afterwards.
        **options: of the run, such as `pose` and `device`.

    Returns:
        Why videos failed, a line each; the others are done.
    """
    from bodyverb.cli._progress import TerminalProgress
    from bodyverb.core import InputError
    from bodyverb.pipeline import run

    progress, failed = TerminalProgress(), []
    for number, one in enumerate(unposed, 1):
        print(f"poses of video {number} of {len(unposed)}: {one.media}", file=sys.stderr)
        chosen = {"verbs": "none", "video": False, "report": False, "resume": True, **options}
        try:
            run(one.media, out=one.poses.parent, progress=progress, **chosen)
            os.utime(one.poses)  # newer than the video, also where nothing was to be done
        except InputError as error:
            failed.append(str(error))
    return tuple(failed)
