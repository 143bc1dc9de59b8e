"""Verbs of two people: the windows a network gets, and a tiny network on procedural people."""

from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import InputError, ModelError, PoseSequence
from bodyverb.infer import load
from bodyverb.recognize import pairs
from bodyverb.recognize import recognizer as room
from bodyverb.recognize.pairs import near_pairs, presence
from bodyverb.recognize.recognizer import Recognizer
from bodyverb.recognize.segments import merge

CARD = {
    "classes": ["sit", "hug", "push"],
    "skeleton": "penn13",
    "window_s": 2.0,
    "stride_s": 0.5,
    "steps": 16,
    "persons": 2,
}


class Fake:
    """Keeps what it gets; the more to the right the first person, the more a hug; half known."""

    def __init__(self, **card: object) -> None:
        self.card = CARD | card
        self.inputs: list[np.ndarray] = []

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        position = inputs["position"]
        assert np.array_equal(inputs["score"] > 0, ~np.isnan(position[..., 0]))
        self.inputs.append(position)
        right = np.nan_to_num(position[:, 0, :, 0, 0]).mean(axis=1) / 1000
        return {
            "logits": np.stack([np.zeros_like(right), right, -right], axis=1),
            "known": np.zeros(len(position)),
        }


def track(name, x, y=100.0, seconds=4.0, rate=10.0, start=0.0, layout="penn13", **fields):
    """Somebody whose joints all go along a line: (x, y) px, or x(times)."""
    times = np.arange(start, seconds + 1e-9, 1 / rate)
    skeleton = skeletons.get(layout)
    way = np.stack(np.broadcast_arrays(x(times) if callable(x) else x, y, times)[:2], axis=-1)
    position = way[None, :, None] + np.arange(len(skeleton.joints))[:, None] * np.ones(2)
    return PoseSequence.from_arrays(
        position, skeleton=skeleton, timestamps_s=times, person_ids=(name,), **fields
    )


def test_both_have_one_time_base_and_their_places():
    session = Fake()
    one = track("5", lambda t: 100 * t, rate=30)
    other = track("3", lambda t: 700 - 50 * t, 40.0, rate=7, start=0.3)
    windows = Recognizer(session).pair(one, other, [(1.0, 3.5)])
    assert [(w.person_id, w.start_s, w.end_s) for w in windows] == [("3+5", 1.0, 3.0), ("3+5", 1.5, 3.5)]
    forward, backward = session.inputs
    assert forward.shape == (2, 2, 16, 13, 2) and forward.dtype == np.float32
    np.testing.assert_array_equal(forward[:, ::-1], backward)
    times = np.stack([np.linspace(w.start_s, w.end_s, 16) for w in windows])
    np.testing.assert_allclose(forward[:, 0, :, 0, 0], 700 - 50 * times, atol=1e-3)  # 3 before 5
    np.testing.assert_allclose(
        (forward[:, 1] - forward[:, 0])[..., 0],
        np.repeat(150 * times - 700, 13).reshape(2, 16, 13),
        atol=1e-3,
    )
    np.testing.assert_allclose((forward[:, 1] - forward[:, 0])[..., 1], 60, atol=1e-3)


def test_neither_is_the_first():
    recognizer = Recognizer(Fake())
    one, other = track("1", 900), track("2", 100)
    here, there = recognizer.pair(one, other, [(0, 2)]), recognizer.pair(other, one, [(0, 2)])
    swapped = recognizer.pair(track("2", 900), track("1", 100), [(0, 2)])
    assert here[0].probabilities.tobytes() == there[0].probabilities.tobytes()
    assert here[0].probabilities.tobytes() == swapped[0].probabilities.tobytes()
    single = [np.exp([0, x, -x]) / np.exp([0, x, -x]).sum() for x in (0.9, 0.1)]
    np.testing.assert_allclose(here[0].probabilities, np.mean(single, axis=0), atol=1e-6)


def test_of_verbs_that_all_take_two_one_person_shows_none():
    session = Fake()
    recognizer = Recognizer(session)
    alone = track("1", 0)
    stream = recognizer.stream(alone.skeleton, "1")
    live = [stream.push(t, alone.position[0, k], alone.score[0, k]) for k, t in enumerate(alone.timestamps_s)]
    assert not recognizer.single and recognizer(alone) == [] and not any(live) and stream.finish() == []
    assert recognizer.timeline([alone]).segments == () and session.inputs == []


def test_verbs_of_one_person_are_looked_for_alone():
    session = Fake(pair_classes=["hug", "push"])
    recognizer = Recognizer(session)
    one, other = track("1", 600), track("2", 500)
    (alone, *_), (pair, *_) = recognizer(one), recognizer.pair(one, other, [(0, 4)])
    assert recognizer.single
    assert session.inputs[0].shape[1] == 2 and np.isnan(session.inputs[0][:, 1]).all()
    chance = np.exp([0, 0.6, -0.6]) / np.exp([0, 0.6, -0.6]).sum()
    assert alone.probabilities.tolist() == [1, 0, 0] and alone.known == pytest.approx(0.5 * chance[0])
    assert pair.probabilities[0] == 0 and pair.probabilities.sum() == pytest.approx(1)
    both = np.mean([chance, np.exp([0, 0.5, -0.5]) / np.exp([0, 0.5, -0.5]).sum()], axis=0)
    np.testing.assert_allclose(pair.known * pair.probabilities[1:], 0.5 * both[1:], atol=1e-6)
    stream = recognizer.stream(one.skeleton, "1")
    live = [
        w for k, t in enumerate(one.timestamps_s) for w in stream.push(t, one.position[0, k], one.score[0, k])
    ]
    assert live[0].probabilities.tolist() == [1, 0, 0] and live[0].known == pytest.approx(alone.known)


def test_a_window_without_one_of_the_two_is_not_known():
    recognizer = Recognizer(Fake())
    one, other = track("1", 900), track("2", 100)
    gone = np.array(other.position)
    gone[:, 20:] = np.nan
    other = PoseSequence.from_arrays(
        gone, skeleton=other.skeleton, timestamps_s=other.timestamps_s, person_ids=("2",)
    )
    first, *_, last = recognizer.pair(one, other, [(0, 4)])
    assert first.known == 0.5 and last.known == 0.0 and np.isfinite(last.probabilities).all()
    nobody = other.replace(
        position=np.full_like(gone, np.nan), score=0 * other.score, state=np.zeros_like(other.state)
    )
    assert all(w.known == 0 for w in recognizer.pair(one, nobody, [(0, 4)]))
    assert near_pairs([presence(one), presence(nobody)]) == []


def test_intervals_are_cut_to_both_tracks():
    recognizer = Recognizer(Fake())
    one, other = track("1", 0, seconds=3.0), track("2", 0, start=1.0)
    spans = lambda where: [(w.start_s, w.end_s) for w in recognizer.pair(one, other, where)]  # noqa: E731
    assert spans([(-5, 0.5), (3.2, 9)]) == []
    assert spans([(0, 9)]) == [(1.0, 3.0)]
    assert spans([(1.0, 1.6), (2.5, 9)]) == [(1.0, 1.6), (2.5, 3.0)]
    assert recognizer.pair(one, other.select(frames=slice(0, 0)), [(0, 9)]) == []


def test_pieces_and_rows_of_the_interval_give_the_windows_of_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    wander = lambda t: np.cumsum(rng.normal(0, 20, t.shape))  # noqa: E731
    one, other = track("1", wander, seconds=40), track("2", wander, seconds=40, rate=8)
    recognizer = Recognizer(Fake())
    part = [
        track.select(frames=(track.timestamps_s >= 4.5) & (track.timestamps_s <= 31))
        for track in (one, other)
    ]
    whole = recognizer.pair(one, other, [(5, 30)])
    rows = recognizer.pair(*part, [(5, 30)])
    monkeypatch.setattr(room, "BATCH", 7)
    pieces = recognizer.pair(one, other, [(5, 30)])
    assert len(whole) == 47
    for others in (rows, pieces):
        assert [(w.start_s, w.known, w.probabilities.tobytes()) for w in whole] == [
            (w.start_s, w.known, w.probabilities.tobytes()) for w in others
        ]


class OnDisk:
    """A track that is read when asked for."""

    def __init__(self, track: PoseSequence, read: list[int]) -> None:
        self.timestamps_s, self.person_ids, self._track, self._read = (
            track.timestamps_s, track.person_ids, track, read
        )  # fmt: skip

    def select(self, *, frames: slice) -> PoseSequence:
        part = self._track.select(frames=frames)
        self._read.append(part.frames)
        return part


def test_tracks_on_disk_are_read_in_pieces(monkeypatch):
    monkeypatch.setattr(pairs, "BLOCK", 100)
    monkeypatch.setattr(room, "BATCH", 8)
    people = [
        track(str(k), lambda t, k=k: 900 * (k > 2) + 5 * np.sin(t + k), seconds=120.0) for k in range(4)
    ]
    read: list[int] = []
    disk = {one.person_ids[0]: OnDisk(one, read) for one in people}
    recognizer = Recognizer(Fake())
    windows = recognizer.pairs([presence(one) for one in disk.values()], disk.__getitem__)
    whole = recognizer.timeline(people).windows
    assert {w.person_id for w in windows} == {"0+1", "0+2", "1+2"}
    assert [(w.person_id, w.start_s, w.end_s, w.known, w.probabilities.tobytes()) for w in windows] == [
        (w.person_id, w.start_s, w.end_s, w.known, w.probabilities.tobytes()) for w in whole
    ]
    assert max(read) <= 100 and people[0].frames > 1000


def test_layouts_are_converted_and_mirrored_pictures_turned_back():
    session = Fake()
    fields = {"image_size": (640, 480), "mirrored": True}
    Recognizer(session).pair(track("1", 10, layout="lsp14", **fields), track("2", 30, **fields), [(0, 2)])
    head = [skeletons.get("penn13").index("left_knee"), skeletons.get("lsp14").index("left_knee")]
    np.testing.assert_allclose(session.inputs[0][0, :, 0, head[0], 0], [-10 - head[1], -30 - head[0]])


def test_a_network_for_one_person_is_as_it_was():
    session = Fake(persons=1)
    recognizer = Recognizer(session)
    assert recognizer.pair_classes == () and recognizer.single
    assert recognizer.pair(track("1", 0), track("2", 0), [(0, 4)]) == []
    windows = recognizer(track("1", 900))
    assert session.inputs[0].shape == (5, 1, 16, 13, 2) and windows[0].known == 0.5
    assert {s.person_id for s in recognizer.timeline([track("1", 0), track("2", 0)]).segments} == {"1", "2"}


@pytest.mark.parametrize(
    "card",
    [{"persons": 3}, {"persons": "two"}, {"pair_classes": ["fly"]},
     {"persons": 1, "pair_classes": ["hug"]}],
)  # fmt: skip
def test_cards_that_make_no_sense(card):
    with pytest.raises(ModelError, match="card"):
        Recognizer(Fake(**card))


def test_room_for_two_without_a_verb_of_two():
    session = Fake(pair_classes=[])
    recognizer = Recognizer(session)
    windows = recognizer.timeline([track("1", 0), track("2", 10)]).windows
    assert {window.person_id for window in windows} == {"1", "2"}
    assert session.inputs[0].shape[1] == 2 and np.isnan(session.inputs[0][:, 1]).all()
    assert recognizer.pair(track("1", 0), track("2", 0), [(0, 4)]) == []


def test_a_network_with_other_classes_than_its_card():
    for persons in (1, 2):
        recognizer = Recognizer(Fake(persons=persons, classes=["hug", "push"], name="odd"))
        with pytest.raises(ModelError, match=r"2 classes as in the card, got shape \(5, 3\).*odd"):
            recognizer.timeline([track("1", 0), track("2", 5)])


def test_two_people_of_one_picture_are_expected():
    recognizer = Recognizer(Fake())
    with pytest.raises(InputError, match="'1' twice"):
        recognizer.pair(track("1", 0), track("1", 5), [(0, 2)])
    with pytest.raises(InputError, match="mirrored"):
        recognizer.pair(track("1", 0), track("2", 5, mirrored=True), [(0, 2)])


class TestApproach:
    """A network in ONNX on people that walk."""

    MIDDLE: ClassVar[float] = 500.0

    @pytest.fixture
    def recognizer(self, approach) -> Recognizer:
        return Recognizer(load(str(approach), "verbs", threads=1))

    @staticmethod
    def shown(timeline) -> list[tuple[str, str, float, float]]:
        return [(s.person_id, s.verb, s.start_s, s.end_s) for s in timeline.segments]

    def test_they_come_and_part_and_a_third_is_none_of_it(self, recognizer, walker):
        people = [
            walker("10", lambda t: self.MIDDLE + 40 + 30 * np.abs(t - 3)),
            walker("7", lambda t: 1900 + 0 * t),
            walker("9", lambda t: self.MIDDLE - 40 - 10 * np.abs(t - 3)),
        ]
        timeline = recognizer.timeline(people)
        (who, verb, start, turn), (_, then, again, end) = self.shown(timeline)
        assert (who, verb, then) == ("9+10", "approach", "part")
        assert (start, end) == (0.0, pytest.approx(5.9)) and turn == again == pytest.approx(3.0, abs=0.5)
        assert {window.person_id for window in timeline.windows} == {"9+10"}
        assert tuple(merge(timeline.windows, timeline.classes, timeline.thresholds)) == timeline.segments

    def test_walking_side_by_side_is_staying(self, recognizer, walker):
        people = [walker("1", lambda t: 100 + 150 * t), walker("2", lambda t: 180 + 150 * t)]
        assert self.shown(recognizer.timeline(people)) == [("1+2", "stay", 0.0, pytest.approx(5.9))]

    def test_one_person_only(self, recognizer, walker):
        assert recognizer.timeline([walker("1", lambda t: 100 + 0 * t)]).windows == ()

    def test_who_comes_later_and_leaves_earlier(self, recognizer, walker):
        people = [walker("1", lambda t: 500 + 0 * t), walker("2", lambda t: 700 - 30 * t, start=1.0, end=4.0)]
        assert self.shown(recognizer.timeline(people)) == [("1+2", "approach", 1.0, 4.0)]

    def test_apart_for_long_is_no_segment(self, recognizer, walker):
        away = lambda t: 560 + 1400 * ((t > 2.05) & (t < 7.95))  # noqa: E731
        people = [walker("1", lambda t: 500 + 0 * t, 10.0), walker("2", away, 10.0)]
        (_, _, start, end), (_, _, again, last) = self.shown(recognizer.timeline(people))
        assert (start, last) == (0.0, pytest.approx(9.9))
        assert end == pytest.approx(2.1, abs=0.21) and again == pytest.approx(8.0, abs=0.21)

    @pytest.mark.parametrize(("hidden_s", "parts"), [(0.5, 1), (0.9, 1), (2.5, 2)])
    def test_somebody_hidden_for_a_while(self, recognizer, walker, hidden_s, parts):
        one = walker("1", lambda t: 500 + 0 * t)
        other = walker("2", lambda t: 700 - 30 * t)
        hidden = (other.timestamps_s >= 2) & (other.timestamps_s < 2 + hidden_s)
        there = other.select(frames=~hidden)
        position, score, state = (np.array(getattr(other, name)) for name in ("position", "score", "state"))
        position[:, hidden], score[:, hidden], state[:, hidden] = np.nan, 0, 0
        rows = self.shown(recognizer.timeline([one, there]))
        assert rows == self.shown(
            recognizer.timeline([one, other.replace(position=position, score=score, state=state)])
        )
        assert {who for who, *_ in rows} == {"1+2"}
        assert sum(a[3] < b[2] - 0.5 for a, b in pairwise(rows)) == parts - 1
        assert (rows[0][2], rows[-1][3]) == (0.0, pytest.approx(5.9))
        assert {verb for _, verb, *_ in rows if verb != "unknown"} >= {"approach"}
