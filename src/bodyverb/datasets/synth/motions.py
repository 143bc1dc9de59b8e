"""Procedural motions by name: the fifteen Penn Action verbs and everyday motion, as 3D joints over time.

World: metres, y up, the floor at y = 0; the body starts at the origin and faces +z, its left is +x (lying
motions
have the head along +z or -z). Every draw changes the body, tempo, amplitude, style and handedness.
"""

from __future__ import annotations

import numpy as np

from bodyverb.core import PoseSequence, Skeleton
from bodyverb.core.errors import InputError
from bodyverb.datasets.synth import everyday, everyday_more, verbs_actions, verbs_cyclic
from bodyverb.datasets.synth.body import FLIP, INDEX, JOINTS, PARENTS, Body, random_body
from bodyverb.datasets.synth.made import Made, MotionFunction, mirrored, settle

VERBS: dict[str, MotionFunction] = {
    "squat": verbs_cyclic.squat,
    "jumping_jacks": verbs_cyclic.jumping_jacks,
    "pushup": verbs_cyclic.pushup,
    "situp": verbs_cyclic.situp,
    "pullup": verbs_cyclic.pullup,
    "bench_press": verbs_cyclic.bench_press,
    "jump_rope": verbs_cyclic.jump_rope,
    "strum_guitar": verbs_cyclic.strum_guitar,
    "baseball_pitch": verbs_actions.baseball_pitch,
    "baseball_swing": verbs_actions.baseball_swing,
    "bowl": verbs_actions.bowl,
    "clean_and_jerk": verbs_actions.clean_and_jerk,
    "golf_swing": verbs_actions.golf_swing,
    "tennis_forehand": verbs_actions.tennis_forehand,
    "tennis_serve": verbs_actions.tennis_serve,
}
EVERYDAY: dict[str, MotionFunction] = {
    "idle": everyday.idle,
    "walk": everyday.walk,
    "run": everyday.run,
    "wave": everyday_more.wave,
    "clap": everyday_more.clap,
    "punch": everyday_more.punch,
    "turn": everyday_more.turn,
    "sit": everyday_more.sit,
    "sit_stand": everyday_more.sit_stand,
    "reach": everyday_more.reach,
    "pick_up": everyday_more.pick_up,
    "crouch": everyday_more.crouch,
    "lie": everyday_more.lie,
    "free": everyday_more.free,
}


def names(kind: str = "all") -> tuple[str, ...]:
    """Names of the motions: ``verbs`` (Penn's fifteen), ``everyday`` (none of them) or ``all``."""
    sets = {"verbs": VERBS, "everyday": EVERYDAY, "all": VERBS | EVERYDAY}
    if kind not in sets:
        raise InputError(f"Expected kind verbs, everyday or all, got {kind!r}; do pass one of them")
    return tuple(sets[kind])


def make(
    name: str,
    times_s: np.ndarray,
    *,
    rng: np.random.Generator,
    body: Body | None = None,
    left_handed: bool | None = None,
) -> tuple[Made, Body]:
    """One motion sampled at the given times: joints (T, 25, 3) in the synth layout with props, and the body
    used.

    Args:
        name: one of ``names()``.
        times_s: (T,) increasing, seconds.
        rng: source of every draw; the same state gives the same motion.
        body: the build; by default drawn.
        left_handed: mirrors the motion; by default every fourth time.

    Raises:
        InputError: unknown name.
    """
    table = VERBS | EVERYDAY
    if name not in table:
        raise InputError(f"Expected a motion out of {', '.join(table)}, got {name!r}; do choose one of them")
    body = random_body(rng) if body is None else body
    mirror = rng.uniform() < 0.25 if left_handed is None else left_handed
    result = table[name](np.asarray(times_s, np.float64), body, rng)
    if mirror:
        result = mirrored(result)
    return settle(result, body.height / 1.72), body


def motion(
    name: str,
    *,
    rng: np.random.Generator,
    duration_s: float,
    rate_hz: float,
    layout: str = "synth",
    body: Body | None = None,
    left_handed: bool | None = None,
) -> PoseSequence:
    """A procedural motion as one person's 3D poses.

    Args:
        name: one of ``names()``.
        rng: source of every draw; the same state gives the same motion.
        duration_s: length in seconds; cyclic verbs repeat to fill it, single actions happen at a random
            moment.
        rate_hz: frames per second.
        layout: ``synth`` (25 joints) or a layout whose joints it covers by name (``penn13``, ``lsp14``, ...).
        body: the build; by default drawn.
        left_handed: mirrors the motion; by default every fourth time.

    Returns:
        PoseSequence (1, T, J, 3), space ``world``, unit ``m``, axes ``y-up``, T = round(duration * rate),
        at least 1.
    """
    count = max(1, round(duration_s * rate_hz))
    times = np.arange(count) / rate_hz
    result, _ = make(name, times, rng=rng, body=body, left_handed=left_handed)
    return as_poses(result.position, times, layout, source=f"synth:{name}")


def as_poses(
    position: np.ndarray, times_s: np.ndarray, layout: str = "synth", source: str = "synth"
) -> PoseSequence:
    """Joints (T, 25, 3) as a ``PoseSequence`` in the wanted layout."""
    target = skeleton() if layout == "synth" else _layout(layout)
    chosen = [INDEX[joint] for joint in target.joints]
    return PoseSequence.from_arrays(
        position[None, :, chosen].astype(np.float32),
        skeleton=target,
        timestamps_s=np.asarray(times_s, np.float64),
        space="world",
        unit="m",
        axes="y-up",
        source=source,
    )


def skeleton() -> Skeleton:
    """The synth layout: 25 joints that cover lsp14 and penn13, with trunk, nose, hands, heels and feet."""
    limbs = tuple((p, j) for j, p in enumerate(PARENTS) if p >= 0)
    root = (INDEX["pelvis"],)
    return Skeleton(
        name="synth", joints=JOINTS, parents=PARENTS, limbs=limbs, flip=FLIP, root=root, sigmas=None
    )


def _layout(name: str) -> Skeleton:
    from bodyverb import skeletons

    target = skeletons.get(name)
    missing = [joint for joint in target.joints if joint not in INDEX]
    if missing:
        raise InputError(
            f"Expected a layout covered by synth, got {name} with {', '.join(missing)}; do use synth"
        )
    return target
