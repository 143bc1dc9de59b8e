"""Vocabularies of the bundled verb networks: which action of which data set is which verb.

An action is a verb, other motion that must stay unnamed, or left out because it is too much like a verb to
count as other motion (a throw is half a baseball pitch).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bodyverb.core import Clip, InputError
from bodyverb.datasets.penn_action import VERBS as PENN

LEFT_OUT = ""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Verbs, and what the data sets call them.

    Attributes:
        name: of the network that knows them.
        verbs: the classes.
        actions: data set -> action -> verb, or `LEFT_OUT`; an action that is not here is other motion. Of CMU
            motion capture, which has no labels, the ids of the clips.
        parts: data set -> part of a clip: train, validation or test.
        shares: kind of clips -> share of a training batch.
        named: share of the seconds of other motion that may get a verb on the validation part: it sets the
            threshold of the open set. With more verbs, more motion is like one of them.
    """

    name: str
    verbs: tuple[str, ...]
    actions: Mapping[str, Mapping[str, str]]
    parts: Mapping[str, Callable[[Clip], str]]
    shares: tuple[tuple[str, float], ...]
    named: float

    def verb(self, source: str, clip: Clip) -> str | None:
        """The clip's verb, `LEFT_OUT`, or None for other motion."""
        if source == "penn":
            return clip.label
        return self.actions[source].get(clip.label or clip.id)


def _penn(clip: Clip) -> str:
    """The official split; every twelfth block of five neighbours of its training part is validation."""
    if not clip.meta["train"]:
        return "test"
    return "validation" if (int(clip.id) // 5) % 12 == 3 else "train"


def _utd(clip: Clip) -> str:
    """Odd subjects train, even subjects test."""
    return "train" if int(clip.subject or 0) % 2 else "test"


def _cmu(clip: Clip) -> str:
    """Odd trials train, even trials test."""
    return "train" if int(clip.id.split("_")[1]) % 2 else "test"


def _nw_by_subject(clip: Clip) -> str:
    """Subjects 1-6 train, 7 validation, 8-10 test, from all views."""
    subject = int(clip.subject or 0)
    return "train" if subject <= 6 else "validation" if subject == 7 else "test"


def _nw_by_view(clip: Clip) -> str:
    """The official split, views 1 and 2 against 3; subject 7 of the first two is validation."""
    if clip.camera == "3":
        return "test"
    return "validation" if clip.subject == "7" else "train"


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_SPORTS = _same("bowl", "baseball_swing", "tennis_forehand", "tennis_serve", "squat")

PENN15 = Vocabulary(
    name="verbs-penn15",
    verbs=PENN,
    actions={
        "utd": _SPORTS | {"throw": LEFT_OUT, "pick_up_and_throw": LEFT_OUT},
        "nw_ucla": {"throw": LEFT_OUT},
        "cmu": {},
        "synth": _same(*PENN),
    },
    parts={"penn": _penn, "utd": _utd, "nw_ucla": _nw_by_subject, "cmu": _cmu},
    shares=(
        ("penn", 0.44), ("utd-verbs", 0.08), ("synth-verbs", 0.13), ("negatives", 0.17), ("frozen", 0.18),
    ),
    named=0.01,
)  # fmt: skip

EVERYDAY = Vocabulary(
    name="verbs-everyday",
    verbs=(
        *PENN,
        "arm_curl", "box", "carry", "catch", "clap", "drop", "jog", "knock", "lunge", "pick_up", "push",
        "put_on", "shoot_basketball", "sit_down", "stand_up", "take_off", "throw", "walk", "wave",
    ),
    actions={
        "utd": _SPORTS | _same("wave", "clap", "throw", "arm_curl", "push", "knock", "catch", "lunge") | {
            "basketball_shoot": "shoot_basketball", "boxing": "box", "jog_in_place": "jog",
            "walk_in_place": "walk", "sit_to_stand": "stand_up", "stand_to_sit": "sit_down",
            "pick_up_and_throw": LEFT_OUT,
        },
        "nw_ucla": _same("throw", "carry", "sit_down", "stand_up") | {
            "pick_up_with_one_hand": "pick_up", "pick_up_with_two_hands": "pick_up", "drop_trash": "drop",
            "walk_around": "walk", "donning": "put_on", "doffing": "take_off",
        },
        "cmu": dict.fromkeys(
            ("02_01", "02_02", "02_03", "02_05", "02_06", "03_01", "03_02", "03_03"), LEFT_OUT
        ),
        "synth": _same(*PENN, "walk", "wave", "clap", "pick_up") | {
            "run": "jog", "punch": "box", "sit_stand": LEFT_OUT, "reach": LEFT_OUT, "crouch": LEFT_OUT,
        },
    },
    parts={"penn": _penn, "utd": _utd, "nw_ucla": _nw_by_view, "cmu": _cmu},
    shares=(
        ("penn", 0.30), ("utd-verbs", 0.19), ("nw_ucla-verbs", 0.15), ("synth-verbs", 0.09),
        ("negatives", 0.12), ("frozen", 0.15),
    ),
    named=0.02,
)  # fmt: skip
# CMU's own list of its motions: 02_01, 02_02 walk; 02_03 run; 02_05 punch; 02_06 bend over and lift; 03_01 to
# 03_03 walk on uneven ground.

_ALL = {"penn15": PENN15, "everyday": EVERYDAY}


def vocabulary(name: str) -> Vocabulary:
    """A vocabulary by its short name.

    Raises:
        InputError: there is none.
    """
    if name not in _ALL:
        raise InputError(f"Expected a vocabulary of {', '.join(_ALL)}, got '{name}'; choose one")
    return _ALL[name]
