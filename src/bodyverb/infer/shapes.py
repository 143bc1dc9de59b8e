"""Comparing the shape of a tensor with the one that a card leads to expect."""

from __future__ import annotations

from collections.abc import Sequence

Shape = tuple[int | str, ...]
"""Lengths of axes; a name stands for any length, the same one wherever the name comes again."""


def fits(have: Sequence[int | str | None], want: Shape, lengths: dict[str, int]) -> bool:
    """Whether a shape can be the wanted one.

    Args:
        have: of an array, or as an ONNX file declares it: what is no number is free, and no axes at all
            (onnxruntime's word for a shape that is not declared) fit everything.
        want: the wanted one.
        lengths: what the names stand for so far; filled.
    """
    if not have:
        return True
    if len(have) != len(want):
        return False
    for length, wanted in zip(have, want, strict=True):
        if not isinstance(length, int):
            continue
        if length != (lengths.setdefault(wanted, length) if isinstance(wanted, str) else wanted):
            return False
    return True


def written(shape: Sequence[int | str | None]) -> str:
    """A shape as in the documentation, e.g. `(n, 17, 384)`; `?` for a free axis without a name."""
    if not shape:
        return "of any shape"
    return f"({', '.join('?' if length is None else str(length) for length in shape)})"
