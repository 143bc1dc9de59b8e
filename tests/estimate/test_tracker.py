"""The tracker on simulated people: identities counted against the truth.

The simulated pose network looks at a crop like a real one: it returns the body that fills the crop best, so a
hidden person's crop shows whoever stands in front, and an empty crop gives a random pose of low score.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core.errors import InputError
from bodyverb.estimate.tracker import Observation, Tracker, TrackerConfig
from bodyverb.geometry.boxes import box_of_pose, iou

LSP = skeletons.get("lsp14")
# A standing body of height 1: x to the right, y down, (0, 0) at the middle.
BODY = np.c_[
    [-0.08, -0.08, -0.07, 0.07, 0.08, 0.08, -0.14, -0.14, -0.12, 0.12, 0.14, 0.14, 0, 0],
    [0.5, 0.25, 0.02, 0.02, 0.25, 0.5, 0.05, -0.12, -0.3, -0.3, -0.12, 0.05, -0.33, -0.5],
]
HEIGHT = 200.0
Path = Callable[[float], tuple[float, float] | None]


@dataclass
class World:
    """People on paths (body heights; None = not visible) in front of each other: the first is the nearest."""

    paths: list[Path]
    noise: float = 0.02
    seed: int = 0
    false_boxes: int = 0
    double_boxes: bool = False
    true_score: float = 0.8
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def bodies(self, t: float) -> list[np.ndarray | None]:
        """(J, 2) px per person, None where hidden by somebody nearer or away."""
        out: list[np.ndarray | None] = []
        for number, path in enumerate(self.paths):
            place = path(t)
            if place is None:
                out.append(None)
                continue
            swing = 0.12 * np.sin(2 * np.pi * 0.9 * t + 2 * number)
            body = BODY.copy()
            body[[0, 6], 0] += swing * np.array([1, -1])
            body[[5, 11], 0] -= swing * np.array([1, -1])
            body = HEIGHT * (body + place)
            centre = body.mean(axis=0)
            hidden = any(b is not None and abs(b.mean(axis=0) - centre)[0] < 0.12 * HEIGHT for b in out)
            out.append(None if hidden else body)
        return out

    def detect(self, t: float) -> np.ndarray:
        rows = []
        for body in self.bodies(t):
            if body is None:
                continue
            for _ in range(1 + self.double_boxes):
                rows.append([*(box_of_pose(body) + self.rng.normal(0, 0.03 * HEIGHT, 4)), 0.8])
        for _ in range(self.false_boxes):
            corner = self.rng.uniform(0, 4 * HEIGHT, 2)
            rows.append([*corner, *(corner + np.array([0.4, 1]) * HEIGHT), 0.6])
        return np.array(rows).reshape(-1, 5)

    def pose(self, t: float, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bodies = [b for b in self.bodies(t) if b is not None]
        position = np.zeros((len(boxes), 14, 2))
        score = np.zeros((len(boxes), 14))
        for i, box in enumerate(boxes):
            overlap = [iou(box[None], box_of_pose(b)[None])[0, 0] for b in bodies]
            if overlap and max(overlap) > 0.2:
                position[i] = bodies[int(np.argmax(overlap))]
                position[i] += self.rng.normal(0, self.noise * HEIGHT, (14, 2))
                score[i] = np.clip(self.rng.normal(self.true_score, 0.1, 14), 0, 1)
            else:
                position[i] = self.rng.uniform(box[:2], box[2:], (14, 2))
                score[i] = self.rng.uniform(0, 0.15, 14)
        return position, score


@dataclass
class Result:
    ids: list[list[int | None]] = field(default_factory=list)  # per frame, the id given to each true person
    extra: int = 0  # observations that show nobody
    doubles: int = 0  # observations that repeat a person
    finder_runs: int = 0

    def switches(self) -> int:
        """Reference count: changes of the id of a person, over frames where they have one."""
        total = 0
        for person in zip(*self.ids, strict=True):
            known = [i for i in person if i is not None]
            total += sum(a != b for a, b in itertools.pairwise(known))
        return total

    def recall(self, world: World, times: np.ndarray) -> float:
        visible = [[b is not None for b in world.bodies(t)] for t in times]
        got = [[i is not None for i in row] for row in self.ids]
        return float((np.array(got) & np.array(visible)).sum() / max(np.sum(visible), 1))


def step(tracker: Tracker, world: World, t: float, result: Result) -> list[Observation]:
    found = None
    if tracker.needs_detection(t):
        result.finder_runs += 1
        found = world.detect(t)
    boxes, keys = tracker.propose(t, found)
    position, score = world.pose(t, boxes)
    seen = tracker.update(t, boxes, keys, position, score)
    bodies = world.bodies(t)
    row: list[int | None] = [None] * len(bodies)
    for one in seen:
        away = [np.inf if b is None else np.abs(position[one.index] - b).mean() for b in bodies]
        best = int(np.argmin(away)) if away else -1
        if best < 0 or away[best] > 0.15 * HEIGHT:
            result.extra += 1
        elif row[best] is not None:
            result.doubles += 1
        else:
            row[best] = one.track_id
    result.ids.append(row)
    return seen


def run(world: World, times: np.ndarray, config: TrackerConfig | None = None) -> Result:
    tracker, result = Tracker(LSP, config), Result()
    for t in times:
        step(tracker, world, float(t), result)
    return result


def clock(rate: float, seconds: float = 4.0) -> np.ndarray:
    return np.arange(int(rate * seconds)) / rate


def walk(x: float, speed: float, y: float = 1.5) -> Path:
    return lambda t: (x + speed * t, y)


RATES = [5, 12.5, 30, 60]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seed", range(3))
def test_standing_apart_with_noise_never_swaps(rate: float, seed: int) -> None:
    world = World([walk(1, 0), walk(1.4, 0), walk(2.1, 0.05)], noise=0.05, seed=seed)
    times = clock(rate, min(4.0, 120 / rate))
    result = run(world, times)
    assert result.switches() == result.extra == result.doubles == 0
    assert result.recall(world, times) > 0.95


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("speed", [0.4, 0.8, 1.2])
def test_crossing_keeps_ids(rate: float, speed: float) -> None:
    for seed in range(2 if rate < 60 else 1):
        world = World([walk(3.5, -speed), walk(3.5 - 4 * speed, speed)], noise=0.03, seed=seed)
        result = run(world, clock(rate))
        assert result.switches() == 0, seed
        assert {row[0] for row in result.ids} - {None} != {row[1] for row in result.ids} - {None}
        assert result.recall(world, clock(rate)) > 0.85


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("speed", [0.0, 0.6])
def test_one_second_of_occlusion_keeps_the_id(rate: float, speed: float) -> None:
    def path(t: float) -> tuple[float, float] | None:
        return None if 1.5 <= t < 2.5 - 1e-6 else (1 + speed * t, 1.5)

    for seed in range(2 if rate < 60 else 1):
        world = World([path, walk(5, 0)], noise=0.03, seed=seed)
        result = run(world, clock(rate))
        assert result.switches() == result.extra == 0
        assert result.ids[-1][0] is not None


def test_longer_absence_gives_a_new_id() -> None:
    world = World([lambda t: None if 1 <= t < 3 else (1, 1.5)])
    result = run(world, clock(30))
    first = {row[0] for row in result.ids[:30]} - {None}
    last = {row[0] for row in result.ids[95:]} - {None}
    assert len(first) == len(last) == 1 and first != last


def test_entry_and_exit() -> None:
    world = World([walk(1, 0), lambda t: (2.5, 1.5) if 1 <= t < 2.5 else None])
    result = run(world, clock(30))
    assert result.switches() == result.extra == 0
    came = next(i for i, row in enumerate(result.ids) if row[1] is not None)
    assert 30 <= came <= 30 + 30 * 0.36
    assert all(row[0] is not None for row in result.ids)


@pytest.mark.parametrize("rate", RATES)
def test_false_boxes_make_no_tracks(rate: float) -> None:
    result = run(World([], false_boxes=3), clock(rate, 2))
    assert result.extra == 0
    world = World([walk(1, 0.2)], false_boxes=3)
    result = run(world, clock(rate, 2))
    assert result.extra == result.switches() == result.doubles == 0


def test_double_boxes_make_one_person() -> None:
    world = World([walk(1, 0.3)], double_boxes=True)
    result = run(world, clock(30))
    assert result.doubles == result.switches() == 0
    assert {row[0] for row in result.ids} == {1}


def test_two_tracks_that_converge_to_one_body_become_one() -> None:
    tracker, world = Tracker(LSP), World([walk(1, 0), walk(1.6, 0)])
    result = Result()
    for t in clock(30, 1):
        step(tracker, world, t, result)
    world.paths[1] = lambda t: None
    around = box_of_pose(world.bodies(0.0)[0])[None]
    for t in clock(30, 2.5) + 1:
        boxes, keys = tracker.propose(t)
        position, score = world.pose(t, np.repeat(around, len(boxes), axis=0))
        seen = tracker.update(t, boxes, keys, position, score)
        assert len(seen) == 1
    assert len(tracker.live_ids) == 1


def test_unsure_people_are_reported_late_and_flickers_never() -> None:
    world = World([walk(1, 0)], true_score=0.45)
    result = run(world, clock(30, 1))
    came = next(i for i, row in enumerate(result.ids) if row[0] is not None)
    assert 1 <= came <= 8 and result.switches() == 0
    flicker = World([lambda t: (1, 1.5) if round(t * 30) % 12 == 0 else None], true_score=0.45)
    assert all(row[0] is None for row in run(flicker, clock(30)).ids)


def test_max_people_keeps_who_came_first() -> None:
    world = World([walk(1, 0), walk(2, 0), walk(3, 0)])
    result = run(world, clock(30), TrackerConfig(max_people=2))
    assert result.switches() == 0
    assert all(sum(i is not None for i in row) <= 2 for row in result.ids)
    assert len({i for row in result.ids for i in row if i is not None}) == 2


def test_variable_rate_and_gaps() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        times = np.cumsum(rng.choice([1 / 60, 1 / 30, 0.1, 0.2], 60))
        times[30:] += 0.8
        world = World([walk(1, 0.3), walk(3, 0)], seed=seed)
        result = run(world, times)
        assert result.switches() == result.extra == result.doubles == 0


def test_sampling_slower_than_the_limit_still_follows() -> None:
    world = World([walk(1, 0), walk(2, 0)])
    assert run(world, np.arange(8) * 2.0).switches() == 0


def test_missing_joints_and_nan() -> None:
    tracker, world = Tracker(LSP), World([walk(1, 0.2), walk(2.5, 0)])
    rng = np.random.default_rng(1)
    for t in clock(30):
        boxes, keys = tracker.propose(t, world.detect(t))
        position, score = world.pose(t, boxes)
        gone = rng.random(score.shape) < 0.3
        position[gone], score[gone] = np.nan, np.nan
        tracker.update(t, boxes, keys, position, score)
    assert tracker.live_ids == (1, 2)


def test_finder_runs_are_bounded() -> None:
    well = run(World([walk(1, 0.1)]), clock(60))
    assert well.finder_runs <= 4 / 0.35 + 60 * 0.25 + 2
    empty = run(World([]), clock(60))
    assert empty.finder_runs <= 60 * 0.26 + 4 / 0.1 + 2


def test_people_who_left_the_picture_are_not_posed() -> None:
    tracker = Tracker(LSP, TrackerConfig(image_size=(600, 600)))
    world = World([walk(2, 1.5)])
    for t in clock(30, 0.6):
        boxes, keys = tracker.propose(t, world.detect(t))
        tracker.update(t, boxes, keys, *world.pose(t, boxes))
    boxes, keys = tracker.propose(0.9)
    assert len(boxes) == 0 and keys == []


@pytest.mark.parametrize("cut", [0, 1, 40, 75])
def test_state_survives_json_and_goes_on_exactly(cut: int) -> None:
    def play(resume: bool) -> list[tuple[int, int]]:
        tracker, out = Tracker(LSP, TrackerConfig(max_people=3, image_size=(1000, 800))), []
        world = World([walk(3, -0.8), walk(1, 0.8)], noise=0.03)
        for i, t in enumerate(clock(30)):
            if resume and i == cut:
                state = json.loads(json.dumps(tracker.state(), allow_nan=False))
                tracker = Tracker.from_state(LSP, state)
                assert tracker.config == TrackerConfig(max_people=3, image_size=(1000, 800))
            seen = step(tracker, world, t, Result())
            out.append((seen, tracker.state()["tracks"]))
        return out

    assert play(False) == play(True)


def test_wrong_input_is_named() -> None:
    tracker = Tracker(LSP)
    with pytest.raises(InputError, match=r"\(n, 5\)"):
        tracker.propose(0.0, np.zeros((2, 4)))
    with pytest.raises(InputError, match="14 joints"):
        tracker.update(0.0, np.zeros((1, 4)), [None], np.zeros((1, 17, 2)), np.zeros((1, 17)))
    with pytest.raises(InputError, match="start the run afresh"):
        Tracker.from_state(skeletons.get("coco17"), tracker.state())
    with pytest.raises(InputError, match="complete tracker state"):
        Tracker.from_state(LSP, {**tracker.state(), "tracks": [{}]})
    assert tracker.update(0.0, np.zeros((0, 4)), [], np.zeros((0, 14, 2)), np.zeros((0, 14))) == []
