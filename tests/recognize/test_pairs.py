"""Who stands near whom."""

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import PoseSequence
from bodyverb.recognize import pairs as room
from bodyverb.recognize.pairs import NearPair, Presence, near_pairs, pair_id, presence

TALL = 100.0


def person(
    name: str,
    x,
    seconds: float = 10.0,
    rate: float = 10.0,
    *,
    tall: float = TALL,
    gone=(),
    start: float = 0.0,
):
    """The presence of somebody of `tall` x `tall` / 3 px whose middle is at `x` px, or x(times); without rows
    in the `gone` (start, end)."""
    times = np.arange(start, seconds + 1e-9, 1 / rate)
    for begin, end in gone:
        times = times[(times < begin) | (times >= end)]
    middle = np.broadcast_to(x(times) if callable(x) else x, times.shape)
    box = np.stack([middle - tall / 6, 0 * times, middle + tall / 6, 0 * times + tall], axis=-1)
    empty = np.full((1, len(times), 13, 2), np.nan)
    return presence(
        PoseSequence.from_arrays(
            empty, skeleton=skeletons.get("penn13"), timestamps_s=times, box=box[None], person_ids=(name,)
        )
    )


def found(people, **options):
    return [(pair.first, pair.second) for pair in near_pairs(people, **options)]


def check(people, expected):
    (pair,) = near_pairs(people)
    assert len(pair.intervals) == len(expected)
    np.testing.assert_allclose(pair.intervals, expected, atol=0.21)


def test_two_of_three_are_near():
    people = [person("3", 500), person("1", 900), person("5", 600)]
    assert near_pairs(people) == [NearPair(first="3", second="5", intervals=((0.0, 10.0),))]


def test_nobody_and_one_person():
    assert near_pairs([]) == []
    assert near_pairs([person("1", 0)]) == []
    assert near_pairs([person("1", 0), person("2", 0, gone=[(0, 11)])]) == []


def test_ids_are_sorted_by_number():
    assert pair_id("10", "9") == pair_id("9", "10") == "9+10"
    assert pair_id("b", "7") == "7+b"
    assert found([person("10", 0), person("2", 50), person("1", 100)]) == [
        ("1", "2"),
        ("1", "10"),
        ("2", "10"),
    ]


def test_only_while_both_are_there():
    check([person("1", 0), person("2", 50, 6.0, start=2.0)], [(2, 6)])
    assert found([person("1", 0, 4.0), person("2", 50, start=4.5)]) == []


def test_they_meet_part_and_meet_again():
    away = lambda t: np.where((t > 3) & (t < 7), 1000.0, 50.0)  # noqa: E731
    check([person("1", 0), person("2", away)], [(0, 3), (7, 10)])


@pytest.mark.parametrize("rate", [1, 5, 12.5, 30, 240])
def test_any_frame_rate(rate):
    come = lambda t: 1000 - 100 * t  # noqa: E731
    (pair,) = near_pairs([person("1", 0, rate=rate), person("2", come, rate=rate)])
    np.testing.assert_allclose(pair.intervals, [(8, 10)], atol=0.25)


def test_single_frames_and_short_absence_do_not_tear():
    blips = lambda t: np.where(np.abs(t % 2 - 1) < 0.06, 5000.0, 50.0)  # noqa: E731
    check([person("1", 0), person("2", blips)], [(0, 10)])
    check([person("1", 0), person("2", 50, gone=[(4, 4.8)])], [(0, 10)])
    check([person("1", 0), person("2", 50, gone=[(4, 6)])], [(0, 4), (6, 10)])


def test_hysteresis_of_the_distance():
    far = (room.NEAR_ON + 0.1) * TALL
    assert found([person("1", 0), person("2", far)]) == []
    once = lambda t: np.where(np.abs(t - 5) < 0.3, TALL, far)  # noqa: E731
    check([person("1", 0), person("2", once)], [(0, 10)])
    assert found([person("1", 0), person("2", (room.NEAR_OFF + 0.1) * TALL)]) == []


def test_the_smaller_body_counts():
    assert found([person("1", 0, tall=1000), person("2", 300, tall=100)]) == []
    assert found([person("1", 0, tall=100), person("2", 300, tall=1000)]) == []
    assert found([person("1", 0, tall=400), person("2", 300, tall=1000)]) == [("1", "2")]


def test_short_meetings_are_left_out():
    passing = lambda t: np.where(np.abs(t - 5) < 0.5, 50.0, 5000.0)  # noqa: E731
    people = [person("1", 0), person("2", passing)]
    check(people, [(4.6, 5.6)])
    assert near_pairs(people, min_s=2.0) == []


def test_a_presence_is_thin_and_falls_back_on_joints():
    assert len(person("1", 0, 10.0, 240).step) == 51
    skeleton = skeletons.get("penn13")
    position = np.arange(26, dtype=float).reshape(1, 1, 13, 2).repeat(4, axis=1)
    position[0, 1] = np.nan
    position[0, 2, :5] = np.nan
    box = np.full((1, 4, 4), np.nan)
    box[0, 3] = 1, 2, 3, 4
    times = [0.0, 1.0, 2.0, 3.0]
    bare = PoseSequence.from_arrays(position, skeleton=skeleton, timestamps_s=times)
    for track, last in ((bare, [0, 1, 24, 25]), (bare.replace(box=box), [1, 2, 3, 4])):
        where = presence(track)
        assert where.step.tolist() == [0, 10, 15]
        assert where.box.tolist() == [[0, 1, 24, 25], [10, 11, 24, 25], last]
        assert (where.start_s, where.end_s) == (0.0, 3.0)
    nothing = presence(bare.select(frames=slice(0, 0)))
    assert len(nothing.step) == 0 and near_pairs([nothing, presence(bare)]) == []


def test_a_presence_is_the_same_in_pieces(monkeypatch):
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 100, (1, 200, 2))
    box = np.concatenate([corner, corner + 50], axis=-1)
    empty = np.full((1, 200, 13, 2), np.nan)
    layout, times = skeletons.get("penn13"), np.sort(rng.uniform(0, 30, 200))
    track = PoseSequence.from_arrays(empty, skeleton=layout, timestamps_s=times, box=box)
    whole = presence(track)
    monkeypatch.setattr(room, "BLOCK", 37)
    parts = presence(track)
    np.testing.assert_array_equal(parts.step, whole.step)
    same = (parts.box == whole.box).all(axis=1)
    assert same.sum() >= len(same) - 5  # a step across an edge is a mean of two means
    np.testing.assert_allclose(parts.box, whole.box, atol=50)


def test_looked_at_grows_with_the_people_not_with_their_square(monkeypatch):
    looked, real = [], room._within

    def within(step, middle, reach):
        one, other = real(step, middle, reach)
        looked.append(len(one) / len(step))
        return one, other

    monkeypatch.setattr(room, "_within", within)
    for count in (25, 100, 400):
        side = int(np.sqrt(count))
        crowd = [standing(str(k), 3 * TALL * (k % side), 3 * TALL * (k // side)) for k in range(count)]
        assert near_pairs(crowd) == []  # everybody three sizes apart
        joined = count // 2
        crowd[joined].box[:] = crowd[joined + 1].box + 40.0
        assert found(crowd) == [(str(joined), str(joined + 1))]
    assert len(looked) >= 6 and max(looked) < 1.2


@pytest.mark.parametrize("block", [1, 7, 50])
def test_blocks_change_nothing(block, monkeypatch):
    rng = np.random.default_rng(block)
    wander = [np.cumsum(rng.normal(0, 40, 101)) for _ in range(8)]
    hidden = [(8.0, 9.5)], [(3.0, 3.7), (5.0, 7.0)], []
    people = [
        person(str(k), lambda t, k=k: wander[k][np.rint(10 * t).astype(int)], gone=hidden[k % 3])
        for k in range(8)
    ]
    whole = near_pairs(people)
    monkeypatch.setattr(room, "BLOCK", block)
    assert near_pairs(people) == whole and len(whole) > 5 and any(len(pair.intervals) > 1 for pair in whole)


def test_a_hundred_people_in_couples():
    crowd = [standing(str(k), 1000 * (k // 2) + 50 * (k % 2), 0.0) for k in range(100)]
    assert found(crowd) == [(str(k), str(k + 1)) for k in range(0, 100, 2)]


def standing(name: str, x: float, y: float) -> Presence:
    """Somebody who stands still for one second."""
    box = np.array([[x, y, x + TALL / 3, y + TALL]] * 5, np.float32)
    return Presence(person_id=name, start_s=0.0, end_s=1.0, step=np.arange(5), box=box)
