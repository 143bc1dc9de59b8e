"""What `bodyverb convert` knows of a file format: the constant `FORMAT` of its module.

A module of this room takes part by assigning, at its end,

    FORMAT = Format(
        name="pyskl", title="PYSKL pickle", suffixes=(".pkl",), many=True,
        says=frozenset({"scores", "label"}), read=_recordings, write=_save, looks=_looks,
    )

There is no list to edit. The unit of exchange is a named `Recording`: `read(path, given)` yields `(name,
Recording)` pairs one at a time, and `write(path, items)` takes them one at a time, whole or not at all
(`files.replacing`). `recording_of` makes dense poses a recording, `poses_of` a recording dense poses.

What a writer may rely on, because the converter sees to it before: the layout is one of `layouts`, the frame
of reference one of `frames`, and no recording has more people than `people`. A writer refuses what is left
with an InputError. What is not in `says` is lost or guessed, and the converter tells the user so; the
contract test writes synthetic poses with every writer and compares what its format says.

A reader takes what its file does not say from `given`: the layout by `given.layout_of(joints, path)`, times
by `**given.rate()` (or `given.rate(nominal=30)`), unit and axes by `given.unit` and `given.axes`. A file with
several spaces lists them in `spaces` and reads `given.space`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Recording, Skeleton, stack
from bodyverb.core.pose import Axes, Space, Unit
from bodyverb.formats._layout import of_count

GUESSED_RATE_HZ = 30.0
NUMBER_ID = re.compile(r"0|[1-9][0-9]{0,17}")
T = TypeVar("T")
Word = Literal[
    "layout", "unit", "axes", "space", "rate", "times", "empty frames", "ids", "number ids", "scores",
    "states", "boxes", "image size", "label", "segments", "extras", "nobody",
]  # fmt: skip
"""What a file may say: the joints' names; unit; axes, and whether the picture is mirrored; the space (camera,
world, root) where that is not always the same; a constant rate, or the time of every frame; frames in which
nobody is; names of people, or only numbers; scores, states and boxes; the size of the picture;
`meta["label"]`; verbs; all extras; a recording in which nobody is."""

Item = tuple[str, Recording]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A frame of reference, with as many coordinates as it has."""

    space: Space
    unit: Unit
    axes: Axes
    mirrored: bool | None = False
    """None: both, not told apart."""
    dims: int = 3

    def fits(self, poses: PoseSequence) -> bool:
        """Whether the poses are in this frame."""
        same = (poses.space, poses.unit, poses.axes, poses.position.shape[3])
        return same == (self.space, self.unit, self.axes, self.dims) and self.mirrored in (
            None,
            poses.mirrored,
        )

    def __str__(self) -> str:
        """Words for messages."""
        return f"{self.dims}D {self.space} {self.unit} {self.axes}" + (" mirrored" if self.mirrored else "")


PIXELS = Frame(space="image", unit="px", axes="cv", mirrored=None, dims=2)
KINECT = Frame(space="camera", unit="m", axes="kinect")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the user says of a file that does not say it itself; None where nothing is said.

    Attributes:
        layout: The joint layout of the file, a name or the file of one.
        wanted: The layout of the result: it settles which of several layouts of as many joints is meant.
        unit: Unit of the positions.
        axes: Their axes.
        rate_hz: Frames per second; it also corrects the nominal rate of a format.
        wanted_rate_hz: Frames per second of the result: those of a file that does not say any.
        space: Which of the spaces of a file that holds several.
        beside: A second file that the first needs, such as the skeleton of a motion.
    """

    layout: str | None = None
    wanted: str | None = None
    unit: Unit | None = None
    axes: Axes | None = None
    rate_hz: float | None = None
    wanted_rate_hz: float | None = None
    space: str | None = None
    beside: Path | None = None

    def layout_of(self, joints: int, path: str | Path) -> Skeleton:
        """The layout of a file with so many joints.

        Raises:
            FormatError: No known layout, or not the one given, has so many joints.
            InputError: Several have, and it is not said which.
        """
        if self.layout is None and self.wanted is not None and len(skeletons.get(self.wanted)) == joints:
            return skeletons.get(self.wanted)
        return of_count(joints, self.layout, path)

    def settle(self, read: Callable[[str | None], T]) -> T:
        """Call a reader that takes the layout of its file, and refuses where several fit and none is given.

        The layout given is tried first; then, where several fit, the wanted one, if it is one of them.
        """
        try:
            return read(self.layout)
        except FormatError:
            raise
        except InputError as error:
            if self.layout is not None or self.wanted is None:
                raise
            try:
                return read(self.wanted)
            except FormatError:
                raise InputError(str(error).replace("--layout", "--from-layout")) from None

    def rate(self, nominal: float | None = None) -> dict[str, Any]:
        """`rate_hz` and `rate` for `PoseSequence.from_arrays`: given, else the format's own, else a guess."""
        known = self.rate_hz or nominal or self.wanted_rate_hz
        return {"rate_hz": known or GUESSED_RATE_HZ, "rate": "nominal" if known else "unknown"}


Read = Callable[[Path, Given], Iterator[Item]]
Write = Callable[[Path, Iterable[Item]], Path]


@dataclass(frozen=True, kw_only=True)
class Format:
    """One file format. The module's docstring describes it.

    Attributes:
        name: What --from and --to call it: short, lower case, hyphens.
        title: What it is, in a few words.
        suffixes: Ends of the names of its files, lower case; the first is that of files we write.
        says: What a file holds and reading gives back.
        says_flat: What it holds besides of 2D poses only.
        extras: Names of the extras that it holds, where it does not hold all.
        read: Yields the named recordings of a file; None where it cannot be read.
        write: Writes named recordings; None where it cannot be written.
        looks: Whether a file (or folder), whose first bytes are given, may be of this format: cheap, never
            raises for odd content. Without it the name alone decides.
        folder: It is a folder of files.
        many: One file holds several recordings; else a writer gets exactly one.
        layouts: Names of the layouts it can hold; () any.
        made: Joints of `layouts` that may be made by a rule where the poses lack them; None any.
        frames: Frames of reference it can hold; () any.
        people: Most people of one recording; None any number.
        rate_hz: Rate of every file, where it is fixed and not stored.
        fitted: How positions are approximated, in words, where a file does not hold them; "" where it does.
        decimals: Digits behind the point that a position keeps; None float32 exactly.
        spaces: Names of the spaces that a file holds at once, the default first.
        extra: The extra of the package that it needs, if any.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    says: frozenset[Word]
    says_flat: frozenset[Word] = frozenset()
    extras: tuple[str, ...] = ()
    read: Read | None = None
    write: Write | None = None
    looks: Callable[[Path, bytes], bool] | None = None
    folder: bool = False
    many: bool = False
    layouts: tuple[str, ...] = ()
    made: tuple[str, ...] | None = None
    frames: tuple[Frame, ...] = ()
    people: int | None = None
    rate_hz: float | None = None
    fitted: str = ""
    decimals: int | None = None
    spaces: tuple[str, ...] = ()
    extra: str = ""


def recording_of(poses: PoseSequence, meta: Mapping[str, Any] | None = None) -> Recording:
    """Dense poses as a recording: a track a person, of the frames in which it has a joint or a box."""
    tracks = []
    for person in range(poses.persons):
        there = poses.present[person].any(axis=1)
        if poses.box is not None:
            there = there | np.isfinite(poses.box[person]).all(axis=1)
        tracks.append(poses.select(persons=[person], frames=there))
    return Recording(
        timestamps_s=poses.timestamps_s,
        image_size=poses.image_size,
        source=poses.source,
        tracks=tuple(tracks),
        meta=dict(meta or {}),
    )


def poses_of(recording: Recording, layout: str | None = None, frame: Frame | None = None) -> PoseSequence:
    """A recording as dense poses over all of its frames.

    Args:
        recording: It.
        layout: The layout of a recording of nobody, which has none; likewise `frame`.

    Raises:
        InputError: Nobody is in it, and no layout or frame is given.
    """
    if recording.tracks:
        return stack(recording.tracks, recording.timestamps_s)
    if layout is None or frame is None:
        raise InputError(f"Expected poses of somebody, got nobody; leave it out: {recording.source}")
    skeleton = skeletons.get(layout)
    return PoseSequence.from_arrays(
        np.zeros((0, recording.timestamps_s.size, len(skeleton), frame.dims), np.float32),
        skeleton=skeleton,
        timestamps_s=recording.timestamps_s,
        rate="nominal",
        space=frame.space,
        unit=frame.unit,
        axes=frame.axes,
        mirrored=bool(frame.mirrored),
        image_size=recording.image_size,
        source=recording.source,
    )
