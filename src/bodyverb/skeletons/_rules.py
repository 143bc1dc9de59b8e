"""The rules that make a joint which a layout lacks of joints it has; every share is measured on real poses.

Joint names stand for places, not for labels: what OpenPose calls the neck is `thorax`, the middle of the
shoulders, as in MPII. Trunk = middle of the shoulders to middle of the hips. Median heights above the
shoulders in trunk lengths, upright people:

    thorax     0.00 MPII, 0.07 Kinect v2, 0.11 Human3.6M
    neck       0.08 MPII, 0.09 LSP, 0.17 PoseTrack, 0.22 Kinect v2
    neck_nose  0.25 Human3.6M (and 0.23 before the shoulders)
    nose       0.37 COCO, 0.42 PoseTrack
    head       0.39 Penn, 0.47 Kinect v2
    head_top   0.53 LSP, 0.57 Human3.6M, 0.60 MPII, 0.71 PoseTrack

What cannot be told from the joints at hand has no rule: feet, eyes and ears are not guessed from legs and a
head. docs/concepts/layouts.md lists the error of each rule, docs/decisions/0003 why it is done so.
"""

from collections.abc import Callable
from dataclasses import dataclass

SIDES = ("left", "right")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a joint that a layout lacks is made from joints it has.

    Attributes:
        joint: The joint that is made.
        parts: (source joint, weight) pairs; the weights sum to 1.
        text: The rule in words, for reports.
    """

    joint: str
    parts: tuple[tuple[str, float], ...]
    text: str


def _middle(joint: str, first: str, second: str) -> Rule:
    return Rule(joint=joint, parts=((first, 0.5), (second, 0.5)), text=f"middle of {first} and {second}")


def _alias(joint: str, source: str) -> Rule:
    return Rule(joint=joint, parts=((source, 1.0),), text=f"taken as {source}")


def _along(joint: str, start: str, end: str, share: float) -> Rule:
    """The point that far along the line from start (0) to end (1); above 1 it lies past the end."""
    text = f"{share:g} of the way from {start} to {end}"
    return Rule(joint=joint, parts=((start, 1 - share), (end, share)), text=text)


def _above_shoulders(joint: str, source: str, share: float) -> Rule:
    parts = ((source, share), *((f"{side}_shoulder", (1 - share) / 2) for side in SIDES))
    text = f"{share:g} of the way from the middle of the shoulders to {source}"
    return Rule(joint=joint, parts=parts, text=text)


def _both(make: Callable[[str, str], Rule]) -> tuple[Rule, Rule]:
    """The rule for either side; `make` is given the prefix of the side and that of the other."""
    return make("left", "right"), make("right", "left")


RULES: tuple[Rule, ...] = (
    _middle("thorax", "left_shoulder", "right_shoulder"),
    _alias("thorax", "neck"),
    _middle("mid_shoulder", "left_shoulder", "right_shoulder"),
    _middle("pelvis", "left_hip", "right_hip"),
    _middle("spine", "pelvis", "thorax"),
    _alias("lower_spine", "pelvis"),
    *_both(lambda side, _: _alias(f"{side}_collar", "thorax")),
    _along("neck", "thorax", "head_top", 0.2),
    _above_shoulders("neck", "nose", 0.3),
    _above_shoulders("neck", "head", 0.3),
    _alias("neck", "thorax"),
    _above_shoulders("neck_nose", "nose", 0.7),
    _along("neck_nose", "thorax", "head_top", 0.5),
    _along("neck_nose", "neck", "head_top", 0.35),
    _above_shoulders("neck_nose", "head", 0.5),
    _along("head", "neck", "head_top", 0.7),
    _alias("head", "nose"),
    _along("head_top", "thorax", "head", 1.25),
    _above_shoulders("head_top", "head", 1.35),
    _above_shoulders("head_top", "nose", 1.45),
    _alias("nose", "head"),
    _along("nose", "neck", "head_top", 0.6),
    _above_shoulders("nose", "neck_nose", 1.4),
    *_both(lambda side, other: _along(f"{side}_eye_inner", f"{side}_eye", f"{other}_eye", 0.2)),
    *_both(lambda side, other: _along(f"{side}_eye_outer", f"{other}_eye", f"{side}_eye", 1.2)),
    *_both(lambda side, other: _along(f"{side}_mouth", f"{other}_eye", "nose", 1.7)),
    *_both(lambda side, _: _middle(f"{side}_hand", f"{side}_pinky", f"{side}_index")),
    *_both(lambda side, _: _along(f"{side}_hand", f"{side}_elbow", f"{side}_wrist", 1.27)),
    *_both(lambda side, _: _alias(f"{side}_hand_end", f"{side}_hand")),
    *_both(lambda side, _: _along(f"{side}_hand_tip", f"{side}_wrist", f"{side}_hand", 1.7)),
    *_both(lambda side, _: _alias(f"{side}_pinky", f"{side}_hand")),
    *_both(lambda side, _: _alias(f"{side}_index", f"{side}_hand")),
    *_both(lambda side, _: _alias(f"{side}_thumb", f"{side}_hand")),
    *_both(lambda side, _: _alias(f"{side}_thumb_base", f"{side}_wrist")),
    *_both(lambda side, _: _along(f"{side}_heel", f"{side}_knee", f"{side}_ankle", 1.16)),
    *_both(lambda side, _: _along(f"{side}_foot", f"{side}_ankle", f"{side}_big_toe", 0.67)),
    *_both(lambda side, _: _along(f"{side}_foot", f"{side}_ankle", f"{side}_foot_index", 0.67)),
    *_both(lambda side, _: _along(f"{side}_foot", f"{side}_ankle", f"{side}_toes", 0.67)),
    *_both(lambda side, _: _alias(f"{side}_big_toe", f"{side}_foot_index")),
    *_both(lambda side, _: _alias(f"{side}_big_toe", f"{side}_toes")),
    *_both(lambda side, _: _along(f"{side}_big_toe", f"{side}_ankle", f"{side}_foot", 1.5)),
    *_both(lambda side, _: _alias(f"{side}_foot_index", f"{side}_big_toe")),
    *_both(lambda side, _: _alias(f"{side}_toes", f"{side}_big_toe")),
    *_both(lambda side, _: _alias(f"{side}_small_toe", f"{side}_big_toe")),
)
"""In order of preference; a joint made by a rule serves further ones (see `plan`)."""
