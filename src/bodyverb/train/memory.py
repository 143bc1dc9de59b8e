"""Memory that was freed stays with the process: fresh pages cost more than what is computed on them.

A batch of heatmaps or of activations is some hundred megabytes. The C library of Linux takes each such array
fresh from the system and hands it back when it is freed, so that every step touches new pages, one fault for
each 4 kB.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # M_TRIM_THRESHOLD and M_MMAP_MAX of malloc.h


def keep_freed() -> bool:
    """Let large arrays reuse the memory of earlier ones, for the rest of this process.

    Returns:
        Whether the C library can: glibc can, others are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_TRIM_THRESHOLD, -1)) and bool(mallopt(_MMAP_MAX, 0))
