"""Who is who over time: a causal tracker over poses and finder boxes.

Two calls a frame. `propose` says which boxes to run the pose network on (one a track, where its body should
be now, plus one for every finder box that no track claims); `update` takes the poses and says which of them
belong to which person. Poses are assigned by what they are, not by the box they came from: when two people
cross, the crop of the hidden one usually holds the one in front.

    Track: tentative --confirmed--> live --missed--> coasting (still posed) --> lost (waits for the finder)
           --> closed after `lost_s` of source time.

Everything counts in seconds of the source, so 5 and 60 frames/s, variable rates and gaps behave alike.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bodyverb.core.errors import InputError
from bodyverb.core.skeleton import Skeleton
from bodyverb.estimate.association import FORBIDDEN, assign, pose_cost
from bodyverb.estimate.motion import Body, MotionModel, Prediction
from bodyverb.estimate.tracks import Observation, Poses, Track, TrackerConfig, contained, read_poses
from bodyverb.geometry.boxes import area, clip_box, iou, nms

__all__ = ["Observation", "Tracker", "TrackerConfig"]

_VERSION = 1
_SLACK_S = 1e-6  # times computed from frame numbers may differ in the last digit


class Tracker:
    """Follows people through a video, causally.

    Args:
        skeleton: The layout of the poses.
        config: Settings.

    Example, with a `detector(image) -> (n, 5)` and an `estimator(image, boxes) -> position, score`:

        for frame in source:
            found = detector(frame.image) if tracker.needs_detection(frame.time_s) else None
            boxes, keys = tracker.propose(frame.time_s, found)
            position, score = estimator(frame.image, boxes)
            for seen in tracker.update(frame.time_s, boxes, keys, position, score):
                print(seen.track_id, position[seen.index])
    """

    def __init__(self, skeleton: Skeleton, config: TrackerConfig | None = None) -> None:
        self.skeleton = skeleton
        self.config = config or TrackerConfig()
        self._tracks: list[Track] = []
        self._next_key = 0
        self._next_id = 1
        self._detected_s = -math.inf
        self._empty_since_s: float | None = None

    @property
    def live_ids(self) -> tuple[int, ...]:
        """Ids of the people seen in the last frame, oldest first."""
        return tuple(sorted(t.track_id for t in self._tracks if t.track_id is not None and t.missed == 0))

    def needs_detection(self, time_s: float, asked_s: float = -math.inf) -> bool:
        """Whether the finder should run on the frame at `time_s` (s, source time), `asked_s` being its last.

        Every `detect_every_s` while all is well. On every frame for `burst_s` after the start, after all
        left, after a person came (their speed is not known yet) or was lost; then every `search_every_s`
        while somebody is missing (at most `lost_s`) or nobody is there. So the finder's share is bounded on
        empty and on crowded pictures.
        """
        c = self.config
        known = [t for t in self._tracks if t.track_id is not None]
        recent = [time_s - (t.seen_s if t.missed else t.born_s) for t in known]
        search = any(t.missed for t in known)
        if all(t.missed for t in self._tracks):
            search = True
            recent.append(0.0 if self._empty_since_s is None else time_s - self._empty_since_s)
        if recent and min(recent) <= c.burst_s:
            return True
        waited = time_s - max(self._detected_s, asked_s)
        return waited + _SLACK_S >= (c.search_every_s if search else c.detect_every_s)

    def propose(
        self, time_s: float, detections: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[int | None]]:
        """The boxes to pose in this frame.

        Args:
            time_s: Source time of the frame in s.
            detections: (n, 5) xyxy px and score where the finder ran (n may be 0), None where it did not.

        Returns:
            Boxes (m, 4) float64 xyxy px, tight round the body (no padding), and m keys for `update`: an
            opaque number for the box of a track, None for an unclaimed finder box.

        Raises:
            InputError: The detections have another shape.
        """
        self._close(time_s)
        found = self._read_detections(time_s, detections)
        predictions = [t.body.predict(time_s) for t in self._tracks]
        claimed = self._claim(time_s, predictions, found)
        boxes: list[np.ndarray] = []
        keys: list[int | None] = []
        for row, (track, prediction) in enumerate(zip(self._tracks, predictions, strict=True)):
            box = prediction.box
            if row in claimed:
                weight = 1.0 if track.missed or track.quality < 0.5 else self.config.detection_weight
                box = box + weight * (found[claimed[row]] - box)
            elif not self._worth_posing(track, box, time_s):
                continue
            boxes.append(box)
            keys.append(track.key)
        room = self._room_for_new()
        for index, box in enumerate(found):
            if (
                room
                and index not in claimed.values()
                and (not boxes or iou(box[None], np.stack(boxes)).max() <= 0.7)
            ):
                boxes.append(box)
                keys.append(None)
                room -= 1
        return np.array(boxes, dtype=np.float64).reshape(-1, 4), keys

    def update(
        self,
        time_s: float,
        boxes: np.ndarray,
        keys: Sequence[int | None],
        position: np.ndarray,
        score: np.ndarray,
    ) -> list[Observation]:
        """Take the poses of this frame.

        Args:
            time_s: Source time of the frame in s.
            boxes: (m, 4) the posed boxes, as from `propose` (or any boxes, with keys None).
            keys: m keys, as from `propose`.
            position: (m, J, 2) px; NaN = absent joint.
            score: (m, J) in [0, 1]; NaN counts as 0.

        Returns:
            One observation a person seen, oldest person first; a pose appears at most once.

        Raises:
            InputError: Shapes do not fit.
        """
        poses = read_poses(self.skeleton, self.config, boxes, keys, position, score)
        self._close(time_s)
        cost = self._cost(time_s, poses)
        pairs = self._cap(dict(assign(cost)))
        dropped, frozen = self._resolve_merges(time_s, pairs, poses.alike, cost)
        seen: list[tuple[int, int]] = []
        for row, track in enumerate(self._tracks):
            if row not in pairs or row in dropped:
                track.missed += 1
                continue
            self._see(track, time_s, poses, pairs[row], learn=row not in frozen)
            if track.track_id is not None and row not in frozen:
                seen.append((track.track_id, pairs[row]))
        self._drop_tentative(time_s)
        seen += self._births(time_s, poses, list(pairs.values()))
        if any(t.missed == 0 for t in self._tracks):
            self._empty_since_s = None
        elif self._empty_since_s is None:
            self._empty_since_s = float(time_s)
        return [Observation(track_id, int(poses.index[column])) for track_id, column in sorted(seen)]

    def _close(self, time_s: float) -> None:
        """Close the tracks unseen for too long; after a gap without frames they get one more chance."""

        def alive(track: Track) -> bool:
            unseen, limit = time_s - track.seen_s, self.config.lost_s + _SLACK_S
            return unseen <= limit or (track.missed == 0 and unseen <= 3 * limit)

        self._tracks = [t for t in self._tracks if alive(t)]

    def _read_detections(self, time_s: float, detections: np.ndarray | None) -> np.ndarray:
        """(n, 4) boxes, best first, without repetitions."""
        if detections is None:
            return np.zeros((0, 4))
        array = np.asarray(detections, dtype=np.float64)
        array = array.reshape(-1, 5) if array.size == 0 else array
        if array.ndim != 2 or array.shape[1] != 5:
            raise InputError(
                f"Expected detections (n, 5) as x1 y1 x2 y2 score, got {array.shape}; add the scores"
            )
        self._detected_s = float(time_s)
        array = array[(array[:, 4] >= self.config.min_detection) & (area(array[:, :4]) > 0)]
        return array[nms(array[:, :4], array[:, 4], 0.7), :4]

    def _claim(self, time_s: float, predictions: list[Prediction], found: np.ndarray) -> dict[int, int]:
        """Track row -> finder box; tracks that were just seen go first."""
        if not predictions or not len(found):
            return {}
        overlap = iou(np.stack([p.box for p in predictions]), found)
        unseen = np.array([min((time_s - t.seen_s) / self.config.lost_s, 1.0) for t in self._tracks])
        return dict(assign(np.where(overlap >= 0.3, 1 - overlap + 0.2 * unseen[:, None], FORBIDDEN)))

    def _worth_posing(self, track: Track, box: np.ndarray, time_s: float) -> bool:
        if track.missed and time_s - track.seen_s > self.config.coast_s:
            return False
        if self.config.image_size is None:
            return True
        return float(area(clip_box(box, self.config.image_size))) >= 0.1 * float(area(box))

    def _room_for_new(self) -> int:
        missing = any(t.missed and t.track_id is not None for t in self._tracks)
        return self.config.max_new_boxes if missing or not self._full() else 0

    def _cost(self, time_s: float, poses: Poses) -> np.ndarray:
        """(tracks, poses): how badly each pose fits each track; a little less for the track's own crop."""
        bodies = [t.body for t in self._tracks]
        unseen = np.array([time_s - b.time_s for b in bodies])
        size = np.array([b.size for b in bodies])
        reach = (0.25 + np.clip(unseen, 0.0, 1.0)) * size
        predictions = [b.predict(time_s) for b in bodies]
        cost = pose_cost(bodies, predictions, poses.position, poses.joint_score, poses.box, reach=reach)
        own = np.array([[t.key == key for key in poses.keys] for t in self._tracks], dtype=bool)
        return np.where(cost < FORBIDDEN, cost - 0.2 * own.reshape(cost.shape), cost)

    def _cap(self, pairs: dict[int, int]) -> dict[int, int]:
        """Leave the oldest `max_people` confirmed people."""
        ids = {row: self._tracks[row].track_id for row in pairs}
        confirmed = sorted((track_id, row) for row, track_id in ids.items() if track_id is not None)
        extra = {row for _, row in confirmed[self.config.max_people :]} if self.config.max_people else set()
        return {row: column for row, column in pairs.items() if row not in extra}

    def _resolve_merges(
        self, time_s: float, pairs: dict[int, int], alike: np.ndarray, cost: np.ndarray
    ) -> tuple[set[int], set[int]]:
        """Two tracks for one body: who keeps it?

        Two tracks compete where their poses show the same body, or where one of them got no pose and the
        other's would suit it too. The clearly better match keeps the body, the other counts as unseen. If it
        is not clear, neither is reported and neither filter learns, so that the two predictions part with
        the two old velocities until one of them fits (a missing frame is filled later, a swap never heals).
        After `merge_s` the better one keeps it in any case.

        Returns:
            Rows of the tracks that count as unseen; rows that are seen but neither learn nor are reported.
        """
        dropped: set[int] = set()
        frozen: set[int] = set()
        merged: set[int] = set()
        rows = sorted(pairs, key=lambda r: (self._tracks[r].track_id is None, self._tracks[r].born_s, r))
        for i, row in enumerate(rows):
            column = pairs[row]
            doubles = [r for r in rows[i + 1 :] if alike[column, pairs[r]] >= self.config.duplicate]
            absent = [r for r in range(len(self._tracks)) if r not in pairs and cost[r, column] < FORBIDDEN]
            for rival in doubles + absent:
                if {row, rival} & dropped:
                    continue
                margin = float(cost[row, column] - cost[rival, pairs.get(rival, column)])
                loser = row if margin > 0 and rival in pairs else rival
                merged |= {row, rival}
                dropped.add(loser)
                if not self._settled(time_s, row, rival, margin):
                    frozen.add(rival if loser == row else row)
        for row in set(range(len(self._tracks))) - merged:
            self._tracks[row].merged_since_s = None
        return dropped, frozen - dropped

    def _settled(self, time_s: float, row: int, rival: int, margin: float) -> bool:
        """Whether it is certain which of two tracks a body belongs to, or has been uncertain for too long."""
        first, second = self._tracks[row], self._tracks[rival]
        if first.track_id is None or second.track_id is None or abs(margin) > self.config.clear_margin:
            return True
        since = []
        for track in (first, second):
            track.merged_since_s = time_s if track.merged_since_s is None else track.merged_since_s
            since.append(time_s - track.merged_since_s)
        return min(since) > self.config.merge_s

    def _see(self, track: Track, time_s: float, poses: Poses, column: int, *, learn: bool) -> None:
        if learn:
            track.body.update(time_s, poses.position[column], poses.joint_score[column])
        quality = float(poses.score[column])
        track.seen_s, track.missed = float(time_s), 0
        track.quality += 0.3 * (quality - track.quality)
        waited = time_s - track.born_s >= self.config.confirm_s - _SLACK_S
        if track.track_id is None and (quality >= self.config.sure_score or waited) and not self._full():
            self._confirm(track)

    def _confirm(self, track: Track) -> int:
        track.track_id = self._next_id
        self._next_id += 1
        return track.track_id

    def _full(self) -> bool:
        here = sum(t.track_id is not None and t.missed == 0 for t in self._tracks)
        return self.config.max_people is not None and here >= self.config.max_people

    def _drop_tentative(self, time_s: float) -> None:
        """What was never sure must be seen again within `confirm_s`."""
        wait = self.config.confirm_s
        self._tracks = [
            t for t in self._tracks if t.track_id is not None or not t.missed or time_s - t.seen_s < wait
        ]

    def _births(self, time_s: float, poses: Poses, taken: list[int]) -> list[tuple[int, int]]:
        """Start tracks from poses that belong to nobody; returns (track_id, column) of the sure ones."""
        reported: list[tuple[int, int]] = []
        for column in sorted(set(range(len(poses))) - set(taken), key=poses.prominence, reverse=True):
            quality, box = float(poses.score[column]), poses.box[column]
            if quality < self.config.new_score or self._full():
                continue
            alike = poses.alike[column, taken].max(initial=0.0)
            overlap = iou(box[None], poses.box[taken]).max(initial=0.0)
            inside = contained(box, poses.box[taken]) > 0.8
            if alike >= self.config.duplicate or overlap > 0.7:
                continue
            if inside and quality < self.config.sure_score:  # somebody's legs are not another person
                continue
            body = Body.start(self.config.motion, time_s, poses.position[column], poses.joint_score[column])
            track = Track(self._next_key, body, float(time_s), float(time_s), quality)
            self._next_key += 1
            if quality >= self.config.sure_score and not inside:
                reported.append((self._confirm(track), column))
            self._tracks.append(track)
            taken.append(column)
        return reported

    def state(self) -> dict[str, Any]:
        """Everything that `from_state` needs to go on exactly, as JSON values (no NaN, no infinity)."""
        return {
            "version": _VERSION,
            "joints": list(self.skeleton.joints),
            "config": dataclasses.asdict(self.config),
            "next_key": self._next_key,
            "next_id": self._next_id,
            "detected_s": None if math.isinf(self._detected_s) else self._detected_s,
            "empty_since_s": self._empty_since_s,
            "tracks": [track.to_dict() for track in self._tracks],
        }

    @classmethod
    def from_state(cls, skeleton: Skeleton, state: Mapping[str, Any]) -> Tracker:
        """A tracker that goes on where `state` was taken.

        Args:
            skeleton: The layout the tracker was made with.
            state: From `Tracker.state`, also after a trip through JSON.

        Raises:
            InputError: The state is of another version or layout, or incomplete.
        """
        if state.get("version") != _VERSION or tuple(state.get("joints", ())) != tuple(skeleton.joints):
            raise InputError(
                f"Expected a tracker state of version {_VERSION} with the joints of {skeleton.name}, got "
                f"{state.get('version')} with {len(state.get('joints', ()))} joints; start the run afresh"
            )
        try:
            config = dict(state["config"])
            config["motion"] = MotionModel(**config["motion"])
            config["image_size"] = tuple(config["image_size"]) if config["image_size"] else None
            tracker = cls(skeleton, TrackerConfig(**config))
            tracker._next_key, tracker._next_id = int(state["next_key"]), int(state["next_id"])
            tracker._detected_s = -math.inf if state["detected_s"] is None else float(state["detected_s"])
            tracker._empty_since_s = state["empty_since_s"]
            tracker._tracks = [Track.from_dict(tracker.config.motion, item) for item in state["tracks"]]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"Expected a complete tracker state, got {error!r}; start the run afresh"
            ) from error
        return tracker
