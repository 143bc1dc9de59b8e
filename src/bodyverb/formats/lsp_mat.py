"""Leeds Sports Pose (`joints.mat`): 14 joints of one person a picture.

One variable `joints` of x, y and a flag, px from 1. LSP holds it as (3, 14, N); its flag is 1 where a joint
is hidden, and its place is marked all the same. LSP Extended holds it as (14, 3, N); its flag is 1 where a
joint was marked, and the numbers of the others mean nothing. Row n belongs to the picture n + 1,
`im0001.jpg` or, in LSP Extended, `im00001.jpg`.

Source of the form: the data sets' own notes (Johnson and Everingham, BMVC 2010 and CVPR 2011).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb import skeletons
from bodyverb.core import ABSENT, INFERRED, SEEN, FormatError, PoseSequence
from bodyverb.formats import _mat5
from bodyverb.formats._format import Format, Given, Item, recording_of
from bodyverb.formats.files import replacing

JOINTS = 14


@dataclass(frozen=True, kw_only=True, eq=False)
class LspJoints:
    """One file of N people.

    Attributes:
        stored: (N, 14, 3) float64 x, y and flag as stored, px from 1.
        extended: Whether it is LSP Extended.
        source: Name of the file.
    """

    stored: np.ndarray
    extended: bool
    source: str = ""

    def __len__(self) -> int:
        return len(self.stored)

    @property
    def state(self) -> np.ndarray:
        """(N, 14) uint8: 0 not marked, 1 hidden, 2 seen."""
        flag = self.stored[..., 2] > 0
        state = np.where(flag, SEEN, ABSENT) if self.extended else np.where(flag, INFERRED, SEEN)
        return np.where(np.isfinite(self.stored[..., :2]).all(axis=-1), state, ABSENT).astype(np.uint8)

    @property
    def joints(self) -> np.ndarray:
        """(N, 14, 2) float64 px from 0, the centre of the first pixel; NaN where not marked."""
        return np.where(self.state[..., None] == ABSENT, np.nan, self.stored[..., :2] - 1)

    @property
    def images(self) -> tuple[str, ...]:
        """N file names of pictures."""
        return tuple(f"im{at + 1:0{5 if self.extended else 4}d}.jpg" for at in range(len(self)))

    def people(self, at: int) -> PoseSequence:
        """The person of one picture, as a sequence of one frame."""
        one = LspJoints(stored=self.stored[at : at + 1], extended=self.extended)
        return one.poses().replace(source=self.images[at])

    def poses(self, **rate: Any) -> PoseSequence:
        """All pictures as the frames of one person, who is another in each; `rate` as in `from_arrays`."""
        return PoseSequence.from_arrays(
            self.joints[None],
            skeleton=skeletons.get("lsp14"),
            state=self.state[None],
            source=Path(self.source).name,
            **(rate or {"rate_hz": 1.0, "rate": "unknown"}),
        )


def read(path: str | Path, *, data: bytes | None = None) -> LspJoints:
    """Read a file of either form.

    Args:
        path: `joints.mat`.
        data: Its bytes, where it lies inside an archive.

    Raises:
        FormatError: The file is absent, damaged or of another shape.
    """
    values = _mat5.load(path, "joints", data=data)["joints"]
    shape = values.shape if isinstance(values, np.ndarray) and values.dtype.kind in "fiu" else ()
    shape = (*shape, 1) if len(shape) == 2 else shape
    if shape[:2] not in ((3, JOINTS), (JOINTS, 3)) or len(shape) != 3:
        raise FormatError(
            f"Expected joints of shape (3, {JOINTS}, N) or ({JOINTS}, 3, N), got {shape or 'no numbers'}; "
            f"check the file: {path}"
        )
    extended = shape[0] == JOINTS
    order = (2, 0, 1) if extended else (2, 1, 0)
    stored = values.reshape(shape).transpose(order).astype(np.float64)
    return LspJoints(stored=stored, extended=extended, source=str(path))


def write(path: str | Path, people: LspJoints) -> Path:
    """Write a file; `read` gives the same numbers back.

    Raises:
        OutputError: The file cannot be written.
    """
    from scipy.io import savemat

    order = (1, 2, 0) if people.extended else (2, 1, 0)
    with replacing(path) as temporary, temporary.open("wb") as stream:
        savemat(stream, {"joints": people.stored.transpose(order)}, do_compression=True)
    return Path(path)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.stem, recording_of(read(path).poses(**given.rate()))


FORMAT = Format(
    name="lsp",
    title="Leeds Sports Pose joints.mat",
    suffixes=(".mat",),
    says=frozenset({"layout", "unit", "states", "empty frames"}),
    read=_recordings,
    looks=lambda path, head: _mat5.has(path, "joints"),
)
