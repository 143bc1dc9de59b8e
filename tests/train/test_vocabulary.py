"""Which action is which verb."""

import numpy as np
import pytest

from bodyverb.core import Clip, InputError, PoseSequence
from bodyverb.datasets import nw_ucla, utd_mhad
from bodyverb.datasets.synth import motions
from bodyverb.skeletons import get
from bodyverb.train.vocabulary import EVERYDAY, LEFT_OUT, PENN15, vocabulary

KNOWN = {"utd": utd_mhad.CLASSES, "nw_ucla": nw_ucla.CLASSES, "synth": motions.names("all")}


def clip(label: str | None, **facts) -> Clip:
    poses = PoseSequence.from_arrays(np.zeros((1, 2, 13, 2)), skeleton=get("penn13"), rate_hz=30.0)
    return Clip(id=facts.pop("id", "0001"), poses=poses, label=label, **facts)


@pytest.mark.parametrize("words", [PENN15, EVERYDAY], ids=lambda words: words.name)
def test_every_action_and_verb_exists(words):
    assert len(set(words.verbs)) == len(words.verbs)
    for source, classes in KNOWN.items():
        assert set(words.actions[source]) <= set(classes)
        assert set(words.actions[source].values()) <= {*words.verbs, LEFT_OUT}
    assert sum(share for _, share in words.shares) == pytest.approx(1)
    learnt = {verb for source in words.actions.values() for verb in source.values()} | set(PENN15.verbs)
    assert learnt - {LEFT_OUT} == set(words.verbs)


def test_synonyms_meet_and_other_motion_stays_unnamed():
    for source, action, verb in (
        ("utd", "sit_to_stand", "stand_up"),
        ("nw_ucla", "stand_up", "stand_up"),
        ("nw_ucla", "pick_up_with_two_hands", "pick_up"),
        ("utd", "walk_in_place", "walk"),
        ("utd", "draw_circle_clockwise", None),
        ("utd", "pick_up_and_throw", LEFT_OUT),
        ("penn", "squat", "squat"),
    ):
        assert EVERYDAY.verb(source, clip(action)) == verb
    assert EVERYDAY.verb("cmu", clip(None, id="02_01")) == LEFT_OUT
    assert EVERYDAY.verb("cmu", clip(None, id="01_05")) is None
    assert PENN15.verb("nw_ucla", clip("carry")) is None


def test_parts_follow_the_official_splits():
    assert EVERYDAY.parts["nw_ucla"](clip("carry", subject="3", camera="3")) == "test"
    assert EVERYDAY.parts["nw_ucla"](clip("carry", subject="3", camera="1")) == "train"
    assert EVERYDAY.parts["nw_ucla"](clip("carry", subject="7", camera="2")) == "validation"
    assert PENN15.parts["nw_ucla"](clip("carry", subject="9", camera="1")) == "test"
    assert EVERYDAY.parts["utd"](clip("wave", subject="4")) == "test"


def test_unknown_vocabulary():
    with pytest.raises(InputError, match="penn15, everyday"):
        vocabulary("kitchen")
