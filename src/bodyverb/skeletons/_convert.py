"""Moving poses between layouts: by joint name, then by listed linear rules, with a report."""

from dataclasses import dataclass

import numpy as np

from bodyverb.core.errors import InputError
from bodyverb.core.pose import ABSENT, INFERRED, PoseSequence
from bodyverb.core.skeleton import Skeleton
from bodyverb.skeletons._layouts import get


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


def _middle(joint: str, *sources: str) -> Rule:
    share = 1 / len(sources)
    text = f"{'middle' if len(sources) == 2 else 'mean'} of {' and '.join(sources)}"
    return Rule(joint=joint, parts=tuple((source, share) for source in sources), text=text)


def _alias(joint: str, source: str) -> Rule:
    return Rule(joint=joint, parts=((source, 1.0),), text=f"taken as {source}")


def _along(joint: str, start: str, end: str, share: float) -> Rule:
    """The point that far along the line from start (0) to end (1); above 1 it lies past the end."""
    text = f"{share:g} of the way from {start} to {end}"
    return Rule(joint=joint, parts=((start, 1 - share), (end, share)), text=text)


def _above_shoulders(joint: str, source: str, share: float) -> Rule:
    parts = ((source, share), *((shoulder, (1 - share) / 2) for shoulder in SHOULDERS))
    text = f"{share:g} of the way from the middle of the shoulders to {source}"
    return Rule(joint=joint, parts=parts, text=text)


SHOULDERS = ("left_shoulder", "right_shoulder")
HIPS = ("left_hip", "right_hip")

# The first rule whose sources the layout has is used. The shares are medians measured on real annotations:
# heights above the shoulders in trunk lengths are 0.39 for Penn's head, 0.09 and 0.53 for LSP's neck and head
# top, 0.37 for COCO's nose; Kinect hands lie 0.27 forearms beyond the wrist (docs/decisions/0003).
RULES: tuple[Rule, ...] = (
    _alias("neck", "thorax"),
    _middle("neck", *SHOULDERS),
    _alias("thorax", "neck"),
    _middle("thorax", *SHOULDERS),
    _middle("pelvis", *HIPS),
    _middle("spine", "pelvis", "thorax"),
    _middle("spine", *SHOULDERS, *HIPS),
    _along("head", "neck", "head_top", 0.7),
    _alias("head", "nose"),
    _along("head_top", "thorax", "head", 1.25),
    _above_shoulders("head_top", "head", 1.35),
    _above_shoulders("head_top", "nose", 1.45),
    _alias("nose", "head"),
    _along("nose", "neck", "head_top", 0.6),
    _along("left_hand", "left_elbow", "left_wrist", 1.27),
    _along("right_hand", "right_elbow", "right_wrist", 1.27),
)


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What became of the joints.

    Attributes:
        exact: Joints of the target that the source has under the same name.
        approximate: Joints of the target made by a rule, with the rule in words.
        lost: Joints of the source that nothing in the target was made of.
        missing: Joints of the target that could not be made; absent (NaN) throughout.
    """

    exact: tuple[str, ...]
    approximate: dict[str, str]
    lost: tuple[str, ...]
    missing: tuple[str, ...]


def plan(source: Skeleton, target: Skeleton) -> tuple[Conversion, dict[str, tuple[tuple[str, float], ...]]]:
    """How to make the target's joints of the source's, before touching any pose.

    Returns:
        The report, and (source joint, weight) pairs by target joint; missing joints are left out.
    """
    parts: dict[str, tuple[tuple[str, float], ...]] = {}
    approximate: dict[str, str] = {}
    for joint in target.joints:
        if joint in source.joints:
            parts[joint] = ((joint, 1.0),)
            continue
        for rule in RULES:
            if rule.joint == joint and all(name in source.joints for name, _ in rule.parts):
                parts[joint] = rule.parts
                approximate[joint] = rule.text
                break
    used = {name for pairs in parts.values() for name, _ in pairs}
    report = Conversion(
        exact=tuple(joint for joint in target.joints if joint in source.joints),
        approximate=approximate,
        lost=tuple(joint for joint in source.joints if joint not in used),
        missing=tuple(joint for joint in target.joints if joint not in parts),
    )
    return report, parts


def convert(sequence: PoseSequence, target: Skeleton | str) -> tuple[PoseSequence, Conversion]:
    """Poses in another layout.

    Joints of the same name are copied. Others follow the first listed rule whose joints the source has: their
    state is at most `INFERRED`, their score the lowest of their sources', and they are absent where one of
    these is. Joints no rule can make are absent. Extras aligned to joints are copied for joints of the same
    name; elsewhere they are NaN, -1 (whole numbers) or False.

    Args:
        sequence: The poses.
        target: A layout, or its name.

    Returns:
        The poses in the target layout and the report of what is exact, approximate, lost and missing.

    Raises:
        InputError: Where there is no such layout, or no joint of it can be made.
    """
    target = get(target) if isinstance(target, str) else target
    source = sequence.skeleton
    report, parts = plan(source, target)
    if not parts:
        raise InputError(
            f"Expected layouts with joints in common, got {source.name!r} and {target.name!r}; see RULES"
        )
    if source == target:
        return sequence, report
    shape = (*sequence.position.shape[:2], len(target))
    position = np.full((*shape, sequence.position.shape[3]), np.nan, dtype=np.float32)
    score = np.zeros(shape, dtype=np.float32)
    state = np.full(shape, ABSENT, dtype=np.uint8)
    for joint, pairs in parts.items():
        at = target.index(joint)
        where = [source.index(name) for name, _ in pairs]
        weights = np.array([weight for _, weight in pairs], dtype=np.float32)
        position[:, :, at] = np.einsum("ptks,k->pts", sequence.position[:, :, where], weights)
        score[:, :, at] = sequence.score[:, :, where].min(axis=-1)
        lowest = sequence.state[:, :, where].min(axis=-1)
        state[:, :, at] = np.minimum(lowest, INFERRED) if joint in report.approximate else lowest
    extras = {name: _move(value, source, target, report) for name, value in sequence.extras.items()}
    return sequence.replace(
        position=position, score=score, state=state, extras=extras, skeleton=target
    ), report


def _move(value: np.ndarray, source: Skeleton, target: Skeleton, report: Conversion) -> np.ndarray:
    """An extra in the target layout; those not aligned to joints stay as they are."""
    if value.ndim == 2:
        return value
    fill = {"f": np.nan, "b": False}.get(value.dtype.kind, -1)
    result = np.full((*value.shape[:2], len(target), *value.shape[3:]), fill, dtype=value.dtype)
    for joint in report.exact:
        result[:, :, target.index(joint)] = value[:, :, source.index(joint)]
    return result
