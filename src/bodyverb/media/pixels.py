"""Small picture operations that keep the pixel-centre convention: orientation, letter-box, alpha, sizes.

Pictures are (h, w, 3) uint8 RGB, C-contiguous; x right, y down, (0, 0) is the centre of the first pixel.
"""

from __future__ import annotations

import cv2
import numpy as np

MAX_PIXELS = 2**28
"""Most pixels of a picture that is decoded: a header can claim any number."""

BACKDROP = 128
"""Grey level shown where a picture is transparent: neither dark nor light clothes vanish in it."""


def scaled_size(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """Give the size of a picture shrunk to a long side, with the even sides that H.264 wants.

    A smaller picture is never enlarged (its odd sides are rounded down to even ones).

    Args:
        size: (width, height) in px.
        long_side: Longest side wanted in px.

    Returns:
        (width, height), both even and at least 2.

    >>> scaled_size((1920, 1080), 1280)
    (1280, 720)
    >>> scaled_size((721, 1281), 1280)
    (720, 1280)
    >>> scaled_size((320, 241), 1280)
    (320, 240)
    """
    scale = min(1.0, long_side / max(size))

    def even(side: int) -> int:
        return max(2, int(side * scale / 2 + (0.5 if scale < 1 else 0.0)) * 2)

    return even(size[0]), even(size[1])


def square_size(size: tuple[int, int], pixel_aspect: float) -> tuple[int, int]:
    """Give the size in square pixels of a picture whose pixels are `pixel_aspect` times as wide as high.

    The side that is too short is stretched, so that no detail is lost. Aspects outside 0.2 to 5 are taken
    for damage and ignored.
    """
    width, height = size
    if not 0.2 <= pixel_aspect <= 5 or abs(pixel_aspect - 1) < 1e-3:
        return size
    if pixel_aspect > 1:
        return round(width * pixel_aspect), height
    return width, round(height / pixel_aspect)


def orient(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turn a stored picture upright by its EXIF orientation code 1 to 8 (others leave it as it is).

    Args:
        image: (h, w, 3) uint8.
        orientation: 1 upright, 2 mirrored, 3 half turn, 4 flipped, 5 transposed, 6 turn clockwise,
            7 anti-transposed, 8 turn anti-clockwise.
    """
    if orientation == 2:
        return cv2.flip(image, 1)
    if orientation == 3:
        return cv2.rotate(image, cv2.ROTATE_180)
    if orientation == 4:
        return cv2.flip(image, 0)
    if orientation == 5:
        return cv2.transpose(image)
    if orientation == 6:
        return cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)
    if orientation == 7:
        return cv2.rotate(cv2.transpose(image), cv2.ROTATE_180)
    if orientation == 8:
        return cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return image


def orientation_of_matrix(matrix: np.ndarray) -> int:
    """Give the orientation code of a container's display matrix, to the nearest right angle.

    Args:
        matrix: 9 integers (a b u, c d v, x y w) that map a stored point to x' = a x + c y, y' = b x + d y.
    """
    a, b, c, d = (float(matrix[k]) for k in (0, 1, 3, 4))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(True, True): 1, (False, True): 2, (False, False): 3, (True, False): 4}[(a >= 0, d >= 0)]
    return {(True, True): 5, (True, False): 6, (False, False): 7, (False, True): 8}[(b >= 0, c >= 0)]


def letterbox(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Fit a picture into a size without distortion: scaled, centred, the rest black.

    Args:
        image: (h, w, 3) uint8.
        size: (width, height) in px.
    """
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, min(size[0], round(width * scale))), max(1, min(size[1], round(height * scale))))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    out = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    out[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=method)
    return out


def flatten_alpha(image: np.ndarray) -> np.ndarray:
    """Lay a picture with alpha over mid grey.

    Args:
        image: (h, w, 4) uint8, alpha last and not premultiplied.

    Returns:
        (h, w, 3) uint8, C-contiguous, same channel order.
    """
    alpha = image[..., 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(image[..., :3])
    weight = alpha.astype(np.uint16)
    mixed = image[..., :3] * weight + np.uint16(BACKDROP) * (255 - weight)
    return ((mixed + 127) // 255).astype(np.uint8)
