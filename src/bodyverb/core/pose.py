"""Poses over time, with everything that is needed to read them: layout, units, axes, times, scores, ids."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from bodyverb.core import _check
from bodyverb.core.errors import InputError
from bodyverb.core.skeleton import Skeleton

Rate = Literal["measured", "nominal", "unknown"]
Space = Literal["image", "camera", "world", "root"]
Unit = Literal["px", "mm", "m", "none"]
Axes = Literal["cv", "kinect", "y-up", "z-up"]

ABSENT = 0
INFERRED = 1
SEEN = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseSequence:
    """Poses of P persons over T frames with J joints; what is missing is NaN, never zero.

    The arrays are kept as read-only views: nothing is copied that already has the right kind, and nothing can
    be written through the sequence. Whoever keeps the array that was passed in can still change it: pass a
    copy where that matters.

    Attributes:
        position: (P, T, J, 2 or 3) float32 in `unit`; all coordinates of an absent joint are NaN.
        score: (P, T, J) float32 in [0, 1]; never NaN.
        state: (P, T, J) uint8: 0 absent (NaN), 1 inferred, occluded or filled, 2 seen.
        box: (P, T, 4) float32 x1 y1 x2 y2 in image px, NaN rows where there is none; or None.
        extras: Further arrays by name, aligned to (P, T), (P, T, J) or (P, T, J, k).
        skeleton: The joint layout.
        timestamps_s: (T,) float64, seconds of the source, strictly rising.
        rate: Whether the times were measured, follow from a nominal rate, or are a guess.
        space: Frame of reference: `image`, `camera`, `world` or `root` (centred on the body).
        unit: `px`, `mm`, `m` or `none`.
        axes: `cv` x right y down z forward; `kinect` x to the sensor's left, y up, z forward; `y-up`; `z-up`.
        mirrored: Whether left and right of the image are swapped.
        image_size: (width, height) of the displayed picture in px, or None.
        person_ids: P texts, unique.
        source: Where the poses come from; free text, often a path.

    Raises:
        InputError: Where the fields do not fit together.
    """

    position: np.ndarray
    score: np.ndarray
    state: np.ndarray
    box: np.ndarray | None = None
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)
    skeleton: Skeleton
    timestamps_s: np.ndarray
    rate: Rate
    space: Space
    unit: Unit
    axes: Axes
    mirrored: bool = False
    image_size: tuple[int, int] | None = None
    person_ids: tuple[str, ...]
    source: str = ""

    def __post_init__(self) -> None:
        """Convert the kinds, freeze the arrays and check that they agree."""
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        for name, allowed in (("rate", Rate), ("space", Space), ("unit", Unit), ("axes", Axes)):
            _check.word(name, getattr(self, name), get_args(allowed))
        put("position", _check.array("position", self.position, np.float32, ndim=4))
        put("score", _check.array("score", self.score, np.float32))
        put("state", _check.array("state", self.state, np.uint8))
        put("timestamps_s", _check.times("timestamps_s", self.timestamps_s))
        put("image_size", _check.size("image_size", self.image_size))
        put("mirrored", bool(self.mirrored))
        put("person_ids", tuple(self.person_ids))
        if self.box is not None:
            put("box", _check.array("box", self.box, np.float32))
        put("extras", {name: _check.frozen(np.asarray(value)) for name, value in self.extras.items()})
        self._check_shapes()
        self._check_frame()
        self._check_values()
        self._check_ids()

    @classmethod
    def from_arrays(
        cls,
        position: npt.ArrayLike,
        *,
        skeleton: Skeleton,
        timestamps_s: npt.ArrayLike | None = None,
        rate_hz: float | None = None,
        score: npt.ArrayLike | None = None,
        state: npt.ArrayLike | None = None,
        **fields: Any,
    ) -> "PoseSequence":
        """Build a sequence and fill in what follows from the positions.

        Args:
            position: (P, T, J, 2 or 3), or (T, J, 2 or 3) for one person. A joint with any coordinate NaN or
                infinite becomes absent.
            skeleton: The joint layout.
            timestamps_s: (T,) seconds; or give `rate_hz`.
            rate_hz: Frames per second of evenly spaced frames, starting at 0; the rate is then `nominal`.
            score: (P, T, J); by default 1 where the joint is present, else 0. NaN becomes 0.
            state: (P, T, J); by default `SEEN` where the joint is present. Absent where it is not.
            **fields: Any other field. Two coordinates default to image px in cv axes, three to camera metres
                in cv axes; `rate` to `measured` with `timestamps_s`; `person_ids` to "0", "1", ...

        Raises:
            InputError: Where the arrays do not fit together.

        Example:
            >>> from bodyverb import skeletons
            >>> layout = skeletons.get("lsp14")
            >>> poses = PoseSequence.from_arrays(np.zeros((5, 14, 2)), skeleton=layout, rate_hz=5)
            >>> poses.position.shape, poses.unit, float(poses.timestamps_s[-1])
            ((1, 5, 14, 2), 'px', 0.8)
        """
        where = np.array(position, dtype=np.float32)
        where = where[None] if where.ndim == 3 else where
        if where.ndim != 4:
            raise InputError(
                f"Expected position (person, time, joint, space), got shape {where.shape}; reshape it"
            )
        present = np.asarray(np.isfinite(where).all(axis=-1))
        where[~present] = np.nan
        defaults = _defaults(where.shape[0], where.shape[3], timed=timestamps_s is not None)
        if timestamps_s is None:
            timestamps_s = _even_times(where.shape[1], rate_hz)
        return cls(
            position=where,
            score=_filled("score", score, present, np.float32),
            state=_filled("state", state, present, np.uint8),
            skeleton=skeleton,
            timestamps_s=np.asarray(timestamps_s, dtype=np.float64),
            **{**defaults, **fields},
        )

    def replace(self, **changes: Any) -> "PoseSequence":
        """A validated copy with some fields changed; unchanged arrays are shared."""
        return dataclasses.replace(self, **changes)

    def select(
        self, *, persons: slice | Sequence[int] | None = None, frames: slice | npt.ArrayLike | None = None
    ) -> "PoseSequence":
        """The sequence of some persons and frames.

        Args:
            persons: Slice or list of person indices; None keeps all.
            frames: Slice, rising list of frame indices or (T,) mask; None keeps all.
        """
        who = (
            slice(None)
            if persons is None
            else persons
            if isinstance(persons, slice)
            else np.asarray(persons, int)
        )
        when = slice(None) if frames is None else frames if isinstance(frames, slice) else np.asarray(frames)
        cut = lambda value: value[who][:, when]  # noqa: E731
        return self.replace(
            position=cut(self.position),
            score=cut(self.score),
            state=cut(self.state),
            box=None if self.box is None else cut(self.box),
            extras={name: cut(value) for name, value in self.extras.items()},
            timestamps_s=self.timestamps_s[when],
            person_ids=tuple(np.asarray(self.person_ids, dtype=object)[who]),
        )

    def equals(self, other: "PoseSequence") -> bool:
        """Whether every field is the same, NaN equal to NaN."""
        for item in dataclasses.fields(self):
            mine, theirs = getattr(self, item.name), getattr(other, item.name)
            if item.name == "extras":
                same = mine.keys() == theirs.keys() and all(_same(mine[key], theirs[key]) for key in mine)
            else:
                same = _same(mine, theirs)
            if not same:
                return False
        return True

    @property
    def persons(self) -> int:
        """P, the number of persons."""
        return self.position.shape[0]

    @property
    def frames(self) -> int:
        """T, the number of frames."""
        return self.position.shape[1]

    @property
    def present(self) -> np.ndarray:
        """(P, T, J) bool: where a joint has a position."""
        return self.state != ABSENT

    def __repr__(self) -> str:
        """One line: sizes, layout and frame of reference; not the arrays."""
        persons, frames, joints, space = self.position.shape
        return (
            f"PoseSequence({persons} persons x {frames} frames x {joints} joints ({self.skeleton.name}) "
            f"x {space}, {self.space} {self.unit} {self.axes}, source={self.source!r})"
        )

    def _check_shapes(self) -> None:
        persons, frames, joints, space = self.position.shape
        if joints != len(self.skeleton):
            raise InputError(
                f"Expected {len(self.skeleton)} joints of layout {self.skeleton.name!r}, got position of "
                f"shape {self.position.shape}; axes are (person, time, joint, space)"
            )
        if space not in (2, 3):
            raise InputError(
                f"Expected 2 or 3 coordinates, got {space}; axes are (person, time, joint, space)"
            )
        _check.shape("score", self.score, (persons, frames, joints), "(person, time, joint)")
        _check.shape("state", self.state, (persons, frames, joints), "(person, time, joint)")
        _check.shape("timestamps_s", self.timestamps_s, (frames,), "(time,)")
        if self.box is not None:
            _check.shape("box", self.box, (persons, frames, 4), "(person, time, xyxy)")
        for name, value in self.extras.items():
            fits = value.shape[:2] == (persons, frames) and (
                value.ndim == 2 or (value.ndim in (3, 4) and value.shape[2] == joints)
            )
            if not fits:
                raise InputError(
                    f"Expected extra {name!r} aligned to person, time[, joint[, k]] = "
                    f"({persons}, {frames}, {joints}), got shape {value.shape}; align its axes"
                )
            if value.dtype.kind not in "fiub":
                raise InputError(
                    f"Expected extra {name!r} of numbers or flags, got {value.dtype}; convert it"
                )

    def _check_frame(self) -> None:
        flat = self.position.shape[3] == 2
        if self.space == "image" and not (flat and self.unit in ("px", "none") and self.axes == "cv"):
            raise InputError(
                f"Expected image space with 2 coordinates in px or none and cv axes, got "
                f"{self.position.shape[3]} in {self.unit} and {self.axes}; keep depth as the extra 'depth_mm'"
            )
        if self.unit == "px" and not flat:
            raise InputError("Expected 2 coordinates in px, got 3; keep depth as the extra 'depth_mm'")

    def _check_values(self) -> None:
        if self.state.size and self.state.max() > SEEN:
            raise InputError(
                f"Expected state 0, 1 or 2, got {int(self.state.max())}; map it to absent, inferred, seen"
            )
        finite = np.isfinite(self.position)
        if not np.array_equal(finite.all(axis=-1), self.present):
            odd = tuple(int(i) for i in np.argwhere(finite.all(axis=-1) != self.present)[0])
            raise InputError(
                f"Expected state 0 exactly where a position is NaN, got a mismatch at (person, time, joint) "
                f"{odd}; pass position and state together, or use PoseSequence.from_arrays"
            )
        if not np.isnan(self.position[~self.present]).all():
            raise InputError(
                "Expected NaN in all coordinates of an absent joint, got numbers; set them to NaN"
            )
        if not ((self.score >= 0) & (self.score <= 1)).all():
            raise InputError(
                "Expected scores in [0, 1] without NaN, got others; clip them, and use 0 where absent"
            )
        if self.box is not None:
            known = np.isfinite(self.box).all(axis=-1)
            if not np.isnan(self.box[~known]).all():
                raise InputError(
                    "Expected boxes that are finite or all NaN, got a mixture; set such rows to NaN"
                )
            if not (self.box[known][:, 2:] >= self.box[known][:, :2]).all():
                raise InputError(
                    "Expected boxes as x1 y1 x2 y2 with x2 >= x1 and y2 >= y1, got others; convert them"
                )

    def _check_ids(self) -> None:
        ids = self.person_ids
        if len(ids) != self.position.shape[0]:
            raise InputError(
                f"Expected {self.position.shape[0]} person_ids, got {len(ids)}; give one a person"
            )
        if any(not isinstance(one, str) or not one for one in ids) or len(set(ids)) != len(ids):
            raise InputError(f"Expected person_ids as unique texts, got {ids}; write numbers as text")


def _defaults(persons: int, space: int, *, timed: bool) -> dict[str, Any]:
    """Fields that from_arrays fills in where the caller leaves them out."""
    flat = space == 2
    return {
        "rate": "measured" if timed else "nominal",
        "space": "image" if flat else "camera",
        "unit": "px" if flat else "m",
        "axes": "cv",
        "person_ids": tuple(str(person) for person in range(persons)),
    }


def _even_times(frames: int, rate_hz: float | None) -> np.ndarray:
    """(frames,) seconds from 0 at a constant rate."""
    if rate_hz is None or not np.isfinite(rate_hz) or rate_hz <= 0:
        raise InputError(f"Expected timestamps_s or a rate_hz > 0, got rate_hz={rate_hz}; give one of them")
    return np.arange(frames, dtype=np.float64) / rate_hz


def _filled(name: str, value: npt.ArrayLike | None, present: np.ndarray, dtype: npt.DTypeLike) -> np.ndarray:
    """Score or state aligned to `present` (P, T, J): defaults where None, 0 where absent."""
    if value is None:
        return present.astype(dtype) * np.dtype(dtype).type(SEEN if name == "state" else 1)
    given = np.asarray(value)
    given = given[None] if given.ndim == 2 else given
    _check.shape(name, given, present.shape, "(person, time, joint)")
    if name == "score":
        return np.where(np.isnan(given), 0, given).astype(dtype)
    return np.where(present, given, ABSENT).astype(dtype)


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray):
        nan = mine.dtype.kind == "f" and theirs.dtype.kind == "f"
        return mine.dtype == theirs.dtype and np.array_equal(mine, theirs, equal_nan=nan)
    return type(mine) is type(theirs) and bool(mine == theirs)
