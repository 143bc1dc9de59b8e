"""What a tracker keeps: its settings, its tracks and the poses of one frame."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bodyverb.core.errors import InputError
from bodyverb.core.skeleton import Skeleton
from bodyverb.estimate.association import pose_similarity
from bodyverb.estimate.motion import Body, MotionModel
from bodyverb.geometry.boxes import area, box_of_pose

__all__ = ["Observation", "Poses", "Track", "TrackerConfig", "contained", "read_poses"]


@dataclass(frozen=True, kw_only=True)
class TrackerConfig:
    """Settings of a `Tracker`; times in seconds of the source, scores in [0, 1]."""

    max_people: int | None = None
    """At most this many people at once; who came first stays. None: no limit."""
    image_size: tuple[int, int] | None = None
    """(w, h) of the picture in px; boxes that left it are not posed. None: not known."""
    lost_s: float = 1.5
    """A person unseen for longer gets a new id: 1 s of occlusion, and some time to be found again."""
    coast_s: float = 0.3
    """An unseen person is still posed where they should be for this long; then the finder must see them."""
    keep_score: float = 0.2
    """A pose below this does not continue a track. A pose's score: mean of the better half of its joints."""
    new_score: float = 0.35
    """A pose below this does not start a track."""
    sure_score: float = 0.6
    """A new pose above this is reported at once; others wait `confirm_s` and a second pose."""
    confirm_s: float = 0.15
    """How long a new, unsure pose must last before it is a person."""
    min_detection: float = 0.2
    """Finder boxes below this score are ignored."""
    detection_weight: float = 0.5
    """How far a matched finder box moves the box of a healthy track (1: replaces it)."""
    max_new_boxes: int = 8
    """At most this many unclaimed finder boxes are posed in one frame, best first."""
    duplicate: float = 0.5
    """Two poses more alike than this (see `association.pose_similarity`) show the same body."""
    merge_s: float = 0.5
    """How long two tracks that claim one body may both coast before the better match gets it."""
    clear_margin: float = 0.8
    """Difference of the costs of two tracks for one body that decides at once."""
    detect_every_s: float = 0.35
    """The finder runs this often while all is well."""
    search_every_s: float = 0.1
    """The finder runs this often while nobody is there, or somebody is missing."""
    burst_s: float = 0.25
    """The finder runs on every frame for this long after the start and after a loss."""
    motion: MotionModel = field(default_factory=MotionModel)
    """Noise levels of the motion filter."""


@dataclass(frozen=True)
class Observation:
    """Pose `index` of the last `update` shows person `track_id` (1, 2, ...; never used again)."""

    track_id: int
    index: int


@dataclass
class Track:
    """One body under way.

    `key` names it between `propose` and `update`; `track_id` is None until it is confirmed;
    `merged_since_s` is set while another track claims the same body.
    """

    key: int
    body: Body
    born_s: float
    seen_s: float
    quality: float
    track_id: int | None = None
    missed: int = 0
    merged_since_s: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The track as JSON values."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "body"}
        return {**fields, "body": self.body.to_dict()}

    @classmethod
    def from_dict(cls, model: MotionModel, state: Mapping[str, Any]) -> Track:
        """The inverse of `to_dict`."""
        return cls(**{**state, "body": Body.from_dict(model, state["body"])})


@dataclass(frozen=True)
class Poses:
    """The usable poses of one frame, n of m.

    Attributes:
        index: (n,) int, their places among all m.
        keys: n keys of the boxes they came from.
        position: (n, J, 2) px, NaN = absent.
        joint_score: (n, J) in [0, 1], 0 where absent.
        score: (n,) mean of the better half of the joints: half a body out of the picture is still a body.
        box: (n, 4) px, round the joints that are not mere guesses.
        alike: (n, n) similarity of every two, in [0, 1].
    """

    index: np.ndarray
    keys: list[int | None]
    position: np.ndarray
    joint_score: np.ndarray
    score: np.ndarray
    box: np.ndarray
    alike: np.ndarray

    def __len__(self) -> int:
        """n, the number of usable poses."""
        return len(self.index)

    def prominence(self, pose: int) -> float:
        """Large and sure people first."""
        return float(self.score[pose] * np.sqrt(area(self.box[pose])))


def pose_score(score: np.ndarray) -> np.ndarray:
    """(n,) mean of the better half of the joint scores (n, J): half a body out of the picture is still a
    body."""
    return np.asarray(-np.sort(-score, axis=1)[:, : math.ceil(score.shape[1] / 2)].mean(axis=1))


def read_poses(
    skeleton: Skeleton,
    config: TrackerConfig,
    boxes: np.ndarray,
    keys: Sequence[int | None],
    position: np.ndarray,
    score: np.ndarray,
) -> Poses:
    """Check the poses of a frame (shapes as in `Tracker.update`) and keep those with enough score and joints.

    Raises:
        InputError: Shapes do not fit.
    """
    joints = len(skeleton)
    xy = np.asarray(position, dtype=np.float64)
    s = np.asarray(score, dtype=np.float64)
    if not keys and xy.size == s.size == 0:
        xy, s = xy.reshape(0, joints, 2), s.reshape(0, joints)
    expected = (len(keys), joints)
    if xy.shape != (*expected, 2) or s.shape != expected or len(boxes) != len(keys):
        raise InputError(
            f"Expected boxes, keys and poses of equal length with {joints} joints ({skeleton.name}), got "
            f"{len(boxes)} boxes, {len(keys)} keys, positions {xy.shape}, scores {s.shape}; pass those "
            "of `propose`"
        )
    known = np.isfinite(xy).all(axis=-1) & np.isfinite(s)
    xy, s = np.where(known[..., None], xy, np.nan), np.where(known, np.clip(s, 0, 1), 0.0)
    total = pose_score(s)
    usable = np.flatnonzero((total >= config.keep_score) & ((s > 0).sum(axis=1) >= min(3, joints)))
    xy, s = xy[usable], s[usable]
    tight = box_of_pose(xy, s, min_score=config.motion.min_joint_score)
    box = np.where(np.isfinite(tight), tight, box_of_pose(xy))
    size = np.maximum((box[:, 2:] - box[:, :2]).max(axis=1, initial=0.0), 1.0)
    return Poses(
        index=usable,
        keys=[keys[int(i)] for i in usable],
        position=xy,
        joint_score=s,
        score=total[usable],
        box=box,
        alike=pose_similarity(xy, s, size),
    )


def contained(box: np.ndarray, others: np.ndarray) -> float:
    """The largest share of `box` (4,) that lies in one of `others` (n, 4); 0 without others."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=1)
    return float(shared.max(initial=0.0) / max(float(area(box)), 1e-9))
