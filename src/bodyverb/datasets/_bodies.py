"""Who is who among the bodies of a Kinect: tracks over changed and swapped ids, and PYSKL's two slots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bodyverb.core import PoseSequence

GAP_S = 1.0
SAME_ID_BONUS_M = 0.1
JUMP_M, SPEED_M_S = 0.25, 1.5  # how far a body may be from where another id left off
SAME_JUMP_M, SAME_SPEED_M_S = 0.5, 3.0  # and from where its own did
MIN_FRAMES = 11
WIDTH_OF_HEIGHT = 0.8
NOISE_SHARE = 0.69754
_FAR = 1e6


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrangement:
    """Where the poses of new persons come from.

    Attributes:
        person: (P, T) int64: person of the source; -1 where there is nobody.
        frame: (P, T) int64: frame of the source.
        ids: P texts.
    """

    person: np.ndarray
    frame: np.ndarray
    ids: tuple[str, ...]

    def id_changes(self) -> int:
        """How often the source's person changes within one of these."""
        rows = (row[row >= 0] for row in self.person)
        return sum(int(np.count_nonzero(np.diff(row))) for row in rows)

    def apply(self, poses: PoseSequence) -> PoseSequence:
        """The poses of the new persons; the times are those of the first frames of the source."""
        there = self.person >= 0
        take = lambda values, missing: np.where(  # noqa: E731
            there.reshape(*there.shape, *[1] * (values.ndim - 2)), values[self.person, self.frame], missing
        )
        return poses.replace(
            position=take(poses.position, np.float32(np.nan)),
            score=take(poses.score, np.float32(0)),
            state=take(poses.state, np.uint8(0)),
            box=None if poses.box is None else take(poses.box, np.float32(np.nan)),
            extras={
                name: take(values, np.float32(np.nan) if values.dtype.kind == "f" else values.dtype.type(0))
                for name, values in poses.extras.items()
            },
            timestamps_s=poses.timestamps_s[: there.shape[1]],
            person_ids=self.ids,
        )


def tracked(poses: PoseSequence) -> Arrangement:
    """Follow bodies by where they are, not by the sensor's ids alone, which change and swap.

    Frame by frame the bodies are given to the tracks of the last second so that the sum of the distances
    (mean over the joints, metres) is least; a body with the id its track had last counts as
    `SAME_ID_BONUS_M` nearer. Who is too far away opens a new track. A track is named after its first id.

    Args:
        poses: 3D in metres, a person an id of the sensor.
    """
    present = np.asarray(poses.present.any(axis=2))
    calm = _calm(poses, present)
    own = np.full((0, poses.frames), -1, np.int64)
    last: list[int] = []  # frame in which each track was last seen
    for now in range(poses.frames):
        bodies = np.flatnonzero(present[:, now]).tolist()
        if calm[now]:
            chosen = {int(own[at, now - 1]): at for at in np.flatnonzero(own[:, now - 1] >= 0).tolist()}
        else:
            live = [at for at, seen in enumerate(last) if _seconds(poses, seen, now) <= GAP_S]
            chosen = _assigned(poses, {at: (int(own[at, last[at]]), last[at]) for at in live}, bodies, now)
        for body in bodies:
            track = chosen.get(body, len(last))
            if track == len(last):
                last.append(now)
                own = np.vstack([own, np.full((1, poses.frames), -1)])
            own[track, now], last[track] = body, now
    frame = np.broadcast_to(np.arange(poses.frames), own.shape)
    first = [poses.person_ids[row[row >= 0][0]] for row in own]
    return Arrangement(person=own, frame=frame, ids=_unique(first))


def pyskl(poses: PoseSequence) -> Arrangement:
    """PYSKL's rules against noise, as published pickles of NTU RGB+D were made.

    Of several bodies those of at most 11 frames go, then those that are wider than 0.8 of their height in
    69.754 % of their frames or more; the rest are sorted by the variance of their joints and merged into two
    slots by time; empty frames go at both ends. As there, frames without any body go everywhere and the
    frames of a body move together. Where a rule would leave nobody it is not applied.

    Args:
        poses: 3D, a person an id of the sensor.

    Returns:
        One or two persons, or none.
    """
    present = np.asarray(poses.present.any(axis=2))
    number = np.cumsum(present.any(axis=0)) - 1  # of the frames in which there is anybody
    bodies = [_Body.of(poses, person, number) for person in range(poses.persons) if present[person].any()]
    bodies.sort(key=lambda body: -body.motion)
    if len(bodies) > 1:
        bodies = [body for body in bodies if body.frames.size > MIN_FRAMES] or bodies
    if len(bodies) > 1:
        bodies = [body.checked() for body in bodies if body.is_person()] or bodies
        bodies.sort(key=lambda body: -body.motion)
    if len(bodies) > 1:
        return _slots(bodies)
    frames = bodies[0].frames if bodies else np.zeros(0, np.int64)
    person = np.full((len(bodies), frames.size), bodies[0].person if bodies else -1)
    return Arrangement(person=person, frame=np.broadcast_to(frames, person.shape), ids=("0",)[: len(bodies)])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Body:
    """One id: its frames, its poses (T, J, 3), its place in time and the variance of its joints."""

    person: int
    frames: np.ndarray
    joints: np.ndarray
    start: int
    motion: float

    @classmethod
    def of(cls, poses: PoseSequence, person: int, number: np.ndarray) -> _Body:
        frames = np.flatnonzero(poses.present[person].any(axis=1))
        joints = poses.position[person, frames]
        start = int(number[frames[0]])
        return cls(person=person, frames=frames, joints=joints, start=start, motion=_motion(joints))

    @property
    def end(self) -> int:
        return self.start + self.frames.size

    def upright(self) -> np.ndarray:
        """(T,) bool: whether it is about as high as a person of its width."""
        width, height = (
            np.nanmax(self.joints[..., axis], axis=1) - np.nanmin(self.joints[..., axis], axis=1)
            for axis in (0, 1)
        )
        return np.asarray(width <= WIDTH_OF_HEIGHT * height)

    def is_person(self) -> bool:
        return 1 - self.upright().mean() < NOISE_SHARE

    def checked(self) -> _Body:
        """The same with the motion of its upright frames, where that is less."""
        motion = min(self.motion, _motion(self.joints[self.upright()]))
        return _Body(**{**vars(self), "motion": motion})


def _motion(joints: np.ndarray) -> float:
    return float(np.nanvar(joints.reshape(-1, joints.shape[-1]), axis=0).sum())


def _slots(bodies: list[_Body]) -> Arrangement:
    """Two slots: each body in the first in which it overlaps with none before it."""
    person = np.full((2, max(body.end for body in bodies)), -1)
    frame = np.zeros_like(person)
    spans = [[bodies[0].start, bodies[0].start], [0, 0]]  # the second counts from 0, as in PYSKL
    for body in bodies:
        for slot, span in enumerate(spans):
            if max(span[0], body.start) >= min(span[1], body.end):
                person[slot, body.start : body.end] = body.person
                frame[slot, body.start : body.end] = body.frames
                span[:] = min(span[0], body.start), max(span[1], body.end)
                break
    used = np.flatnonzero((person >= 0).any(axis=0))
    order = slice(None, None, -1) if person[0, used[0]] < 0 else slice(None)
    cut = slice(int(used[0]), int(used[-1]) + 1)
    return Arrangement(person=person[order, cut], frame=frame[order, cut], ids=("0", "1"))


def _seconds(poses: PoseSequence, before: int, now: int) -> float:
    return float(poses.timestamps_s[now] - poses.timestamps_s[before])


def _calm(poses: PoseSequence, present: np.ndarray) -> np.ndarray:
    """(T,) bool: where the ids are those of the frame before and none moved far enough to be another."""
    steps = _distance(poses.position[:, 1:], poses.position[:, :-1])
    with_none = np.where(present[:, 1:], steps, 0)
    calm = np.zeros(poses.frames, bool)
    calm[1:] = (present[:, 1:] == present[:, :-1]).all(axis=0) & (with_none < SAME_ID_BONUS_M).all(axis=0)
    return calm


def _assigned(
    poses: PoseSequence, tracks: dict[int, tuple[int, int]], bodies: list[int], now: int
) -> dict[int, int]:
    """Body -> track at the least sum of distances; `tracks` are where (person, frame) each was last."""
    from scipy.optimize import linear_sum_assignment

    cost = np.full((len(tracks), len(bodies)), _FAR)
    for row, (person, seen) in enumerate(tracks.values()):
        distance = _distance(poses.position[bodies, now], poses.position[person, seen])
        same = np.array(bodies) == person
        gap = _seconds(poses, seen, now)
        gate = np.where(same, SAME_JUMP_M + SAME_SPEED_M_S * gap, JUMP_M + SPEED_M_S * gap)
        cost[row] = np.where(distance <= gate, distance - SAME_ID_BONUS_M * same, _FAR)
    rows, columns = linear_sum_assignment(cost)
    names = list(tracks)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {bodies[column]: names[row] for row, column in pairs if cost[row, column] < _FAR}


def _distance(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Mean distance of the joints that both have; infinite where they share none."""
    steps = np.linalg.norm(here - there, axis=-1)
    known = np.isfinite(steps)
    total, number = np.where(known, steps, 0).sum(axis=-1), known.sum(axis=-1)
    return np.asarray(np.where(number, total / np.maximum(number, 1), np.inf))


def _unique(names: list[str]) -> tuple[str, ...]:
    """Names that occur again get a number: `7`, `7.2`."""
    seen: dict[str, int] = {}
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return tuple(made)
