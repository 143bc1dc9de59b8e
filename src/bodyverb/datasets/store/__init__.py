"""Packed data sets: clips in contiguous arrays that are read where they lie on the disk.

Example:
    >>> from bodyverb.datasets import open_store
    >>> store = open_store("nw_ucla.store")  # doctest: +SKIP
    >>> draw = store.draw(np.random.default_rng(0), clips=64, frames=100)  # doctest: +SKIP
    >>> store.fill(np.empty((64, 1, 100, 20, 3), np.float32), draw)  # doctest: +SKIP
"""

from bodyverb.datasets.store._files import is_store
from bodyverb.datasets.store._pack import Packed, pack
from bodyverb.datasets.store._store import Draw, Store

__all__ = ["Draw", "Packed", "Store", "is_store", "pack"]
