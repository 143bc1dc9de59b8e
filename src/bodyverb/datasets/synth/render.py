"""Rendered video of the procedural humanoids, with the true 2D joints of every frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from bodyverb.core import PoseSequence
from bodyverb.datasets.synth import motions
from bodyverb.datasets.synth.body import INDEX, PARENTS, Body, random_body
from bodyverb.datasets.synth.figure import PAINT, PAINTS, Look, Shapes, dress, random_look
from bodyverb.datasets.synth.made import THICKNESS, Made, Prop
from bodyverb.datasets.synth.raster import Buffers, Capsules, Ellipsoids, draw_capsules, draw_ellipsoids
from bodyverb.datasets.synth.scene import Scene, draw_scene
from bodyverb.datasets.synth.shade import floor_shadow, shade
from bodyverb.geometry.cameras import Pinhole
from bodyverb.geometry.rotation import about_y, rotate

LSP14: tuple[str, ...] = (
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "neck",
    "head_top",
)
LSP_INDEX = [INDEX[name] for name in LSP14]
CameraPath = Callable[[float], Pinhole]
_BONES = np.array([(p, j) for j, p in enumerate(PARENTS) if p >= 0])
_BONE_RADII = np.array([0.5 * (THICKNESS[p] + THICKNESS[j]) for p, j in _BONES])


@dataclass(frozen=True)
class Actor:
    """One person of a clip: joints (T, 25, 3) in the world (NaN frames = not there), clothed shapes, a
    name."""

    person_id: str
    position: np.ndarray
    shapes: Shapes
    look: Look


class Rendered(NamedTuple):
    """One frame: its time, the picture (h, w, 3) uint8 RGB, and the true lsp14 poses by person."""

    time_s: float
    image: np.ndarray
    truth: dict[str, PoseSequence]


def actor(person_id: str, result: Made, body: Body, look: Look) -> Actor:
    """Dress a settled motion."""
    return Actor(person_id, result.position, dress(result.position, body, look, result.props), look)


def placed(result: Made, x: float, z: float, yaw: float) -> Made:
    """A motion turned by ``yaw`` about the origin and moved to (x, z) on the floor."""
    turn, shift = about_y(yaw), np.array([x, 0.0, z])
    props = [
        Prop(rotate(turn, p.start) + shift, rotate(turn, p.end) + shift, p.radius, p.paint)
        for p in result.props
    ]
    return Made(rotate(turn, result.position) + shift, result.contact, props)


def random_actor(
    person_id: str,
    name: str,
    times_s: np.ndarray,
    rng: np.random.Generator,
    *,
    x: float = 0.0,
    z: float = 0.0,
    yaw: float = 0.0,
) -> Actor:
    """A random person who does the named motion at a place."""
    body, look = random_body(rng), random_look(rng)
    result, _ = motions.make(name, times_s, rng=rng, body=body)
    return actor(person_id, placed(result, x, z, yaw), body, look)


def _draw_actor(buffers: Buffers, shapes: Shapes, frame: int, camera: Pinhole, base: int) -> None:
    draw_ellipsoids(
        buffers,
        Ellipsoids(
            camera.view(shapes.centre[frame]),
            camera.rotation @ shapes.axes[frame],
            shapes.ellipsoid_paint + base,
            shapes.ellipsoid_along,
            shapes.ellipsoid_level,
        ),
        camera.matrix,
    )
    draw_capsules(
        buffers,
        Capsules(
            camera.view(shapes.a[frame]),
            camera.view(shapes.b[frame]),
            shapes.ra,
            shapes.rb,
            shapes.capsule_paint + base,
            shapes.capsule_along,
        ),
        camera.matrix,
    )


def render_frame(
    cast: Sequence[Actor], frame: int, camera: Pinhole, background: np.ndarray, scene: Scene,
    rng: np.random.Generator | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Draw the cast onto a background, in place, with shadow, light, softness and grain.

    Returns:
        ``(image (h, w, 3) uint8, joints (P, 14, 3))``: x, y in px and visible 1 / occluded 0; NaN for
        absent people
        and joints outside the picture keep their coordinates with visible 0.
    """
    buffers = Buffers.empty(camera.size)
    palette, stripes, present = [], [], []
    for k, person in enumerate(cast):
        palette.append(person.look.colours)
        own = np.zeros(len(PAINTS))
        own[PAINT["shirt"]] = person.look.stripes
        stripes.append(own)
        if np.isfinite(person.position[frame]).all():
            present.append(k)
            floor_shadow(background, person.position[frame], _BONES, _BONE_RADII, camera, scene.light)
            _draw_actor(buffers, person.shapes, frame, camera, k * len(PAINTS))
    if cast:
        shade(buffers, background, np.concatenate(palette), np.concatenate(stripes), camera, scene.light)
    image = cv2.GaussianBlur(background, (0, 0), scene.blur) if scene.blur > 0.3 else background
    if rng is not None and scene.grain > 0.2:
        image = _grainy(image, scene.grain, rng)
    joints = np.full((len(cast), 14, 3), np.nan)
    for k in present:
        joints[k] = _truth(cast[k].position[frame], camera, buffers)
    return image, joints


def _grainy(image: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    tile = np.clip(rng.standard_normal((128, 128, 3), np.float32) * strength + 128, 0, 255).astype(np.uint8)
    tiled = np.tile(tile, (-(-height // 128), -(-width // 128), 1))[:height, :width]
    return cv2.addWeighted(image, 1.0, tiled, 1.0, -128)


def _truth(joints: np.ndarray, camera: Pinhole, buffers: Buffers) -> np.ndarray:
    """Projected lsp14 joints (14, 3) of one person with visibility from the depth buffer."""
    local = camera.view(joints[LSP_INDEX])
    flat = camera.project(joints[LSP_INDEX])
    width, height = camera.size
    inside = np.isfinite(flat).all(-1) & (flat >= -0.5).all(-1) & (flat < [width - 0.5, height - 0.5]).all(-1)
    x, y = (np.where(inside, np.rint(flat[:, k]), 0).astype(int) for k in range(2))
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    seen = buffers.depth[y, x] > local[:, 2] - THICKNESS[LSP_INDEX] * 1.35 - 0.03
    return np.concatenate([flat, (inside & seen)[:, None]], axis=-1)


def truth_poses(
    joints: np.ndarray, times_s: np.ndarray, size: tuple[int, int], person_id: str
) -> PoseSequence:
    """Joints (T, 14, 3) of one person as a 2D ``PoseSequence``: state 2 visible, 1 occluded, 0 absent or
    outside."""
    from bodyverb import skeletons

    position = np.array(joints[None, ..., :2], np.float32)
    width, height = size
    out = ~(
        np.isfinite(position).all(-1)
        & (position >= -0.5).all(-1)
        & (position < [width - 0.5, height - 0.5]).all(-1)
    )
    position[out] = np.nan
    state = np.where(out, 0, np.where(joints[None, ..., 2] > 0, 2, 1)).astype(np.uint8)
    return PoseSequence.from_arrays(
        position, skeleton=skeletons.get("lsp14"), timestamps_s=np.asarray(times_s, np.float64), state=state,
        person_ids=(person_id,), image_size=size, source="synth",
    )  # fmt: skip


def render_clip(
    cast: Sequence[Actor], camera: CameraPath, scene: Scene, *, rate_hz: float, seed: int = 0
) -> Iterator[Rendered]:
    """Render a clip frame by frame.

    Args:
        cast: people, all with joints for the same T frames.
        camera: camera at a time in seconds; must stay inside the scene.
        scene: the place.
        rate_hz: frames per second of the cast's joints and the clip.
        seed: of the picture noise.

    Yields:
        ``Rendered`` per frame; the truth holds one-frame sequences of the people who are there.
    """
    rng = np.random.default_rng(seed)
    for frame in range(len(cast[0].position) if cast else 0):
        time = frame / rate_hz
        view = camera(time)
        image, joints = render_frame(cast, frame, view, draw_scene(scene, view), scene, rng)
        truth = {
            person.person_id: truth_poses(joints[k][None], np.array([time]), view.size, person.person_id)
            for k, person in enumerate(cast)
            if np.isfinite(joints[k][:, :2]).any()
        }
        yield Rendered(time, image, truth)


def drifting(
    size: tuple[int, int],
    *,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    duration_s: float,
    target: tuple[float, float, float] = (0.0, 0.95, 0.0),
    fov_deg: float = 50.0,
    shake: float = 0.02,
    rng: np.random.Generator | None = None,
) -> CameraPath:
    """A camera that moves smoothly from ``start`` to ``end`` and looks at ``target`` with a little shake
    (metres)."""
    from bodyverb.datasets.synth.curves import ease, wander

    rng = np.random.default_rng(0) if rng is None else rng
    times = np.linspace(0.0, max(duration_s, 0.1), max(2, int(duration_s * 10)))
    shaking = wander(times, rng, shake, 3, 0.4)

    def at(time: float) -> Pinhole:
        share = float(ease(np.array(time / max(duration_s, 0.1))))
        eye = np.array(start) * (1 - share) + np.array(end) * share
        wobble = np.array([np.interp(time, times, shaking[:, k]) for k in range(3)])
        return Pinhole.looking(eye + 0.5 * wobble, np.array(target) + wobble, size, fov_deg=fov_deg)

    return at
