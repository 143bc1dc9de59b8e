"""Pictures: one, or a folder, zip or pattern of them as a sequence; reading and writing RGB files."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from bodyverb.core.errors import InputError, OutputError
from bodyverb.media import archive
from bodyverb.media.headers import check_size, claimed_size
from bodyverb.media.pixels import flatten_alpha, letterbox, orient
from bodyverb.media.source import MediaInfo, Selection, Source

NOMINAL_RATE_HZ = 30.0
"""Rate a sequence of pictures is taken to have, since files of pictures carry no times."""

_IMAGES = "jpg jpeg jpe jfif png bmp webp tif tiff ppm pgm pbm pnm jp2 avif heic heif"
IMAGE_SUFFIXES = frozenset(f".{name}" for name in _IMAGES.split())
_BY_FFMPEG = frozenset([".avif", ".heic", ".heif"])


def read_image(path: str | Path) -> np.ndarray:
    """Read a picture as it is meant to be seen.

    The EXIF orientation is applied, grey becomes RGB, 16 bits become 8, transparent parts show mid grey.

    Args:
        path: A file of any suffix in `IMAGE_SUFFIXES`, or one in a zip: `photos.zip/1.jpg`.

    Returns:
        (h, w, 3) uint8 RGB, C-contiguous.

    Raises:
        InputError: Missing, empty, too large or not a picture that can be decoded.
    """
    path = Path(path)
    data = archive.read_file(path)
    if not data:
        raise InputError(f"Expected a picture, got an empty file (0 bytes); copy it again: {path}")
    size = claimed_size(data)
    if size is None and path.suffix.lower() in _BY_FFMPEG and path.is_file():
        return _decode_by_ffmpeg(path)
    image = None
    if size is not None:
        check_size(size, path)
        with suppress(cv2.error):
            image = _decode(np.frombuffer(data, np.uint8))
    if image is None:
        raise InputError(f"Expected a picture, got data that is damaged or none; copy it again: {path}")
    return image


def _decode(data: np.ndarray) -> np.ndarray | None:
    colour = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if colour is None:
        return None
    if data[:2].tobytes() != b"\xff\xd8":
        stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if stored is not None and stored.ndim == 3 and stored.shape[2] == 4:
            colour = _with_alpha(stored, colour)
    return cv2.cvtColor(colour, cv2.COLOR_BGR2RGB)


def _with_alpha(stored: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Flatten (h, w, 4) stored pixels, turned as OpenCV turned `colour` by the EXIF orientation."""
    if stored.dtype == np.uint16:
        stored = (stored >> 8).astype(np.uint8)
    if stored.dtype != np.uint8:
        return colour
    plain = np.ascontiguousarray(stored[..., :3])
    for code in range(1, 9):
        if np.array_equal(orient(plain, code), colour):
            return orient(flatten_alpha(stored), code)
    return flatten_alpha(stored)


def _decode_by_ffmpeg(path: Path) -> np.ndarray:
    from bodyverb.media.video import VideoSource

    with VideoSource(path, Selection()) as source:
        for frame in source:
            return frame.image
    raise InputError(f"Expected a picture, got a file without one; convert it to JPEG: {path}")


def write_image(path: str | Path, image: np.ndarray) -> None:
    """Write an RGB picture in the format of its suffix, complete or not at all.

    Args:
        path: File to write, for example .png or .jpg.
        image: (h, w, 3) uint8 RGB.

    Raises:
        OutputError: A suffix that names no format of pictures, or the disk refuses.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        done, data = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    except cv2.error:
        done = False
    if not done:
        raise OutputError(
            f"Expected a picture name with .png or .jpg, got {path.suffix!r}; rename it: {path}"
        )
    try:
        with part.open("wb") as file:
            file.write(data.tobytes())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        message = f"Expected to write a picture, got: {reason}; check folder, rights and space: {path}"
        raise OutputError(message) from error


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sort key that puts frame_2 before frame_10."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]


def find_images(place: Path) -> list[Path]:
    """List the pictures of a folder or zip, or those a pattern such as shots/*.png matches, in natural order.

    Raises:
        InputError: No picture there, or a zip that cannot be read.
    """
    if place.is_dir():
        found, what = [p for p in place.iterdir() if p.is_file()], "a folder without any"
    elif archive.is_archive(place):
        found, what = archive.members(place), "a zip without any"
    else:
        found = [Path(p) for p in glob.glob(str(place))]  # noqa: PTH207 - may start at the root
        what = "a pattern that matches none"
    images = [p for p in found if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")]
    if not images:
        raise InputError(f"Expected pictures (.jpg, .png, ...), got {what}; check the name: {place}")
    return sorted(images, key=natural_key)


class ImageSource(Source):
    """One picture, or several as a sequence at the nominal 30 a second.

    The first readable picture sets the size; others are fitted into it (scaled, centred on black) and that
    is noted. A picture that cannot be read is skipped and named; the others keep their places in time.

    Args:
        paths: The pictures in order.
        selection: Frames wanted.
        stem: Name for results.
        path: File, folder or zip for `info`, None for a pattern.

    Raises:
        InputError: None of the pictures can be read.
    """

    def __init__(self, paths: Sequence[Path], selection: Selection, *, stem: str, path: Path | None) -> None:
        super().__init__(selection)
        self._paths = list(paths)
        one = path is not None and self._paths == [path]
        height, width = self._first_readable().shape[:2]
        count = len(self._paths)
        duration = None if one else count / NOMINAL_RATE_HZ
        self.info = MediaInfo(
            kind="image" if one else "images",
            stem=stem or "images",
            path=path,
            image_size=(width, height),
            rate_hz=None if one else NOMINAL_RATE_HZ,
            rate="unknown" if one else "nominal",
            duration_s=duration,
            frame_count=selection.estimate(duration, None if one else NOMINAL_RATE_HZ, count),
        )

    def _first_readable(self) -> np.ndarray:
        cause: InputError | None = None
        for path in self._paths:
            try:
                return read_image(path)
            except InputError as error:
                cause = cause or error
        if cause is not None and len(self._paths) == 1:
            raise cause
        raise InputError(f"Expected pictures, got {len(self._paths)} that cannot be read, the first: {cause}")

    def _frames(self) -> Iterator[tuple[float, np.ndarray]]:
        slots = ((place / NOMINAL_RATE_HZ, path) for place, path in enumerate(self._paths))
        for time_s, path in self.selection.take(slots):
            try:
                image = read_image(path)
            except InputError as error:
                self._notes.add(f"Skipped a picture. {error}")
                continue
            height, width = image.shape[:2]
            if (width, height) != self.info.image_size:
                self._notes.count("Pictures fitted into the size of the first: {n}")
                image = letterbox(image, self.info.image_size)
            yield time_s, image
