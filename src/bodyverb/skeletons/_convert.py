"""Moving poses between layouts: by joint name, then by listed linear rules, with a report."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bodyverb.core.errors import InputError
from bodyverb.core.pose import ABSENT, INFERRED, PoseSequence
from bodyverb.core.skeleton import Skeleton
from bodyverb.skeletons._layouts import get
from bodyverb.skeletons._rules import RULES, Rule


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What became of the joints; `str` gives it as lines, one a joint that is not exact.

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

    def __str__(self) -> str:
        """One line for the exact joints, one an approximate joint, one each for the missing and the lost."""
        lines = [f"exact: {', '.join(self.exact) or 'none'}"]
        lines += [f"approximate: {joint} = {rule}" for joint, rule in self.approximate.items()]
        lines += [f"missing (NaN): {', '.join(self.missing)}"] if self.missing else []
        lines += [f"lost: {', '.join(self.lost)}"] if self.lost else []
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A joint as a weighted sum of the source's joints; `rules` from the last to the first one used."""

    parts: dict[str, float]
    rules: tuple[Rule, ...] = ()

    @property
    def text(self) -> str:
        """The rules in words, those of the intermediate joints in brackets."""
        last, *others = self.rules
        steps = "; ".join(f"{rule.joint}: {rule.text}" for rule in others)
        return f"{last.text} ({steps})" if steps else last.text


def plan(source: Skeleton, target: Skeleton) -> tuple[Conversion, dict[str, tuple[tuple[str, float], ...]]]:
    """How to make the target's joints of the source's, before touching any pose.

    A joint that the source lacks follows the first of `RULES` whose joints the source has. Where there is
    none, joints made that way serve too, then those made of these, and so on: fewest steps first, then the
    order of the rules.

    Returns:
        The report, and (source joint, weight) pairs by target joint; missing joints are left out.
    """
    made = _reach(source)
    parts = {joint: tuple(made[joint].parts.items()) for joint in target.joints if joint in made}
    used = {name for pairs in parts.values() for name, _ in pairs}
    report = Conversion(
        exact=tuple(joint for joint in target.joints if joint in source.joints),
        approximate={joint: made[joint].text for joint in parts if made[joint].rules},
        lost=tuple(joint for joint in source.joints if joint not in used),
        missing=tuple(joint for joint in target.joints if joint not in parts),
    )
    return report, parts


@lru_cache(maxsize=64)
def _reach(source: Skeleton) -> dict[str, _Made]:
    """Every joint that the source has or that rules make of it."""
    made = {joint: _Made(parts={joint: 1.0}) for joint in source.joints}
    while True:
        new: dict[str, _Made] = {}
        for rule in RULES:
            if rule.joint in made or rule.joint in new:
                continue
            if all(name in made for name, _ in rule.parts):
                new[rule.joint] = _follow(rule, made)
        if not new:
            return made
        made |= new


def _follow(rule: Rule, made: dict[str, _Made]) -> _Made:
    """The joint of a rule in terms of the source's joints."""
    parts: dict[str, float] = {}
    rules = [rule]
    for name, weight in rule.parts:
        for joint, share in made[name].parts.items():
            parts[joint] = parts.get(joint, 0.0) + weight * share
        rules += [earlier for earlier in made[name].rules if earlier not in rules]
    return _Made(
        parts={joint: weight for joint, weight in parts.items() if abs(weight) > 1e-9}, rules=tuple(rules)
    )


def convert(sequence: PoseSequence, target: Skeleton | str) -> tuple[PoseSequence, Conversion]:
    """Poses in another layout.

    Joints of the same name are copied. Others follow the listed rules (see `plan`): their state is at most
    `INFERRED`, their score the lowest of the joints they are made of, and they are absent where one of these
    is. Joints no rule can make are absent. Extras aligned to joints are copied for joints of the same name;
    elsewhere they are NaN, -1 (whole numbers) or False.

    Args:
        sequence: The poses, 2D or 3D.
        target: A layout, its name, or the file of one.

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
