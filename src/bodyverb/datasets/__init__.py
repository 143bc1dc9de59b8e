"""Data sets: one file each with its card (`CARD`) and `open(root)`, found by their place; and packed stores.

Example:
    >>> from bodyverb import datasets
    >>> "nw_ucla" in datasets.names(), datasets.card("nw_ucla")["skeleton"]
    (True, 'kinect20')
"""

from bodyverb.datasets._registry import card, make, names, open, open_store

__all__ = ["card", "make", "names", "open", "open_store"]
