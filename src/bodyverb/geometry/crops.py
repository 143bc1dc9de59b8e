"""Affine crops between a picture and a network's input, in the pixel-centre convention.

(0, 0) is the centre of the first pixel on both sides, so the left edge of a crop of width w is at
x = -0.5 and its right edge at w - 0.5. This is what `cv2.warpAffine` expects: with
`matrix = crop_matrix(box, size)`, `cv2.warpAffine(image, matrix, size)` cuts the crop, and
`apply_affine(invert_affine(matrix), joints)` brings joints found in the crop back to the picture.
"""

from __future__ import annotations

import numpy as np

from bodyverb.core.errors import InputError

__all__ = ["apply_affine", "crop_matrix", "invert_affine", "resize_matrix"]


def crop_matrix(box: np.ndarray, size: tuple[int, int] | int, padding: float = 1.25) -> np.ndarray:
    """The map from picture to crop: box centre to crop centre, uniform scale, upright.

    The padded box is widened along one side to the crop's aspect, so nothing is stretched and
    nothing of the padded box is cut off. The crop may reach beyond the picture.

    Args:
        box: (..., 4) xyxy in px of the picture.
        size: (w, h) of the crop in px, or one number for a square.
        padding: the box is scaled by this about its centre first.

    Returns:
        (..., 2, 3) float64 affine, picture px -> crop px.

    Raises:
        InputError: a box is not finite or has neither width nor height, or size or padding is not positive.
    """
    b = np.asarray(box, dtype=np.float64)
    wh = np.broadcast_to(np.asarray(size, dtype=np.float64), (2,))
    if b.ndim == 0 or b.shape[-1] != 4:
        raise InputError(f"Expected a box of shape (..., 4) as x1 y1 x2 y2, got {b.shape}; pass corners.")
    if not (wh > 0).all() or not padding > 0:
        raise InputError(
            f"Expected a positive crop size and padding, got {size} and {padding}; correct them."
        )
    extent = b[..., 2:] - b[..., :2]
    if not (np.isfinite(b).all() and (extent >= 0).all() and (extent.max(axis=-1) > 0).all()):
        raise InputError(
            f"Expected finite boxes with x1 <= x2, y1 <= y2 and some extent, got {b.tolist()}; drop those."
        )
    scale = 1.0 / (extent * padding / wh).max(axis=-1)
    shift = (wh - 1) / 2 - scale[..., None] * (b[..., :2] + b[..., 2:]) / 2
    matrix = np.zeros((*b.shape[:-1], 2, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = scale
    matrix[..., :, 2] = shift
    return matrix


def resize_matrix(source: tuple[int, int], target: tuple[int, int]) -> np.ndarray:
    """(2, 3) map from a picture of (w, h) px to itself resized to (w, h) px, edges on edges.

    This is the map of `cv2.resize` and of every resize that aligns pixel edges, not centres.
    """
    ratio = np.asarray(target, dtype=np.float64) / np.asarray(source, dtype=np.float64)
    if not (np.isfinite(ratio).all() and (ratio > 0).all()):
        raise InputError(f"Expected positive picture sizes, got {source} and {target}; pass (w, h).")
    return np.concatenate([np.diag(ratio), ((ratio - 1) / 2)[:, None]], axis=1)


def invert_affine(matrix: np.ndarray) -> np.ndarray:
    """The inverse of affine maps.

    Args:
        matrix: (..., 2, 3).

    Returns:
        (..., 2, 3) float64.

    Raises:
        InputError: a map has no inverse.
    """
    m = np.asarray(matrix, dtype=np.float64)
    if m.shape[-2:] != (2, 3):
        raise InputError(
            f"Expected an affine map of shape (..., 2, 3), got {m.shape}; drop the last row of a 3x3."
        )
    try:
        linear = np.linalg.inv(m[..., :2])
    except np.linalg.LinAlgError as error:
        raise InputError(
            "Expected an affine map with an inverse, got a singular one; check the box."
        ) from error
    return np.concatenate([linear, -linear @ m[..., 2:]], axis=-1)


def apply_affine(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points.

    Args:
        matrix: (..., 2, 3); leading axes broadcast against those of `points` (one map a person, say).
        points: (..., N, 2) in px; NaN stays NaN.

    Returns:
        (..., N, 2) float64.
    """
    m, p = np.asarray(matrix, dtype=np.float64), np.asarray(points, dtype=np.float64)
    if m.shape[-2:] != (2, 3) or p.ndim < 2 or p.shape[-1] != 2:
        raise InputError(
            f"Expected maps (..., 2, 3) and points (..., N, 2), got {m.shape} and {p.shape}; reshape them."
        )
    linear, shift = m[..., :2], m[..., 2]
    x = p[..., 0:1] * linear[..., None, :, 0] + p[..., 1:2] * linear[..., None, :, 1]
    return x + shift[..., None, :]
