"""The clip of ``bodyverb demo``: one person squats, then does jumping jacks; a second walks in and squats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bodyverb.core import PoseSequence, Segment
from bodyverb.datasets.synth import motions
from bodyverb.datasets.synth.body import Body, random_body
from bodyverb.datasets.synth.curves import ease
from bodyverb.datasets.synth.figure import random_look
from bodyverb.datasets.synth.made import Made
from bodyverb.datasets.synth.render import (
    LSP_INDEX,
    Actor,
    Rendered,
    actor,
    drifting,
    placed,
    render_clip,
    truth_poses,
)
from bodyverb.datasets.synth.scene import random_scene
from bodyverb.geometry.rotation import about_y, rotate

Writer = Callable[[np.ndarray, float], object]
_CHANGE_S = 0.5


@dataclass(frozen=True)
class DemoTruth:
    """What the demo clip shows: lsp14 poses in pixels by person, and who does which verb when."""

    poses: dict[str, PoseSequence]
    segments: tuple[Segment, ...]


def _joined(first: np.ndarray, second: np.ndarray, times: np.ndarray, change_s: float) -> np.ndarray:
    """Two motions (T, J, 3) over the same frames: the first until ``change_s``, then gliding into the
    second."""
    share = ease((times - change_s) / _CHANGE_S)[:, None, None]
    return np.where(share <= 0, first, np.where(share >= 1, second, first * (1 - share) + second * share))


def _walk_in(times: np.ndarray, body: Body, rng: np.random.Generator, spot: np.ndarray) -> np.ndarray:
    """Walking in from the person's left side to ``spot`` (x, z), then turning to the front: joints (T, 25,
    3)."""
    for _ in range(20):
        result, _ = motions.make("walk", times, rng=rng, body=body, left_handed=False)
        if np.ptp(result.position[:, 0, 2]) > 1.5:
            break
    path = result.position[:, :1] * np.array([1.0, 0.0, 1.0])
    left = times[-1] - times
    yaw = -np.pi / 2 * (1.0 - ease(1.0 - left / 0.8))
    along = np.zeros_like(path)
    along[..., 0] = spot[0] + (path[-1, 0, 2] - path[..., 2])
    along[..., 2] = spot[1]
    return rotate(about_y(yaw)[:, None], result.position - path) + along


def _squat(times: np.ndarray, body: Body, rng: np.random.Generator) -> Made:
    """A squat with free hands."""
    while True:
        result, _ = motions.make("squat", times, rng=rng, body=body)
        if not result.props:
            return result


def _first(times: np.ndarray, change_s: float, rng: np.random.Generator) -> Actor:
    body, look = random_body(rng, 0.6), random_look(rng)
    squat = _squat(times, body, rng)
    jacks, _ = motions.make("jumping_jacks", times, rng=rng, body=body)
    joints = _joined(squat.position, jacks.position, times, change_s)
    return actor("1", placed(Made(joints), -0.9, 0.0, 0.35), body, look)


def _second(times: np.ndarray, enter_s: float, start_s: float, rng: np.random.Generator) -> Actor:
    body, look = random_body(rng, 0.6), random_look(rng)
    spot = np.array([1.25, -0.1])
    inside = (times >= enter_s) & (times <= start_s)
    squat = _squat(times, body, rng)
    active = placed(squat, spot[0], spot[1], 0.0).position
    walk = np.full_like(active, np.nan)
    if inside.any():
        walk[inside] = _walk_in(times[inside], body, rng, spot)
        walk[times > start_s] = walk[inside][-1]
    joints = _joined(walk, active, times, start_s)
    return actor("2", Made(joints), body, look)


def demo_frames(
    *, size: tuple[int, int] = (854, 480), rate_hz: float = 25.0, duration_s: float = 20.0, seed: int = 7
) -> tuple[Iterator[Rendered], tuple[Segment, ...]]:
    """The demo as an iterator of frames with their true poses, and the verbs that happen.

    The first person squats until 45 % of the clip and does jumping jacks from then on; the second walks in
    after
    40 % and squats from 58 %.
    """
    rng = np.random.default_rng(seed)
    times = np.arange(max(2, round(duration_s * rate_hz))) / rate_hz
    change, enter, start = 0.45 * duration_s, 0.4 * duration_s, 0.58 * duration_s
    cast = [_first(times, change, rng), _second(times, enter, start, rng)]
    scene = random_scene(np.random.default_rng(seed + 1), outdoor=False, reach_m=5.0)
    camera = drifting(size, start=(-1.2, 1.55, 4.1), end=(0.9, 1.35, 4.3), duration_s=duration_s,
                      target=(0.15, 0.92, 0.0), fov_deg=55.0, rng=rng)  # fmt: skip
    segments = (
        _segment("1", "squat", 0.0, change),
        _segment("1", "jumping_jacks", change + _CHANGE_S, duration_s),
        _segment("2", "squat", start + _CHANGE_S, duration_s),
    )
    return render_clip(cast, camera, scene, rate_hz=rate_hz, seed=seed), segments


def _segment(person: str, verb: str, start_s: float, end_s: float) -> Segment:
    return Segment(
        person_id=person, verb=verb, start_s=start_s, end_s=end_s, confidence=1.0, top5=((verb, 1.0),)
    )


def render_demo(
    write: Writer | None = None, *, size: tuple[int, int] = (854, 480), rate_hz: float = 25.0,
    duration_s: float = 20.0, seed: int = 7,
) -> DemoTruth:  # fmt: skip
    """Render the demo clip.

    Args:
        write: called with ``(image (h, w, 3) uint8 RGB, time_s)`` for every frame, as a video writer's
            ``write``.
        size: width and height in pixels.
        rate_hz: frames per second.
        duration_s: length of the clip.
        seed: the same seed gives the same clip.

    Returns:
        The true poses and verbs.
    """
    frames, segments = demo_frames(size=size, rate_hz=rate_hz, duration_s=duration_s, seed=seed)
    times, rows = [], {"1": [], "2": []}  # type: ignore[var-annotated]
    for rendered in frames:
        if write is not None:
            write(rendered.image, rendered.time_s)
        times.append(rendered.time_s)
        for person, kept in rows.items():
            kept.append(_row(rendered.truth.get(person)))
    poses = {p: truth_poses(np.stack(kept), np.array(times), size, p) for p, kept in rows.items()}
    return DemoTruth(poses, segments)


def _row(pose: PoseSequence | None) -> np.ndarray:
    """One frame's joints (14, 3) x, y, visible; NaN where there is nobody."""
    if pose is None:
        return np.full((len(LSP_INDEX), 3), np.nan)
    return np.concatenate([pose.position[0, 0], (pose.state[0, 0] == 2)[:, None]], axis=-1)
