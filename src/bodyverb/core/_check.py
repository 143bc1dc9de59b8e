"""Checks shared by the core types: arrays of a known kind and shape, one of a few words."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bodyverb.core.errors import InputError


def array(name: str, value: object, dtype: npt.DTypeLike, ndim: int | None = None) -> np.ndarray:
    """A read-only view of `value` as `dtype`; copied only where the kind differs.

    Raises:
        InputError: Where it is not an array of numbers or has another number of axes.
    """
    try:
        result = np.asarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Expected {name} as an array of {np.dtype(dtype).name}, got {error}; convert it"
        ) from None
    if ndim is not None and result.ndim != ndim:
        raise InputError(f"Expected {name} with {ndim} axes, got shape {result.shape}; reshape it")
    return frozen(result)


def frozen(value: np.ndarray) -> np.ndarray:
    """A view that cannot be written through; the memory is shared, not copied."""
    view = value.view()
    view.flags.writeable = False
    return view


def shape(name: str, value: np.ndarray, expected: tuple[int, ...], meaning: str) -> None:
    """Raise InputError where an array has another shape than the layout of its axes asks for."""
    if value.shape != expected:
        raise InputError(f"Expected {name} of shape {expected} {meaning}, got {value.shape}; align its axes")


def word(name: str, value: object, allowed: Sequence[str]) -> None:
    """Raise InputError where a value is none of the allowed words."""
    if value not in allowed:
        raise InputError(f"Expected {name} to be one of {', '.join(allowed)}, got {value!r}; correct it")


def times(name: str, value: object) -> np.ndarray:
    """Time stamps in seconds: finite, strictly rising float64, read-only.

    Raises:
        InputError: Where a time is not finite or does not come after the one before.
    """
    result = array(name, value, np.float64, ndim=1)
    if not np.isfinite(result).all():
        raise InputError(f"Expected finite {name}, got NaN or infinity; drop or repair those frames")
    if result.size > 1 and not (np.diff(result) > 0).all():
        at = int(np.flatnonzero(np.diff(result) <= 0)[0])
        raise InputError(
            f"Expected rising {name}, got {result[at]:g} then {result[at + 1]:g} at frame {at + 1}; "
            "sort or drop frames"
        )
    return result


def size(name: str, value: object) -> tuple[int, int] | None:
    """A (width, height) pair of whole positive pixels, or None.

    Raises:
        InputError: Where it is anything else.
    """
    if value is None:
        return None
    try:
        width, height = (int(side) for side in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise InputError(
            f"Expected {name} as (width, height) in px, got {value!r}; give two whole numbers"
        ) from None
    if width < 1 or height < 1:
        raise InputError(f"Expected {name} of at least 1 x 1 px, got {width} x {height}; check the source")
    return width, height
